// The tree of texts behind the prompt: the twin of gptviz/analysis/branches.py, and what is known of each of its
// tokens.

/**
 * @typedef {[number, number, number[]]} Branch the branch it leaves (-1: the prompt), after how many of its tokens, ids
 *
 * @typedef {object} Node one token; the root stands for the prompt
 * @property {number} id
 * @property {Node | null} parent
 * @property {Node[]} children
 * @property {number[]} path ids behind the prompt, its own the last
 * @property {string} key the same as one string
 *
 * @typedef {object} Given how the model rated a token before it came
 * @property {number} p softmax of its logits
 * @property {number} q what it is drawn with, after penalty, temperature and filters
 * @property {number} rank 1: the likeliest
 *
 * @typedef {object} Behind what may come behind a text
 * @property {number[]} ids likeliest first
 * @property {number[]} p
 * @property {number[]} q
 * @property {number} left how many tokens can be drawn
 */

export const PROMPT = -1;

/** @param {number[]} path */
export const keyOf = (path) => path.join(".");

/** @param {number} id @param {Node | null} parent @returns {Node} */
function create(id, parent) {
  const path = parent ? [...parent.path, id] : [];
  return { id, parent, children: [], path, key: keyOf(path) };
}

/**
 * Put a text behind a node, as far as it is not there; its last token's node.
 * @param {Node} node
 * @param {number[]} ids
 */
function add(node, ids) {
  for (const id of ids) {
    let child = node.children.find((other) => other.id === id);
    if (!child) {
      child = create(id, node);
      node.children.push(child);
    }
    node = child;
  }
  return node;
}

/** All generated tokens up to the end of a branch. @param {Branch[]} tree @param {number} leaf @returns {number[]} */
export function pathOf(tree, leaf) {
  let [parent, at, ids] = tree[leaf];
  while (parent !== PROMPT) {
    const before = tree[parent];
    ids = [...before[2].slice(0, at), ...ids];
    [parent, at] = before;
  }
  return ids;
}

/** The tree's root, with all its tokens behind it. @param {Branch[]} tree */
export function grow(tree) {
  const root = create(PROMPT, null);
  tree.forEach((_, leaf) => add(root, pathOf(tree, leaf)));
  return root;
}

/**
 * The branches of a tree, and which of them ends in each leaf, by the leaf's key.
 * @param {Node} root
 * @returns {{tree: Branch[], ends: Map<string, number>}}
 */
export function cut(root) {
  const tree = /** @type {Branch[]} */ ([]);
  const ends = new Map();
  const follow = (/** @type {Node} */ node, /** @type {number} */ parent, /** @type {number} */ at) => {
    const index = tree.length;
    const ids = [node.id];
    const forks = /** @type {[number, Node][]} */ ([]);
    tree.push([parent, at, ids]);
    while (node.children.length) {
      for (const child of node.children.slice(1)) forks.push([ids.length, child]);
      node = node.children[0];
      ids.push(node.id);
    }
    ends.set(node.key, index);
    for (const [place, child] of forks) follow(child, index, place);
  };
  for (const child of root.children) follow(child, PROMPT, 0);
  return { tree, ends };
}

/** The leaf that the oldest children lead to. @param {Node} node */
export function leafBehind(node) {
  while (node.children.length) node = node.children[0];
  return node;
}

/** @param {Node} root @param {number[]} path @returns {Node | null} */
export function find(root, path) {
  let node = /** @type {Node | null} */ (root);
  for (const id of path) node = node?.children.find((child) => child.id === id) ?? null;
  return node;
}

/** This node and all behind it, each before its children. @param {Node} node @returns {Generator<Node>} */
export function* walk(node) {
  yield node;
  for (const child of node.children) yield* walk(child);
}

/** The nodes from the prompt's to this one, the root left out. @param {Node} node */
export function nodesTo(node) {
  const nodes = [];
  for (let at = /** @type {Node | null} */ (node); at?.parent; at = at.parent) nodes.unshift(at);
  return nodes;
}

