// The embeddings view: from an id to a vector, what the vector lies near, and how position comes in.
// Lookup, measures, pairs and rotation are computed here; the server is asked for neighbours, words and layers.

import { chip } from "../kit/chip.js";
import { element, fill, fillNodes } from "../kit/dom.js";
import { createKeeper } from "../kit/keeper.js";
import { createSections } from "../kit/section.js";
import { createLookup } from "./lookup.js";
import { createNeighbours } from "./neighbours.js";
import { createPosition } from "./position.js";
import { createProduct } from "./product.js";
import { createSimilarity } from "./similarity.js";
import { createText } from "./text.js";

export const css = ["../kit/common.css", "./view.css", "./sections.css"];

const SECTIONS = {
  product: createProduct,
  similarity: createSimilarity,
  neighbours: createNeighbours,
  position: createPosition,
};

/** Choices after which the host has something new to say at once; the others wait until the reader settles. */
const ASKS = ["token", "open", "words", "query", "space", "layer"];

/**
 * @typedef {import("../kit/wire.js").Payload} Payload
 *
 * @typedef {object} Values what the reader may set
 * @property {number} token the chosen position
 * @property {string[]} open sections
 * @property {"cosine" | "dot" | "distance"} measure
 * @property {[number, number] | null} pair two of the compared vectors, by place
 * @property {string} words further words to compare
 * @property {string | null} query whose neighbours are shown; null: the chosen token's
 * @property {string} space in which they are looked for
 * @property {boolean} own each line of the table coloured by its own token's scale
 * @property {boolean} grouped spellings of one word put together
 * @property {number} layer whose queries and keys are turned
 * @property {number} head
 * @property {number | null} key the position whose key is turned
 * @property {[number, number] | null} at where query and key are put; null: where they stand in the text
 *
 * @typedef {object} Scene what holds for one text
 * @property {any} header of the text part
 * @property {Record<string, {data: any, shape: number[]}>} arrays of the text part
 * @property {string} language
 * @property {(key: string, values?: Record<string, any>) => string} say
 * @property {(key: string, nodes: Record<string, Node | string>) => (Node | string)[]} nodes
 * @property {(position: number) => HTMLElement} token of the text
 * @property {(place: number) => ArrayLike<number>} row of the text's different ids
 * @property {(position: number) => number} place of a position's id among the different ids
 * @property {() => Record<string, import("../kit/colours.js").Rgb>} colours
 * @property {(name: string) => Payload | null} part
 * @property {() => Values} values as they are now, drawn or not
 * @property {(change: Partial<Values>) => void} choose
 * @property {(held: boolean) => void} hold a pointer has taken a slider, or let it go
 * @property {() => void} redraw
 */

/**
 * @param {ShadowRoot | HTMLElement} root
 * @param {Record<string, Payload>} given
 * @param {(values: Values) => void} report
 */
export function mount(root, given, report) {
  const frame = element("div", { class: "gptviz embeddings" });
  root.append(frame);
  /** @type {Record<string, Payload | null>} */
  const parts = { ...given };
  const keeper = createKeeper({
    frame,
    /** @type {Values} */
    values: {
      token: 0,
      open: [],
      measure: "cosine",
      pair: null,
      words: "",
      query: null,
      space: "input",
      own: false,
      grouped: true,
      layer: 0,
      head: 0,
      key: null,
      at: null,
    }, // prettier-ignore
    asks: ASKS,
    report,
    draw: () => built.draw(),
  });
  let built = build();

  /** @param {Partial<Values>} change */
  function choose(change) {
    const gone = /** @type {Partial<Values>} */ ({});
    if ("token" in change) Object.assign(gone, { query: null, key: null, at: null });
    if ("space" in change) gone.query = null; // "#12" is another row there
    if ("key" in change) gone.at = null;
    if ("words" in change) gone.pair = null;
    keeper.choose(
      { ...gone, ...change },
      ASKS.some((name) => name in change),
    );
  }

  function build() {
    const { header, arrays } = /** @type {Payload} */ (parts.text);
    frame.setAttribute("lang", header.language);
    const D = header.d_model;
    const places = header.ids.map((/** @type {number} */ id) => header.different.indexOf(id));
    /** @type {Scene} */
    const scene = {
      header,
      arrays,
      language: header.language,
      say: (key, filled = {}) => fill(header.labels[key], filled),
      nodes: (key, nodes) => fillNodes(header.labels[key], nodes),
      token: (position) => chip(header.tokens[position], position),
      row: (place) => arrays.rows.data.subarray(place * D, (place + 1) * D),
      place: (position) => places[position],
      colours: keeper.colours,
      part: (name) => parts[name] ?? null,
      values: keeper.values,
      choose,
      hold: keeper.hold,
      redraw: keeper.redraw,
    };
    const text = createText(scene);
    const lookup = createLookup(scene);
    const sections = createSections(scene, SECTIONS);
    frame.replaceChildren(text.node, lookup.node, ...sections.map((section) => section.node));
    return {
      draw: () => [text, lookup, ...sections].forEach((part) => part.draw(keeper.values())),
      destroy: () => (lookup.destroy(), sections.forEach((section) => section.destroy())),
    };
  }

  return {
    /**
     * @param {Record<string, Payload | null>} next
     * @param {Partial<Values> | null} given
     */
    update(next, given) {
      Object.assign(parts, next);
      keeper.take(given);
      if (next.text) {
        built.destroy();
        built = build();
      }
      keeper.draw();
    },
    destroy() {
      built.destroy();
      keeper.destroy();
    },
  };
}
