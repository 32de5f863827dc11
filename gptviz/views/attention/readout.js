// The chosen cell on its way through the stages, in numbers beside the picture.

import { element } from "../kit/dom.js";
import { fixed, significant } from "../kit/format.js";
import { declared } from "../kit/keeper.js";

/** @param {import("./view.js").Scene} scene */
export function createReadout(scene) {
  const { say } = scene;
  const pair = element("div", { class: "pair" });
  const values = declared(scene.choices.stage, "options").map((name) => {
    const value = element("dd", { "data-stage": name });
    return { node: element("div", {}, element("dt", {}, say(`stages.${name}`)), value), value };
  });
  return {
    node: element("div", { class: "readout" }, pair, element("dl", {}, ...values.map((it) => it.node))),
    /**
     * @param {import("./view.js").Now} now
     * @param {import("./data.js").Layer} layer as it is shown
     * @param {ArrayLike<number>} row
     * @param {string[]} names
     */
    draw({ head, query, key, values: chosen }, layer, row, names) {
      const token = (/** @type {number} */ i) => {
        const node = scene.token(i, true);
        node.textContent = names[i];
        return node;
      };
      pair.replaceChildren(token(query), " → ", token(key));
      const future = key > query;
      const weight = future ? 0 : row[key];
      const dot = fixed(layer.dot(head, query, key), 3);
      const score = fixed(layer.score(head, query, key), 4);
      const texts = [
        dot,
        score,
        future ? "−∞" : chosen.unscaled ? dot : score,
        weight >= 0.0001 || weight === 0 ? fixed(weight, 4) : significant(weight, 3),
      ];
      values.forEach(({ value }, i) => {
        value.textContent = texts[i];
      });
      values[1].node.classList.toggle("skipped", chosen.unscaled);
    },
  };
}
