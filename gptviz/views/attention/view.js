// The attention view: one text, one chosen head, and everything about it linked. What the reader points at or chooses
// in any part, every other part follows; only another layer, words and switched-off heads ask the host.

import { chip, chipButton, colour } from "../kit/chip.js";
import { element, fill, fillNodes } from "../kit/dom.js";
import { subscript } from "../kit/format.js";
import { createKeeper } from "../kit/keeper.js";
import { createSections } from "../kit/section.js";
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

export const css = ["../kit/common.css", "./view.css", "./sections.css"];

/** In the order of the page; what each needs from the host, beside the layer. */
const SECTIONS = {
  heads: { create: createHeads },
  stages: { create: createStages },
  cell: { create: createCell },
  asking: { create: createAsking, needs: "weights" },
  lines: { create: createLines },
  values: { create: createValues, needs: "reading" },
  outputs: { create: createOutputs, needs: "outputs" },
  table: { create: createTable },
  off: { create: createOff },
};

/** Choices after which the host has something new to say at once; the others wait until the reader settles. */
const ASKS = ["layer", "last", "off", "again", "second"];

/**
 * @typedef {import("../kit/wire.js").Payload} Payload
 *
 * @typedef {object} Values what the reader may set
 * @property {string} of which text they are about
 * @property {number} layer
 * @property {number} head
 * @property {number} token the query
 * @property {number | null} key null: the strongest
 * @property {string[]} open sections
 * @property {string} order of the heads: "layer", or a measure
 * @property {"dot" | "scaled" | "masked" | "pattern"} stage
 * @property {boolean} hide the first token's column
 * @property {boolean} unscaled without ÷√d
 * @property {number} entry of query and key, the one that is opened
 * @property {number[]} over heads laid over the chosen one, as lines
 * @property {string | null} last another last word; "": the view's suggestion
 * @property {[number, number][]} off heads switched off
 * @property {number} again which control heads are drawn
 * @property {string} second another text for switching off
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
 * @typedef {object} Scene what holds for one text
 * @property {any} header of the text part
 * @property {Record<string, {data: any, shape: number[]}>} arrays of the text part
 * @property {string[]} tokens
 * @property {string[]} labels the same, with its position where a token stands more than once
 * @property {import("./data.js").Sizes} sizes
 * @property {(key: string, values?: Record<string, any>) => string} say
 * @property {(key: string, nodes: Record<string, Node | string>) => (Node | string)[]} nodes
 * @property {(i: number, plain?: boolean) => HTMLElement} token a token of the text, to be clicked unless plain
 * @property {(layer: number, head: number) => HTMLElement} link a head to be clicked
 * @property {() => Record<string, import("../kit/colours.js").Rgb>} colours
 * @property {(name: string) => Payload | null} part
 * @property {(measure: string, layer: number, head: number, random?: boolean) => number} measure
 * @property {(layer: number, head: number, random?: boolean) => string | null} kind
 * @property {() => Values} values as they are now, drawn or not
 * @property {(change: Partial<Values>) => void} choose
 * @property {(pointed: Pointed | null) => void} point
 * @property {() => void} redraw
 * @property {boolean} alone nothing that is not here yet will come
 */

/**
 * @param {ShadowRoot | HTMLElement} root
 * @param {Record<string, Payload>} given
 * @param {(values: Values) => void} report
 * @param {{alone?: boolean}} [host] alone: it can only give what it holds
 */
