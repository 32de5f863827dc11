// How a word is drawn, as sliders: the track of the temperature, and the filters with their switches.

import { element } from "./dom.js";
import { fixed } from "./format.js";
import { declared } from "./keeper.js";
import { createSlider } from "./slider.js";

const BEND = 1.5; // hundredths up to here, twentieths from here on: most happens below, on two thirds of the track
const TICKS = [0, 0.5, 1, 1.5, 3]; // and the end

/**
 * The track of the temperature, in steps of a slider; what lies beyond its end is shown there.
 * @param {import("./keeper.js").Choice} temperature
 */
export function temperatureTrack(temperature) {
  const highest = declared(temperature, "high");
  const position = (/** @type {number} */ t) => {
    const shown = Math.min(highest, t);
    return shown <= BEND ? shown * 100 : BEND * 100 + (shown - BEND) * 20;
  };
  return {
    last: position(highest),
    ticks: [...TICKS, highest],
    position,
    /** @param {number} steps */
    temperatureAt: (steps) => (steps <= BEND * 100 ? steps / 100 : (BEND * 20 + steps - BEND * 100) / 20),
  };
}

/** @typedef {"repetition_penalty" | "top_k" | "top_p" | "min_p"} Filter */

/**
 * The filters, in the order in which they work; the temperature stands behind the first.
 * @param {import("./keeper.js").Choices} choices
 */
export const filterNames = (choices) =>
  /** @type {Filter[]} */ (Object.keys(choices).filter((name) => choices[name].begins !== undefined));

/**
 * A filter: its switch with its name and value, and its slider.
 * @param {Filter} name
 * @param {object} about
 * @param {import("./keeper.js").Choice} about.choice its declaration
 * @param {string} about.label
 * @param {string} about.off what the slider says while it is off
 * @param {number} about.vocab_size
 * @param {(change: Partial<Record<Filter, number | null>>) => void} about.choose null: off
 * @param {(held: boolean) => void} [about.hold]
 */
export function createFilter(name, { choice, label, off, vocab_size, choose, hold }) {
  const [steps, start] = [declared(choice, "offered"), declared(choice, "begins")];
  const text = (/** @type {number} */ value) => (name === "repetition_penalty" ? fixed(value, 2) : String(value));
  const allowed = name === "top_k" ? steps.filter((k) => k <= vocab_size) : steps;
  const nearest = (/** @type {number} */ value) =>
    allowed.reduce((best, step, i) => (Math.abs(step - value) < Math.abs(allowed[best] - value) ? i : best), 0);
  const on = /** @type {HTMLInputElement} */ (element("input", { type: "checkbox" }));
  on.addEventListener("change", () => choose({ [name]: on.checked ? allowed[nearest(start)] : null }));
  const output = element("output", {});
  const set = (/** @type {number} */ step) => choose({ [name]: allowed[step] });
  const slider = createSlider({ label, max: allowed.length - 1, set, hold });
  const node = element(
    "li",
    { "data-filter": name },
    element("label", { class: "check" }, on, " ", element("b", {}, label), " ", output),
    slider.node,
  );
  return {
    node,
    /** @param {number | null} value */
    draw(value) {
      on.checked = value !== null;
      output.textContent = value === null ? "" : text(value);
      node.classList.toggle("off", value === null);
      slider.draw(nearest(value ?? start), { text: value === null ? off : text(value), disabled: value === null });
    },
  };
}
