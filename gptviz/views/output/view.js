// The output view: logits of one position -> probabilities of the next word, under a temperature slider.
// Everything is computed here from the full logit vector, at every step of the slider.

import { element, fill } from "../dom.js";
import { count, fixed, percent } from "../format.js";
import { createBars } from "./bars.js";
import { createSlider } from "./slider.js";
import { softmax } from "./softmax.js";
import { createSteps } from "./steps.js";

export const css = ["../common.css", "./view.css"];

const SETTLED_AFTER = 300; // ms without a movement

/**
 * @typedef {object} Header what output_payload (__init__.py) says
 * @property {string} language
 * @property {Record<string, string>} labels sentences of output_view.toml
 * @property {number[]} leading ids of the likeliest words, likeliest first
 * @property {string[]} pieces what to show for each
 * @property {number} not_finite how many logits are no finite number
 *
 * @typedef {{temperature: number, word: number | null}} Values word: id of the word whose number is opened
 *
 * @typedef {object} Scene what is computed once a payload
 * @property {Header} header
 * @property {Float32Array} logits
 * @property {Int32Array} leading
 * @property {import("./softmax.js").Softmax} own at temperature 1
 * @property {number} tied how many words share the largest logit
 * @property {(key: string, values?: Record<string, any>) => string} say
 * @property {(id: number) => HTMLElement} token
 */

/**
 * @param {ShadowRoot | HTMLElement} root
 * @param {{logits: import("../wire.js").Payload}} parts
 * @param {(values: Values) => void} report
 */
export function mount(root, parts, report) {
  const frame = element("div", { class: "gptviz output" });
  root.append(frame);

  /** @type {Values} */
  let values = { temperature: 1, word: null };
  let reported = JSON.stringify(values);
  let redraw = build(parts.logits);
  let settling = 0;
  let moving = false; // a pointer holds the slider
  let pending = 0;

  function settle() {
    settling = 0;
    if (moving || JSON.stringify(values) === reported) return;
    reported = JSON.stringify(values);
    report({ ...values });
  }

  /** @param {Partial<Values>} change */
  function choose(change) {
    values = { ...values, ...change };
    clearTimeout(settling);
    settling = window.setTimeout(settle, SETTLED_AFTER);
    pending ||= requestAnimationFrame(draw);
  }

  function draw() {
    cancelAnimationFrame(pending);
    pending = 0;
    redraw(values);
  }

  /** @param {boolean} held */
  function hold(held) {
    moving = held;
    if (!held) choose({});
  }

  /** @param {import("../wire.js").Payload} payload */
  function build({ header, arrays }) {
    const scene = createScene(header, /** @type {Float32Array} */ (arrays.logits.data));
    frame.setAttribute("lang", header.language);
    const trouble = troubleOf(scene);
    if (trouble) {
      frame.replaceChildren(element("p", { class: "trouble", role: "status" }, trouble));
      return () => {};
    }
    const slider = createSlider(scene, (temperature) => choose({ temperature }), hold);
    const facts = createFacts(scene);
    const steps = createSteps(scene, (word) => choose({ word }));
    const bars = createBars(scene, (word) => choose({ word: word === values.word ? null : word }), steps.preview, draw);
    frame.replaceChildren(slider.node, facts.node, bars.node, steps.node);
    return (/** @type {Values} */ { temperature, word }) => {
      const now = softmax(scene.logits, temperature, scene.leading);
      const chosen = word !== null && scene.leading.includes(word) ? word : null;
      slider.draw(now);
      facts.draw(now);
      bars.draw(now, chosen);
      steps.draw(now, chosen);
    };
  }

  return {
    /**
     * @param {{logits?: import("../wire.js").Payload}} next
     * @param {Partial<Values> | null} given
     */
    update(next, given) {
      if (next.logits) redraw = build(next.logits);
      if (given && !moving && !settling) {
        values = { ...values, ...given };
        reported = JSON.stringify(values);
      }
      draw();
    },
    destroy() {
      clearTimeout(settling);
      cancelAnimationFrame(pending);
      frame.remove();
    },
  };
}

/**
 * @param {Header} header
 * @param {Float32Array} logits
 * @returns {Scene}
 */
function createScene(header, logits) {
  const leading = Int32Array.from(header.leading);
  const pieces = new Map(header.leading.map((id, i) => [id, header.pieces[i]]));
  const max = logits[leading[0]];
  let tied = 0;
  for (const logit of logits) tied += Number(logit === max);
  return {
    header,
    logits,
    leading,
    own: softmax(logits, 1, leading),
    tied,
    say: (key, values = {}) => fill(header.labels[key], values),
    token: (id) => element("span", { class: "token", lang: "", translate: "no" }, pieces.get(id)),
  };
}

/**
 * Why there is no picture; null if there is one.
 * @param {Scene} scene
 */
function troubleOf({ header, logits, tied, say }) {
  const vocab = count(logits.length, header.language);
  if (header.not_finite) {
    return say("trouble.not_finite", { count: count(header.not_finite, header.language), vocab });
  }
  if (tied === logits.length) return say("trouble.all_equal", { vocab, probability: percent(1 / logits.length) });
  return null;
}

/**
 * How unsure the model is, in three numbers.
 * @param {Scene} scene
 */
function createFacts({ header, logits, leading, say }) {
  const others = count(logits.length - leading.length, header.language);
  const fact = (title) => {
    const value = element("dd", { class: "value" });
    const note = element("dd", { class: "muted" });
    return { node: element("div", {}, element("dt", {}, title), value, note), value, note };
  };
  const entropy = fact(say("facts.entropy"));
  entropy.note.textContent = say("facts.range", { max: fixed(Math.log2(logits.length), 2) });
  const perplexity = fact(say("facts.perplexity"));
  const outside = fact(say("facts.outside"));
  outside.note.textContent = say("facts.outside_of", { count: others });
  return {
    node: element("dl", { class: "facts" }, entropy.node, perplexity.node, outside.node),
    /** @param {import("./softmax.js").Softmax} now */
    draw(now) {
      const among = 2 ** now.entropy;
      const digits = among < 100 ? 2 : 0;
      const shown = digits ? fixed(among, digits) : count(Math.round(among), header.language);
      entropy.value.textContent = say("facts.bits", { value: fixed(now.entropy, 3) });
      perplexity.value.textContent = shown;
      perplexity.note.textContent = say("facts.as_among", { value: shown });
      outside.value.textContent = percent(now.rest);
      entropy.value.dataset.value = String(now.entropy);
      perplexity.value.dataset.value = String(among);
      outside.value.dataset.value = String(now.rest);
    },
  };
}
