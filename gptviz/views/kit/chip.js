// A token as itself: in the font of code, its space visible, on the colour of its place in the text.

import { css, readableOn } from "./colours.js";
import { element } from "./dom.js";

const COLOURS = 6; // --token-0 to --token-5 of common.css

/** For what is written as it stands in the text: no language to be read in, and nothing to translate. */
export const AS_IS = { lang: "", translate: "no" };

/**
 * Give a node the colour of a place in the text, which a token keeps on every page.
 * @template {HTMLElement} Node
 * @param {Node} node
 * @param {number} position
 */
export function colour(node, position) {
  node.style.setProperty("--chip", `var(--token-${position % COLOURS})`);
  return node;
}

/**
 * @param {string} piece what to show for the token
 * @param {number} [position] in the text, if it stands there
 */
export function chip(piece, position) {
  const node = element("span", { class: "token", ...AS_IS }, piece);
  return position === undefined ? node : colour(node, position);
}

/**
 * The same to be clicked.
 * @param {string} piece
 * @param {string | null} title
 * @param {() => void} act
 */
export function chipButton(piece, title, act) {
  const node = /** @type {HTMLButtonElement} */ (
    element("button", { type: "button", class: "token", title, ...AS_IS }, piece)
  );
  node.addEventListener("click", act);
  return node;
}

/**
 * Colour what lies behind a token, so that it can still be read; null takes it off again.
 * @param {HTMLElement} node
 * @param {import("./colours.js").Rgb | null} rgb
 */
export function tint(node, rgb) {
  node.style.background = rgb ? css(rgb) : "";
  node.style.color = rgb ? readableOn(rgb) : "";
}
