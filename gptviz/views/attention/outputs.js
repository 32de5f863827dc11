// All heads of a layer, side by side, become one vector: W_O of the whole is the sum of what each head adds.

import { element } from "../kit/dom.js";
import { percent, significant } from "../kit/format.js";
import { createStrip, dot } from "../kit/vectors.js";

/** @param {import("./view.js").Scene} scene */
export function createOutputs(scene) {
  const { say, sizes, choose } = scene;
  const { n_head, d_head, d_model } = sizes;
  const rows = Array.from({ length: n_head }, (_, head) => {
    const z = createStrip("", { height: 18, role: "value" });
    const out = createStrip("", { height: 18, role: "attention" });
    const name = element("button", { type: "button", class: "head" });
    const number = element("span", { class: "number" });
    name.addEventListener("click", () => choose({ head }));
    for (const strip of [z, out]) strip.canvas.addEventListener("click", () => choose({ head }));
    return {
      node: element(
        "div",
        { class: "output-row" },
        name,
        z.node,
        element("span", { "aria-hidden": true }, "→"),
        out.node,
        number,
      ),
      name,
      z,
      out,
      number,
    };
  });
  const bias = createStrip(say("outputs.bias"), { height: 18 });
  bias.node.hidden = true;
  const whole = createStrip(say("outputs.whole", { d_model }), { height: 24, role: "attention" });
  const sum = element("p", { class: "sum" });
  const chosen = element("p", { class: "entry" });
  const concat = createStrip(say("outputs.concat", { width: n_head * d_head }), { height: 24, role: "value" });
  const note = element("p", { class: "muted note", role: "status" });
  return {
    node: element(
      "div",
      { class: "outputs-view" },
      element("p", {}, say("outputs.text", { n_head, d_head, width: n_head * d_head, d_model })),
      note,
      element("div", { class: "output-rows" }, ...rows.map((row) => row.node)),
      concat.node,
      element("p", { class: "muted" }, say("outputs.matrix", { d_model, width: n_head * d_head })),
      bias.node,
      whole.node,
      sum,
      chosen,
      element("p", { class: "muted" }, say("outputs.share")),
    ),
    /** @param {import("./view.js").Now} now */
    draw({ layer, head, query, values }) {
      const found = scene.part("outputs");
      const part = found?.header.layer === layer.layer && found.header.token === query ? found : null;
      const ready = part !== null;
      const pointing = query !== values.token;
      note.textContent = say(scene.alone ? "alone" : pointing ? "click_token" : "outputs.waiting");
      note.style.visibility = ready ? "hidden" : "";
      const colours = scene.colours();
      const total = /** @type {Float32Array | undefined} */ (part?.arrays.attn_out.data);
      const heads = layer.heads.length === n_head ? layer.heads : [];
      const together = new Float32Array(n_head * d_head);
      rows.forEach((row, h) => {
        row.name.textContent = `${layer.layer}.${h}`;
        row.node.classList.toggle("chosen", h === head);
        row.node.hidden = !layer.has(h);
        // What is not known is not shown; its place stays.
        row.out.node.style.visibility = row.number.style.visibility = ready ? "" : "hidden";
        if (layer.has(h)) {
          const z = layer.vector("z", h, query);
          together.set(z, h * d_head);
          row.z.draw(z, colours);
        }
        if (!part || !total) return;
        const own = part.arrays.heads.data.subarray(h * d_model, (h + 1) * d_model);
        row.out.draw(own, colours);
        const size = significant(Math.sqrt(dot(own, own)), 3);
        row.number.textContent = say("outputs.number", { size, share: percent(dot(own, total) / dot(total, total)) });
        if (h !== head) return;
        const all = significant(Math.sqrt(dot(total, total)), 3);
        chosen.textContent = say("outputs.chosen", { name: `${layer.layer}.${h}`, size, total: all });
      });
      concat.node.hidden = !heads.length;
      if (heads.length) concat.draw(together, colours);
      for (const node of [whole.node, sum, chosen]) node.style.visibility = ready ? "" : "hidden";
      if (!part || !total) return;
      const { bias: added } = part.arrays;
      bias.node.hidden = !added;
      if (added) bias.draw(added.data, colours);
      whole.draw(total, colours);
      const { error, largest } = part.header;
      sum.textContent = say("outputs.sum", {
        error: significant(error, 2),
        largest: significant(largest, 3),
      });
    },
  };
}
