// The temperature, and what it does at this moment.

import { element } from "../kit/dom.js";
import { count, exactly } from "../kit/format.js";
import { temperatureTrack } from "../kit/sampling.js";
import { createSlider } from "../kit/slider.js";

/** @param {import("./view.js").Scene} scene */
export function createTemperature(scene) {
  const { logits, say, token, nodes, choose } = scene;
  const vocab = count(logits.length);
  const { default: start } = scene.choices.temperature;
  const track = temperatureTrack(scene.choices.temperature);
  const value = element("output", { class: "temperature" });
  const reset = /** @type {HTMLButtonElement} */ (element("button", { type: "button" }, say("temperature.reset")));
  const infinite = /** @type {HTMLButtonElement} */ (
    element("button", { type: "button", class: "infinite", title: say("temperature.infinite") }, "∞")
  );
  const slider = createSlider({
    label: say("temperature.name"),
    max: track.last,
    set: (steps) => choose({ temperature: track.temperatureAt(steps) }),
    hold: scene.hold,
  });
  // All remarks lie on one another, one of them visible: the longest makes the room, and nothing jumps.
  const REMARKS = [
    "at_zero",
    "at_zero_tied",
    "near_zero",
    "below_one",
    "at_one",
    "at_one_held",
    "above_one",
    "near_end",
    "at_infinity",
  ];
  const remarks = REMARKS.map((key) => ({
    key,
    node: element("p", {}, ...nodes(`temperature.${key}`, { vocab, count: "", top: "" })),
  }));
  const filtered = element("p", { class: "muted" }, say("temperature.filtered"));
  const ticks = track.ticks.map((t) => {
    const tick = element("span", {}, String(t));
    if (t === 0) tick.append(element("span", { class: "muted" }, ` ${say("temperature.greedy")}`));
    tick.style.setProperty("--at", String(track.position(t) / track.last));
    return tick;
  });

  reset.addEventListener("click", () => choose({ temperature: start }));
  infinite.addEventListener("click", () =>
    choose({ temperature: scene.values().temperature === "inf" ? start : "inf" }),
  );

  /** Which of them is true. @param {import("./distribution.js").Distribution} now */
  function remarkAt({ temperature, sum }, /** @type {number} */ tied, /** @type {boolean} */ held) {
    if (temperature === 0) return tied > 1 ? "at_zero_tied" : "at_zero";
    if (temperature === Infinity) return "at_infinity";
    // 1 / Σ is the likeliest word's probability.
    if (temperature < 1)
      return 1 / sum > 0.999 && 1 / scene.at({ temperature: 1 }).sum < 0.999 ? "near_zero" : "below_one";
    if (temperature === 1) return held ? "at_one_held" : "at_one";
    // Flat is what leaves even that one near an even share.
    return 1 / sum < 2 / logits.length ? "near_end" : "above_one";
  }

  return {
    node: element(
      "div",
      { class: "control" },
      element(
        "div",
        { class: "line" },
        element("span", { class: "name" }, say("temperature.name")),
        value,
        element("span", { class: "buttons" }, reset, infinite),
      ),
      slider.node,
      element("div", { class: "ticks", "aria-hidden": true }, ...ticks),
      element("div", { class: "remarks" }, ...remarks.map((remark) => remark.node)),
      filtered,
    ),
    /** @param {import("./view.js").Now} moment */
    draw({ now, values }) {
      const { temperature, order } = now;
      const text = exactly(temperature, 2);
      value.textContent = `T = ${text}`;
      slider.draw(Math.round(track.position(temperature)), {
        text: temperature === 0 ? `${text}, ${say("temperature.greedy")}` : text,
      });
      reset.disabled = temperature === start;
      infinite.setAttribute("aria-pressed", String(temperature === Infinity));
      let tied = 1;
      while (tied < order.length && now.logit(order[tied]) === now.max) tied++;
      const penalty = values.repetition_penalty;
      const key = remarkAt(now, tied, penalty !== null && penalty !== 1);
      for (const remark of remarks) {
        const current = remark.key === key;
        remark.node.classList.toggle("current", current);
        if (current)
          remark.node.replaceChildren(
            ...nodes(`temperature.${key}`, { vocab, count: count(tied), top: token(order[0]) }),
          );
      }
      filtered.style.visibility = now.stages.length > 1 && temperature > 0 ? "visible" : "hidden";
    },
  };
}
