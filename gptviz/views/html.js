// A single HTML file as a host of the views: the other half of html.py. Nothing is computed here and nothing is
// fetched: the file holds parts, each with the values it belongs to, and the view gets those that fit.

import { unpack } from "./kit/wire.js";

/** @typedef {{name: string, when: Record<string, any>, data: string}} Held data: base64 */

const held = /** @type {Held[]} */ (
  [...document.querySelectorAll("script[data-part]")].map((node) => {
    const { part, when } = /** @type {HTMLElement} */ (node).dataset;
    return { name: part, when: JSON.parse(when ?? "{}"), data: node.textContent ?? "" };
  })
);
const unpacked = new Map();

/** @param {Held} part */
function open(part) {
  if (!unpacked.has(part)) {
    unpacked.set(part, unpack(Uint8Array.from(atob(part.data.trim()), (char) => char.charCodeAt(0))));
  }
  return unpacked.get(part);
}

/** The parts that belong to the reader's choices. @param {Record<string, any>} values */
function partsFor(values) {
  const found = /** @type {Record<string, any>} */ ({});
  for (const part of held) {
    found[part.name] ??= null;
    const fits = Object.entries(part.when).every(([name, value]) => values[name] === value);
    if (fits) found[part.name] = open(part);
  }
  return found;
}

const main = /** @type {HTMLElement} */ (document.querySelector("main"));
const { mount } = await import(/** @type {string} */ (main.dataset.view));

/** @param {string} name */
const embedded = (name) => JSON.parse(document.querySelector(`script[data-${name}]`)?.textContent ?? "{}");
const values = embedded("values");
let shown = partsFor(values);
const view = mount(
  main,
  shown,
  (/** @type {Record<string, any>} */ chosen) => {
    const next = partsFor(chosen);
    const news = Object.fromEntries(Object.entries(next).filter(([name, part]) => part !== shown[name]));
    // A layer that the file does not hold leaves the one that is shown.
    shown = { ...shown, ...news };
    if (Object.keys(news).length) view.update(news, null);
  },
  { choices: embedded("choices"), alone: true },
);
view.update(shown, values);
