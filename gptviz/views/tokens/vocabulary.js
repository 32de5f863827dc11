// A vocabulary to look through: by text, by id, by regular expression; its longest, special and space entries.

import { chip } from "../kit/chip.js";
import { createInput, createMenu } from "../kit/controls.js";
import { element } from "../kit/dom.js";
import { count } from "../kit/format.js";
import { declared } from "../kit/keeper.js";

const PAGE = 200; // entries shown at a time
const PATIENCE = 1500; // ms for a regular expression: some would run for ever
const KINDS = ["longest", "special", "space"];

// Runs the reader's regular expression apart from the page, so that it can be ended.
const SEARCH = `onmessage = ({ data: { pattern, pieces } }) => {
  try {
    const expression = new RegExp(pattern, "u");
    const found = [];
    pieces.forEach((piece, id) => expression.test(piece) && found.push(id));
    postMessage({ found });
  } catch {
    postMessage({ wrong: true });
  }
};`;

/** @param {import("./view.js").Scene} scene */
export function createVocabulary(scene) {
  const { header, say, choose } = scene;
  const which = createMenu({
    label: say("vocabulary.which"),
    options: declared(scene.choices.vocabulary, "options"),
    text: (name) => (name === "own" ? header.model : say(`vocabularies.${name}`)),
    set: (name) => choose({ vocabulary: name }),
    bare: true,
  });
  const what = say("vocabulary.placeholder");
  const field = createInput(scene.choices.find, { placeholder: what, "aria-label": what });
  field.addEventListener("input", () => choose({ find: field.value }));
  const kinds = KINDS.map((kind) => {
    const node = element("button", { type: "button" }, say(`vocabulary.${kind}`));
    node.addEventListener("click", () => choose({ find: scene.values().find === `:${kind}` ? "" : `:${kind}` }));
    return { kind, node };
  });
  const said = element("p", { class: "said", role: "status" });
  const list = element("ol", { class: "entries", lang: "", translate: "no" });
  const more = element("button", { type: "button" }, say("vocabulary.more"));
  more.addEventListener("click", () => {
    limit += PAGE;
    show();
  });
  let worker = /** @type {Worker | null} */ (null);
  let timer = 0;
  let asked = "";
  let found = /** @type {number[]} */ ([]);
  let limit = PAGE;

  function end() {
    worker?.terminate();
    worker = null;
    clearTimeout(timer);
  }

  /** @param {import("../kit/wire.js").Payload} part @param {string} find */
  function search(part, find) {
    end();
    limit = PAGE;
    const { pieces, special, space } = part.header;
    const lengths = part.arrays.lengths.data;
    const numbers = part.arrays.ids.data;
    const done = (/** @type {number[]} */ ids, /** @type {string} */ key = "found") => {
      found = ids;
      const hint = ids.length
        ? ""
        : /^\d+$/.test(find)
          ? "vocabulary.hint_id"
          : find.startsWith("/") && !find.endsWith("/")
            ? "vocabulary.hint_slash"
            : "";
      said.textContent =
        say(`vocabulary.${key}`, { count: count(ids.length), size: count(pieces.length) }) +
        (hint ? ` ${say(hint, { find })}` : "");
      show();
    };
    const all = () => pieces.map((/** @type {string} */ _, /** @type {number} */ id) => id);
    if (!find) return done(all(), "all");
    if (find === ":special") return done(special);
    if (find === ":space") return done(space);
    if (find === ":longest")
      return done(
        all()
          .sort((/** @type {number} */ a, /** @type {number} */ b) => lengths[b] - lengths[a] || a - b)
          .slice(0, PAGE),
        "longest_found",
      );
    const id = /^#(\d{1,7})$/.exec(find);
    if (id) return done([numbers.indexOf(Number(id[1]))].filter((at) => at >= 0));
    const expression = /^\/(.+)\/$/.exec(find);
    if (!expression) {
      const wanted = find.replaceAll(" ", "·").toLowerCase();
      const ids = all().filter((/** @type {number} */ at) => pieces[at].toLowerCase().includes(wanted));
      // An exact match, with or without its space, comes first.
      const exact = (/** @type {number} */ at) =>
        Number(pieces[at].replace(/^·/, "").toLowerCase() === wanted.replace(/^·/, ""));
      return done(
        ids.sort(
          (/** @type {number} */ a, /** @type {number} */ b) =>
            exact(b) - exact(a) || pieces[a].length - pieces[b].length || a - b,
        ),
      );
    }
    said.textContent = say("vocabulary.searching");
    const url = URL.createObjectURL(new Blob([SEARCH], { type: "text/javascript" }));
    worker = new Worker(url);
    URL.revokeObjectURL(url);
    worker.onmessage = ({ data }) => {
      end();
      if (!data.wrong) return done(data.found);
      found = [];
      said.textContent = say("vocabulary.wrong");
      show();
    };
    timer = window.setTimeout(() => {
      end();
      found = [];
      said.textContent = say("vocabulary.too_slow");
      show();
    }, PATIENCE);
    worker.postMessage({ pattern: expression[1], pieces });
  }

  /**
   * An entry; at a click it is shown whole.
   * @param {number} at
   * @param {number} id
   * @param {string} piece
   * @param {number} bytes
   */
  function entry(at, id, piece, bytes) {
    const runs = piece.length > 12 && new Set(piece).size === 1 ? `${piece[0]} × ${piece.length}` : piece;
    const node = element(
      "button",
      { type: "button", "data-at": at, title: `${piece} · ${say("vocabulary.bytes", { count: bytes })}` },
      element("span", { class: "muted" }, String(id)),
      " ",
      chip(runs),
      ...(bytes > 8 ? [" ", element("span", { class: "muted" }, String(bytes))] : []),
    );
    node.addEventListener("click", () => node.classList.toggle("whole"));
    return element("li", {}, node);
  }

  function show() {
    const part = scene.part("vocabulary");
    if (!part) return;
    const { pieces } = part.header;
    const lengths = part.arrays.lengths.data;
    list.replaceChildren(
      ...found.slice(0, limit).map((id) => entry(id, part.arrays.ids.data[id], pieces[id], lengths[id])),
    );
    more.hidden = found.length <= limit;
  }

  return {
    node: element(
      "div",
      { class: "vocabulary-view" },
      element("p", {}, say("vocabulary.text")),
      element("div", { class: "line" }, which.node, field, ...kinds.map(({ node }) => node)),
      said,
      list,
      more,
      element("p", { class: "muted" }, say("vocabulary.note")),
    ),
    destroy: end,
    /** @param {import("./view.js").Values} values */
    draw(values) {
      which.show(values.vocabulary);
      const kind = KINDS.includes(values.find.slice(1)) && values.find.startsWith(":") ? values.find.slice(1) : "";
      for (const one of kinds) one.node.setAttribute("aria-pressed", String(one.kind === kind));
      const root = /** @type {ShadowRoot} */ (field.getRootNode());
      if (root.activeElement !== field) field.value = kind ? "" : values.find;
      const part = scene.part("vocabulary");
      if (!part || part.header.name !== values.vocabulary) {
        said.textContent = say("vocabulary.waiting");
        asked = "";
        return;
      }
      const key = `${part.header.name} ${part.header.pieces.length} ${values.find}`;
      if (key === asked) return;
      asked = key;
      search(part, values.find);
    },
  };
}
