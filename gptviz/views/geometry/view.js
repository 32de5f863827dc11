// The geometry view: sums of words, families of them, directions, and pictures of a space of words.

import { element, fill, fillNodes } from "../kit/dom.js";
import { createKeeper } from "../kit/keeper.js";
import { createSections } from "../kit/section.js";
import { createCloud } from "./cloud.js";
import { createDirection } from "./direction.js";
import { createFormula } from "./formula.js";
import { createGallery } from "./gallery.js";
import { createSpaces } from "./spaces.js";

export const css = ["../kit/common.css", "./view.css"];

const SECTIONS = { gallery: createGallery, direction: createDirection, cloud: createCloud, spaces: createSpaces };

/** Choices for which the host has something to send; the others wait until the reader settles. */
const ASKS = [
  "space",
  "formula",
  "mean",
  "open",
  "first",
  "second",
  "others",
  "cloud",
  "listed",
  "axes",
  "axis_x",
  "axis_y",
  "lay",
  "halts",
];

/**
 * @typedef {import("../kit/wire.js").Payload} Payload
 *
 * @typedef {object} Values what the reader may set
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
 * @property {boolean} lay them flat by t-SNE; told once
 * @property {number} halts how often that was stopped: whatever is reported ends the work
 *
 * @typedef {object} Scene
 * @property {any} header of the text part
 * @property {(key: string, values?: Record<string, any>) => string} say
 * @property {(key: string, nodes: Record<string, Node | string>) => (Node | string)[]} nodes
 * @property {() => Record<string, import("../kit/colours.js").Rgb>} colours
 * @property {(name: string) => Payload | null} part of this space
 * @property {() => Values} values
 * @property {(change: Partial<Values>) => void} choose
 * @property {() => {iteration: number, total: number, flat: Float32Array, rows: string} | null} picture
 *   the last of t-SNE
 * @property {{shown: boolean, stopped: boolean}} laid whether that is what is shown; whether the reader stopped it
 * @property {() => void} redraw
 */

/**
 * @param {ShadowRoot | HTMLElement} root
 * @param {Record<string, Payload>} given
 * @param {(values: Values) => void} report
 */
export function mount(root, given, report) {
  const frame = element("div", { class: "gptviz geometry" });
  root.append(frame);
  /** @type {Record<string, Payload | null>} */
  const parts = { ...given };
  let picture = /** @type {any} */ (null);
  const laid = { shown: false, stopped: false }; // outlives the blocks: another language builds them anew
  let blocks = /** @type {any[]} */ ([]);
  const keeper = createKeeper({
    frame,
    /** @type {Values} */
    values: {
      space: "input",
      formula: "",
      without: false,
      mean: false,
      open: [],
      first: "",
      second: "",
      others: "",
      cloud: "words",
      dims: 2,
      listed: "",
      axes: false,
      axis_x: "",
      axis_y: "",
      lay: false,
      halts: 0,
    }, // prettier-ignore
    asks: ASKS,
    once: { lay: false },
    report,
    draw: () => blocks.forEach((block) => block.draw(keeper.values())),
  });
  blocks = build();

  /** @param {Partial<Values>} change */
  function choose(change) {
    if (change.lay) [picture, laid.shown, laid.stopped] = [null, true, false];
    if ("halts" in change) laid.stopped = true;
    if ("cloud" in change || "space" in change || "listed" in change) [picture, laid.shown] = [null, false];
    keeper.choose(change);
  }

  function build() {
    const { header } = /** @type {Payload} */ (parts.text);
    frame.lang = header.language;
    /** @type {Scene} */
    const scene = {
      header,
      say: (key, filled = {}) => fill(header.labels[key], filled),
      nodes: (key, filled) => fillNodes(header.labels[key], filled),
      colours: keeper.colours,
      part: (name) => (parts[name]?.header.space === header.space ? /** @type {Payload} */ (parts[name]) : null),
      values: keeper.values,
      choose,
      picture: () => picture,
      laid,
      redraw: keeper.redraw,
    };
    const formula = createFormula(scene);
    const there = Object.entries(SECTIONS).filter(
      ([name]) => (name !== "gallery" || header.words) && (name !== "spaces" || header.spaces.length > 1),
    );
    const sections = createSections(scene, Object.fromEntries(there), { all: ["results", ...Object.keys(SECTIONS)] });
    frame.replaceChildren(spaces(scene), formula.node, ...sections.map((section) => section.node));
    return [formula, ...sections];
  }

  /** Which space is asked. @param {Scene} scene */
  function spaces({ header, say }) {
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
      rows: header.rows.toLocaleString(header.language),
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

  return {
    /**
     * @param {Record<string, Payload | null>} news
     * @param {Partial<Values> | null} chosen
     */
    update(news, chosen) {
      Object.assign(parts, news);
      keeper.take(chosen);
      if (news.text) {
        for (const block of blocks) block.destroy?.();
        blocks = build();
      }
      keeper.draw();
    },
    /** @param {Payload} news */
    hear({ header, arrays }) {
      const { cloud, listed } = keeper.values();
      const shown = parts.cloud?.header;
      if (header.rows !== shown?.rows || cloud !== shown.cloud || listed !== shown.listed) return;
      // Begun before this view was: the reader has come back to it.
      if (!picture && !laid.stopped) laid.shown = true;
      picture = { ...header, flat: arrays.flat.data };
      keeper.redraw();
    },
    destroy() {
      for (const block of blocks) block.destroy?.();
      keeper.destroy();
    },
  };
}
