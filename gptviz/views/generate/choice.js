// How a word is drawn: temperature and filters, the same as on the page Output; and the seed.

import { element } from "../kit/dom.js";
import { exactly } from "../kit/format.js";
import { declared } from "../kit/keeper.js";
import { createFilter, filterNames, temperatureTrack } from "../kit/sampling.js";
import { createSlider } from "../kit/slider.js";

/** @param {import("./view.js").Scene} scene */
export function createChoice(scene) {
  const { header, say, choose, choices } = scene;
  const track = temperatureTrack(choices.temperature);
  const slider = createSlider({
    label: say("choice.temperature"),
    max: track.last,
    set: (steps) => choose({ temperature: track.temperatureAt(steps) }),
  });
  const output = element("output", {});
  const infinite = /** @type {HTMLButtonElement} */ (
    element("button", { type: "button", class: "infinite", title: say("choice.infinite") }, "∞")
  );
  infinite.addEventListener("click", () =>
    choose({ temperature: scene.values().temperature === "inf" ? choices.temperature.default : "inf" }),
  );
  const name = element("label", { class: "check" }, element("b", {}, say("choice.temperature")), " ", output);
  const temperature = element(
    "li",
    { "data-filter": "temperature" },
    element("span", { class: "line" }, name, infinite),
    slider.node,
  );
  const tied = element("p", { class: "muted" }, say("choice.infinite_text"));
  const filters = filterNames(choices).map((name) => ({
    name,
    ...createFilter(name, {
      choice: choices[name],
      label: say(`choice.${name}`),
      off: say("choice.off"),
      vocab_size: header.sizes.vocab_size,
      choose,
    }),
  }));
  const [low, high] = [declared(choices.seed, "low"), declared(choices.seed, "high")];
  const seed = /** @type {HTMLInputElement} */ (element("input", { type: "number", min: low, max: high, step: 1 }));
  seed.addEventListener("change", () => {
    const wanted = seed.value ? Math.min(high, Math.max(low, Math.round(Number(seed.value)))) : scene.values().seed;
    seed.value = String(wanted);
    scene.sow(wanted);
  });

  return {
    node: element(
      "div",
      { class: "choice-view" },
      element("p", {}, say("choice.text")),
      element("ol", { class: "settings" }, filters[0].node, temperature, ...filters.slice(1).map(({ node }) => node)),
      tied,
      element(
        "div",
        { class: "line" },
        element("label", { class: "check" }, say("choice.seed"), " ", seed),
        element("span", { class: "muted" }, say("choice.seed_text")),
      ),
    ),
    /** @param {import("./view.js").Now} now */
    draw({ values }) {
      const temperature = values.temperature === "inf" ? Infinity : values.temperature;
      const endless = temperature === Infinity;
      const t = endless ? "∞" : exactly(temperature, 2);
      output.textContent = t;
      slider.draw(Math.round(track.position(temperature)), { text: t });
      infinite.setAttribute("aria-pressed", String(endless));
      tied.hidden = !endless;
      for (const filter of filters) filter.draw(values[filter.name]);
      if (seed.getRootNode() && /** @type {ShadowRoot} */ (seed.getRootNode()).activeElement !== seed)
        seed.value = String(values.seed);
    },
  };
}
