// What to look for: sentences that the host computed from this text, whose heads and tokens can be clicked.

import { element } from "../kit/dom.js";
import { sentence } from "../kit/facts.js";

/** @param {import("./view.js").Scene} scene */
export function createFacts(scene) {
  const list = element("ul", {});
  const node = element("div", { class: "facts" }, element("b", {}, scene.say("look.title")), list);
  let shown = /** @type {object | null} */ (null);

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
        ...part.header.facts.map((/** @type {any} */ fact) => element("li", {}, ...sentence(fact, scene))),
      );
    },
  };
}
