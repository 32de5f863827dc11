// The text in tokens, in place; what is known of the one pointed at; and the same text in words and in characters.

import { chip } from "../kit/chip.js";
import { element } from "../kit/dom.js";
import { count, fixed } from "../kit/format.js";

const SHOWN = 400; // pieces of the other two cuts at most

/** @param {import("./view.js").Scene} scene */
export function createText(scene) {
  const { header, say, choose } = scene;
  const { tokens, language } = header;
  const n = (/** @type {number} */ value) => count(value, language);
  let pointed = /** @type {number | null} */ (null);
  const chips = tokens.map((/** @type {any} */ token, /** @type {number} */ i) => {
    const node = element(
      "button",
      { type: "button", class: "chip", "data-token": i, lang: "", translate: "no" },
      element("span", { class: "piece" }, token.piece),
      element("span", { class: "id" }, String(token.id)),
    );
    node.style.setProperty("--chip", `var(--token-${i % 6})`);
    node.addEventListener("pointerenter", (event) => event.pointerType === "mouse" && point(i));
    node.addEventListener("click", () => choose({ token: i }));
    node.addEventListener("keydown", (event) => {
      const to = { ArrowLeft: i - 1, ArrowRight: i + 1, Home: 0, End: tokens.length - 1 }[event.key];
      if (to === undefined || !chips[to]) return;
      event.preventDefault();
      chips[to].focus();
      choose({ token: to });
    });
    return node;
  });
  const flow = element("div", { class: "flow", role: "group", "aria-label": say("text.label") });
  const lost = (/** @type {string[]} */ codes) =>
    codes.map((code) => element("span", { class: "lost", title: say("text.lost") }, element("s", {}, code)));
  chips.forEach((/** @type {HTMLElement} */ chip, /** @type {number} */ i) =>
    flow.append(...lost(tokens[i].lost), chip),
  );
  flow.append(...lost(header.lost_last));
  flow.addEventListener("pointerleave", () => point(null));
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
        element("b", { class: "number" }, n(pieces.length)),
        " ",
        element("span", { class: "title" }, say(`cuts.${name}`)),
      ),
      element(
        "div",
        { class: "pieces", lang: "", translate: "no" },
        ...pieces.slice(0, SHOWN).map((piece) => chip(piece)),
        ...(more > 0 ? [element("span", { class: "muted" }, say("cuts.more", { count: n(more) }))] : []),
      ),
      element("p", { class: "muted" }, say(`cuts.${name}_text`)),
    );
  }
  const own = element(
    "p",
    { class: "own" },
    element("b", { class: "number" }, n(tokens.length)),
    " ",
    element("span", { class: "title" }, say(header.letters ? "cuts.letters" : "cuts.tokens", { model: header.model })),
    " ",
    element(
      "span",
      { class: "muted" },
      say("cuts.ratio", {
        characters: n(header.characters.length),
        bytes: n(header.bytes),
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
      flow,
      readout,
      dropped,
      element("div", { class: "cuts" }, cut("words", header.words), cut("characters", header.characters)),
    ),
    /** @param {import("./view.js").Values} values */
    draw(values) {
      const at = pointed ?? values.token;
      chips.forEach((/** @type {HTMLElement} */ chip, /** @type {number} */ i) => {
        chip.setAttribute("aria-pressed", String(i === values.token));
        chip.classList.toggle("over", i === pointed);
        chip.tabIndex = i === values.token ? 0 : -1;
      });
      const token = tokens[at];
      if (!token) return;
      const about = {
        token: chip(token.piece, at),
        id: element("b", {}, n(token.id)),
        size: n(header.size),
        bytes: element("code", {}, token.bytes || "–"),
      };
      const made = token.made
        ? scene.nodes("text.made", {
            rank: n(token.made[0] + 1),
            left: chip(token.made[1]),
            right: chip(token.made[2]),
          })
        : [say(token.special ? "text.special" : header.letters ? "text.listed" : "text.first")];
      readout.replaceChildren(...scene.nodes("text.token", about), " ", ...made);
    },
  };
}
