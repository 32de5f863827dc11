// The tokens view: a text in the pieces a model reads; and, unfolded, how they came about, what other vocabularies make
// of it, the vocabulary itself, and a long text of one's own.

import { createSections } from "../kit/section.js";
import { createView } from "../kit/view.js";
import { createLong } from "./long.js";
import { createMerges } from "./merges.js";
import { createText } from "./text.js";
import { createVocabularies } from "./vocabularies.js";
import { createVocabulary } from "./vocabulary.js";

export const css = ["./view.css"];

const SECTIONS = {
  merges: createMerges,
  vocabularies: createVocabularies,
  vocabulary: createVocabulary,
  long: createLong,
};

/**
 * @typedef {import("../kit/wire.js").Payload} Payload
 *
 * @typedef {object} Values what the reader may set: declared in __init__.py
 * @property {number} token the chosen one
 * @property {string[]} open sections
 * @property {number | null} chunk whose merges are shown; null: the chosen token's; -1: all of the text
 * @property {number | null} step after how many merges; null: after the last
 * @property {string} vocabulary that is searched
 * @property {string} find what is searched for, or how the entries are chosen
 * @property {number} given how often a long text was given
 * @property {string | null} long a text to be cut, told once
 *
 * @typedef {object} Own
 * @property {any} header of the text part
 * @property {{long?: string}} draft what is being written in the field for a long text: it outlives the text above it
 *
 * @typedef {import("../kit/view.js").Base<Values>} Base
 * @typedef {Base & Own} Scene
 */

export const mount = createView({
  name: "tokens",
  // A token that is chosen again shows its merges again.
  choosing: (/** @type {Partial<Values>} */ change) =>
    "token" in change ? { chunk: null, step: null, ...change } : change,
  build(/** @type {Base} */ base, draft) {
    const { header } = /** @type {Payload} */ (base.part("text"));
    /** @type {Scene} */
    const scene = Object.assign(Object.create(base), { header, draft });
    const text = createText(scene);
    const sections = createSections(scene, SECTIONS);
    const blocks = [text, ...sections];
    return {
      nodes: blocks.map((block) => block.node),
      draw() {
        for (const block of blocks) block.draw(base.values());
      },
      destroy() {
        for (const section of sections) section.destroy();
      },
    };
  },
});
