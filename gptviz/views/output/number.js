// How one word's probability came about, with the numbers of the moment: from two vectors to a share of one whole.

import { element } from "../kit/dom.js";
import { count, exactly, fixed, significant } from "../kit/format.js";
import { createSlider } from "../kit/slider.js";
import { createBars, createStrip, dot } from "../kit/vectors.js";

/** @param {import("./view.js").Scene} scene */
export function createNumber(scene) {
  const { header, logits, say, nodes } = scene;
  const vocab = count(logits.length);
  const D = header.d_model;
  const parts = /** @type {import("../kit/wire.js").Payload} */ (scene.part("logits"));
  const h = parts.arrays.h?.data;
  const opened = parts.arrays.opened ? [...parts.arrays.opened.data] : [];
  let pointed = /** @type {number | null} */ (null);
  let entry = /** @type {number | null} */ (null); // the largest product, until another is picked
  const onPoint = (/** @type {number | null} */ at) => ((pointed = at), scene.redraw());
  const onPick = (/** @type {number} */ at) => ((entry = at), scene.redraw());
  const rowStrip = createStrip("", { role: "output", onPoint, onPick });
  const hStrip = createStrip(say("number.h", { d_model: D }), { role: "query", onPoint, onPick });
  const products = createBars(say("number.products", { d_model: D }), { height: 72, onPoint, onPick });
  const triple = element("p", { class: "entry" });
  const dots = element("div", { class: "dots" }, hStrip.node, rowStrip.node, products.node, triple);
  const closed = element("p", { class: "muted" }, say("number.closed"));
  const title = element("p", { class: "title" });

  let constant = 0;
  const shift = createSlider({
    label: say("number.constant"),
    min: -20,
    max: 20,
    set(to) {
      constant = to;
      scene.redraw();
    },
  });
  const shiftValue = element("output", {});
  const shiftText = element("p", { class: "muted" });

  const names = ["penalty", "divide", "shift", "exponent", "normalise", "filtered"];
  const rows = ["logit", ...names].map((key) => {
    const what = element("span", { class: "what" }, ...nodes(`number.${key}`, { token: "", vocab }));
    const formula = element("span", { class: "formula muted" });
    const result = element("span", { class: "result" });
    return { key, node: element("li", { "data-step": key }, what, formula, result), what, formula, result };
  });
  const list = element("ol", { class: "steps" }, ...rows.map((row) => row.node));
  const greedy = element("p", { class: "greedy" });
  const infinite = element("p", { class: "greedy" }, say("number.infinite", { vocab }));

  return {
    node: element(
      "div",
      { class: "number-view" },
      element("p", { class: "muted" }, say("number.hint")),
      title,
      dots,
      closed,
      element("div", { class: "panel" }, greedy, infinite, list),
      element("label", { class: "constant" }, say("number.constant"), " ", shiftValue, shift.node),
      shiftText,
      element(
        "p",
        { class: "muted" },
        say(header.tied ? "number.shape_tied" : "number.shape", { vocab, d_model: count(D) }),
        " ",
        say("number.rounded"),
      ),
    ),
    /** @param {import("./view.js").Now} moment */
    draw({ now, chosen, values }) {
      const colours = scene.colours();
      title.replaceChildren(...nodes("number.for", { token: scene.token(chosen) }));
      const place = opened.indexOf(chosen);
      dots.hidden = !h || place < 0;
      closed.hidden = !h || place >= 0;
      const raw = logits[chosen];
      if (h && place >= 0) {
        const row = parts.arrays.rows.data.subarray(place * D, (place + 1) * D);
        const product = Float64Array.from(row, (value, d) => value * h[d]);
        const at = Math.min(pointed ?? entry ?? largest(product), D - 1);
        rowStrip.rename(say("number.row", { token: scene.piece(chosen) }));
        hStrip.draw(h, colours, at);
        rowStrip.draw(row, colours, at);
        products.draw(product, colours, at);
        triple.textContent = say("number.triple", {
          d: at,
          h: fixed(h[at], 4),
          w: fixed(row[at], 4),
          product: fixed(product[at], 4),
          sum: fixed(raw, 4),
        });
        triple.dataset.difference = String(Math.abs(dot(row, h) - raw));
      }

      const { sum, keptSum } = now;
      const atZero = now.temperature === 0;
      const endless = now.temperature === Infinity;
      const temperature = atZero || endless ? 1 : now.temperature; // then the steps are hidden, and say nothing
      // All keep their place, so that nothing moves when the slider comes to an end.
      greedy.style.visibility = atZero ? "visible" : "hidden";
      infinite.style.visibility = endless ? "visible" : "hidden";
      list.style.visibility = atZero || endless ? "hidden" : "visible";
      greedy.replaceChildren(
        ...nodes("number.greedy", { top: scene.token(now.order[0]), logit: fixed(now.logit(now.order[0]), 5) }),
      );
      const penalty = values.repetition_penalty;
      const logit = now.logit(chosen);
      const max = now.max + constant;
      const shown = logit + constant;
      const scaled = shown / temperature;
      const shifted = (shown - max) / temperature;
      const weight = Math.exp(shifted);
      const probability = now.probability(chosen);
      const tempered = weight / sum;
      const t = exactly(temperature, 2);
      const plus = constant ? ` ${constant < 0 ? "−" : "+"} ${Math.abs(constant)}` : "";
      const filtered = now.stages.length > 1;
      /** @type {Record<string, [how: string, text: string, value: number]>} */
      const numbers = {
        logit: ["z", fixed(raw, 5), raw],
        penalty: [
          logit === raw ? say("number.unseen") : `${fixed(raw, 5)} ${raw > 0 ? "÷" : "×"} ${penalty}`,
          fixed(logit, 5),
          logit,
        ],
        divide: [`z ÷ T = ${plus ? `(${fixed(logit, 5)}${plus})` : fixed(logit, 5)} ÷ ${t}`, fixed(scaled, 5), scaled],
        shift: [`${fixed(scaled, 5)} − ${inBrackets(fixed(max / temperature, 5))}`, fixed(shifted, 5), shifted],
        exponent: [`exp(${fixed(shifted, 5)})`, significant(weight, 6), weight],
        normalise: [`${significant(weight, 6)} ÷ Σ, Σ = ${significant(sum, 7)}`, significant(tempered, 5), tempered],
        filtered: [
          now.keeps(chosen) ? `${significant(tempered, 5)} ÷ ${significant(keptSum / sum, 5)}` : say("number.removed"),
          significant(probability, 5),
          probability,
        ],
      };
      for (const { key, node, what, formula, result } of rows) {
        const [how, text, value] = numbers[key];
        node.hidden = (key === "penalty" && (penalty === null || penalty === 1)) || (key === "filtered" && !filtered);
        formula.textContent = how;
        result.textContent = text;
        result.dataset.value = String(value);
        if (key === "logit") what.replaceChildren(...nodes("number.logit", { token: scene.token(chosen) }));
      }
      shift.draw(constant);
      shiftValue.textContent = `${constant < 0 ? "−" : "+"}${Math.abs(constant)}`;
      shiftText.textContent = constant
        ? say("number.constant_moved", {
            constant: shiftValue.textContent,
            change: significant(changeBy(now, constant), 1),
            vocab,
          })
        : say("number.constant_text");
    },
  };
}

/**
 * The largest change of any probability when a constant is added to all logits, computed anew: rounding, or nothing.
 * @param {import("./distribution.js").Distribution} now
 * @param {number} constant
 */
function changeBy(now, constant) {
  const { temperature, order, sum } = now;
  if (temperature === 0 || temperature === Infinity) return 0;
  const max = now.logit(order[0]) + constant;
  let total = 0;
  for (let place = order.length - 1; place >= 0; place--)
    total += Math.exp((now.logit(order[place]) + constant - max) / temperature);
  let most = 0;
  for (let place = 0; place < Math.min(1000, order.length); place++) {
    const after = Math.exp((now.logit(order[place]) + constant - max) / temperature) / total;
    most = Math.max(most, Math.abs(after - Math.exp((now.logit(order[place]) - now.max) / temperature) / sum));
  }
  return most;
}

/** Where the largest number stands, whatever its sign. @param {Float64Array} values */
const largest = (values) => values.reduce((best, value, i) => (Math.abs(value) > Math.abs(values[best]) ? i : best), 0);

/** @param {string} text */
const inBrackets = (text) => (text.startsWith("−") ? `(${text})` : text);
