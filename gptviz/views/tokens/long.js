// A long text of the reader's own in tokens: only what is near the screen is built.

import { chip } from "../kit/chip.js";
import { element } from "../kit/dom.js";
import { count, fixed } from "../kit/format.js";
import { declared } from "../kit/keeper.js";

const BLOCK = 500; // tokens

/** @param {import("./view.js").Scene} scene */
export function createLong(scene) {
  const { header, say, choose } = scene;
  const field = /** @type {HTMLTextAreaElement} */ (
    element("textarea", {
      rows: 6,
      spellcheck: false,
      maxlength: declared(scene.choices.long, "most"),
      placeholder: say("long.placeholder"),
      "aria-label": say("long.placeholder"),
    })
  );
  const cut = element("button", { type: "button", "data-do": "cut" }, say("long.cut"));
  const said = element("p", { class: "said", role: "status" });
  const scroll = element("div", {
    class: "scroll",
    tabindex: 0,
    role: "group",
    "aria-label": say("long.label"),
    lang: "",
    translate: "no",
  });
  const counts = element("p", { class: "muted" });
  let shown = /** @type {any} */ (null);
  field.value = scene.draft.long ?? "";
  field.addEventListener("input", () => (scene.draft.long = field.value));
  cut.addEventListener("click", () => {
    if (!field.value) return void (said.textContent = say("long.empty"));
    said.textContent = say("long.waiting");
    choose({ given: scene.values().given + 1, long: field.value });
  });

  const seen = new IntersectionObserver(
    (entries) => {
      const part = scene.part("long");
      if (!part) return;
      for (const { target, isIntersecting } of entries) {
        const block = /** @type {HTMLElement} */ (target);
        if (!isIntersecting) {
          if (block.firstChild) block.style.minHeight = `${block.offsetHeight}px`;
          block.replaceChildren();
        } else if (!block.firstChild) {
          const from = Number(block.dataset.from);
          const ids = [...part.arrays.ids.data.subarray(from, from + BLOCK)];
          block.append(
            ...ids.map((id, i) => {
              const node = chip(part.header.pieces[id], from + i);
              node.title = String(id);
              return node;
            }),
          );
          block.style.minHeight = "";
        }
      }
    },
    { root: scroll, rootMargin: "600px" },
  );

  return {
    node: element(
      "div",
      { class: "long-view" },
      element("p", {}, say("long.text", { longest: count(declared(scene.choices.long, "most")) })),
      field,
      element("div", { class: "line" }, cut),
      said,
      counts,
      scroll,
    ),
    destroy: () => seen.disconnect(),
    draw() {
      const part = scene.part("long");
      scroll.hidden = counts.hidden = !part || part.header.empty;
      if (!part || part === shown) return;
      shown = part;
      if (part.header.empty) return void (said.textContent = say("long.empty"));
      seen.disconnect();
      const total = part.arrays.ids.data.length;
      said.textContent =
        say("long.said", {
          count: count(total),
          characters: count(part.header.characters),
          ratio: fixed(part.header.kept / Math.max(1, total), 2),
        }) + (part.header.dropped ? ` ${say("long.dropped", { count: count(part.header.dropped) })}` : "");
      counts.textContent = Object.entries(part.header.counts)
        .map(
          ([name, tokens]) =>
            `${name === "own" ? header.model : say(`vocabularies.${name}`)}: ${count(Number(tokens))}`,
        )
        .join(" · ");
      const blocks = [];
      for (let from = 0; from < total; from += BLOCK) {
        const block = element("div", { class: "block", "data-from": from });
        block.style.minHeight = "20rem";
        blocks.push(block);
      }
      scroll.replaceChildren(...blocks);
      scroll.scrollTop = 0;
      for (const block of blocks) seen.observe(block);
    },
  };
}
