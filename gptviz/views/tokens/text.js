// The text in tokens, in place; what is known of the one pointed at; and the same text in words and in characters.

import { chip } from "../kit/chip.js";
import { element } from "../kit/dom.js";
import { count, fixed } from "../kit/format.js";
import { createStrip, createToken } from "../kit/strip.js";

export const SHOWN = 400; // pieces of another cut at most

/** @param {import("./view.js").Scene} scene */
export function createText(scene) {
  const { header, say, choose } = scene;
  const { tokens } = header;
  let pointed = /** @type {number | null} */ (null);
  const chips = tokens.map(
    (/** @type {any} */ token, /** @type {number} */ i) =>
      createToken(token.piece, i, { below: String(token.id) }).node,
  );
  const lost = (/** @type {string[]} */ codes) =>
    codes.map((code) => element("span", { class: "lost", title: say("text.lost") }, element("s", {}, code)));
  const strip = createStrip({
    label: say("text.label"),
    nodes: [
      ...chips.flatMap((/** @type {HTMLElement} */ node, /** @type {number} */ i) => [...lost(tokens[i].lost), node]),
      ...lost(header.lost_last),
    ],
    choose: (token) => choose({ token }),
    point,
  });
  const readout = element("p", { class: "readout", role: "status" });

  /** @param {number | null} at */
  function point(at) {
    pointed = at;
    scene.redraw();
  }

  /** @param {string} name @param {string[]} pieces */
  function cut(name, pieces) {
    const more = pieces.length - SHOWN;
    return element(
      "div",
      { class: "cut", "data-cut": name },
      element(
        "p",
        {},
        element("b", { class: "number" }, count(pieces.length)),
        " ",
        element("span", { class: "title" }, say(`cuts.${name}`)),
      ),
      element(
        "div",
        { class: "pieces", lang: "", translate: "no" },
        ...pieces.slice(0, SHOWN).map((piece) => chip(piece)),
        ...(more > 0 ? [element("span", { class: "muted" }, say("cuts.more", { count: count(more) }))] : []),
      ),
      element("p", { class: "muted" }, say(`cuts.${name}_text`)),
    );
  }
  const own = element(
    "p",
    { class: "own" },
    element("b", { class: "number" }, count(tokens.length)),
    " ",
    element("span", { class: "title" }, say(header.letters ? "cuts.letters" : "cuts.tokens", { model: header.model })),
    " ",
    element(
      "span",
      { class: "muted" },
      say("cuts.ratio", {
        characters: count(header.characters.length),
        bytes: count(header.bytes),
        ratio: fixed(header.kept / tokens.length, 2),
      }),
    ),
  );
  const dropped = element(
    "p",
    { class: "dropped" },
    header.dropped.length
      ? say("text.dropped", {
          which: [...new Set(header.dropped)].slice(0, 12).join(", "),
          count: header.dropped.length,
        })
      : "",
  );
  dropped.hidden = !header.dropped.length;

  return {
    node: element(
      "div",
      { class: "text" },
      own,
      strip.node,
      readout,
      dropped,
      element("div", { class: "cuts" }, cut("words", header.words), cut("characters", header.characters)),
    ),
    /** @param {import("./view.js").Values} values */
    draw(values) {
      const at = pointed ?? values.token;
      for (const node of chips) node.classList.toggle("over", node === chips[pointed ?? -1]);
      strip.show(values.token);
      const token = tokens[at];
      if (!token) return;
      const about = {
        token: chip(token.piece, at),
        id: element("b", {}, String(token.id)),
        size: count(header.size),
        bytes: element("code", {}, token.bytes || "–"),
      };
      const made = token.made
        ? scene.nodes("text.made", {
            rank: count(token.made[0] + 1),
            left: chip(token.made[1]),
            right: chip(token.made[2]),
          })
        : [say(token.special ? "text.special" : header.letters ? "text.listed" : "text.first")];
      readout.replaceChildren(...scene.nodes("text.token", about), " ", ...made);
    },
  };
}
