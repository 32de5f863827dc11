// The tokens view: a text in the pieces a model reads; and, unfolded, how they came about, what other vocabularies make
// of it, the vocabulary itself, and a long text of one's own.

import { element, fill, fillNodes } from "../kit/dom.js";
import { createKeeper } from "../kit/keeper.js";
import { createSections } from "../kit/section.js";
import { createLong } from "./long.js";
import { createMerges } from "./merges.js";
import { createText } from "./text.js";
import { createVocabularies } from "./vocabularies.js";
import { createVocabulary } from "./vocabulary.js";

export const css = ["../kit/common.css", "./view.css"];

const SECTIONS = {
  merges: createMerges,
  vocabularies: createVocabularies,
  vocabulary: createVocabulary,
  long: createLong,
};

/** Choices for which the host has something to send; the others wait until the reader settles. */
const ASKS = ["open", "vocabulary", "long"];

/**
 * @typedef {import("../kit/wire.js").Payload} Payload
 *
 * @typedef {object} Values what the reader may set
 * @property {number} token the chosen one
 * @property {string[]} open sections
 * @property {number | null} chunk whose merges are shown; null: the chosen token's; -1: all of the text
 * @property {number | null} step after how many merges; null: after the last
 * @property {string} vocabulary that is searched
 * @property {string} find what is searched for, or how the entries are chosen
 * @property {number} cuts how often a long text was given
 * @property {string | null} long a text to be cut, told once
 *
 * @typedef {object} Scene
 * @property {any} header of the text part
 * @property {(key: string, values?: Record<string, any>) => string} say
 * @property {(key: string, nodes: Record<string, Node | string>) => (Node | string)[]} nodes
 * @property {(name: string) => Payload | null} part
 * @property {() => Values} values
 * @property {(change: Partial<Values>) => void} choose
 * @property {() => void} redraw
 * @property {{long: string}} draft what is being written in the field for a long text
 */

/**
 * @param {ShadowRoot | HTMLElement} root
 * @param {Record<string, Payload>} given
 * @param {(values: Values) => void} report
 */
export function mount(root, given, report) {
  const frame = element("div", { class: "gptviz tokens" });
  root.append(frame);
  /** @type {Record<string, Payload | null>} */
  const parts = { ...given };
  const draft = { long: "" }; // what is being written outlives the text above it
  let blocks = /** @type {any[]} */ ([]);
  const keeper = createKeeper({
    frame,
    /** @type {Values} */
    values: { token: 0, open: [], chunk: null, step: null, vocabulary: "own", find: "", cuts: 0, long: null },
    asks: ASKS,
    once: { long: null },
    report,
    draw: () => blocks.forEach((block) => block.draw(keeper.values())),
  });
  blocks = build();

  /** @param {Partial<Values>} change */
  function choose(change) {
    keeper.choose("token" in change ? { ...change, chunk: null, step: null } : change);
  }

  function build() {
    const { header } = /** @type {Payload} */ (parts.text);
    frame.lang = header.language;
    /** @type {Scene} */
    const scene = {
      header,
      say: (key, filled = {}) => fill(header.labels[key], filled),
      nodes: (key, filled) => fillNodes(header.labels[key], filled),
      part: (name) => parts[name] ?? null,
      values: keeper.values,
      choose,
      redraw: keeper.redraw,
      draft,
    };
    for (const block of blocks) block.destroy?.();
    const text = createText(scene);
    const sections = createSections(scene, SECTIONS);
    frame.replaceChildren(text.node, ...sections.map((section) => section.node));
    return [text, ...sections];
  }

  return {
    /**
     * @param {Record<string, Payload | null>} news
     * @param {Partial<Values> | null} chosen
     */
    update(news, chosen) {
      Object.assign(parts, news);
      keeper.take(chosen);
      if (news.text) blocks = build();
      keeper.draw();
    },
    destroy() {
      for (const block of blocks) block.destroy?.();
      keeper.destroy();
    },
  };
}
