// The tokens view: a text in the pieces a model reads; and, unfolded, how they came about, what other vocabularies make
// of it, the vocabulary itself, and a long text of one's own.

import { element, fill, fillNodes } from "../dom.js";
import { createSection } from "../section.js";
import { createLong } from "./long.js";
import { createMerges } from "./merges.js";
import { createText } from "./text.js";
import { createVocabularies } from "./vocabularies.js";
import { createVocabulary } from "./vocabulary.js";

export const css = ["../common.css", "./view.css"];

const SETTLED_AFTER = 400; // ms
const SECTIONS = { merges: createMerges, vocabularies: createVocabularies, vocabulary: createVocabulary, long: createLong };

/** Choices for which the host has something to send; the others wait until the reader settles. */
const ASKS = ["open", "vocabulary", "long", "text"];

/**
 * @typedef {import("../wire.js").Payload} Payload
 *
 * @typedef {object} Values what the reader may set
 * @property {number} token the chosen one
 * @property {string[]} open sections
 * @property {number | null} chunk whose merges are shown; null: the chosen token's; -1: all of the text
 * @property {number | null} step after how many merges; null: after the last
 * @property {string} vocabulary that is searched
 * @property {string} find what is searched for, or how the entries are chosen
 * @property {string | null} long a text to be cut, told once
 * @property {string | null} text another prompt, told once
 *
 * @typedef {object} Scene
 * @property {any} header of the text part
 * @property {(key: string, values?: Record<string, any>) => string} say
 * @property {(key: string, nodes: Record<string, Node | string>) => (Node | string)[]} nodes
 * @property {(piece: string, place?: number) => HTMLElement} token in the colour of its place
 * @property {(name: string) => Payload | null} part
 * @property {() => Values} values
 * @property {(change: Partial<Values>) => void} choose
 * @property {() => void} redraw
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
  /** @type {Values} */
  let values = { token: 0, open: [], chunk: null, step: null, vocabulary: "own", find: "", long: null, text: null };
  let reported = JSON.stringify(values);
  let settling = 0;
  let pending = 0;
  let blocks = build();

  function settle() {
    clearTimeout(settling);
    settling = 0;
    if (JSON.stringify(values) === reported) return;
    report(structuredClone(values));
    values = { ...values, long: null, text: null }; // told once
    reported = JSON.stringify(values);
  }

  /** @param {Partial<Values>} change */
  function choose(change) {
    values = { ...values, ...change };
    if ("token" in change) values = { ...values, chunk: null, step: null };
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
      token(piece, place) {
        const node = element("span", { class: "token", lang: "", translate: "no" }, piece);
        if (place !== undefined) node.style.setProperty("--chip", `var(--token-${place % 6})`);
        return node;
      },
      part: (name) => parts[name] ?? null,
      values: () => values,
      choose,
      redraw,
    };
    const text = createText(scene);
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
      if (chosen && !settling) {
        values = { ...values, ...chosen };
        reported = JSON.stringify(values);
      }
      if (news.text) blocks = build();
      draw();
    },
    destroy() {
      clearTimeout(settling);
      cancelAnimationFrame(pending);
      for (const block of blocks) if ("destroy" in block) block.destroy();
      frame.remove();
    },
  };
}
