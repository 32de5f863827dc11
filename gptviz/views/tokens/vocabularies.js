// The same text under several vocabularies, and one paragraph in two languages under each.

import { chip } from "../kit/chip.js";
import { element } from "../kit/dom.js";
import { count, fixed } from "../kit/format.js";
import { SHOWN } from "./text.js";

/** @param {import("./view.js").Scene} scene */
export function createVocabularies(scene) {
  const { header, say } = scene;
  const waiting = element("p", { class: "muted", role: "status" }, say("vocabularies.waiting"));
  const rows = element("div", { class: "rows" });
  const body = element("tbody", {});
  const heads = ["vocabulary", "size", "en", "zh", "ratio"].map((name) =>
    element("th", { scope: "col" }, say(`vocabularies.${name}`)),
  );
  const table = element("table", {}, element("thead", {}, element("tr", {}, ...heads)), body);
  const paragraphs = element("div", { class: "paragraphs" });
  let shown = /** @type {any} */ (null);
  const nameOf = (/** @type {string} */ name) => (name === "own" ? header.model : say(`vocabularies.${name}`));

  const cannot = element("p", { class: "muted" }, say("vocabularies.cannot"));

  return {
    node: element(
      "div",
      { class: "vocabularies-view" },
      element("p", {}, say("vocabularies.text")),
      waiting,
      rows,
      element("p", { class: "title" }, say("vocabularies.cost")),
      paragraphs,
      element("div", { class: "scroll-x" }, table),
      cannot,
      element("p", { class: "muted" }, say("vocabularies.note")),
    ),
    draw() {
      const part = scene.part("vocabularies");
      waiting.hidden = part !== null;
      if (!part || part === shown) return;
      shown = part;
      const { vocabularies, characters } = part.header;
      const own = new Set([0, ...vocabularies[0].ends]);
      rows.replaceChildren(
        ...vocabularies.map((/** @type {any} */ it) => {
          const pieces = it.pieces.slice(0, SHOWN).map((/** @type {string} */ piece, /** @type {number} */ i) => {
            const same =
              own.has(i ? it.ends[i - 1] : 0) &&
              own.has(it.ends[i]) &&
              !vocabularies[0].ends.some(
                (/** @type {number} */ end) => end > (i ? it.ends[i - 1] : 0) && end < it.ends[i],
              );
            const node = chip(piece, it.name === "own" ? i : undefined);
            node.title = String(it.ids[i]);
            node.classList.toggle("differs", !same);
            return node;
          });
          const more = it.pieces.length - SHOWN;
          return element(
            "div",
            { class: "row", "data-vocabulary": it.name },
            element(
              "p",
              {},
              element("b", { class: "number" }, count(it.ids.length)),
              " ",
              element("span", { class: "title" }, nameOf(it.name)),
              " ",
              element(
                "span",
                { class: "muted" },
                say("vocabularies.about", {
                  size: count(it.size),
                  ratio: it.ids.length ? fixed(characters / it.ids.length, 2) : "–",
                }),
              ),
            ),
            element(
              "div",
              { class: "pieces", lang: "", translate: "no" },
              ...pieces,
              ...(more > 0 ? [element("span", { class: "muted" }, say("cuts.more", { count: count(more) }))] : []),
            ),
          );
        }),
      );
      const { en, zh } = part.header.paragraphs;
      cannot.hidden = en.tokens.own !== null && zh.tokens.own !== null;
      paragraphs.replaceChildren(
        ...Object.entries({ en, zh }).map(([language, { text, characters, bytes }]) =>
          element(
            "blockquote",
            { lang: language },
            text,
            " ",
            element(
              "span",
              { class: "muted", lang: scene.language },
              say("vocabularies.paragraph", { characters: count(characters), bytes: count(bytes) }),
            ),
          ),
        ),
      );
      body.replaceChildren(
        ...vocabularies.map((/** @type {any} */ { name, size }) => {
          const [english, chinese] = [en.tokens[name], zh.tokens[name]];
          const most = Math.max(...Object.values(zh.tokens).map(Number));
          const cell = (/** @type {number | null} */ tokens) => {
            if (tokens === null) return element("td", { title: say("vocabularies.cannot") }, "–");
            const node = element(
              "td",
              { class: "track" },
              element("div", { class: "bar" }),
              element("span", { class: "number" }, count(tokens)),
            );
            node.style.setProperty("--p", String(tokens / most));
            return node;
          };
          return element(
            "tr",
            { "data-vocabulary": name },
            element("th", { scope: "row" }, nameOf(name)),
            element("td", {}, count(size)),
            cell(english),
            cell(chinese),
            element("td", {}, english && chinese ? `${fixed(chinese / english, 2)}×` : "–"),
          );
        }),
      );
    },
  };
}
