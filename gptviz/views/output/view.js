// The output view: logits of one position -> probabilities of the next word, under a temperature slider.
// Everything is computed here from the full logit vector, at every step of the slider.

import { chip } from "../kit/chip.js";
import { element, fill, fillNodes } from "../kit/dom.js";
import { count, fixed, percent } from "../kit/format.js";
import { createKeeper } from "../kit/keeper.js";
import { createSections } from "../kit/section.js";
import { createBars } from "./bars.js";
import { createCurves } from "./curves.js";
import { distribution, penalised, sortIds } from "./distribution.js";
import { createFilters } from "./filters.js";
import { createLens } from "./lens.js";
import { createNumber } from "./number.js";
import { createSample } from "./sample.js";
import { createTemperature } from "./temperature.js";
import { createText } from "./text.js";

export const css = ["../kit/common.css", "./view.css", "./sections.css"];

const SECTIONS = {
  filters: createFilters,
  number: createNumber,
  curves: createCurves,
  sample: createSample,
  lens: createLens,
};

/** Choices after which the host has something new to say at once; the others wait until the reader settles. */
const ASKS = ["token", "start", "open", "points", "followed", "cell"];

/**
 * @typedef {import("../kit/wire.js").Payload} Payload
 * @typedef {import("./distribution.js").Distribution} Distribution
 *
 * @typedef {object} Values what the reader may set
 * @property {number} token the position after which the next word is asked for
 * @property {boolean} start a start token before the text
 * @property {number | "inf"} temperature
 * @property {number | null} top_k
 * @property {number | null} top_p
 * @property {number | null} min_p
 * @property {number | null} repetition_penalty
 * @property {number | null} word id of the candidate that is followed
 * @property {string[]} open sections
 * @property {number} seed of the draws
 * @property {string} points where the lens reads
 * @property {number | null} followed id of the token whose rank the lens follows; null: the model's own
 * @property {[string, number] | null} cell a reading of the lens that is opened
 * @property {boolean} log the curves on a logarithmic scale
 *
 * @typedef {object} Now what is to be seen at this moment
 * @property {Values} values
 * @property {Distribution} now with temperature, penalty and filters
 * @property {number[]} leading ids that have a bar, likeliest first
 * @property {number} chosen the candidate that is followed
 * @property {boolean} waiting for another position
 *
 * @typedef {object} Scene what holds for the logits of one position
 * @property {any} header of the text part
 * @property {Record<string, {data: any, shape: number[]}>} arrays of the text part
 * @property {Float32Array} logits
 * @property {Distribution} own at temperature 1, nothing removed
 * @property {number} position
 * @property {boolean} flat whether all logits are equal
 * @property {string} language
 * @property {(key: string, values?: Record<string, any>) => string} say
 * @property {(key: string, nodes: Record<string, Node | string>) => (Node | string)[]} nodes
 * @property {(id: number) => string} piece what to show for a token
 * @property {(id: number) => HTMLElement} token
 * @property {() => Record<string, import("../kit/colours.js").Rgb>} colours
 * @property {(name: string) => Payload | null} part
 * @property {() => Values} values as they are now, drawn or not
 * @property {(change: Partial<Values>) => void} choose
 * @property {(held: boolean) => void} hold a pointer has taken a slider, or let it go
 * @property {(id: number | null) => void} preview follow a candidate as long as the pointer is on it
 * @property {(options: Partial<import("./distribution.js").Options>) => Distribution} at under other options
 * @property {() => void} redraw
 */

/**
 * @param {ShadowRoot | HTMLElement} root
 * @param {Record<string, Payload>} given
 * @param {(values: Values) => void} report
 */
