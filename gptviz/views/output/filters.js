// What may be removed before the draw, and what may be held back: each with a switch and a slider; and the order in
// which it happens, with what every step leaves.

import { element } from "../kit/dom.js";
import { count, fixed, percent } from "../kit/format.js";
import { holdWhileDragged } from "../kit/slider.js";

/**
 * Steps of a slider that is finer where more happens.
 * @type {Record<string, {steps: number[], start: number, text: (v: number) => string}>}
 */
export const FILTERS = {
  repetition_penalty: { steps: range(0.5, 2, 0.05), start: 1.3, text: (v) => fixed(v, 2) },
  top_k: { steps: [...range(1, 20, 1), 25, 30, 40, 50, 75, 100, 200, 500, 1000], start: 10, text: String },
  top_p: { steps: [...range(0.05, 0.95, 0.05), 0.97, 0.98, 0.99, 0.995, 0.999, 1], start: 0.9, text: (v) => String(v) },
  min_p: {
    steps: [0, 0.001, 0.002, 0.005, ...range(0.01, 0.1, 0.01), ...range(0.15, 1, 0.05)],
    start: 0.05,
    text: (v) => String(v),
  },
};
const STAGES = { top_k: "topK", top_p: "topP", min_p: "minP" };

/** @param {number} from @param {number} to @param {number} by */
function range(from, to, by) {
  return Array.from({ length: Math.round((to - from) / by) + 1 }, (_, i) => Number((from + i * by).toFixed(6)));
}

/** @param {import("./view.js").Scene} scene */
export function createFilters(scene) {
  const { say, choose, logits, language } = scene;
  const off = element("button", { type: "button" }, say("filters.off"));
  off.addEventListener("click", () => choose({ top_k: null, top_p: null, min_p: null, repetition_penalty: null }));
  const rows = Object.entries(FILTERS).map(([name, { steps, start, text }]) => {
    const allowed = name === "top_k" ? steps.filter((k) => k <= logits.length) : steps;
    const on = /** @type {HTMLInputElement} */ (element("input", { type: "checkbox" }));
    const value = element("output", {});
    const slider = /** @type {HTMLInputElement} */ (
      element("input", {
        type: "range",
        min: 0,
        max: allowed.length - 1,
        step: 1,
        "aria-label": say(`filters.${name}`),
      })
    );
    const nearest = (/** @type {number} */ v) =>
      allowed.reduce((best, step, i) => (Math.abs(step - v) < Math.abs(allowed[best] - v) ? i : best), 0);
    on.addEventListener("change", () => choose({ [name]: on.checked ? allowed[nearest(start)] : null }));
    slider.addEventListener("input", () => choose({ [name]: allowed[Number(slider.value)] }));
    holdWhileDragged(slider, scene.hold);
    const left = element("span", { class: "muted left" });
    const node = element(
      "li",
      { "data-filter": name },
      element("label", { class: "check" }, on, " ", element("b", {}, say(`filters.${name}`)), " ", value),
      slider,
      left,
      element("p", { class: "muted" }, say(`filters.${name}_text`)),
    );
    return { name, node, on, value, slider, left, nearest, text, start };
  });
  const temperature = element(
    "li",
    { class: "fixed" },
    element("b", {}, say("temperature.name")),
    element("span", { class: "muted left" }),
  );
  const list = element(
    "ol",
    { class: "pipeline" },
    rows[0].node,
    temperature,
    ...rows.slice(1).map((row) => row.node),
    element(
      "li",
      { class: "fixed" },
      element("b", {}, say("filters.renormalise")),
      element("span", { class: "muted left" }),
    ),
  );
  return {
    node: element(
      "div",
      { class: "filters-view" },
      element("p", {}, say("filters.text")),
      list,
      element("div", { class: "line" }, off),
    ),
    /** @param {import("./view.js").Now} moment */
    draw({ values, now }) {
      for (const row of rows) {
        const value = values[row.name];
        row.on.checked = value !== null;
        row.slider.disabled = value === null;
        row.slider.value = String(row.nearest(value ?? row.start));
        row.slider.style.setProperty("--at", String(Number(row.slider.value) / Number(row.slider.max)));
        row.value.textContent = value === null ? "" : row.text(value);
        row.slider.setAttribute("aria-valuetext", value === null ? say("filters.is_off") : row.text(value));
        const stage = now.stages.find(({ name }) => name === STAGES[row.name]);
        row.left.textContent = stage
          ? say("filters.left", { count: count(stage.kept, language), mass: percent(stage.mass) })
          : "";
        row.node.classList.toggle("off", value === null);
      }
      const greedy = now.temperature === 0;
      /** @type {HTMLElement} */ (temperature.lastChild).textContent = greedy
        ? say("filters.greedy")
        : say("filters.left", { count: count(now.stages[0].kept, language), mass: percent(1) });
      const mass = now.stages[now.stages.length - 1].mass;
      /** @type {HTMLElement} */ (list.lastChild?.lastChild).textContent = greedy
        ? ""
        : say("filters.divided", { mass: percent(mass) });
      off.toggleAttribute(
        "disabled",
        rows.every((row) => values[row.name] === null),
      );
    },
  };
}
