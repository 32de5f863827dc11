// A beam search as the tree it is: at every length the few likeliest texts stay, the others fall out.

import { css, mix, readableOn } from "../kit/colours.js";
import { element } from "../kit/dom.js";
import { brief, fixed } from "../kit/format.js";
import { prepare } from "../kit/painter.js";

const COLUMN = 118;
const ROW = 34;
const WIDTH = 100;
const HEIGHT = 28;

/** @param {import("./view.js").Scene} scene */
export function createBeams(scene) {
  const { say, follow } = scene;
  const canvas = /** @type {HTMLCanvasElement} */ (element("canvas", { "aria-hidden": true }));
  const layer = element("div", { class: "beam-nodes" });
  const scroll = element(
    "div",
    { class: "beam-scroll", tabindex: 0, role: "group", "aria-label": say("beams.label") },
    element("div", { class: "beam-tree" }, canvas, layer),
  );
  const waiting = element("p", { class: "muted", role: "status" }, say("beams.waiting"));
  const body = element("tbody", {});
  const heads = ["text", "total", "mean"].map((name) => element("th", { scope: "col" }, say(`beams.${name}`)));
  const table = element("table", {}, element("thead", {}, element("tr", {}, ...heads)), body);
  const trouble = element("p", { class: "message", role: "status" });
  const node = element(
    "div",
    { class: "beams" },
    element("p", { class: "title" }, say("beams.title")),
    element("p", { class: "muted" }, say("beams.note")),
    waiting,
    trouble,
    scroll,
    table,
  );
  let drawn = "";

  /** @param {import("../kit/wire.js").Payload} part @param {number[]} path */
  function show({ header, arrays }, path) {
    const n = header.tokens.length;
    const parent = arrays.parent.data;
    const children = /** @type {number[][]} */ (Array.from({ length: n }, () => []));
    const roots = /** @type {number[]} */ ([]);
    for (let i = 0; i < n; i++) (parent[i] < 0 ? roots : children[parent[i]]).push(i);
    const won = new Set();
    for (let at = header.best[0]; at >= 0; at = parent[at]) won.add(at);
    const results = new Set(header.best);
    // One row for each text that ends; a token stands beside the first of those behind it.
    const row = new Float64Array(n);
    let rows = 0;
    const place = (/** @type {number} */ i) => {
      if (!children[i].length) row[i] = rows++;
      for (const child of children[i]) place(child);
      if (children[i].length) row[i] = row[children[i][0]];
    };
    roots.forEach(place);
    const depth = Math.max(...arrays.depth.data);
    const [width, height] = [depth * COLUMN, Math.max(1, rows) * ROW];
    const colours = scene.colours();
    const painter = prepare(canvas, width, height);
    const middle = (/** @type {number} */ i) => row[i] * ROW + ROW / 2;
    for (let i = 0; i < n; i++) {
      if (parent[i] < 0) continue;
      const from = [(arrays.depth.data[i] - 2) * COLUMN + WIDTH, middle(parent[i])];
      const to = [(arrays.depth.data[i] - 1) * COLUMN, middle(i)];
      const turn = to[0] - (COLUMN - WIDTH) / 2;
      const kept = arrays.kept.data[i] === 1;
      painter.line(
        [from, [turn, from[1]], [turn, to[1]], to],
        won.has(i) ? colours.output : kept ? colours.muted : colours.line,
        { thick: won.has(i) ? 3 : 1.5, dash: kept ? [] : [3, 3] },
      );
    }
    layer.style.width = `${width}px`;
    layer.style.height = `${height}px`;
    layer.replaceChildren(
      ...header.tokens.map((/** @type {string} */ token, /** @type {number} */ i) => {
        const p = Math.exp(arrays.logp.data[i]);
        const kept = arrays.kept.data[i] === 1;
        const state = results.has(i) ? "result" : kept ? "kept" : "fell";
        const box = element(
          "button",
          {
            type: "button",
            class: `beam ${state}`,
            "data-node": i,
            title: say(`beams.${state}`, { token, p: brief(p), total: fixed(arrays.total.data[i], 2) }),
          },
          element("span", { class: "piece", lang: "", translate: "no" }, token),
          element("span", { class: "weight" }, brief(p)),
        );
        const fill = mix(colours.background, colours.output, kept ? p : 0);
        box.style.left = `${(arrays.depth.data[i] - 1) * COLUMN}px`;
        box.style.top = `${row[i] * ROW + (ROW - HEIGHT) / 2}px`;
        box.style.width = `${WIDTH}px`;
        box.style.height = `${HEIGHT}px`;
        if (kept) {
          box.style.background = css(fill);
          box.style.color = readableOn(fill);
        }
        box.addEventListener("click", () => follow([...path, ...idsTo(i)]));
        return box;
      }),
    );
    /** @param {number} i @returns {number[]} */
    function idsTo(i) {
      const ids = [];
      for (let at = i; at >= 0; at = parent[at]) {
        ids.unshift(arrays.id.data[at]);
        scene.numbers.pieces.set(arrays.id.data[at], header.tokens[at]);
      }
      return ids;
    }
    const line = (/** @type {string} */ label, /** @type {number[]} */ ids, /** @type {number} */ total) => {
      const button = element(
        "button",
        { type: "button", class: "text-of" },
        ...ids.map((id) => element("span", { class: "own" }, scene.piece(id))),
      );
      button.addEventListener("click", () => follow([...path, ...ids]));
      return element(
        "tr",
        {},
        element("th", { scope: "row" }, element("span", { class: "muted" }, label, " "), button),
        element("td", {}, fixed(total, 2)),
        element("td", {}, fixed(total / ids.length, 2)),
      );
    };
    const lines = header.best.map((/** @type {number} */ at, /** @type {number} */ k) =>
      line(say("beams.place", { rank: k + 1 }), idsTo(at), arrays.total.data[at]),
    );
    for (const [id, piece] of Object.entries(header.pieces))
      scene.numbers.pieces.set(Number(id), /** @type {string} */ (piece));
    body.replaceChildren(...lines, line(say("beams.greedy"), header.greedy.ids, header.greedy.total));
  }

  return {
    node,
    /** @param {import("./view.js").Now} now */
    draw({ values }) {
      node.hidden = values.way !== "beams" || values.search === null;
      if (node.hidden) return;
      const part = scene.part("beams");
      const path = /** @type {number[]} */ (values.search);
      const ready =
        part &&
        part.header.width === values.width &&
        part.header.ahead === values.ahead &&
        part.header.path.join() === path.join();
      waiting.style.visibility = ready ? "hidden" : "";
      scroll.classList.toggle("stale", !ready);
      const why = ready && part.header.trouble;
      trouble.textContent = why ? say(`errors.${why.code}`, why.details) : "";
      scroll.hidden = table.hidden = Boolean(part?.header.trouble);
      if (!ready || part.header.trouble) return;
      const key = JSON.stringify([path, values.width, values.ahead, scene.colours().background]);
      if (key === drawn) return;
      drawn = key;
      show(part, path);
    },
  };
}
