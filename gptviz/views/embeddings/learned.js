// Learned positions: the table, how alike its rows are, and the sum that enters the first block.

import { diverging } from "../kit/colours.js";
import { element } from "../kit/dom.js";
import { count, fixed, stored } from "../kit/format.js";
import { bound, createBars, legend } from "../kit/vectors.js";
import { createGrid } from "./grid.js";
import { compare, shown } from "./measures.js";

/** @param {import("./view.js").Scene} scene */
export function createLearned(scene) {
  const { header, say, nodes } = scene;
  const D = header.d_model;
  let pointed = /** @type {[number, number] | null} */ (null);
  let pair = /** @type {[number, number] | null} */ (null);
  let entry = 0;
  const onEntry = {
    onPoint: (/** @type {number | null} */ at) => at !== null && ((entry = at), scene.redraw()),
    onPick: (/** @type {number} */ at) => ((entry = at), scene.redraw()),
  };
  const table = createGrid(scene, { onPoint: (at) => ((pointed = at), scene.redraw()) });
  const alike = createGrid(scene, { onPoint: (at) => ((pair = at), scene.redraw()) });
  const cell = element("p", { class: "readout", role: "status" });
  const between = element("p", { class: "readout", role: "status" });
  const title = element("p", { class: "title" });
  const sampled = element("p", { class: "muted" });
  const ramp = element("div", { class: "legends" });
  const bars = ["token", "position", "sum"].map((name) => ({ name, bars: createBars("", { height: 64, ...onEntry }) }));
  const sum = element("p", { class: "readout" });
  const sumTitle = element("p", { class: "title" });
  let made = { part: /** @type {any} */ (null), cosines: new Float64Array() };
  return {
    node: element(
      "div",
      { class: "learned" },
      element("p", {}, say("learned.text")),
      title,
      table.node,
      cell,
      sampled,
      element("p", { class: "title" }, say("learned.alike")),
      element(
        "div",
        { class: "beside" },
        element("div", {}, alike.node, ramp),
        element("div", {}, between, element("p", { class: "muted" }, say("learned.alike_text"))),
      ),
      sumTitle,
      ...bars.map((bar) => bar.bars.node),
      sum,
    ),
    /** @param {import("./view.js").Values} values */
    draw({ token }) {
      const part = scene.part("learned");
      if (!part) {
        cell.textContent = say("waiting");
        return;
      }
      const colours = scene.colours();
      const { positions, n_ctx } = part.header;
      const rows = part.arrays.rows.data;
      const S = positions.length;
      const row = (/** @type {number} */ n) => rows.subarray(n * D, (n + 1) * D);
      if (made.part !== part) {
        const cosines = new Float64Array(S * S);
        for (let i = 0; i < S; i++)
          for (let j = i; j < S; j++) cosines[i * S + j] = cosines[j * S + i] = compare(row(i), row(j)).cosine;
        made = { part, cosines };
      }
      const names = positions.map(String);
      title.textContent = say("learned.table", { n_ctx: count(n_ctx), d_model: count(D) });
      sampled.textContent = say(S < n_ctx ? "learned.sampled" : "learned.whole", {
        shown: S,
        n_ctx: count(n_ctx),
      });
      const place = positions.indexOf(token);
      const of = diverging(colours, bound(rows));
      table.draw({
        rows: S,
        columns: D,
        pixels: Uint32Array.from(rows, of.pixel),
        height: Math.max(3, Math.min(20, 360 / S)) * S,
        names,
        mark: pointed,
        label: say("learned.alt", { count: S }),
      });
      cell.textContent = pointed
        ? say("learned.cell", {
            position: positions[pointed[0]],
            dimension: pointed[1],
            value: stored(rows[pointed[0] * D + pointed[1]]),
          })
        : say("learned.point");
      const scale = diverging(colours, 1);
      const size = Math.max(2, Math.min(24, 400 / S));
      const here = pair ?? (place < 0 ? null : /** @type {[number, number]} */ ([place, Math.max(0, place - 1)]));
      alike.draw({
        rows: S,
        columns: S,
        pixels: Uint32Array.from(made.cosines, (value) => scale.pixel(Number.isNaN(value) ? 0 : value)),
        height: size * S,
        most: size * 1.4,
        names,
        square: true,
        mark: here,
        label: say("learned.alike_alt", { count: S }),
      });
      ramp.replaceChildren(legend(scale, ["−1", "0", "1"]));
      if (here) {
        const value = made.cosines[here[0] * S + here[1]];
        between.textContent = say("learned.between", {
          first: positions[here[0]],
          second: positions[here[1]],
          value: shown(value),
        });
        between.dataset.value = String(value);
      } else between.textContent = say("learned.point");
      const own = part.arrays.own.data.subarray(token * D, (token + 1) * D);
      const word = scene.row(scene.place(token));
      const both = Float64Array.from(word, (value, d) => value + own[d]);
      entry = Math.min(entry, D - 1);
      sumTitle.replaceChildren(...nodes("learned.sum", { token: scene.token(token), position: String(token) }));
      const vectors = { token: word, position: own, sum: both };
      for (const { name, bars: strip } of bars) {
        strip.rename(say(`learned.${name}_row`, { token: header.tokens[token], position: token }));
        strip.draw(vectors[/** @type {"token"} */ (name)], colours, entry);
      }
      sum.textContent = say("learned.triple", {
        dimension: entry,
        token: fixed(word[entry], 4),
        position: fixed(own[entry], 4),
        sum: fixed(both[entry], 4),
      });
      sum.dataset.value = String(both[entry]);
    },
  };
}
