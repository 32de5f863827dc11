// The generation view: a text that grows word by word, and the tree of what else was tried. Which texts there are and
// which is followed is decided here; the host writes when a goal is set, and tells of every word.

import { chip } from "../kit/chip.js";
import { element, fill, fillNodes } from "../kit/dom.js";
import { createKeeper } from "../kit/keeper.js";
import { createSections } from "../kit/section.js";
import { createBar } from "./bar.js";
import { createBeams } from "./beams.js";
import { createBranches } from "./branches.js";
import { createCache } from "./cache.js";
import { createChoice } from "./choice.js";
import { createNext } from "./next.js";
import { createTasks } from "./tasks.js";
import { createText } from "./text.js";
import { Numbers, find, grow, keyOf, nodesTo, pathOf, sizeOf, withText, without } from "./tree.js";

export const css = ["../kit/common.css", "./view.css", "./sections.css"];

const LATE = 1000; // ms

/** What unfolds, in the order of the page. */
const SECTIONS = { choice: createChoice, cache: createCache, tasks: createTasks };

/** Choices after which the host has something new to do or to say at once; the others wait until the reader settles. */
const ASKS = ["tree", "goal", "force", "text", "search", "measure", "open", "way"];

/**
 * @typedef {import("../kit/wire.js").Payload} Payload
 * @typedef {import("./tree.js").Node} Node
 * @typedef {import("./tree.js").Branch} Branch
 *
 * @typedef {object} Values what the reader may set
 * @property {string} of which text they are about
 * @property {Branch[]} tree
 * @property {number | null} leaf the branch whose end is followed; null: there is none
 * @property {number | null} place before which of its words the next one is chosen; null: at its end
 * @property {number | null} goal how many words the text shall have; null: nothing is to be written
 * @property {"greedy" | "sample" | "beams"} way
 * @property {number | "inf"} temperature
 * @property {number | null} top_k
 * @property {number | null} top_p
 * @property {number | null} min_p
 * @property {number | null} repetition_penalty
 * @property {number} seed
 * @property {"full" | "slow"} speed
 * @property {number} words of a run
 * @property {number[] | null} search behind which text beams are searched
 * @property {number} width of the search
 * @property {number} ahead how far it looks
 * @property {string[]} open sections
 * @property {string | null} force a word of the reader's own, to be put where the next one is chosen; said until it is
 *   answered: of two reports in quick succession the host may hear only the second
 * @property {string | null} text another prompt
 * @property {boolean} measure the cache
 * @property {number} puts how many words of the reader's own have been answered, as far as is known here
 *
 * @typedef {object} Now what is to be seen at this moment
 * @property {Values} values
 * @property {Node} root
 * @property {Node} leaf the end of the text that is followed; the root while there is none
 * @property {Node[]} path its words
 * @property {Node} at the words behind this one are shown, and the next one is chosen
 * @property {Node | null} taken what stands there
 * @property {Node} cursor where the next word is chosen, whatever is pointed at
 * @property {boolean} running
 * @property {boolean} ended by an end token, where the next word would come
 * @property {number} room words that still fit there
 *
 * @typedef {object} Scene what holds for one prompt
 * @property {any} header of the text part
 * @property {Numbers} numbers
 * @property {(key: string, values?: Record<string, any>) => string} say
 * @property {(key: string, nodes: Record<string, globalThis.Node | string>) => (globalThis.Node | string)[]} nodes
 * @property {(id: number) => string} piece what to show for a token
 * @property {(id: number, position?: number) => HTMLElement} token in the colour of its position, if it has one
 * @property {(node: Node) => number} position of a word in the whole text
 * @property {(id: number) => boolean} ends
 * @property {() => Record<string, import("../kit/colours.js").Rgb>} colours
 * @property {(name: string) => Payload | null} part
 * @property {() => Values} values as they are now, drawn or not
 * @property {() => Now} now
 * @property {(change: Partial<Values>, sown?: boolean) => void} choose
 * @property {(node: Node | null) => void} point at a word
 * @property {(count: number) => void} write so many words where the next one is chosen
 * @property {(path: number[], place?: number) => void} follow a text; it is put into the tree if it is new there
 * @property {(leaf: number, count?: number) => void} drop what belongs to a text alone
 * @property {() => {length: number, cached: number, plain: number}[]} timings
 * @property {() => void} redraw
 */

/**
 * @param {ShadowRoot | HTMLElement} root
 * @param {Record<string, Payload>} given
 * @param {(values: Values) => void} report
 */
