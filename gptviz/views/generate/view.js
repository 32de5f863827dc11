// The generation view: a text that grows word by word, and the tree of what else was tried. Which texts there are and
// which is followed is decided here; the host writes when a goal is set, and tells of every word.

import { chip } from "../kit/chip.js";
import { element } from "../kit/dom.js";
import { createSections } from "../kit/section.js";
import { createView } from "../kit/view.js";
import { createBar } from "./bar.js";
import { createBeams } from "./beams.js";
import { createBranches } from "./branches.js";
import { createCache } from "./cache.js";
import { createChoice } from "./choice.js";
import { createNext } from "./next.js";
import { createTasks } from "./tasks.js";
import { createText } from "./text.js";
import { find, grow, keyOf, Numbers, nodesTo, pathOf, sizeOf, without, withText } from "./tree.js";

export const css = ["./view.css", "./sections.css"];

const LATE = 1000; // ms

/** What unfolds. */
const SECTIONS = { choice: createChoice, cache: createCache, tasks: createTasks };

/**
 * @typedef {import("../kit/wire.js").Payload} Payload
 * @typedef {import("./tree.js").Node} Node
 * @typedef {import("./tree.js").Branch} Branch
 *
 * @typedef {object} Values what the reader may set: declared in __init__.py
 * @property {string | null} text the prompt
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
 * @property {boolean} measure the cache
 * @property {number} answered how many words of the reader's own have been, as far as is known here
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
 * @typedef {object} Own what holds for one prompt
 * @property {any} header of the text part
 * @property {Numbers} numbers
 * @property {(id: number) => string} piece what to show for a token
 * @property {(id: number, position?: number) => HTMLElement} token in the colour of its position, if it has one
 * @property {(node: Node) => number} position of a word in the whole text
 * @property {(id: number) => boolean} ends
 * @property {() => Now} now
 * @property {(seed: number) => void} sow the reader's own seed
 * @property {(node: Node | null) => void} point at a word
 * @property {(count: number) => void} write so many words where the next one is chosen
 * @property {(path: number[], place?: number) => void} follow a text; it is put into the tree if it is new there
 * @property {(leaf: number, count?: number) => void} drop what belongs to a text alone
 * @property {() => {length: number, cached: number, plain: number}[]} timings
 *
 * @typedef {import("../kit/view.js").Base<Values>} Base
 * @typedef {Base & Own} Scene
 *
 * @typedef {object} Memory
 * @property {((text: string) => void)} [tell] a sentence beside the buttons
 */

