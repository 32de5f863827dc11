// A direction of the space: from the mean of one set of words to that of another, and other words along it.

import { chip } from "../kit/chip.js";
import { createInput } from "../kit/controls.js";
import { element } from "../kit/dom.js";
import { fixed } from "../kit/format.js";
import { declared } from "../kit/keeper.js";

const PRESETS = {
  size: ["small tiny little short", "big huge large tall", "mouse cat dog horse elephant whale village city"],
  country: ["France Paris French", "Germany Berlin German", "wine beer Napoleon Bach Europe Vienna London"],
};

/** @param {import("./view.js").Scene} scene */
export function createDirection(scene) {
  const { say, choose, choices } = scene;
  const names = /** @type {const} */ (["first", "second", "others"]);
  const presets = { gender: names.map((name) => choices[name].default), ...PRESETS };
  const fields = names.map((name) => {
    const node = createInput(choices[name]);
    return { name, node, label: element("label", {}, element("span", {}, say(`direction.${name}`)), node) };
  });
  const go = () => choose(Object.fromEntries(fields.map(({ name, node }) => [name, node.value])));
  const form = element(
    "form",
    { class: "sets" },
    ...fields.map(({ label }) => label),
    element("button", { type: "submit" }, say("direction.go")),
  );
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    go();
  });
  const examples = element(
    "div",
    { class: "examples" },
    element("span", { class: "muted" }, say("formula.try")),
    ...Object.entries(presets).map(([name, sets]) => {
      const node = element("button", { type: "button", "data-preset": name }, say(`direction.${name}`));
      node.addEventListener("click", () => choose({ first: sets[0], second: sets[1], others: sets[2] }));
      return node;
    }),
  );
  examples.hidden = !scene.header.words;
  const trouble = element("p", { class: "trouble", role: "status" });
  const line = element("div", { class: "axis-of", role: "list", lang: "", translate: "no" });
  const ends = element(
    "div",
    { class: "ends muted" },
    element("span", {}, say("direction.first_mean")),
    element("span", {}, say("direction.second_mean")),
  );
  const said = element("p", {});
  const missing = element("p", { class: "muted" });
  let last = /** @type {any} */ (null);

  return {
    node: element(
      "div",
      { class: "direction-view" },
      element("p", {}, say("direction.text")),
      examples,
      form,
      trouble,
      ends,
      line,
      said,
      missing,
      element("p", { class: "muted" }, say("direction.note")),
    ),
    /** @param {import("./view.js").Values} values */
    draw(values) {
      const part = scene.part("direction");
      const root = /** @type {ShadowRoot} */ (form.getRootNode());
      for (const { name, node } of fields) if (root.activeElement !== node || part !== last) node.value = values[name];
      last = part;
      if (!part) return;
      const it = part.header;
      trouble.textContent = it.trouble ? scene.error(it.trouble) : "";
      trouble.hidden = !it.trouble;
      for (const node of [line, ends, said, missing]) node.hidden = Boolean(it.trouble);
      if (it.trouble) return;
      const placed = [...it.placed].sort((a, b) => a.at - b.at);
      const low = Math.min(-0.25, ...placed.map(({ at }) => at));
      const high = Math.max(1.25, ...placed.map(({ at }) => at));
      for (const node of [line, ends]) {
        node.style.setProperty("--zero", String((0 - low) / (high - low)));
        node.style.setProperty("--one", String((1 - low) / (high - low)));
      }
      line.replaceChildren(
        ...placed.map(({ piece, at, side }) => {
          const mark = element("span", { class: "at" });
          const node = element(
            "div",
            { class: `placed ${side}`, role: "listitem" },
            element(
              "span",
              { class: "word" },
              chip(piece),
              side === "other" ? "" : element("span", { class: "muted" }, side === "first" ? " A" : " B"),
            ),
            element("span", { class: "rail" }, mark),
            element("span", { class: "number" }, fixed(at, 2)),
          );
          node.style.setProperty("--at", String((at - low) / (high - low)));
          return node;
        }),
      );
      said.textContent = say("direction.said", {
        agree: fixed(it.agree, 2),
        right: String(it.apart[0]),
        all: String(it.apart[1]),
      });
      if (it.apart[1] === 2) said.append(" ", say("direction.by_construction"));
      const cut = it.sets.some((/** @type {string} */ text) => text.length >= declared(choices.first, "most"));
      missing.textContent = [
        it.missing.length ? say("direction.missing", { words: it.missing.slice(0, 20).join(", ") }) : "",
        cut ? say("direction.cut", { limit: declared(choices.first, "most") }) : "",
      ].join(" ");
    },
  };
}
