// The embeddings view: from an id to a vector, what the vector lies near, and how position comes in.
// Lookup, measures, pairs and rotation are computed here; the host is asked for neighbours, words and layers.

import { chip } from "../kit/chip.js";
import { createSections } from "../kit/section.js";
import { createView } from "../kit/view.js";
import { createLookup } from "./lookup.js";
import { createNeighbours } from "./neighbours.js";
import { createPosition } from "./position.js";
import { createProduct } from "./product.js";
import { createSimilarity } from "./similarity.js";
import { createText } from "./text.js";

export const css = ["./view.css", "./sections.css"];

const SECTIONS = {
  product: createProduct,
  similarity: createSimilarity,
  neighbours: createNeighbours,
  position: createPosition,
};

/**
 * @typedef {import("../kit/wire.js").Payload} Payload
 *
 * @typedef {object} Values what the reader may set: declared in __init__.py
 * @property {number} token the chosen position
 * @property {string[]} open sections
 * @property {"cosine" | "dot" | "distance"} measure
 * @property {[number, number] | null} pair two of the compared vectors, by place
 * @property {string} words further words to compare
 * @property {string | null} near whose neighbours are shown; null: the chosen token's
 * @property {string} space in which they are looked for
 * @property {boolean} own each line of the table coloured by its own token's scale
 * @property {boolean} grouped spellings of one word put together
 * @property {number} layer whose queries and keys are turned
 * @property {number} head
 * @property {number | null} key the position whose key is turned
 * @property {[number, number] | null} positions where query and key are put; null: where they stand in the text
 *
 * @typedef {object} Own what holds for one text
 * @property {any} header of the text part
 * @property {Record<string, {data: any, shape: number[]}>} arrays of the text part
 * @property {(position: number) => HTMLElement} token of the text
 * @property {(place: number) => ArrayLike<number>} row of the text's different ids
 * @property {(position: number) => number} place of a position's id among the different ids
 *
 * @typedef {import("../kit/view.js").Base<Values>} Base
 * @typedef {Base & Own} Scene
 */

export const mount = createView({
  name: "embeddings",
  build(/** @type {Base} */ base) {
    const { header, arrays } = /** @type {Payload} */ (base.part("text"));
    const D = header.d_model;
    const places = header.ids.map((/** @type {number} */ id) => header.different.indexOf(id));
    /** @type {Scene} */
    const scene = Object.assign(Object.create(base), {
      header,
      arrays,
      token: (/** @type {number} */ position) => chip(header.tokens[position], position),
      row: (/** @type {number} */ place) => arrays.rows.data.subarray(place * D, (place + 1) * D),
      place: (/** @type {number} */ position) => places[position],
    });
    const text = createText(scene);
    const lookup = createLookup(scene);
    const sections = createSections(scene, SECTIONS);
    const blocks = [text, lookup, ...sections];
    return {
      nodes: blocks.map((block) => block.node),
      draw() {
        const values = scene.values();
        for (const block of blocks) block.draw(values);
      },
      destroy() {
        lookup.destroy();
        for (const section of sections) section.destroy();
      },
    };
  },
});
