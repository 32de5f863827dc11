// The attention view: one text, one chosen head, and everything about it linked. What the reader points at or chooses
// in any part, every other part follows; only another layer, words and switched-off heads ask the host.

import { chip, chipButton, colour } from "../kit/chip.js";
import { element } from "../kit/dom.js";
import { subscript } from "../kit/format.js";
import { declared } from "../kit/keeper.js";
import { createSections } from "../kit/section.js";
import { createView } from "../kit/view.js";
import { createAsking } from "./asking.js";
import { createBar } from "./bar.js";
import { createCell } from "./cell.js";
import { Layer, shownRow, strongest } from "./data.js";
import { createFacts } from "./facts.js";
import { createHeads } from "./heads.js";
import { createLines } from "./lines.js";
import { createOff } from "./off.js";
import { createOutputs } from "./outputs.js";
import { createStages } from "./stages.js";
import { createTable } from "./table.js";
import { createText } from "./text.js";
import { createValues } from "./values.js";

export const css = ["./view.css", "./pictures.css", "./outputs.css"];

const SECTIONS = {
  heads: createHeads,
  stages: createStages,
  cell: createCell,
  asking: createAsking,
  lines: createLines,
  values: createValues,
  outputs: createOutputs,
  table: createTable,
  off: createOff,
};

/**
 * @typedef {import("../kit/wire.js").Payload} Payload
 *
 * @typedef {object} Values what the reader may set: declared in __init__.py
 * @property {number} layer
 * @property {number} head
 * @property {number} token the query
 * @property {number | null} key null: the strongest
 * @property {string[]} open sections
 * @property {string} order of the heads: "layer", or a measure
 * @property {string} stage
 * @property {boolean} hide the first token's column
 * @property {boolean} unscaled without ÷√d
 * @property {number} entry of query and key, the one that is opened
 * @property {number[]} over heads laid over the chosen one, as lines
 * @property {string | null} last another last word; "": the view's suggestion
 * @property {[number, number][]} off heads switched off
 * @property {number} again which control heads are drawn
 * @property {string | null} second another text for switching off
 *
 * @typedef {{query?: number, key?: number, head?: number}} Pointed what the pointer or the keyboard is on
 *
 * @typedef {object} Now what is to be seen at this moment
 * @property {Values} values
 * @property {Layer} layer
 * @property {number} head
 * @property {number} query
 * @property {number} key
 * @property {boolean} waiting for another layer
 * @property {(i: number, head?: number) => Float32Array | Float64Array} row of the pattern, as the reader wants it
 *
 * @typedef {object} Own what holds for one text
 * @property {any} header of the text part
 * @property {Record<string, {data: any, shape: number[]}>} arrays of the text part
 * @property {string[]} tokens
 * @property {string[]} labels the same, with its position where a token stands more than once
 * @property {import("./data.js").Sizes} sizes
 * @property {(i: number, plain?: boolean) => HTMLElement} token a token of the text, to be clicked unless plain
 * @property {(layer: number, head: number) => HTMLElement} link a head to be clicked
 * @property {(measure: string, layer: number, head: number, random?: boolean) => number} measure
 * @property {(layer: number, head: number, random?: boolean) => string | null} kind
 * @property {(pointed: Pointed | null) => void} point
 *
 * @typedef {import("../kit/view.js").Base<Values>} Base
 * @typedef {Base & Own} Scene
 */

