// The geometry view: sums of words, families of them, directions, and pictures of a space of words.

import { element } from "../kit/dom.js";
import { count } from "../kit/format.js";
import { createSections } from "../kit/section.js";
import { createView } from "../kit/view.js";
import { createCloud } from "./cloud.js";
import { createDirection } from "./direction.js";
import { createFormula } from "./formula.js";
import { createGallery } from "./gallery.js";
import { createSpaces } from "./spaces.js";

export const css = ["./view.css"];

/**
 * @typedef {import("../kit/wire.js").Payload} Payload
 *
 * @typedef {object} Values what the reader may set: declared in __init__.py
 * @property {string} space
 * @property {string} formula
 * @property {boolean} without the formula's own words among the results
 * @property {boolean} mean words of several tokens are the mean of their pieces
 * @property {string[]} open sections
 * @property {string} first set of words
 * @property {string} second
 * @property {string} others words to be placed between them
 * @property {string} cloud which rows are laid flat
 * @property {number} dims 2 or 3
 * @property {string} listed words of the reader's own to be laid flat, in groups with semicolons between them
 * @property {boolean} axes along two directions of the reader's own
 * @property {string} axis_x
 * @property {string} axis_y
 * @property {string | null} tsne a wish: the rows that it is wanted of, by name; "": of none any more
 *
 * @typedef {object} Tsne what is to be seen of it; outlives the blocks
 * @property {{iteration: number, total: number, flat: Float32Array, rows: string} | null} picture the last one
 * @property {boolean} shown whether that is what is looked at
 * @property {boolean} stopped by the reader
 *
 * @typedef {object} Own what holds for one space
 * @property {any} header of the text part
 * @property {(name: string) => Payload | null} part of this space
 * @property {(trouble: {code: string, details: Record<string, string>}) => string} error in words
 * @property {Tsne} tsne
 *
 * @typedef {import("../kit/view.js").Base<Values>} Base
 * @typedef {Base & Own} Scene
 */

export const mount = createView({
  name: "geometry",
  choosing(/** @type {Partial<Values>} */ change, _scene, memory) {
    const tsne = tsneOf(memory);
    if (change.tsne) {
      if (tsne.picture?.rows !== change.tsne) tsne.picture = null;
      Object.assign(tsne, { shown: true, stopped: false });
    } else if (change.tsne === "") tsne.stopped = true;
    if ("cloud" in change || "space" in change || "listed" in change)
      Object.assign(tsne, { picture: null, shown: false });
    return change;
  },
  build(/** @type {Base} */ base, memory) {
    const { header } = /** @type {Payload} */ (base.part("text"));
    const tsne = tsneOf(memory);
    /** @type {Scene} */
    const scene = Object.assign(Object.create(base), {
      header,
      part(/** @type {string} */ name) {
        const part = base.part(name);
        return part?.header.space === header.space ? part : null;
      },
      error: (/** @type {any} */ { code, details }) => base.say(`errors.${code}`, details),
      tsne,
    });
    const formula = createFormula(scene);
    const sections = createSections(scene, {
      ...(header.words ? { gallery: createGallery } : {}),
      direction: createDirection,
      cloud: createCloud,
      ...(header.spaces.length > 1 ? { spaces: createSpaces } : {}),
    });
    const blocks = [formula, ...sections];
    return {
      nodes: [createChoice(scene), ...blocks.map((block) => block.node)],
      draw() {
        const values = scene.values();
        for (const block of blocks) block.draw(values);
      },
      hear({ header: about, arrays }) {
        const shown = scene.part("cloud")?.header;
        const { cloud, listed } = scene.values();
        if (about.rows !== shown?.rows || cloud !== shown.cloud || listed !== shown.listed) return;
        // Begun before this view was: the reader has come back to it.
        if (!tsne.picture && !tsne.stopped) tsne.shown = true;
        tsne.picture = { ...about, flat: arrays.flat.data };
        base.redraw();
      },
      destroy: () => {
        for (const section of sections) section.destroy();
      },
    };
  },
});

/** @param {{tsne?: Tsne}} memory @returns {Tsne} */
function tsneOf(memory) {
  memory.tsne ??= { picture: null, shown: false, stopped: false };
  return memory.tsne;
}

/** Which space is asked. @param {Scene} scene */
function createChoice({ header, say, choose }) {
  const buttons = header.spaces.map((/** @type {string} */ name) => {
    const node = element(
      "button",
      { type: "button", role: "radio", "aria-checked": String(name === header.space), "data-space": name },
      say(`space.${name}`, { model: header.model }),
    );
    node.addEventListener("click", () => choose({ space: name }));
    return node;
  });
  const about = say(`space.${header.space}_text`, {
    rows: count(header.rows),
    width: header.width,
    model: header.model,
  });
  return element(
    "div",
    { class: "spaces" },
    element("div", { class: "line", role: "radiogroup", "aria-label": say("space.label") }, ...buttons),
    element("p", { class: "muted" }, about),
  );
}
