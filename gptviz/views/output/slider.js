// The temperature slider. Its track gives 0 to 1.5, where most happens, two thirds of its length.

import { element, fillNodes } from "../dom.js";
import { count, exactly } from "../format.js";

const BEND = 1.5; // hundredths up to here, twentieths from here on
const HIGHEST = 5;
const TICKS = [0, 0.5, 1, 1.5, 3, 5];

/** Steps of the slider below a temperature. @param {number} t */
const position = (t) => (t <= BEND ? t * 100 : BEND * 100 + (t - BEND) * 20);
/** @param {number} steps */
const temperatureAt = (steps) => (steps <= BEND * 100 ? steps / 100 : (BEND * 20 + steps - BEND * 100) / 20);

/**
 * @param {import("./view.js").Scene} scene
 * @param {(temperature: number) => void} choose
 * @param {(held: boolean) => void} hold called when a pointer takes the slider and lets it go
 */
export function createSlider({ header, logits, leading, tied, say, token }, choose, hold) {
  const vocab = count(logits.length, header.language);
  const value = element("output", { class: "temperature" });
  const reset = /** @type {HTMLButtonElement} */ (element("button", { type: "button" }, say("temperature.reset")));
  const input = /** @type {HTMLInputElement} */ (
    element("input", { type: "range", min: 0, max: position(HIGHEST), step: 1, "aria-label": say("temperature.name") })
  );
  // All remarks lie on one another, one of them visible: the longest makes the room, and nothing jumps.
  const atZero = tied > 1 ? "at_zero_tied" : "at_zero";
  const remarks = [atZero, "below_one", "at_one", "above_one", "near_end"].map((key) => {
    const sentence = say(`temperature.${key}`, { vocab, count: count(tied, header.language) });
    return { key, node: element("p", {}, ...fillNodes(sentence, { top: token(leading[0]) })) };
  });
  const ticks = TICKS.map((t) => {
    const tick = element("span", {}, String(t));
    if (t === 0) tick.append(element("span", { class: "muted" }, ` ${say("temperature.greedy")}`));
    tick.style.setProperty("--at", String(position(t) / position(HIGHEST)));
    return tick;
  });

  input.addEventListener("input", () => choose(temperatureAt(Number(input.value))));
  input.addEventListener("pointerdown", () => {
    hold(true);
    const release = new AbortController(); // the pointer may be let go anywhere
    for (const type of ["pointerup", "pointercancel"]) {
      window.addEventListener(type, () => (release.abort(), hold(false)), { signal: release.signal });
    }
  });
  reset.addEventListener("click", () => choose(1));

  /**
   * Which of them is true.
   * @param {number} temperature
   * @param {number} entropy
   */
  function remarkAt({ temperature, sum }) {
    if (temperature === 0) return atZero;
    if (temperature < 1) return "below_one";
    if (temperature === 1) return "at_one";
    // 1 / Σ is the likeliest word's probability: flat is what leaves even that one near an even share.
    return 1 / sum < 2 / logits.length ? "near_end" : "above_one";
  }

  return {
    node: element(
      "div",
      { class: "control" },
      element("div", { class: "line" }, element("span", { class: "name" }, say("temperature.name")), value, reset),
      input,
      element("div", { class: "ticks", "aria-hidden": true }, ...ticks),
      element("div", { class: "remarks" }, ...remarks.map((remark) => remark.node)),
    ),
    /** @param {import("./softmax.js").Softmax} now */
    draw(now) {
      const { temperature } = now;
      const text = exactly(temperature, 2);
      value.textContent = `T = ${text}`;
      input.value = String(Math.round(position(temperature)));
      input.setAttribute("aria-valuetext", temperature === 0 ? `${text}, ${say("temperature.greedy")}` : text);
      input.style.setProperty("--at", String(Math.min(1, position(temperature) / position(HIGHEST))));
      reset.disabled = temperature === 1;
      const key = remarkAt(now);
      for (const remark of remarks) remark.node.classList.toggle("current", remark.key === key);
    },
  };
}
