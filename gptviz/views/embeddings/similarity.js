// Every vector of the text against every other, and against words that the reader adds; one pair opened.

import { chip } from "../kit/chip.js";
import { diverging } from "../kit/colours.js";
import { createCheck } from "../kit/controls.js";
import { element } from "../kit/dom.js";
import { count, fixed } from "../kit/format.js";
import { legend } from "../kit/vectors.js";
import { createGrid } from "./grid.js";
import { beyond, compare, createMeasure, measuresOf, shown } from "./measures.js";
import { createPair } from "./pair.js";
import { createWords } from "./words.js";

const SIZE = 460; // of the picture at most
const RANGE = 3; // standard deviations to either end of the colours

/**
 * @typedef {object} Item
 * @property {string} name
 * @property {() => HTMLElement} node
 * @property {ArrayLike<number>} row
 * @property {number} tokens of which it is the mean
 */

/** @param {import("./view.js").Scene} scene */
export function createSimilarity(scene) {
  const { header, say, nodes, choose } = scene;
  const measures = measuresOf(scene);
  const measure = createMeasure(scene);
  const words = createWords(scene);
  const readout = element("p", { class: "readout", role: "status" });
  const scale = element("div", { class: "legends" });
  const against = element("p", { class: "muted" });
  let pointed = /** @type {[number, number] | null} */ (null);
  const grid = createGrid(scene, {
    onPoint: (at) => ((pointed = at), scene.redraw()),
    onPick: (row, column) => choose({ pair: [row, column] }),
  });
  const pair = createPair(scene);
  const byOwn = createCheck([say("similarity.by_own")], (on) => choose({ own: on }));
  const ownReadout = element("p", { class: "readout" });
  const ownText = element("p", { class: "muted" }, say("similarity.by_own_text"));
  let made = {
    part: /** @type {any} */ (undefined),
    items: /** @type {Item[]} */ ([]),
    tables: /** @type {Record<string, Float64Array>} */ ({}),
  };

  /** The compared vectors, and all measures between them. */
  function table() {
    const part = scene.part("compared");
    if (made.part === part && made.items.length) return made;
    /** @type {Item[]} */
    const items = header.different.map((/** @type {number} */ id, /** @type {number} */ place) => ({
      name: header.pieces[place],
      node: () => scene.token(header.ids.indexOf(id)),
      row: scene.row(place),
      tokens: 1,
    }));
    const D = header.d_model;
    part?.header.words.forEach((/** @type {any} */ word, /** @type {number} */ n) => {
      const name = word.pieces.length === 1 ? word.pieces[0] : `⌀ ${word.text}`;
      items.push({
        name,
        node: () => chip(name),
        row: part.arrays.rows.data.subarray(n * D, (n + 1) * D),
        tokens: word.pieces.length,
      });
    });
    const N = items.length;
    const tables = Object.fromEntries(measures.map((name) => [name, new Float64Array(N * N)]));
    for (let i = 0; i < N; i++) {
      for (let j = i; j < N; j++) {
        const found = compare(items[i].row, items[j].row);
        for (const name of measures) tables[name][i * N + j] = tables[name][j * N + i] = found[name];
      }
    }
    return (made = { part, items, tables });
  }

  return {
    node: element(
      "div",
      { class: "similarity-view" },
      element("p", {}, say("similarity.text")),
      measure.node,
      words.node,
      element(
        "div",
        { class: "beside" },
        element("div", {}, grid.node, scale),
        element("div", {}, readout, ownReadout, against, byOwn.node, ownText),
      ),
      pair.node,
    ),
    /** @param {import("./view.js").Values} values */
    draw(values) {
      measure.draw(values.measure);
      words.draw(values);
      const chance = scene.part("chance");
      readout.classList.toggle("stale", !chance);
      if (!chance) {
        readout.textContent = say("waiting");
        return;
      }
      const { items, tables } = table();
      const N = items.length;
      const own = tables[values.measure];
      const about = chance.header[values.measure];
      const colours = scene.colours();
      const scaleOf = diverging(colours, RANGE);
      // What each line gives with any row; known for the cosine.
      const scales = scene.part("compared")?.arrays.own.data ?? [];
      const known = values.measure === "cosine" && scales.length === 2 * N;
      byOwn.node.hidden = !known;
      byOwn.input.checked = values.own;
      const lined = known && values.own;
      ownText.hidden = !lined;
      scale.hidden = lined;
      const sdsOf = (/** @type {number} */ row, /** @type {number} */ value) =>
        scales[2 * row + 1] ? (value - scales[2 * row]) / scales[2 * row + 1] : 0;
      const pixels = Uint32Array.from(own, (value, i) =>
        scaleOf.pixel(
          Number.isNaN(value)
            ? 0
            : lined
              ? sdsOf(Math.floor(i / N), value)
              : beyond(chance.header, values.measure, value),
        ),
      );
      const held = values.pair && values.pair[0] < N && values.pair[1] < N ? values.pair : null;
      const mark = pointed && pointed[0] < N && pointed[1] < N ? pointed : held;
      const cell = Math.max(2, Math.min(34, SIZE / N));
      grid.draw({
        rows: N,
        columns: N,
        pixels,
        height: cell * N,
        most: cell * 1.6,
        names: items.map((item) => item.name),
        square: true,
        mark,
        label: say("similarity.alt", { count: N }),
      });
      const sign = values.measure === "distance" ? -1 : 1;
      scale.replaceChildren(
        legend(
          scaleOf,
          [-RANGE, 0, RANGE].map((sds) => fixed(about.mean + sign * sds * about.sd, 2)),
        ),
      );
      const of = {
        mean: fixed(about.mean, 2),
        sd: fixed(about.sd, 2),
        pairs: count(about.pairs),
      };
      against.textContent = say(about.whole ? "similarity.against_all" : "similarity.against", of);
      if (mark) {
        const value = own[mark[0] * N + mark[1]];
        const zero = Number.isNaN(value);
        const sds = beyond(chance.header, values.measure, value);
        const key = zero
          ? "similarity.zero"
          : mark[0] === mark[1]
            ? "similarity.itself"
            : sds >= 0
              ? "similarity.more"
              : "similarity.less";
        readout.replaceChildren(
          ...nodes(key, {
            first: items[mark[0]].node(),
            second: items[mark[1]].node(),
            measure: say(`measure.${values.measure}`),
            value: element("b", {}, shown(value)),
            sds: fixed(Math.abs(sds), 1),
          }),
        );
        readout.dataset.value = String(value);
        const compared = known && !zero && mark[0] !== mark[1];
        const sdsOwn = compared ? sdsOf(mark[0], value) : 0;
        const about = compared && {
          first: items[mark[0]].node(),
          mean: fixed(scales[2 * mark[0]], 2),
          sd: fixed(scales[2 * mark[0] + 1], 2),
          value: shown(value),
          sds: fixed(Math.abs(sdsOwn), 1),
        };
        ownReadout.replaceChildren(
          ...(about ? nodes(sdsOwn >= 0 ? "similarity.own" : "similarity.own_below", about) : []),
        );
      } else {
        readout.textContent = say("similarity.point");
        ownReadout.replaceChildren();
      }
      pair.draw(held ? [items[held[0]], items[held[1]]] : null, chance, values.measure);
    },
  };
}
