// The text: its tokens with their ids, one of them chosen.

import { element } from "../kit/dom.js";
import { count } from "../kit/format.js";

/** @param {import("./view.js").Scene} scene */
export function createText({ header, language, say, choose }) {
  const { tokens, ids } = header;
  const chips = tokens.map((/** @type {string} */ piece, /** @type {number} */ i) => {
    const node = element(
      "button",
      { type: "button", "data-token": i, title: say("text.title", { position: i, id: count(ids[i], language) }) },
      element("span", { class: "piece", lang: "", translate: "no" }, piece),
      element("span", { class: "weight muted" }, String(ids[i])),
    );
    node.style.setProperty("--chip", `var(--token-${i % 6})`);
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
  const strip = element("div", { class: "strip", role: "group", "aria-label": say("text.label") }, ...chips);
  let revealed = -1;
  return {
    node: element("div", { class: "text" }, element("p", { class: "muted hint" }, say("text.hint")), strip),
    /** @param {import("./view.js").Values} values */
    draw({ token }) {
      chips.forEach((/** @type {HTMLElement} */ node, /** @type {number} */ i) => {
        node.classList.toggle("chosen", i === token);
        node.setAttribute("aria-pressed", String(i === token));
        node.tabIndex = i === token ? 0 : -1;
      });
      if (revealed === token || !chips[token]) return;
      revealed = token;
      const top = chips[token].offsetTop - strip.offsetTop;
      if (top < strip.scrollTop || top + chips[token].offsetHeight > strip.scrollTop + strip.clientHeight)
        strip.scrollTop = top - strip.clientHeight / 2;
    },
  };
}
