// Words that the reader adds to the comparison.

import { chip } from "../kit/chip.js";
import { createInput } from "../kit/controls.js";
import { element } from "../kit/dom.js";

/** @param {import("./view.js").Scene} scene */
export function createWords(scene) {
  const { say, nodes, choose } = scene;
  const example = scene.header.vocab_size > 1000 ? say("words.example") : "";
  const input = createInput(scene.choices.words, { placeholder: example });
  const go = element("button", { type: "submit" }, say("words.add"));
  const form = element("form", { class: "field" }, element("label", {}, say("words.label"), " ", input), go);
  const take = () => input.value !== scene.values().words && choose({ words: input.value });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    take();
  });
  input.addEventListener("change", take);
  const notes = element("ul", { class: "notes" });
  let known = /** @type {string | null} */ (null);
  let told = /** @type {any} */ (null);
  return {
    node: element("div", { class: "words" }, form, notes),
    /** @param {import("./view.js").Values} values */
    draw({ words }) {
      if (known !== words) input.value = known = words;
      const part = scene.part("compared");
      if (!part || part === told) return;
      told = part;
      notes.replaceChildren(
        ...part.header.words
          .filter((/** @type {any} */ word) => word.pieces.length > 1)
          .map((/** @type {any} */ word) =>
            element(
              "li",
              {},
              ...nodes("words.several", {
                word: chip(word.text),
                count: String(word.pieces.length),
                pieces: together(word.pieces.map((/** @type {string} */ piece) => chip(piece))),
              }),
            ),
          ),
        ...unlike(part.header.troubles).map((/** @type {any} */ trouble) =>
          element("li", {}, ...nodes(`words.${trouble.trouble}`, { word: chip(trouble.text) })),
        ),
      );
    },
  };
}

/** Each complaint once. @param {{text: string, trouble: string}[]} troubles */
const unlike = (troubles) => [...new Map(troubles.map((one) => [`${one.trouble} ${one.text}`, one])).values()];

/** Some nodes as one. @param {Node[]} nodes */
export const together = (nodes) => element("span", { class: "together" }, ...nodes);
