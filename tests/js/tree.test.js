import {
  cut,
  find,
  grow,
  leafBehind,
  Numbers,
  nodesTo,
  PROMPT,
  pathOf,
  sizeOf,
  totalOf,
  walk,
  without,
  withText,
} from "../../gptviz/views/generate/tree.js";
import { randomNumbers } from "../../gptviz/views/output/distribution.js";
import { close, equal } from "./check.js";

/** @typedef {import("../../gptviz/views/generate/tree.js").Branch} Branch */

/** 1 2 3 4, left by 1 2 5, which is left by 1 2 5 6 7 no more; and 8. @type {Branch[]} */
const TREE = [
  [PROMPT, 0, [1, 2, 3, 4]],
  [0, 2, [5, 6]],
  [1, 1, [7]],
  [PROMPT, 0, [8]],
];

/** Texts of one to six tokens out of three. @param {number} seed */
function texts(seed) {
  const random = randomNumbers(seed);
  const below = (/** @type {number} */ n) => Math.floor(random() * n);
  return Array.from({ length: 1 + below(12) }, () => Array.from({ length: 1 + below(6) }, () => below(3)));
}

export default {
  "a branch's text goes through all it has left"() {
    equal(
      TREE.map((_, leaf) => pathOf(TREE, leaf)),
      [[1, 2, 3, 4], [1, 2, 5, 6], [1, 2, 5, 7], [8]],
    );
  },

  "tokens that texts share are there once"() {
    const root = grow(TREE);
    equal(
      [...walk(root)].map((node) => node.key),
      ["", "1", "1.2", "1.2.3", "1.2.3.4", "1.2.5", "1.2.5.6", "1.2.5.7", "8"],
    );
    equal(sizeOf(TREE), 8);
    equal(find(root, [1, 2, 5])?.children.length, 2);
    equal(find(root, [1, 5]), null);
  },

  "what is cut grows to the same tree"() {
    const { tree, ends } = cut(grow(TREE));
    equal(tree, TREE);
    equal(
      [...ends],
      [
        ["1.2.3.4", 0],
        ["1.2.5.6", 1],
        ["1.2.5.7", 2],
        ["8", 3],
      ],
    );
  },

  "a thousand random trees keep every text, once"() {
    for (let seed = 0; seed < 1000; seed++) {
      let tree = /** @type {Branch[]} */ ([]);
      for (const text of texts(seed)) {
        const grown = withText(tree, text);
        tree = grown.tree;
        equal(pathOf(tree, grown.leaf).slice(0, text.length), text);
      }
      const ends = tree.map((_, leaf) => pathOf(tree, leaf).join("."));
      equal(new Set(ends).size, tree.length);
      for (const text of texts(seed)) equal(find(grow(tree), text)?.path, text);
      equal(cut(grow(tree)).tree, tree);
      for (const [leaf, [parent, at, ids]] of tree.entries()) {
        const before = parent === PROMPT ? null : tree[parent];
        equal(before ? parent < leaf && at > 0 && at < before[2].length : at === 0, true);
        equal(ids.length > 0, true);
      }
    }
  },

  "a text that is there already leads to the leaf behind it"() {
    const { tree, leaf } = withText(TREE, [1, 2]);
    equal(tree, TREE);
    equal(leaf, 0);
    equal(leafBehind(grow(TREE)).key, "1.2.3.4");
  },

  "a text that goes on from a leaf lengthens its branch"() {
    const { tree, leaf } = withText(TREE, [8, 9]);
    equal(tree[3], [PROMPT, 0, [8, 9]]);
    equal(leaf, 3);
  },

  "taking away a branch leaves what others share"() {
    const { tree, leaf } = without(TREE, 2);
    equal(tree, [TREE[0], TREE[1], TREE[3]]);
    equal(pathOf(tree, /** @type {number} */ (leaf)), [1, 2, 5, 6]);
  },

  "taking back tokens stops at a fork"() {
    equal(without(TREE, 0, 1).tree[0], [PROMPT, 0, [1, 2, 3]]);
    const { tree } = without(TREE, 0, 99);
    equal(
      tree.map((_, leaf) => pathOf(tree, leaf)),
      [[1, 2, 5, 6], [1, 2, 5, 7], [8]],
    );
  },

  "without its only text a tree is empty"() {
    equal(without([[PROMPT, 0, [1, 2]]], 0), { tree: [], leaf: null });
  },

  "the way to a node leaves the prompt out"() {
    const node = /** @type {import("../../gptviz/views/generate/tree.js").Node} */ (find(grow(TREE), [1, 2, 5]));
    equal(
      nodesTo(node).map(({ id }) => id),
      [1, 2, 5],
    );
  },

  "numbers are found by the text they belong to, and go when tokens are drawn in another way"() {
    const numbers = new Numbers();
    const array = (/** @type {number[]} */ data, /** @type {number[]} */ shape = [data.length]) => ({
      data: Float64Array.from(data),
      shape,
    });
    const part = (/** @type {string} */ settings) => ({
      header: { settings, pieces: { 1: "a", 2: "b" } },
      arrays: {
        ...{ id: array([PROMPT, 1, 2]), parent: array([-1, 0, 1]), left: array([2, 1, 0]) },
        ...{ p: array([0, 0.5, 0.25]), q: array([0, 0.6, 0.3]), rank: array([0, 1, 2]) },
        next_ids: array([1, 2, 2, 1, PROMPT, PROMPT], [3, 2]),
        ...{ next_p: array([0.5, 0.3, 0.9, 0.1, 0, 0], [3, 2]), next_q: array([0.6, 0.4, 1, 0, 0, 0], [3, 2]) },
      },
    });
    numbers.take(/** @type {any} */ (part("T=1")));
    equal(numbers.given.get("1.2"), { p: 0.25, q: 0.3, rank: 2 });
    equal(numbers.behind.get("1"), { ids: [2, 1], p: [0.9, 0.1], q: [1, 0], left: 1 });
    equal(numbers.behind.has("1.2"), false);
    equal(numbers.pieces.get(2), "b");

    numbers.hear({ path: [1, 2], id: 3, p: 0.5, q: 0.5, rank: 1, pieces: { 3: "c" }, next: null });
    const root = grow([[PROMPT, 0, [1, 2, 3]]]);
    const last = leafBehind(root);
    close([totalOf(numbers, nodesTo(last))], [Math.log(0.5 * 0.25 * 0.5)]);

    numbers.choose([1], 1);
    equal(numbers.given.get("1.1"), { p: 0.1, q: 0, rank: 2 });

    numbers.take(/** @type {any} */ (part("T=2")));
    equal(numbers.given.has("1.2.3"), false);
    equal(totalOf(numbers, nodesTo(last)), NaN);
  },
};
