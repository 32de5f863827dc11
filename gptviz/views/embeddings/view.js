// The embeddings view: from an id to a row of the matrix; how alike rows are; what lies near; where position comes in.

import { readColours } from "../colours.js";
import { element, fill, fillNodes } from "../dom.js";
import { createSection } from "../section.js";
import { createAlike } from "./alike.js";
import { createLookup } from "./lookup.js";
import { createNear } from "./near.js";
import { createPosition } from "./position.js";

export const css = ["../common.css", "./view.css"];

const SETTLED_AFTER = 300; // ms
const SECTIONS = { alike: createAlike, near: createNear, position: createPosition };

/** Choices for which the host has something to send; the others wait until the reader settles. */
const ASKS = ["token", "open", "word", "measure", "mean", "space", "layer", "head", "key"];

/**
 * @typedef {import("../wire.js").Payload} Payload
 *
 * @typedef {object} Values what the reader may set
 * @property {number} token the chosen one
 * @property {string[]} open sections
 * @property {"cosine" | "dot" | "distance"} measure
 * @property {string | null} word whose neighbours are looked for; null: the chosen token's
 * @property {boolean} mean a word of several tokens is the mean of their rows
 * @property {boolean} grouped spellings of one word are taken together
 * @property {string} space in which neighbours are looked for
 * @property {number} layer
 * @property {number} head whose query and key are turned
 * @property {number} key position of the token whose key it is
 * @property {number} turned where the query is put
 * @property {number} turned_key where the key is put
 *
 * @typedef {object} Scene
 * @property {any} header of the text part
 * @property {Float32Array} rows [T, D]
 * @property {(at: number) => Float32Array} row
 * @property {(key: string, values?: Record<string, any>) => string} say
 * @property {(key: string, nodes: Record<string, Node | string>) => (Node | string)[]} nodes
 * @property {(piece: string, place?: number) => HTMLElement} token in the colour of its place
 * @property {() => Record<string, import("../colours.js").Rgb>} colours
 * @property {(name: string) => Payload | null} part
 * @property {() => Values} values
 * @property {(change: Partial<Values>) => void} choose
 * @property {any} about spaces, layers and heads there are
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
  /** @type {any} */
  let values = { token: 0, open: [] };
  let reported = JSON.stringify(values);
  let settling = 0;
  let pending = 0;
  let colours = readColours(frame);
  let blocks = /** @type {any[]} */ ([]);

  function settle() {
    clearTimeout(settling);
    settling = 0;
    if (JSON.stringify(values) === reported) return;
    reported = JSON.stringify(values);
    report(structuredClone(values));
  }

  /** @param {Partial<Values>} change */
  function choose(change) {
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
    const { header, arrays } = /** @type {Payload} */ (parts.text);
    const rows = /** @type {Float32Array} */ (arrays.rows.data);
    frame.lang = header.language;
    /** @type {Scene} */
    const scene = {
      header,
      rows,
      row: (at) => rows.subarray(at * header.width, (at + 1) * header.width),
      say: (key, filled = {}) => fill(header.labels[key], filled),
      nodes: (key, filled) => fillNodes(header.labels[key], filled),
      token(piece, place) {
        const node = element("span", { class: "token", lang: "", translate: "no" }, piece);
        if (place !== undefined) node.style.setProperty("--chip", `var(--token-${place % 6})`);
        return node;
      },
      colours: () => colours,
      part: (name) => parts[name] ?? null,
      values: () => values,
      choose,
      about: values.about,
      redraw,
    };
    const lookup = createLookup(scene);
    const sections = Object.entries(SECTIONS).map(([name, create]) =>
      createSection({
        name,
        title: scene.say(`${name}.title`),
        question: scene.say(`${name}.question`),
        create: () => create(scene),
        isOpen: (/** @type {Values} */ now) => now.open.includes(name),
        set: (open) => choose({ open: Object.keys(SECTIONS).filter((n) => (n === name ? open : values.open.includes(n))) }),
      }),
    );
    frame.replaceChildren(lookup.node, ...sections.map((section) => section.node));
    blocks.forEach((block) => block.destroy?.());
    blocks = [lookup, ...sections];
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
     * @param {any} chosen
     */
    update(news, chosen) {
      Object.assign(parts, news);
      if (chosen && !settling) {
        values = { ...values, ...chosen };
        reported = JSON.stringify(values);
      }
      if (news.text || !blocks.length) build();
      colours = readColours(frame);
      draw();
    },
    destroy() {
      clearTimeout(settling);
      cancelAnimationFrame(pending);
      resized.disconnect();
      scheme.removeEventListener("change", recolour);
      blocks.forEach((block) => block.destroy?.());
      frame.remove();
    },
  };
}