export function mount(root, given, report) {
  const frame = element("div", { class: "gptviz output" });
  root.append(frame);
  /** @type {Record<string, Payload | null>} */
  const parts = { ...given };
  let near = /** @type {number | null} */ (null);
  const keeper = createKeeper({
    frame,
    /** @type {Values} */
    values: {
      token: 0,
      start: false,
      temperature: 1,
      top_k: null,
      top_p: null,
      min_p: null,
      repetition_penalty: null,
      word: null,
      open: [],
      seed: 0,
      points: "mlp",
      followed: null,
      cell: null,
      log: false,
    }, // prettier-ignore
    asks: ASKS,
    report,
    draw: () => redrawWith.draw(),
  });
  let redrawWith = build();

  /** @param {Partial<Values>} change */
  function choose(change) {
    keeper.choose("token" in change ? { word: null, ...change } : change);
  }

  function build() {
    const { header, arrays } = /** @type {Payload} */ (parts.text);
    const said = /** @type {Payload} */ (parts.logits);
    const base = /** @type {Float32Array} */ (said.arrays.logits.data);
    const pieces = new Map(
      said.header.named.map((/** @type {number} */ id, /** @type {number} */ i) => [id, said.header.pieces[i]]),
    );
    const say = (/** @type {string} */ key, filled = {}) => fill(header.labels[key], filled);
    frame.setAttribute("lang", header.language);
    const vocab = count(base.length, header.language);
    if (said.header.not_finite) {
      const broken = count(said.header.not_finite, header.language);
      frame.replaceChildren(
        element("p", { class: "trouble", role: "status" }, say("trouble.not_finite", { count: broken, vocab })),
      );
      return { draw() {}, destroy() {} };
    }
    const order = sortIds(base);
    const first = base[order[0]];
    const tied = order.findIndex((id) => base[id] !== first);
    let penalty = { value: /** @type {number | null} */ (null), logits: base, order };
    const under = (/** @type {number | null} */ value) => {
      if (penalty.value !== value) penalty = { value, ...penalised(base, order, said.header.seen, value) };
      return penalty;
    };
    const options = (values = keeper.values()) => ({
      temperature: values.temperature === "inf" ? Infinity : values.temperature,
      topK: values.top_k,
      topP: values.top_p,
      minP: values.min_p,
      penalty: values.repetition_penalty,
    });
    const plain = { temperature: 1, topK: null, topP: null, minP: null, penalty: null };
    /** @type {Scene} */
    const scene = {
      header,
      arrays,
      logits: base,
      own: distribution(base, order, plain),
      position: said.header.position,
      flat: tied < 0,
      language: header.language,
      say,
      nodes: (key, nodes) => fillNodes(header.labels[key], nodes),
      piece: (id) => pieces.get(id) ?? scene.part("pieces")?.header.pieces[id] ?? `#${id}`,
      token: (id) => chip(scene.piece(id)),
      colours: keeper.colours,
      part: (name) => parts[name] ?? null,
      values: keeper.values,
      choose,
      hold: keeper.hold,
      preview(id) {
        near = id;
        keeper.redraw();
      },
      at(change) {
        const wanted = { ...options(), ...change };
        const { logits, order } = under(wanted.penalty);
        return distribution(logits, order, wanted);
      },
      redraw: keeper.redraw,
    };
    const text = createText(scene);
    if (scene.flat) {
      const flat = say("trouble.all_equal", { vocab, probability: percent(1 / base.length) });
      frame.replaceChildren(text.node, element("p", { class: "trouble", role: "status" }, flat));
      return { draw: () => text.draw({ values: keeper.values() }), destroy() {} };
    }
    const temperature = createTemperature(scene);
    const facts = createFacts(scene);
    const bars = createBars(scene);
    const sections = createSections(scene, SECTIONS);
    frame.replaceChildren(
      text.node,
      temperature.node,
      facts.node,
      bars.node,
      ...sections.map((section) => section.node),
    );
    return {
      draw() {
        const values = keeper.values();
        const now = scene.at({});
        const leading = [...now.order.subarray(0, Math.min(LEADING, base.length))];
        const wanted = near ?? values.word;
        const chosen = wanted !== null && wanted < base.length ? wanted : leading[0];
        /** @type {Now} */
        const moment = { values, now, leading, chosen, waiting: values.token !== scene.position };
        frame.classList.toggle("waiting", moment.waiting);
        for (const part of [text, temperature, facts, bars, ...sections]) part.draw(moment);
      },
      destroy: () => sections.forEach((section) => section.destroy()),
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
      if (next.text || next.logits) {
        near = null;
        redrawWith.destroy();
        redrawWith = build();
      }
      keeper.draw();
    },
    destroy() {
      redrawWith.destroy();
      keeper.destroy();
    },
  };
}

export const LEADING = 12; // words that have a bar of their own

/**
 * How unsure the model is, in three numbers.
 * @param {Scene} scene
 */
function createFacts({ language, logits, say }) {
  const fact = (/** @type {string} */ title) => {
    const value = element("dd", { class: "value" });
    const note = element("dd", { class: "muted" });
    return { node: element("div", {}, element("dt", {}, title), value, note), value, note };
  };
  const entropy = fact(say("facts.entropy"));
  const perplexity = fact(say("facts.perplexity"));
  const outside = fact(say("facts.outside"));
  return {
    node: element("dl", { class: "facts" }, entropy.node, perplexity.node, outside.node),
    /** @param {Now} moment */
    draw({ now, leading }) {
      const among = 2 ** now.entropy;
      const digits = among < 100 ? 2 : 0;
      const shown = digits ? fixed(among, digits) : count(Math.round(among), language);
      entropy.note.textContent = say("facts.range", { max: fixed(Math.log2(logits.length), 2) });
      entropy.value.textContent = say("facts.bits", { value: fixed(now.entropy, 3) });
      perplexity.value.textContent = shown;
      perplexity.note.textContent = say("facts.as_among", { value: shown });
      const rest = now.rest(leading.length);
      outside.value.textContent = percent(rest);
      outside.note.textContent = say("facts.outside_of", { count: count(logits.length - leading.length, language) });
      entropy.value.dataset.value = String(now.entropy);
      perplexity.value.dataset.value = String(among);
      outside.value.dataset.value = String(rest);
    },
  };
}