/** @param {Branch[]} tree */
export const sizeOf = (tree) => tree.reduce((sum, [, , ids]) => sum + ids.length, 0);

/**
 * The tree with a text in it, and which leaf ends it or goes on from it.
 * @param {Branch[]} tree
 * @param {number[]} ids
 */
export function withText(tree, ids) {
  const root = grow(tree);
  const leaf = leafBehind(add(root, ids));
  const grown = cut(root);
  return { tree: grown.tree, leaf: /** @type {number} */ (grown.ends.get(leaf.key)) };
}

/**
 * The tree without what belongs to one leaf alone (or, with `count`, without that many of its last tokens, and not
 * beyond a fork), and the leaf to follow then: null if nothing is left.
 * @param {Branch[]} tree
 * @param {number} leaf
 * @param {number} [count]
 */
export function without(tree, leaf, count = Infinity) {
  const root = grow(tree);
  let node = /** @type {Node} */ (find(root, pathOf(tree, leaf)));
  for (let n = 0; n < count && node.parent && !node.children.length; n++) {
    const parent = /** @type {Node} */ (node.parent);
    parent.children = parent.children.filter((child) => child !== node);
    node = parent;
  }
  const rest = cut(root);
  return { tree: rest.tree, leaf: rest.ends.get(leafBehind(node).key) ?? null };
}

/** Everything known of texts behind one prompt, under one way of drawing. */
export class Numbers {
  constructor() {
    /** @type {Map<string, Given>} by the text that ends in the token */
    this.given = new Map();
    /** @type {Map<string, Behind>} */
    this.behind = new Map();
    /** @type {Map<number, string>} what to show for each id */
    this.pieces = new Map();
    /** @private how tokens are drawn, in these numbers */
    this.settings = "";
  }

  /**
   * What a tree part says. Numbers under other settings go.
   * @param {import("../kit/wire.js").Payload} part
   */
  take({ header, arrays }) {
    if (header.settings !== this.settings) {
      this.given = new Map();
      this.behind = new Map();
      this.settings = header.settings;
    }
    this.addPieces(header.pieces);
    const [, K] = arrays.next_ids.shape;
    const paths = /** @type {string[]} */ ([]);
    const row = (/** @type {string} */ name, /** @type {number} */ n) =>
      Array.from(arrays[name].data.subarray(n * K, (n + 1) * K));
    for (let n = 0; n < arrays.id.data.length; n++) {
      const before = paths[arrays.parent.data[n]];
      const id = arrays.id.data[n];
      const key = n === 0 ? "" : before ? `${before}.${id}` : String(id);
      paths.push(key);
      if (n) this.given.set(key, { p: arrays.p.data[n], q: arrays.q.data[n], rank: arrays.rank.data[n] });
      const ids = row("next_ids", n);
      if (ids[0] !== PROMPT)
        this.behind.set(key, { ids, p: row("next_p", n), q: row("next_q", n), left: arrays.left.data[n] });
    }
  }

  /** One token that was just written. @param {any} word */
  hear(word) {
    this.addPieces(word.pieces);
    const key = keyOf([...word.path, word.id]);
    this.given.set(key, { p: word.p, q: word.q, rank: word.rank });
    if (word.next) this.behind.set(key, word.next);
  }

  /** A token that the reader takes from those known behind a text. @param {number[]} path @param {number} place */
  choose(path, place) {
    const { ids, p, q } = /** @type {Behind} */ (this.behind.get(keyOf(path)));
    this.given.set(keyOf([...path, ids[place]]), { p: p[place], q: q[place], rank: place + 1 });
  }

  /** @private @param {Record<string, string>} pieces */
  addPieces(pieces) {
    for (const [id, piece] of Object.entries(pieces)) this.pieces.set(Number(id), piece);
  }
}

/**
 * How likely a text is: the logarithm of the product of its tokens' probabilities, NaN while one is not known.
 * @param {Numbers} numbers
 * @param {Node[]} nodes
 */
export function totalOf(numbers, nodes) {
  return nodes.reduce((sum, { key }) => sum + Math.log(numbers.given.get(key)?.p ?? NaN), 0);
}
