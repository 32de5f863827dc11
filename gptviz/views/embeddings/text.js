// The text: its tokens with their ids, one of them chosen.

import { element } from "../kit/dom.js";
import { createStrip, createToken } from "../kit/strip.js";

/** @param {import("./view.js").Scene} scene */
export function createText({ header, say, choose }) {
  const { tokens, ids } = header;
  const strip = createStrip({
    label: say("text.label"),
    nodes: tokens.map((/** @type {string} */ piece, /** @type {number} */ i) => {
      const title = say("text.title", { position: i, id: String(ids[i]) });
      return createToken(piece, i, { below: String(ids[i]), title }).node;
    }),
    choose: (token) => choose({ token }),
  });
  return {
    node: element("div", { class: "text" }, element("p", { class: "muted hint" }, say("text.hint")), strip.node),
    /** @param {import("./view.js").Values} values */
    draw: ({ token }) => strip.show(token),
  };
}
