// The text as a strip of tokens to choose one from: by a click, by the arrow keys, Home and End. A long one scrolls.

import { AS_IS, colour } from "./chip.js";
import { element } from "./dom.js";

/**
 * A token of a strip: itself, and something small below it.
 * @param {string} piece
 * @param {number} position in the text
 * @param {{below?: string, title?: string | null, class?: string | null, silent?: boolean}} [about]
 *   below: what stands there; silent: it is not read out, for the button has a label of its own
 */
export function createToken(piece, position, { below = "", title = null, class: name = null, silent = false } = {}) {
  const parts = {
    piece: element("span", { class: "piece", ...AS_IS }, piece),
    below: element("span", { class: "below", "aria-hidden": silent }, below),
  };
  const node = element("button", { type: "button", class: name, title }, parts.piece, parts.below);
  return { node: colour(node, position), ...parts };
}

/**
 * @param {object} about
 * @param {string} about.label
 * @param {HTMLElement[]} about.nodes its buttons, and whatever stands between them; more may come and go later
 * @param {(at: number) => void} about.choose the button with this number was chosen
 * @param {(at: number | null) => void} [about.point] a mouse is on it, or on none
 */
export function createStrip({ label, nodes, choose, point }) {
  const node = element("div", { class: "strip", role: "group", "aria-label": label }, ...nodes);
  const buttons = () => /** @type {HTMLButtonElement[]} */ ([...node.children].filter((it) => it.matches("button")));
  const at = (/** @type {Event} */ event) =>
    buttons().indexOf(/** @type {HTMLButtonElement} */ (/** @type {Element} */ (event.target).closest("button")));
  let shown = /** @type {HTMLElement | undefined} */ (undefined);

  node.addEventListener("click", (event) => at(event) >= 0 && choose(at(event)));
  node.addEventListener("keydown", (event) => {
    const all = buttons();
    const here = at(event);
    const to = { ArrowLeft: here - 1, ArrowRight: here + 1, Home: 0, End: all.length - 1 }[event.key];
    if (to === undefined || !all[to]) return;
    event.preventDefault();
    all[to].focus();
    choose(to);
  });
  if (point) {
    // Between two of them the pointer is still on the one it came from.
    node.addEventListener(
      "pointerover",
      (event) => event.pointerType === "mouse" && at(event) >= 0 && point(at(event)),
    );
    node.addEventListener("pointerleave", () => point(null));
  }

  /** Bring a button into sight, without moving the page. @param {HTMLElement} button */
  function reveal(button) {
    const top = button.offsetTop - node.offsetTop;
    if (top < node.scrollTop || top + button.offsetHeight > node.scrollTop + node.clientHeight) {
      node.scrollTop = top - node.clientHeight / 2;
    }
  }

  return {
    node,
    /** Which is the chosen one. @param {number} chosen */
    show(chosen) {
      const all = buttons();
      // The one that Tab comes to: one of them, whatever is hidden.
      const stop = all[chosen] && !all[chosen].hidden ? all[chosen] : all.findLast((button) => !button.hidden);
      all.forEach((button, i) => {
        button.setAttribute("aria-pressed", String(i === chosen));
        button.tabIndex = button === stop ? 0 : -1;
      });
      if (!stop || stop === shown) return;
      shown = stop;
      reveal(stop);
    },
  };
}