export function mount(root, given, report, { alone = false } = {}) {
  const frame = element("div", { class: "gptviz attention" });
  root.append(frame);
  /** @type {Record<string, Payload | null>} */
  const parts = { ...given };
  let pointed = /** @type {Pointed} */ ({});
  let built = /** @type {ReturnType<typeof build> | null} */ (null);
  let layer = /** @type {Layer | null} */ (null);
  let rows = /** @type {Map<string, any>} */ (new Map());
  const keeper = createKeeper({
    frame,
    /** @type {Values} */
    values: {
      of: "",
      layer: 0,
      head: 0,
      token: 0,
      key: null,
      open: [],
      order: "layer",
      stage: "pattern",
      hide: false,
      unscaled: false,
      entry: 0,
      over: [],
      last: null,
      off: [],
      again: 0,
      second: "",
    }, // prettier-ignore
    asks: ASKS,
    report,
    draw() {
      const moment = now();
      if (moment) built?.draw(moment);
    },
  });

  /** @param {Partial<Values>} change */
  function choose(change) {
    const before = keeper.values();
    const moved = ["layer", "head", "token"].some((name) => name in change && change[name] !== before[name]);
    const values = { ...before, ...(moved ? { key: null } : {}), ...change };
    pointed = {};
    const absent = "head" in change && layer && values.layer === layer.layer && !layer.has(values.head);
    const opens = values.open.some((name) => SECTIONS[name].needs && !before.open.includes(name));
    const asks = opens || absent || ASKS.some((name) => name in change);
    const known = values.open.some((name) => SECTIONS[name].needs);
    keeper.choose(values, asks || (moved && known));
  }

  /** @param {Pointed | null} where */
  function point(where) {
    pointed = where ?? {};
    keeper.redraw();
  }

  /** Take the layer that came, if it belongs to the text. */
  function takeLayer() {
    const { header } = /** @type {Payload} */ (parts.text);
    const part = parts.layer;
    if (part && part.header.of === header.of) {
      layer = new Layer(part, header.sizes, header.tokens.length, header.scales[part.header.layer]);
    }
    rows = new Map();
  }

  /** @returns {Now | null} */
  function now() {
    if (!built || !layer) return null;
    const values = keeper.values();
    const shown = /** @type {Layer} */ (layer);
    const T = shown.T;
    const here = values.layer === shown.layer;
    // A head whose numbers would have to be sent cannot be pointed at.
    const wanted = pointed.head !== undefined && shown.has(pointed.head) ? pointed.head : values.head;
    const head = here && shown.has(wanted) ? wanted : shown.has(values.head) ? values.head : shown.heads[0];
    const row = (/** @type {number} */ i, of = head) => {
      const id = `${of} ${i} ${values.unscaled} ${values.hide}`;
      if (!rows.has(id)) rows.set(id, shownRow(shown, of, i, values));
      return rows.get(id);
    };
    const query = Math.min(pointed.query ?? values.token, T - 1);
    const fallback = pointed.query === undefined ? values.key : null;
    const key = Math.min(pointed.key ?? fallback ?? strongest(shown.row(head, query)), T - 1);
    return { values, layer: shown, head, query, key, waiting: !here || !shown.has(wanted), row };
  }

  /** @param {Payload} text */
  function build({ header, arrays }) {
    /** @type {string[]} */
    const measures = header.measures;
    const { n_layer, n_head } = header.sizes;
    const measure = (/** @type {string} */ name, /** @type {number} */ l, /** @type {number} */ h, random = false) =>
      arrays[random ? "random" : "scores"].data[(measures.indexOf(name) * n_layer + l) * n_head + h];
    const say = (/** @type {string} */ key, values = {}) => fill(header.labels[key], values);
    const repeated = (/** @type {string} */ piece) => header.tokens.filter((other) => other === piece).length > 1;
    const labels = header.tokens.map((piece, i) => (repeated(piece) ? piece + subscript(i) : piece));
    /** @type {Scene} */
    const scene = {
      header,
      arrays,
      tokens: header.tokens,
      labels,
      sizes: header.sizes,
      say,
      nodes: (key, nodes) => fillNodes(header.labels[key], nodes),
      token(i, plain = false) {
        if (plain) return chip(labels[i], i);
        return colour(
          chipButton(labels[i], say("text.choose"), () => choose({ token: i })),
          i,
        );
      },
      link(l, h) {
        const node = element("button", { type: "button", class: "head" }, say("head", { name: `${l}.${h}` }));
        node.addEventListener("click", () => choose({ layer: l, head: h }));
        return node;
      },
      colours: keeper.colours,
      part: (name) => (parts[name]?.header.of === header.of ? /** @type {Payload} */ (parts[name]) : null),
      measure,
      kind(l, h, random = false) {
        const named = Object.keys(header.rows).filter(
          (kind) =>
            header[random ? "rows_random" : "rows"][kind] >= header.enough && measure(kind, l, h, random) > header.most,
        );
        return named.sort((a, b) => measure(b, l, h, random) - measure(a, l, h, random))[0] ?? null;
      },
      alone,
      values: keeper.values,
      choose,
      point,
      redraw: keeper.redraw,
    };
    const bar = createBar(scene);
    const text = createText(scene);
    const facts = createFacts(scene);
    const names = Object.keys(SECTIONS);
    const creators = Object.fromEntries(Object.entries(SECTIONS).map(([name, { create }]) => [name, create]));
    const title = (/** @type {string} */ name) => `${names.indexOf(name) + 1} · ${say(`${name}.title`)}`;
    const sections = createSections(scene, creators, { title });
    frame.lang = header.language;
    const replaced = element("p", { class: "trouble" }, say("replaced", { names: header.replaced.join(", ") }));
    const about = header.replaced.length ? [replaced] : [];
    frame.replaceChildren(bar.node, ...about, text.node, facts.node, ...sections.map((section) => section.node));
    return {
      /** @param {Now} moment */
      draw(moment) {
        frame.classList.toggle("waiting", moment.waiting);
        for (const part of [bar, text, facts, ...sections]) part.draw(moment);
      },
      destroy: () => sections.forEach((section) => section.destroy()),
    };
  }

  return {
    /**
     * @param {Record<string, Payload | null>} news
     * @param {Partial<Values> | null} chosen
     */
    update(news, chosen) {
      const other = news.text && news.text.header.of !== parts.text?.header.of;
      Object.assign(parts, news);
      keeper.take(chosen, other);
      if (news.text || !built) {
        built?.destroy();
        pointed = {};
        layer = null;
        built = build(/** @type {Payload} */ (parts.text));
      }
      if (news.text || news.layer || !layer) takeLayer();
      keeper.draw();
    },
    destroy() {
      built?.destroy();
      keeper.destroy();
    },
  };
}
