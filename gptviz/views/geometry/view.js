// The geometry view: sums of words, families of them, directions, and pictures of a space of words.

import { readColours } from "../colours.js";
import { element, fill, fillNodes } from "../dom.js";
import { createSection } from "../section.js";
import { createCloud } from "./cloud.js";
import { createDirection } from "./direction.js";
import { createFormula } from "./formula.js";
import { createGallery } from "./gallery.js";

export const css = ["../common.css", "./view.css"];

const SETTLED_AFTER = 300; // ms
const SECTIONS = { gallery: createGallery, direction: createDirection, cloud: createCloud };

/** Choices for which the host has something to send; the others wait until the reader settles. */
const ASKS = ["space", "formula", "mean", "open", "first", "second", "others", "cloud", "lay", "halts"];

/**
 * @typedef {import("../wire.js").Payload} Payload
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
 * @property {boolean} lay them flat by t-SNE; told once
 * @property {number} halts how often that was stopped: whatever is reported ends the work
 *
 * @typedef {object} Scene
 * @property {any} header of the text part
 * @property {(key: string, values?: Record<string, any>) => string} say
 * @property {(key: string, nodes: Record<string, Node | string>) => (Node | string)[]} nodes
 * @property {(piece: string) => HTMLElement} token
 * @property {() => Record<string, import("../colours.js").Rgb>} colours
 * @property {(name: string) => Payload | null} part of this space
 * @property {() => Values} values
 * @property {(change: Partial<Values>) => void} choose
 * @property {() => {iteration: number, total: number, flat: Float32Array, cloud: string} | null} picture the last of t-SNE
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
  /** @type {Values} */
  let values = {
    space: "input", formula: "", without: false, mean: false, open: [], first: "", second: "", others: "",
    cloud: "words", dims: 2, lay: false, halts: 0,
  }; // prettier-ignore
  let reported = JSON.stringify(values);
  let settling = 0;
  let pending = 0;
  let colours = readColours(frame);
  let picture = /** @type {any} */ (null);
  let blocks = build();

  function settle() {
    clearTimeout(settling);
    settling = 0;
    if (JSON.stringify(values) === reported) return;
    report(structuredClone(values));
    values = { ...values, lay: false }; // told once
    reported = JSON.stringify(values);
  }

  /** @param {Partial<Values>} change */
  function choose(change) {
    if ("cloud" in change || "space" in change) picture = null;
    values = { ...values, ...change };
    clearTimeout(settling);
    if (ASKS.some((name) => name in change)) settle();
    else settling = window.setTimeout(settle, SETTLED_AFTER);
    redraw();
  }

  function redraw() {
    pending ||= requestAnimationFrame(draw);
  }

  function draw() {
    cancelAnimationFrame(pending);
    pending = 0;
    for (const block of blocks) block.draw(values);
  }

  function build() {
    const { header } = /** @type {Payload} */ (parts.text);
    frame.lang = header.language;
    /** @type {Scene} */
    const scene = {
      header,
      say: (key, filled = {}) => fill(header.labels[key], filled),
      nodes: (key, filled) => fillNodes(header.labels[key], filled),
      token: (piece) => element("span", { class: "token", lang: "", translate: "no" }, piece),
      colours: () => colours,
      part: (name) => (parts[name]?.header.space === header.space ? /** @type {Payload} */ (parts[name]) : null),
      values: () => values,
      choose,
      picture: () => picture,
      redraw,
    };
    const formula = createFormula(scene);
    const sections = Object.entries(SECTIONS)
      .filter(([name]) => name !== "gallery" || header.words)
      .map(([name, create]) =>
        createSection({
          name,
          title: scene.say(`${name}.title`),
          question: scene.say(`${name}.question`),
          create: () => create(scene),
          isOpen: (/** @type {Values} */ now) => now.open.includes(name),
          set: (open) => choose({ open: Object.keys(SECTIONS).filter((n) => (n === name ? open : values.open.includes(n))) }),
        }),
      );
    frame.replaceChildren(spaces(scene), formula.node, ...sections.map((section) => section.node));
    return [formula, ...sections];
  }

  /** Which space is asked. @param {Scene} scene */
  function spaces({ header, say }) {
    const buttons = header.spaces.map((/** @type {string} */ name) => {
      const node = element("button", { type: "button", role: "radio", "aria-checked": String(name === header.space), "data-space": name }, say(`space.${name}`, { model: header.model }));
      node.addEventListener("click", () => choose({ space: name }));
      return node;
    });
    const about = say(`space.${header.space}_text`, { rows: header.rows.toLocaleString(header.language), width: header.width, model: header.model });
    return element("div", { class: "spaces" }, element("div", { class: "line", role: "radiogroup", "aria-label": say("space.label") }, ...buttons), element("p", { class: "muted" }, about));
  }

  const resized = new ResizeObserver(redraw);
  resized.observe(frame);
  const scheme = window.matchMedia("(prefers-color-scheme: dark)");
  const recolour = () => {
    colours = readColours(frame);
    redraw();
  };
  scheme.addEventListener("change", recolour);

  return {
    /**
     * @param {Record<string, Payload | null>} news
     * @param {Partial<Values> | null} chosen
     */
    update(news, chosen) {
      Object.assign(parts, news);
      if (chosen && !settling) {
        values = { ...values, ...chosen };
        reported = JSON.stringify(values);
      }
      if (news.text) blocks = build();
      colours = readColours(frame);
      draw();
    },
    /** @param {Payload} news */
    hear({ header, arrays }) {
      const { space } = /** @type {Payload} */ (parts.text).header;
      if (header.space !== space || header.cloud !== values.cloud) return;
      picture = { ...header, flat: arrays.flat.data };
      redraw();
    },
    destroy() {
      clearTimeout(settling);
      cancelAnimationFrame(pending);
      resized.disconnect();
      scheme.removeEventListener("change", recolour);
      for (const block of blocks) if ("destroy" in block) block.destroy();
      frame.remove();
    },
  };
}
