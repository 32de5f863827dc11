// The output view: logits of one position -> probabilities of the next word, under a temperature slider.
// Everything is computed here from the full logit vector, at every step of the slider.

import { chip } from "../kit/chip.js";
import { element } from "../kit/dom.js";
import { count, fixed, percent } from "../kit/format.js";
import { createSections } from "../kit/section.js";
import { createView } from "../kit/view.js";
import { createBars, LEADING } from "./bars.js";
import { createCurves } from "./curves.js";
import { distribution, penalised, sortIds } from "./distribution.js";
import { createFilters } from "./filters.js";
import { createLens } from "./lens.js";
import { createNumber } from "./number.js";
import { createSample } from "./sample.js";
import { createTemperature } from "./temperature.js";
import { createText, placeOf } from "./text.js";

export const css = ["./view.css", "./sections.css"];

const SECTIONS = {
  filters: createFilters,
  number: createNumber,
  curves: createCurves,
  sample: createSample,
  lens: createLens,
};

/**
 * @typedef {import("../kit/wire.js").Payload} Payload
 * @typedef {import("./distribution.js").Distribution} Distribution
 *
 * @typedef {object} Values what the reader may set: declared in __init__.py
 * @property {number} token the position in the prompt after which the next word is asked for
 * @property {"on" | "at" | null} start a start token before the text; "at": it is the one after which is asked
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
 * @property {[string, number] | null} cell a reading of the lens that is opened; its position counts the start token
 * @property {boolean} log the curves on a logarithmic scale
 *
 * @typedef {object} Now what is to be seen at this moment
 * @property {Values} values
 * @property {Distribution} now with temperature, penalty and filters
 * @property {number[]} leading ids that have a bar, likeliest first
 * @property {number} chosen the candidate that is followed
 * @property {boolean} waiting for another position
 *
 * @typedef {object} Own what holds for the logits of one position
 * @property {any} header of the text part
 * @property {Record<string, {data: any, shape: number[]}>} arrays of the text part
 * @property {Float32Array} logits
 * @property {Distribution} own at temperature 1, nothing removed
 * @property {number} position among the tokens that are shown
 * @property {boolean} flat whether all logits are equal
 * @property {(id: number) => string} piece what to show for a token
 * @property {(id: number) => HTMLElement} token
 * @property {(id: number | null) => void} preview follow a candidate as long as the pointer is on it
 * @property {(options: Partial<import("./distribution.js").Options>) => Distribution} at under other options
 *
 * @typedef {import("../kit/view.js").Base<Values>} Base
 * @typedef {Base & Own} Scene
 */

export const mount = createView({
  name: "output",
  of: ["text", "logits"],
  build(/** @type {Base} */ base) {
    const { say, values } = base;
    const text = /** @type {Payload} */ (base.part("text"));
    const said = /** @type {Payload} */ (base.part("logits"));
    const logits = /** @type {Float32Array} */ (said.arrays.logits.data);
    const named = /** @type {number[]} */ (said.header.named);
    const pieces = new Map(named.map((id, i) => [id, said.header.pieces[i]]));
    const vocab = count(logits.length);
    if (said.header.not_finite) {
      const broken = say("trouble.not_finite", { count: count(said.header.not_finite), vocab });
      return { nodes: [element("p", { class: "trouble", role: "status" }, broken)], draw() {} };
    }
    const order = sortIds(logits);
    const tied = order.findIndex((id) => logits[id] !== logits[order[0]]);
    let near = /** @type {number | null} */ (null);
    /** @type {{value: number | null} & ReturnType<typeof penalised>} */
    let penalty = { value: null, logits, order };
    const under = (/** @type {number | null} */ value) => {
      if (penalty.value !== value) penalty = { value, ...penalised(logits, order, said.header.seen, value) };
      return penalty;
    };
    const options = () => {
      const { temperature, top_k, top_p, min_p, repetition_penalty } = values();
      return { temperature: temperature === "inf" ? Infinity : temperature, top_k, top_p, min_p, repetition_penalty };
    };
    const plain = { temperature: 1, top_k: null, top_p: null, min_p: null, repetition_penalty: null };
    /** @type {Scene} */
    const scene = Object.assign(Object.create(base), {
      header: text.header,
      arrays: text.arrays,
      logits,
      own: distribution(logits, order, plain),
      position: said.header.position,
      flat: tied < 0,
      piece: (/** @type {number} */ id) => pieces.get(id) ?? base.part("pieces")?.header.pieces[id] ?? `#${id}`,
      token: (/** @type {number} */ id) => chip(scene.piece(id)),
      preview(/** @type {number | null} */ id) {
        near = id;
        base.redraw();
      },
      at(/** @type {Partial<import("./distribution.js").Options>} */ change) {
        const wanted = { ...options(), ...change };
        const penalised = under(wanted.repetition_penalty);
        return distribution(penalised.logits, penalised.order, wanted);
      },
    });
    const strip = createText(scene);
    if (scene.flat) {
      const flat = say("trouble.all_equal", { vocab, probability: percent(1 / logits.length) });
      const trouble = element("p", { class: "trouble", role: "status" }, flat);
      return { nodes: [strip.node, trouble], draw: () => strip.draw({ values: values() }) };
    }
    const temperature = createTemperature(scene);
    const facts = createFacts(scene);
    const bars = createBars(scene);
    const sections = createSections(scene, SECTIONS);
    const blocks = [strip, temperature, facts, bars, ...sections];
    return {
      nodes: blocks.map((block) => block.node),
      draw() {
        const chosenValues = values();
        const now = scene.at({});
        const leading = [...now.order.subarray(0, Math.min(LEADING, logits.length))];
        const wanted = near ?? chosenValues.word;
        const chosen = wanted !== null && wanted < logits.length ? wanted : leading[0];
        const waiting = placeOf(chosenValues) !== scene.position;
        /** @type {Now} */
        const moment = { values: chosenValues, now, leading, chosen, waiting };
        base.frame.classList.toggle("waiting", waiting);
        for (const block of blocks) block.draw(moment);
      },
      destroy: () => {
        for (const section of sections) section.destroy();
      },
    };
  },
});

/**
 * How unsure the model is, in three numbers.
 * @param {Scene} scene
 */
function createFacts({ logits, say }) {
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
      const shown = fixed(among, among < 100 ? 2 : 0);
      entropy.note.textContent = say("facts.range", { max: fixed(Math.log2(logits.length), 2) });
      entropy.value.textContent = say("facts.bits", { value: fixed(now.entropy, 3) });
      perplexity.value.textContent = shown;
      perplexity.note.textContent = say("facts.as_among", { value: shown });
      const rest = now.rest(leading.length);
      outside.value.textContent = percent(rest);
      outside.note.textContent = say("facts.outside_of", { count: count(logits.length - leading.length) });
      entropy.value.dataset.value = String(now.entropy);
      perplexity.value.dataset.value = String(among);
      outside.value.dataset.value = String(rest);
    },
  };
}