export const mount = createView({
  name: "attention",
  build(/** @type {Base} */ base) {
    const { header, arrays } = /** @type {Payload} */ (base.part("text"));
    const { say, values } = base;
    let pointed = /** @type {Pointed} */ ({});
    let layer = /** @type {Layer | null} */ (null);
    let rows = /** @type {Map<string, any>} */ (new Map());

    /** Take the layer that came; one that does not come leaves the one that is shown. */
    function takeLayer() {
      const part = base.part("layer");
      if (part) layer = new Layer(part, header.sizes, header.tokens.length, header.scales[part.header.layer]);
      rows = new Map();
    }

    /** @param {Partial<Values>} change @param {boolean} [now] */
    function choose(change, now = false) {
      pointed = {};
      const { layer: wanted, head } = { ...values(), ...change };
      // Its numbers have to be sent.
      const absent = wanted === layer?.layer && !layer.has(head);
      base.choose(change, now || ("head" in change && absent));
    }

    /** @param {Pointed | null} where */
    function point(where) {
      pointed = where ?? {};
      base.redraw();
    }

    /** @returns {Now} */
    function now() {
      const chosen = values();
      const shown = /** @type {Layer} */ (layer);
      const T = shown.T;
      const here = chosen.layer === shown.layer;
      // A head whose numbers would have to be sent cannot be pointed at.
      const wanted = pointed.head !== undefined && shown.has(pointed.head) ? pointed.head : chosen.head;
      const head = here && shown.has(wanted) ? wanted : shown.has(chosen.head) ? chosen.head : shown.heads[0];
      const row = (/** @type {number} */ i, of = head) => {
        const id = `${of} ${i} ${chosen.unscaled} ${chosen.hide}`;
        if (!rows.has(id)) rows.set(id, shownRow(shown, of, i, chosen));
        return rows.get(id);
      };
      const query = Math.min(pointed.query ?? chosen.token, T - 1);
      const fallback = pointed.query === undefined ? chosen.key : null;
      const key = Math.min(pointed.key ?? fallback ?? strongest(shown.row(head, query)), T - 1);
      return { values: chosen, layer: shown, head, query, key, waiting: !here || !shown.has(wanted), row };
    }

    const measures = /** @type {string[]} */ (header.measures);
    const tokens = /** @type {string[]} */ (header.tokens);
    const { n_layer, n_head } = header.sizes;
    const measure = (/** @type {string} */ name, /** @type {number} */ l, /** @type {number} */ h, random = false) =>
      arrays[random ? "random" : "scores"].data[(measures.indexOf(name) * n_layer + l) * n_head + h];
    const repeated = (/** @type {string} */ piece) => tokens.filter((other) => other === piece).length > 1;
    const labels = tokens.map((piece, i) => (repeated(piece) ? piece + subscript(i) : piece));
    /** @type {Scene} */
    const scene = Object.assign(Object.create(base), {
      header,
      arrays,
      tokens,
      labels,
      sizes: header.sizes,
      token(/** @type {number} */ i, plain = false) {
        if (plain) return chip(labels[i], i);
        return colour(
          chipButton(labels[i], say("text.choose"), () => choose({ token: i })),
          i,
        );
      },
      link(/** @type {number} */ l, /** @type {number} */ h) {
        const node = element("button", { type: "button", class: "head" }, say("head", { name: `${l}.${h}` }));
        node.addEventListener("click", () => choose({ layer: l, head: h }));
        return node;
      },
      measure,
      kind(/** @type {number} */ l, /** @type {number} */ h, random = false) {
        const named = Object.keys(header.rows).filter(
          (kind) =>
            header[random ? "rows_random" : "rows"][kind] >= header.enough && measure(kind, l, h, random) > header.most,
        );
        return named.sort((a, b) => measure(b, l, h, random) - measure(a, l, h, random))[0] ?? null;
      },
      choose,
      point,
    });
    takeLayer();
    const bar = createBar(scene);
    const text = createText(scene);
    const facts = createFacts(scene);
    const names = declared(scene.choices.open, "options");
    const title = (/** @type {string} */ name) => `${names.indexOf(name) + 1} · ${say(`${name}.title`)}`;
    const sections = createSections(scene, SECTIONS, title);
    const replaced = element("p", { class: "trouble" }, say("replaced", { names: header.replaced.join(", ") }));
    const about = header.replaced.length ? [replaced] : [];
    return {
      nodes: [bar.node, ...about, text.node, facts.node, ...sections.map((section) => section.node)],
      draw() {
        const moment = now();
        base.frame.classList.toggle("waiting", moment.waiting);
        for (const part of [bar, text, facts, ...sections]) part.draw(moment);
      },
      update(news) {
        if (news.layer) takeLayer();
      },
      destroy() {
        for (const section of sections) section.destroy();
      },
    };
  },
});