export const mount = createView({
  name: "generate",
  /** Whatever the reader does while words come ends the writing, unless it only sets how fast they come. */
  choosing(/** @type {Partial<Values>} */ change, scene, /** @type {Memory} */ memory) {
    memory.tell?.("");
    const ends = scene.values().goal !== null && !("goal" in change) && !("speed" in change);
    return ends ? { ...change, goal: null } : change;
  },
  build(/** @type {Base} */ base, /** @type {Memory} */ memory) {
    const { say, values, choose } = base;
    const { header } = /** @type {Payload} */ (base.part("text"));
    let pointed = /** @type {Node | null} */ (null);
    const numbers = new Numbers();
    let timings = /** @type {{length: number, cached: number, plain: number}[]} */ ([]);
    let seeded = false; // the reader has set the seed since something was last written: it counts as it is
    const early = /** @type {Map<string, any>} */ (new Map()); // words that came before the one they stand behind
    const ends = (/** @type {number} */ id) => header.ends.some((/** @type {any} */ end) => end.id === id);

    /** @param {Partial<Values>} change */
    function chooseNow(change) {
      pointed = null;
      choose(change);
    }

    /** @param {Node | null} node */
    function point(node) {
      if (node === pointed) return;
      pointed = node;
      base.redraw();
    }

    /** @returns {Now} */
    function now() {
      const chosen = values();
      const tree = grow(chosen.tree);
      const leaf = chosen.leaf === null ? tree : /** @type {Node} */ (find(tree, pathOf(chosen.tree, chosen.leaf)));
      const path = nodesTo(leaf);
      const place = Math.min(chosen.place ?? path.length, path.length);
      const over = pointed && find(tree, pointed.path);
      const cursor = place ? path[place - 1] : tree;
      const at = over?.parent ?? cursor;
      const taken = over ?? path[place] ?? null;
      const ended = cursor !== tree && ends(cursor.id);
      const room = header.limit - header.tokens.length - place;
      return { values: chosen, root: tree, leaf, path, at, taken, cursor, running: chosen.goal !== null, ended, room };
    }

    /** @param {number} count */
    function write(count) {
      const { goal, way, seed } = values();
      const { cursor, path, room, ended } = now();
      if (ended || room < 1) return;
      if (goal !== null) return; // a second click, before the button knew of the first
      const wanted = Math.min(cursor.path.length + count, cursor.path.length + room);
      // Drawn anew where words stand already, the same draw would only write them again.
      const again = way === "sample" && cursor.path.length < path.length && !seeded;
      early.clear();
      seeded = false;
      chooseNow({ goal: wanted, ...(again ? { seed: seed + 1 } : {}) });
    }

    /** @param {number[]} path @param {number} [place] */
    function follow(path, place) {
      const { tree, leaf } = values();
      const { most } = header;
      const grown = path.length ? withText(tree, path) : { tree, leaf };
      if (sizeOf(grown.tree) > most.tokens || grown.tree.length > most.branches) {
        bar.tell(say("bar.full_tree", most));
        return;
      }
      const length = grown.leaf === null ? 0 : pathOf(grown.tree, grown.leaf).length;
      chooseNow({ ...grown, place: place !== undefined && place < length ? place : null });
    }

    /** @param {number} leaf @param {number} [count] */
    function drop(leaf, count) {
      const { tree, leaf: followed, way, seed } = values();
      const rest = without(tree, leaf, count);
      // Another text went: the one that is followed is followed still.
      const kept = leaf === followed || followed === null ? rest : withText(rest.tree, pathOf(tree, followed));
      // A word that is taken back in order to be drawn again shall be drawn anew.
      const again = way === "sample" && count !== undefined && !seeded;
      chooseNow({ tree: rest.tree, leaf: kept.leaf, place: null, ...(again ? { seed: seed + 1 } : {}) });
    }

    /** @type {Scene} */
    const scene = Object.assign(Object.create(base), {
      header,
      numbers,
      piece: (/** @type {number} */ id) => numbers.pieces.get(id) ?? `⟨#${id}⟩`,
      token: (/** @type {number} */ id, /** @type {number} */ position) => chip(scene.piece(id), position),
      position: (/** @type {Node} */ node) => header.tokens.length + node.path.length - 1,
      ends,
      // Only parts about this text.
      part: (/** @type {string} */ name) => (base.part(name)?.header.of === header.of ? base.part(name) : null),
      now,
      choose: chooseNow,
      sow(/** @type {number} */ seed) {
        seeded = true;
        chooseNow({ seed });
      },
      point,
      write,
      follow,
      drop,
      timings: () => timings,
    });
    const text = createText(scene);
    const next = createNext(scene);
    const bar = createBar(scene);
    const beams = createBeams(scene);
    const branches = createBranches(scene);
    memory.tell = bar.tell;
    const there = Object.entries(SECTIONS).filter(([name]) => name !== "tasks" || header.tasks);
    const sections = createSections(scene, Object.fromEntries(there));
    const blocks = [text, next, bar, beams, branches, ...sections];

    /** @param {{code: string, details: Record<string, string>} | null} trouble */
    const tell = (trouble) => trouble && bar.tell(say(`errors.${trouble.code}`, trouble.details));

    /** A word was written. @param {any} word @returns {boolean} whether it was the one waited for */
    function heard(word) {
      const { goal, tree } = values();
      const { cursor } = now();
      if (goal === null || keyOf(word.path) !== cursor.key) return false;
      numbers.hear(word);
      const own = [...word.path, word.id];
      const grown = withText(tree, own);
      const long = pathOf(grown.tree, grown.leaf).length > own.length;
      const done = own.length >= goal || ends(word.id) || header.tokens.length + own.length >= header.limit;
      base.adopt({ ...grown, place: long ? own.length : null });
      if (done) finish();
      return true;
    }

    /** Whether it is done with what is asked for now: the reader may have asked for more. @param {any} done */
    const isAsked = ({ goal }) => goal === values().goal && (goal !== null || values().measure);

    /** All that was asked for is here, or nothing more will come: say what there is now. */
    const finish = () => choose({ goal: null, measure: false }, true);

    return {
      nodes: [
        element("div", { class: "desk" }, element("div", { class: "writing" }, text.node, bar.node), next.node),
        beams.node,
        branches.node,
        ...sections.map((section) => section.node),
      ],
      draw() {
        const moment = now();
        for (const block of blocks) block.draw(moment);
      },
      update(news) {
        const tree = scene.part("tree");
        if (news.tree && tree) numbers.take(tree);
        const job = scene.part("job");
        if (!news.job || !job) return;
        if (job.header.answered !== values().answered) base.adopt({ answered: job.header.answered, force: null });
        tell(job.header.trouble);
        const { length, cached, plain } = job.arrays;
        timings = Array.from(length.data, (n, i) => ({ length: n, cached: cached.data[i], plain: plain.data[i] }));
      },
      hear({ header: news }) {
        if (news.of !== header.of) return;
        if (news.timing) timings = [...timings, { ...news.timing, cached: news.timing.cached ?? NaN }];
        if (news.kind === "word") {
          early.set(keyOf(news.path), news);
          let word = early.get(now().cursor.key);
          while (word && heard(word)) {
            early.delete(keyOf(word.path));
            word = early.get(now().cursor.key);
          }
        }
        if (news.kind === "done" && isAsked(news)) {
          // A word before it may still be on its way.
          if (news.goal === null || keyOf(news.path) === now().cursor.key) finish();
          else window.setTimeout(() => isAsked(news) && finish(), LATE);
        }
        tell(news.trouble ?? null);
        base.redraw();
      },
      idle() {
        const { goal, measure } = values();
        if (goal !== null || measure) finish(); // the run was ended from outside: what was written stays
      },
    };
  },
});
