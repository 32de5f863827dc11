// Observations in words, their tokens and heads to be clicked: `sentence` of gptviz/ui/facts.py says the same on pages.

import { chip } from "./chip.js";
import { element } from "./dom.js";
import { count, fixed, percent, signed, significant } from "./format.js";

/**
 * @typedef {Record<string, any>} Value by the name of its kind: see gptviz/analysis/facts.py
 * @typedef {{name: string, values: Record<string, Value>}} Fact
 *
 * @typedef {object} Scene
 * @property {(key: string) => string} say
 * @property {(key: string, nodes: Record<string, Node | string>) => (Node | string)[]} nodes
 * @property {(position: number) => Node} token
 * @property {(layer: number, head: number) => Node} link to a head
 */

/**
 * A fact in words, to be appended.
 * @param {Fact} fact
 * @param {Scene} scene
 */
export function sentence(fact, scene) {
  const values = Object.entries(fact.values).map(([name, value]) => [name, shown(value, scene)]);
  return emphasised(scene.nodes(`look.${fact.name}`, Object.fromEntries(values)));
}

/** @param {Value} value @param {Scene} scene @returns {Node | string} */
function shown(value, scene) {
  const [kind, first] = Object.entries(value)[0];
  switch (kind) {
    case "share":
      return percent(first);
    case "length":
      return significant(first, 3);
    case "push":
      return signed(first, 2);
    case "number":
      return fixed(first, value.digits);
    case "count":
      return count(first);
    case "id":
      return String(first);
    case "token":
      return scene.token(first);
    case "head":
      return scene.link(first[0], first[1]);
    case "text":
      return element("span", {}, first);
    case "piece":
      return chip(first);
    case "pieces":
      return element("span", {}, ...spaced(first.map((/** @type {string} */ piece) => chip(piece))));
    case "list": {
      const groups = first.map((/** @type {Value[]} */ group) =>
        element("span", {}, ...spaced(group.map((part) => shown(part, scene)))),
      );
      return element("span", {}, ...between(groups, scene.say("comma")));
    }
  }
  throw new Error(`a value of no kind that is known: ${JSON.stringify(value)}`);
}

/** @param {(Node | string)[]} parts @param {string} mark to put between them */
const between = (parts, mark) => parts.flatMap((part, i) => (i ? [mark, part] : [part]));

/** @param {(Node | string)[]} parts */
const spaced = (parts) => between(parts, " ");

/**
 * What stands between ** and ** in the words of a sentence, as an element.
 * @param {(Node | string)[]} parts
 */
function emphasised(parts) {
  const nodes = /** @type {(Node | string)[]} */ ([]);
  let strong = /** @type {HTMLElement | null} */ (null);
  for (const part of parts) {
    const [first, ...others] = typeof part === "string" ? part.split("**") : [part];
    for (const [i, piece] of [first, ...others].entries()) {
      if (i) strong = strong ? null : element("b");
      if (i && strong) nodes.push(strong);
      if (strong) strong.append(piece);
      else nodes.push(piece);
    }
  }
  return nodes;
}
