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
 * In the order in which they work, the temperature behind the first. Steps are finer where more happens.
 * @type {Record<Filter, {steps: number[], start: number, text: (v: number) => string}>}
 */
const FILTERS = {
  repetition_penalty: { steps: range(0.5, 2, 0.05), start: 1.3, text: (v) => fixed(v, 2) },
  top_k: { steps: [...range(1, 20, 1), 25, 30, 40, 50, 75, 100, 200, 500, 1000], start: 10, text: String },
  top_p: { steps: [...range(0.05, 0.95, 0.05), 0.97, 0.98, 0.99, 0.995, 0.999, 1], start: 0.9, text: String },
  min_p: {
    steps: [0, 0.001, 0.002, 0.005, ...range(0.01, 0.1, 0.01), ...range(0.15, 1, 0.05)],
    start: 0.05,
    text: String,
  },
};

export const FILTER_NAMES = /** @type {Filter[]} */ (Object.keys(FILTERS));

/** @param {number} from @param {number} to @param {number} by */
function range(from, to, by) {
  return Array.from({ length: Math.round((to - from) / by) + 1 }, (_, i) => Number((from + i * by).toFixed(6)));
}

/**
 * A filter: its switch with its name and value, and its slider.
 * @param {Filter} name
 * @param {object} about
 * @param {string} about.label
 * @param {string} about.off what the slider says while it is off
 * @param {number} about.vocab_size
 * @param {(change: Partial<Record<Filter, number | null>>) => void} about.choose null: off
 * @param {(held: boolean) => void} [about.hold]
 */
export function createFilter(name, { label, off, vocab_size, choose, hold }) {
  const { steps, start, text } = FILTERS[name];
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
