// Three ways to say how alike two vectors are, and what chance gives in each.

import { element } from "../kit/dom.js";
import { fixed } from "../kit/format.js";
import { declared } from "../kit/keeper.js";
import { dot } from "../kit/vectors.js";

/** @typedef {"cosine" | "dot" | "distance"} Measure */

/** All of them, in order. @param {import("./view.js").Scene} scene */
export const measuresOf = ({ choices }) => /** @type {Measure[]} */ (declared(choices.measure, "options"));

/**
 * All three between two vectors, in 64-bit arithmetic; a cosine with a zero vector is NaN.
 * @param {ArrayLike<number>} x
 * @param {ArrayLike<number>} y
 */
export function compare(x, y) {
  const product = dot(x, y);
  const lengths = [Math.sqrt(dot(x, x)), Math.sqrt(dot(y, y))];
  let squares = 0;
  for (let i = 0; i < x.length; i++) squares += (x[i] - y[i]) ** 2;
  const both = lengths[0] * lengths[1];
  return {
    cosine: both > 0 ? Math.max(-1, Math.min(1, product / both)) : NaN,
    dot: product,
    distance: Math.sqrt(squares),
    lengths,
  };
}

/** @param {number | null} value null: there is none, in a part that came as JSON */
export const shown = (value) => (value === null ? fixed(NaN, 2) : fixed(value, Math.abs(value) < 100 ? 2 : 1));

/**
 * By how many standard deviations a value is more alike than two random rows are.
 * @param {any} chance header of the chance part
 * @param {Measure} measure
 * @param {number} value
 */
export function beyond(chance, measure, value) {
  const { mean, sd } = chance[measure];
  if (!sd) return 0;
  return ((measure === "distance" ? -1 : 1) * (value - mean)) / sd;
}

/**
 * The share of random pairs that are at least as alike.
 * @param {import("../kit/wire.js").Payload} part
 * @param {Measure} measure
 * @param {number} value
 */
export function shareOf(part, measure, value) {
  const quantiles = part.arrays[`${measure}.quantiles`]?.data;
  if (!quantiles) return NaN;
  const last = quantiles.length - 1;
  let below = 0;
  while (below <= last && quantiles[below] < value) below++;
  const under =
    below === 0
      ? 0
      : below > last
        ? 1
        : (below - 1 + (value - quantiles[below - 1]) / (quantiles[below] - quantiles[below - 1] || 1)) / last;
  return measure === "distance" ? under : 1 - under;
}

/**
 * Which measure: one of three buttons.
 * @param {import("./view.js").Scene} scene
 */
export function createMeasure(scene) {
  const { say, choose } = scene;
  const measures = measuresOf(scene);
  const buttons = measures.map((name) => {
    const button = element("button", { type: "button", "data-measure": name }, say(`measure.${name}`));
    button.addEventListener("click", () => choose({ measure: name }));
    return button;
  });
  const about = element("p", { class: "muted" });
  return {
    node: element(
      "div",
      { class: "measure" },
      element("div", { class: "buttons", role: "group", "aria-label": say("measure.label") }, ...buttons),
      about,
    ),
    /** @param {Measure} measure */
    draw(measure) {
      measures.forEach((name, i) => buttons[i].setAttribute("aria-pressed", String(name === measure)));
      about.textContent = say(`measure.${measure}_text`);
    },
  };
}