export function mount(root, given, report) {
  const frame = element("div", { class: "gptviz generate" });
  root.append(frame);
  /** @type {Record<string, Payload | null>} */
  const parts = { ...given };
  let pointed = /** @type {Node | null} */ (null);
  let built = /** @type {ReturnType<typeof build> | null} */ (null);
  let numbers = new Numbers();
  let timings = /** @type {{length: number, cached: number, plain: number}[]} */ ([]);
  let seeded = false; // the reader has set the seed since something was last written: it counts as it is
  const early = /** @type {Map<string, any>} */ (new Map()); // words that came before the one they stand behind
  const keeper = createKeeper({
    frame,
    /** @type {Values} */
    values: {
      of: "",
      tree: [],
      leaf: null,
      place: null,
      goal: null,
      way: "greedy",
      temperature: 1,
      top_k: null,
      top_p: null,
      min_p: null,
      repetition_penalty: null,
      seed: 0,
      speed: "full",
      words: 20,
      search: null,
      width: 3,
      ahead: 8,
      open: [],
      force: null,
      text: null,
      measure: false,
      puts: 0,
    }, // prettier-ignore
    asks: ASKS,
    once: { text: null },
    report,
    draw: () => built?.draw(now()),
  });

  /** @param {Partial<Values>} change @param {boolean} [sown] the reader's own seed */
  function choose(change, sown = false) {
    // Whatever the reader does while words come ends the writing, unless it only sets how fast they come.
    const ends = keeper.values().goal !== null && !("goal" in change) && !("speed" in change);
    pointed = null;
    if (sown) seeded = true;
    built?.tell("");
    keeper.choose(ends ? { ...change, goal: null } : change);
  }

  /** @param {Node | null} node */
  function point(node) {
    if (node === pointed) return;
    pointed = node;
    keeper.redraw();
  }

  /** @returns {Now} */
  function now() {
    const values = keeper.values();
    const { header } = /** @type {Payload} */ (parts.text);
    const tree = grow(values.tree);
    const leaf = values.leaf === null ? tree : /** @type {Node} */ (find(tree, pathOf(values.tree, values.leaf)));
    const path = nodesTo(leaf);
    const place = Math.min(values.place ?? path.length, path.length);
    const over = pointed && find(tree, pointed.path);
    const cursor = place ? path[place - 1] : tree;
    const at = over?.parent ?? cursor;
    const taken = over ?? path[place] ?? null;
    const ended = cursor !== tree && header.ends.some((/** @type {any} */ end) => end.id === cursor.id);
    const room = header.limit - header.tokens.length - place;
    return { values, root: tree, leaf, path, at, taken, cursor, running: values.goal !== null, ended, room };
  }

  /** @param {number} count */
  function write(count) {
    const values = keeper.values();
    const { cursor, path, room, ended } = now();
    const most = cursor.path.length + room;
    if (ended || room < 1) return;
    if (values.goal !== null) return; // a second click, before the button knew of the first
    const goal = Math.min(cursor.path.length + count, most);
    // Drawn anew where words stand already, the same draw would only write them again.
    const again = values.way === "sample" && cursor.path.length < path.length && !seeded;
    early.clear();
    seeded = false;
    choose({ goal, ...(again ? { seed: values.seed + 1 } : {}) });
  }

  /** @param {number[]} path @param {number} [place] */
  function follow(path, place) {
    const values = keeper.values();
    const { most } = /** @type {Payload} */ (parts.text).header;
    const grown = path.length ? withText(values.tree, path) : { tree: values.tree, leaf: values.leaf };
    if (sizeOf(grown.tree) > most.tokens || grown.tree.length > most.branches) {
      built?.tell(fill(/** @type {Payload} */ (parts.text).header.labels["bar.full_tree"], most));
      return;
    }
    const length = grown.leaf === null ? 0 : pathOf(grown.tree, grown.leaf).length;
    choose({ ...grown, place: place !== undefined && place < length ? place : null });
  }

  /** @param {number} leaf @param {number} [count] */
  function drop(leaf, count) {
    const values = keeper.values();
    const rest = without(values.tree, leaf, count);
    // Another text went: the one that is followed is followed still.
    const kept =
      leaf === values.leaf || values.leaf === null ? rest : withText(rest.tree, pathOf(values.tree, values.leaf));
    // A word that is taken back in order to be drawn again shall be drawn anew.
    const again = values.way === "sample" && count !== undefined && !seeded;
    choose({ tree: rest.tree, leaf: kept.leaf, place: null, ...(again ? { seed: values.seed + 1 } : {}) });
  }

  /** @param {Payload} text */
  function build({ header }) {
    const say = (/** @type {string} */ key, values = {}) => fill(header.labels[key], values);
    const piece = (/** @type {number} */ id) => numbers.pieces.get(id) ?? `⟨#${id}⟩`;
    /** @type {Scene} */
    const scene = {
      header,
      numbers,
      say,
      nodes: (key, nodes) => fillNodes(header.labels[key], nodes),
      piece,
      token: (id, position) => chip(piece(id), position),
      position: (node) => header.tokens.length + node.path.length - 1,
      ends: (id) => header.ends.some((/** @type {any} */ end) => end.id === id),
      colours: keeper.colours,
      part: (name) => (parts[name]?.header.of === header.of ? /** @type {Payload} */ (parts[name]) : null),
      values: keeper.values,
      now,
      choose,
      point,
      write,
      follow,
      drop,
      timings: () => timings,
      redraw: keeper.redraw,
    };
    const text = createText(scene);
    const next = createNext(scene);
    const bar = createBar(scene);
    const beams = createBeams(scene);
    const branches = createBranches(scene);
    const there = Object.entries(SECTIONS).filter(([name]) => name !== "tasks" || header.tasks);
    const sections = createSections(scene, Object.fromEntries(there), { all: Object.keys(SECTIONS) });
    const blocks = [text, next, bar, beams, branches, ...sections];
    frame.lang = header.language;
    frame.replaceChildren(
      element("div", { class: "desk" }, element("div", { class: "writing" }, text.node, bar.node), next.node),
      beams.node,
      branches.node,
      ...sections.map((section) => section.node),
    );
    return {
      /** @param {Now} moment */
      draw(moment) {
        for (const block of blocks) block.draw(moment);
      },
      tell: bar.tell,
    };
  }

  /** A word was written. @param {any} word @returns {boolean} whether it was the one waited for */
  function heard(word) {
    const values = keeper.values();
    const { cursor } = now();
    if (values.goal === null || keyOf(word.path) !== cursor.key) return false;
    numbers.hear(word);
    const own = [...word.path, word.id];
    const grown = withText(values.tree, own);
    const long = pathOf(grown.tree, grown.leaf).length > own.length;
    const { header } = /** @type {Payload} */ (parts.text);
    const done =
      own.length >= values.goal ||
      header.ends.some((/** @type {any} */ end) => end.id === word.id) ||
      header.tokens.length + own.length >= header.limit;
    keeper.adopt({ ...grown, place: long ? own.length : null });
    if (done) finish();
    return true;
  }

  /**
   * Whether it is done with what is asked for now: it may come when the reader has asked for more.
   * @param {any} done
   */
  function isAsked({ goal }) {
    const values = keeper.values();
    return goal === values.goal && (goal !== null || values.measure);
  }

  /** All that was asked for is here, or nothing more will come: say what there is now. */
  function finish() {
    keeper.choose({ goal: null, measure: false }, true);
  }

  /** @param {Payload} tree */
  function takeTree(tree) {
    numbers.take(tree);
    const { puts } = tree.header;
    if (puts !== keeper.values().puts) keeper.adopt({ puts, force: null });
    if (tree.header.said) built?.tell(tree.header.said);
  }

  return {
    /**
     * @param {Record<string, Payload | null>} news
     * @param {Partial<Values> | null} chosen
     */
    update(news, chosen) {
      Object.assign(parts, news);
      const text = /** @type {Payload} */ (parts.text);
      keeper.take(chosen, chosen !== null && chosen.of !== keeper.values().of);
      const fresh = news.text || !built; // what it was mounted with is new as well
      if (fresh) {
        pointed = null;
        early.clear();
        numbers = new Numbers();
        built = build(text);
      }
      if (parts.tree && parts.tree.header.of === text.header.of && (news.tree || fresh)) takeTree(parts.tree);
      if (parts.cache && (news.cache || fresh)) {
        const { length, cached, plain } = parts.cache.arrays;
        timings = Array.from(length.data, (n, i) => ({ length: n, cached: cached.data[i], plain: plain.data[i] }));
      }
      keeper.draw();
    },
    /** @param {Payload} news */
    hear({ header }) {
      const values = keeper.values();
      if (header.of !== values.of) return;
      if (header.timing) timings = [...timings, { ...header.timing, cached: header.timing.cached ?? NaN }];
      if (header.kind === "word") {
        early.set(keyOf(header.path), header);
        for (let word; (word = early.get(now().cursor.key)) && heard(word); ) early.delete(keyOf(word.path));
      }
      if (header.kind === "done" && isAsked(header)) {
        // A word before it may still be on its way.
        if (header.goal === null || keyOf(header.path) === now().cursor.key) finish();
        else window.setTimeout(() => isAsked(header) && finish(), LATE);
      }
      if (header.said) built?.tell(header.said);
      keeper.redraw();
    },
    destroy() {
      keeper.destroy();
    },
  };
}
