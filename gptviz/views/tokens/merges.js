// Byte-pair encoding, merge by merge: for one chunk of the text, or for all of it at once.

import { chip } from "../kit/chip.js";
import { element } from "../kit/dom.js";
import { count } from "../kit/format.js";
import { createSlider } from "../kit/slider.js";

const BEAT = 700; // ms from one merge to the next, when played
const WHOLE = -1;

/**
 * @typedef {[rank: number, start: number, middle: number, end: number, id: number, piece: string]} Merge
 * @typedef {{merge: Merge, place: number, at: number}} Step a merge, the place of its chunk and its own there
 * @typedef {{piece: string, end: number, fresh: boolean}} Span
 */

/** @param {import("./view.js").Scene} scene */
export function createMerges(scene) {
  const { header, say, choose } = scene;
  const waiting = element("p", { class: "muted", role: "status" }, say("merges.waiting"));
  const chunks = element("div", { class: "chunks", role: "radiogroup", "aria-label": say("merges.chunks") });
  const pattern = element(
    "details",
    { class: "pattern" },
    element("summary", {}, say("merges.pattern")),
    element("pre", { translate: "no" }),
  );
  const digits = element("p", { class: "muted" }, say("merges.digits"));
  const slider = createSlider({
    label: say("merges.step_label"),
    max: 1,
    set: (step) => (stop(), choose({ step })),
  });
  chunks.addEventListener("keydown", (event) => {
    const nodes = /** @type {HTMLElement[]} */ ([...chunks.children]);
    const to =
      nodes[
        nodes.findIndex((node) => node.tabIndex === 0) +
          ({ ArrowLeft: -1, ArrowUp: -1, ArrowRight: 1, ArrowDown: 1 }[event.key] ?? NaN)
      ];
    if (!to) return;
    event.preventDefault();
    to.click();
    to.focus();
  });
  const button = (/** @type {string} */ name, /** @type {() => void} */ act) => {
    const node = /** @type {HTMLButtonElement} */ (
      element("button", { type: "button", "data-do": name }, say(`merges.${name}`))
    );
    node.addEventListener("click", act);
    return node;
  };
  const first = button("first", () => (stop(), choose({ step: 0 })));
  const back = button("back", () => (stop(), choose({ step: Math.max(0, now().step - 1) })));
  const forward = button("forward", () => (stop(), choose({ step: Math.min(now().last, now().step + 1) })));
  const play = button("play", () => (playing ? stop() : start()));
  let playing = 0;
  const said = element("p", { class: "said", role: "status" });
  const pieces = element("div", { class: "pieces state", lang: "", translate: "no" });
  const list = /** @type {HTMLOListElement} */ (element("ol", { class: "steps" }));
  const body = element(
    "div",
    { class: "stepper" },
    element("div", { class: "line" }, first, back, play, forward),
    slider.node,
    said,
    pieces,
    list,
  );
  const none = element("p", {});
  const text = element("p", {}, say("merges.text"));
  const choose_ = element("p", { class: "title" }, say("merges.chunks"));
  const note = element("p", { class: "muted" }, say("merges.note"));
  let drawnChunks = /** @type {any} */ (null);

  function stop() {
    clearInterval(playing);
    playing = 0;
    play.textContent = say("merges.play");
  }
  function start() {
    if (now().step >= now().last) choose({ step: 0 });
    play.textContent = say("merges.pause");
    playing = window.setInterval(() => {
      if (!body.isConnected || now().step >= now().last) return stop();
      choose({ step: now().step + 1 });
    }, BEAT);
  }

  /** Which chunk the token at a position came out of. @param {any[]} all @param {number} token */
  function chunkOf(all, token) {
    let seen = 0;
    return Math.max(
      0,
      all.findIndex((chunk) => (seen += chunk.ids.length) > token),
    );
  }

  /** What is shown at this moment: the merges in their order, each in its chunk. */
  function now() {
    const all = scene.part("merges")?.header.chunks ?? [];
    const values = scene.values();
    const chosen =
      values.chunk === WHOLE ? WHOLE : Math.min(values.chunk ?? chunkOf(all, values.token), all.length - 1);
    const places = chosen === WHOLE ? all.map((/** @type {any} */ _, /** @type {number} */ i) => i) : [chosen];
    /** @type {Step[]} */
    const merges = places.flatMap((/** @type {number} */ place) =>
      (all[place]?.merges ?? []).map((/** @type {Merge} */ merge, /** @type {number} */ at) => ({ merge, place, at })),
    );
    // The lowest number goes first everywhere; in one chunk the order is the same.
    if (chosen === WHOLE) merges.sort((a, b) => a.merge[0] - b.merge[0] || a.place - b.place || a.at - b.at);
    const last = merges.length;
    return { all, chosen, places, merges, last, step: Math.min(values.step ?? last, last) };
  }

  /**
   * The pieces of a chunk after some of its merges.
   * @param {any} chunk @param {number} done
   * @returns {Span[]}
   */
  function state(chunk, done) {
    /** @type {Map<number, Span>} */
    const spans = new Map(
      chunk.pieces.map((/** @type {string} */ piece, /** @type {number} */ i) => [
        i,
        { piece, end: i + 1, fresh: false },
      ]),
    );
    chunk.merges
      .slice(0, done)
      .forEach((/** @type {Merge} */ [, start, middle, end, , piece], /** @type {number} */ at) => {
        spans.delete(middle);
        spans.set(start, { piece, end, fresh: at === done - 1 });
      });
    return [...spans.entries()].sort((a, b) => a[0] - b[0]).map(([, span]) => span);
  }

  return {
    node: element("div", { class: "merges-view" }, text, waiting, none, choose_, chunks, digits, pattern, body, note),
    destroy: stop,
    draw() {
      const part = scene.part("merges");
      waiting.hidden = part !== null;
      const able = part !== null && part.header.chunks !== null && !header.letters;
      for (const node of [text, choose_, chunks, body, digits, pattern, note]) node.hidden = !able;
      none.textContent = part && !able ? say("merges.none") : "";
      none.hidden = !part || able;
      if (!part || !able) return;
      digits.hidden = !part.header.digits;
      pattern.hidden = part.header.pattern === null;
      /** @type {HTMLElement} */ (pattern.lastChild).textContent = part.header.pattern;
      const { all, chosen, places, merges, last, step } = now();
      if (drawnChunks !== part) {
        drawnChunks = part;
        const choice = (/** @type {number} */ place, /** @type {string} */ text, /** @type {string} */ name) => {
          const node = element(
            "button",
            {
              type: "button",
              role: "radio",
              class: name,
              "data-chunk": place,
              ...(name ? {} : { lang: "", translate: "no" }),
            },
            text,
          );
          node.addEventListener("click", () => (stop(), choose({ chunk: place, step: null })));
          return node;
        };
        chunks.replaceChildren(
          ...all.map((/** @type {any} */ chunk, /** @type {number} */ i) => choice(i, chunk.text || "∅", "token")),
          choice(WHOLE, say("merges.whole"), ""),
        );
      }
      for (const child of chunks.children) {
        const node = /** @type {HTMLElement} */ (child);
        node.setAttribute("aria-checked", String(Number(node.dataset.chunk) === chosen));
        node.tabIndex = Number(node.dataset.chunk) === chosen ? 0 : -1;
      }
      slider.draw(step, { last, disabled: last === 0 });
      first.disabled = back.disabled = step === 0;
      forward.disabled = step === last;
      play.disabled = last === 0;
      const done = new Map();
      for (const { place } of merges.slice(0, step)) done.set(place, (done.get(place) ?? 0) + 1);
      const latest = step ? merges[step - 1] : null;
      pieces.replaceChildren(
        ...places.flatMap((/** @type {number} */ place, /** @type {number} */ i) => {
          const shown = state(all[place], done.get(place) ?? 0).map(({ piece, fresh }) =>
            element("span", { class: `token${fresh && latest?.place === place ? " fresh" : ""}` }, piece),
          );
          return i ? [element("span", { class: "border", "aria-hidden": true }, "¦"), ...shown] : shown;
        }),
      );
      const total =
        places.reduce((/** @type {number} */ sum, /** @type {number} */ place) => sum + all[place].pieces.length, 0) -
        step;
      said.replaceChildren(
        ...(latest
          ? scene.nodes("merges.said", {
              step: String(step),
              last: String(last),
              rank: element("b", {}, count(latest.merge[0] + 1)),
              piece: chip(latest.merge[5]),
              id: String(latest.merge[4]),
              count: count(total),
            })
          : [say(last ? "merges.begin" : "merges.nothing", { count: count(total), last })]),
      );
      const from = Math.max(0, step - 6);
      list.start = from + 1;
      list.replaceChildren(
        ...merges.slice(from, step).map(({ merge, place, at }) => {
          const before = state(all[place], at);
          // A piece begins where the one before it ends.
          const find = (/** @type {number} */ start) =>
            before.find((_, i) => (before[i - 1]?.end ?? 0) === start)?.piece ?? "";
          return element(
            "li",
            {},
            chip(find(merge[1])),
            " + ",
            chip(find(merge[2])),
            " → ",
            chip(merge[5]),
            " ",
            element("span", { class: "muted" }, say("merges.rank", { rank: count(merge[0] + 1) })),
          );
        }),
      );
    },
  };
}
