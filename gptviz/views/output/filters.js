// What may be removed before the draw, and what may be held back: each with a switch and a slider; and the order in
// which it happens, with what every step leaves.

import { element } from "../kit/dom.js";
import { count, percent } from "../kit/format.js";
import { createFilter, filterNames } from "../kit/sampling.js";

/** @param {import("./view.js").Scene} scene */
export function createFilters(scene) {
  const { say, choose, choices, logits } = scene;
  const names = filterNames(choices);
  const off = element("button", { type: "button" }, say("filters.off"));
  off.addEventListener("click", () => choose(Object.fromEntries(names.map((name) => [name, null]))));
  const rows = names.map((name) => {
    const filter = createFilter(name, {
      choice: choices[name],
      label: say(`filters.${name}`),
      off: say("filters.is_off"),
      vocab_size: logits.length,
      choose,
      hold: scene.hold,
    });
    const left = element("span", { class: "muted left" });
    filter.node.append(left, element("p", { class: "muted" }, say(`filters.${name}_text`)));
    return { name, left, ...filter };
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
        row.draw(values[row.name]);
        const stage = now.stages.find(({ name }) => name === row.name);
        row.left.textContent = stage
          ? say("filters.left", { count: count(stage.kept), mass: percent(stage.mass) })
          : "";
      }
      const greedy = now.temperature === 0;
      /** @type {HTMLElement} */ (temperature.lastChild).textContent = greedy
        ? say("filters.greedy")
        : say("filters.left", { count: count(now.stages[0].kept), mass: percent(1) });
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
