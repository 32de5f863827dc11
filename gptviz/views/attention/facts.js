// What to look for: sentences that the host computed from this text, whose heads and tokens can be clicked.

import { chip } from "../kit/chip.js";
import { element } from "../kit/dom.js";
import { percent, significant } from "../kit/format.js";

/** @param {import("./view.js").Scene} scene */
export function createFacts(scene) {
  const list = element("ul", {});
  const node = element("div", { class: "facts" }, element("b", {}, scene.say("look.title")), list);
  let shown = /** @type {object | null} */ (null);

  /** @param {any} value */
  function one(value) {
    if (value.head) return scene.link(value.head[0], value.head[1]);
    if (value.token !== undefined) return scene.token(value.token);
    if (value.share !== undefined) return element("b", {}, percent(value.share));
    if (value.piece !== undefined) return chip(value.piece);
    return Number.isInteger(value.number) ? String(value.number) : significant(value.number, 3);
  }

  return {
    node,
    draw() {
      const part = scene.part("looks");
      if (!part && scene.alone) list.replaceChildren(element("li", { class: "muted" }, scene.say("alone")));
      if (!part) shown = null;
      if (!part || part === shown) return;
      shown = part;
      node.style.minHeight = `${node.offsetHeight}px`; // it may grow, but what is below never jumps up
      list.replaceChildren(
        ...part.header.facts.map((/** @type {any} */ fact) => {
          const values = Object.fromEntries(Object.entries(fact.values).map(([name, value]) => [name, one(value)]));
          return element("li", {}, ...scene.nodes(`look.${fact.name}`, values));
        }),
      );
    },
  };
}
