// How one word's probability came about, step by step, with the numbers of the moment.

import { element, fillNodes } from "../dom.js";
import { count, exactly, fixed, percent, significant } from "../format.js";

/**
 * @param {import("./view.js").Scene} scene
 * @param {(id: number | null) => void} choose
 */
export function createSteps({ header, logits, leading, say, token }, choose) {
  const label = (key, nodes = {}) => fillNodes(header.labels[key], nodes);
  const vocab = count(logits.length, header.language);

  const rows = ["logit", "divide", "shift", "exponent", "normalise"].map((key) => {
    const what = element("span", { class: "what" }, ...label(`why.${key}`, { token: "", vocab }));
    const formula = element("span", { class: "formula muted" });
    const result = element("span", { class: "result" });
    return { node: element("li", {}, what, formula, result), what, formula, result };
  });
  const list = element("ol", { class: "steps" }, ...rows.map((row) => row.node));
  const greedy = element(
    "p",
    { class: "greedy" },
    ...label("why.greedy", { top: token(leading[0]), logit: fixed(logits[leading[0]], 5) }),
  );
  const node = /** @type {HTMLDetailsElement} */ (
    element(
      "details",
      { class: "why" },
      element("summary", {}, say("why.title")),
      element("div", { class: "panel" }, greedy, list),
      element("p", { class: "muted" }, say("why.hint"), " ", say("why.rounded")),
    )
  );

  /** @type {number | null} */
  let chosen = null;
  /** @type {number | null} the word that the pointer or the focus is on */
  let near = null;
  /** @type {import("./softmax.js").Softmax | undefined} */
  let last;

  // Open means that a word is chosen; the reader may say either.
  node.addEventListener("toggle", () => {
    if (node.open && chosen === null) choose(leading[0]);
    if (!node.open && chosen !== null) choose(null);
  });

  function fillIn() {
    const id = near ?? chosen;
    if (!last || id === null || chosen === null) return;
    const { temperature, max, sum } = last;
    const atZero = temperature === 0;
    // Both keep their place, so that nothing moves when the slider comes to 0.
    greedy.style.visibility = atZero ? "visible" : "hidden";
    list.style.visibility = atZero ? "hidden" : "visible";
    if (atZero) return;

    const logit = logits[id];
    const scaled = logit / temperature;
    const shifted = (logit - max) / temperature;
    const weight = Math.exp(shifted);
    const t = exactly(temperature, 2);
    const shown = [logit, scaled, shifted, weight, last.probability(id)];
    const texts = [
      ["z", fixed(logit, 5)],
      [`z ÷ T = ${fixed(logit, 5)} ÷ ${t}`, fixed(scaled, 5)],
      [`${fixed(scaled, 5)} − ${inBrackets(fixed(max / temperature, 5))}`, fixed(shifted, 5)],
      [`exp(${fixed(shifted, 5)})`, significant(weight, 6)],
      [`${significant(weight, 6)} ÷ Σ, Σ = ${significant(sum, 7)}`, percent(shown[4])],
    ];
    rows.forEach(({ formula, result }, i) => {
      [formula.textContent, result.textContent] = texts[i];
      result.dataset.value = String(shown[i]);
    });
    rows[0].what.replaceChildren(...label("why.logit", { token: token(id) }));
  }

  return {
    node,
    /** Show another word for as long as the pointer is on it. @param {number | null} id */
    preview(id) {
      near = id;
      fillIn();
    },
    /**
     * @param {import("./softmax.js").Softmax} now
     * @param {number | null} word
     */
    draw(now, word) {
      last = now;
      chosen = word;
      node.open = word !== null;
      fillIn();
    },
  };
}

/** @param {string} text */
const inBrackets = (text) => (text.startsWith("−") ? `(${text})` : text);
