// Looking up: the id points at a row of the matrix, the same as multiplying it by a vector of zeros with one 1.

import { css, diverging } from "../colours.js";
import { element } from "../dom.js";
import { count, fixed } from "../format.js";
import { prepare } from "../painter.js";
import { createStrip } from "../vectors.js";

const HEIGHT = 300;
const TRAVEL = 450; // ms in which the light goes from one row to another

/** @param {import("./view.js").Scene} scene */
export function createLookup(scene) {
  const { header, say, choose } = scene;
  const { tokens, ids, width: D, rows: V } = header;
  const n = (/** @type {number} */ value) => count(value, header.language);
  const still = window.matchMedia("(prefers-reduced-motion: reduce)");
  const chips = tokens.map((/** @type {string} */ piece, /** @type {number} */ i) => {
    const node = element("button", { type: "button", lang: "", translate: "no", "data-token": i }, element("span", { class: "piece" }, piece), element("span", { class: "weight" }, String(ids[i])));
    node.style.setProperty("--chip", `var(--token-${i % 6})`);
    node.addEventListener("click", () => choose({ token: i }));
    node.addEventListener("keydown", (event) => {
      const to = { ArrowLeft: i - 1, ArrowRight: i + 1, Home: 0, End: tokens.length - 1 }[event.key];
      if (to === undefined || !chips[to]) return;
      event.preventDefault();
      chips[to].focus();
      choose({ token: to });
    });
    return node;
  });
  const strip = element("div", { class: "strip", role: "group", "aria-label": say("lookup.label") }, ...chips);
  const canvas = /** @type {HTMLCanvasElement} */ (element("canvas", { role: "img" }));
  let pointed = /** @type {number | null} */ (null);
  let entry = 0;
  const vector = createStrip("", { height: 40, role: "query", onPoint: (at) => ((pointed = at), scene.redraw()), onPick: (at) => ((entry = at), scene.redraw()) });
  const cell = element("p", { class: "cell" });
  const said = element("p", {});
  const shape = element("p", { class: "muted" }, say("lookup.shape", { rows: n(V), width: n(D) }));
  let light = ids[0];
  let from = ids[0];
  let began = 0;
  let last = -1;

  /** @param {number} at */
  function paint(at) {
    const colours = scene.colours();
    const width = canvas.parentElement?.clientWidth ?? 300;
    const painter = prepare(canvas, width, HEIGHT);
    canvas.style.background = css(colours.background);
    const [top, bottom] = [26, HEIGHT - 26];
    const y = (/** @type {number} */ id) => top + (id / Math.max(1, V - 1)) * (bottom - top);
    const here = y(light);
    const narrow = width < 520;
    const [oneHot, matrix, out] = narrow ? [60, 110, width - 120] : [110, 210, width * 0.55];
    const wide = narrow ? 60 : Math.min(260, out - matrix - 70);
    painter.text(say("lookup.id"), 4, 12, { fill: colours.muted, size: 12 });
    painter.text(n(ids[at]), 4, here, { fill: colours.ink, size: 15, code: true, bold: true });
    painter.text(say("lookup.one_hot"), oneHot - 20, 12, { fill: colours.muted, size: 12 });
    painter.rect(oneHot, top, 14, bottom - top, colours.panel ?? colours.line);
    painter.frame(oneHot, top, 14, bottom - top, colours.line);
    painter.rect(oneHot, here - 1.5, 14, 3, colours.query);
    painter.text("1", oneHot + 20, here, { fill: colours.query, size: 12, bold: true });
    painter.text(say("lookup.matrix", { rows: n(V), width: D }), matrix, 12, { fill: colours.muted, size: 12 });
    painter.rect(matrix, top, wide, bottom - top, colours.panel ?? colours.background);
    painter.frame(matrix, top, wide, bottom - top, colours.line);
    // All rows of the text, faint; the one looked up, with its own numbers.
    ids.forEach((/** @type {number} */ id) => painter.rect(matrix, y(id) - 0.5, wide, 1, colours.muted));
    const row = scene.row(at);
    const { pixel } = diverging(colours, header.limit);
    painter.image(Uint32Array.from(row, pixel), D, 1, matrix, here - 4, wide, 8);
    painter.frame(matrix - 1, here - 5, wide + 2, 10, colours.query, 2);
    const start = matrix + wide + 6;
    const target = HEIGHT / 2;
    painter.line([[start, here], [(start + out) / 2, here], [(start + out) / 2, target], [out - 8, target]], colours.query, { thick: 2 }); // prettier-ignore
    painter.text(say("lookup.row", { token: tokens[at] }), out, target - 30, { fill: colours.ink, size: 13, bold: true });
    const room = width - out - 6;
    painter.image(Uint32Array.from(row, pixel), D, 1, out, target - 14, room, 28);
    painter.frame(out, target - 14, room, 28, colours.line);
    painter.text(say("lookup.numbers", { width: D }), out, target + 28, { fill: colours.muted, size: 12 });
    painter.text("0", matrix + wide + 4, top + 4, { fill: colours.muted, size: 11 });
    painter.text(n(V - 1), matrix + wide + 4, bottom - 2, { fill: colours.muted, size: 11 });
    canvas.setAttribute("aria-label", say("lookup.alt", { token: tokens[at], id: n(ids[at]), rows: n(V) }));
  }

  return {
    node: element("div", { class: "lookup" }, strip, canvas, vector.node, cell, said, shape),
    /** @param {import("./view.js").Values} values */
    draw(values) {
      const at = Math.min(values.token, tokens.length - 1);
      chips.forEach((/** @type {HTMLElement} */ chip, /** @type {number} */ i) => {
        chip.setAttribute("aria-pressed", String(i === at));
        chip.tabIndex = i === at ? 0 : -1;
      });
      const goal = ids[at];
      if (last !== at) {
        [from, began, last] = [last < 0 ? goal : light, performance.now(), at];
      }
      const gone = still.matches ? 1 : Math.min(1, (performance.now() - began) / TRAVEL);
      light = from + (goal - from) * (1 - (1 - gone) ** 3);
      if (gone < 1) scene.redraw();
      paint(at);
      const row = scene.row(at);
      vector.rename(say("lookup.vector", { token: tokens[at], width: D }));
      const shown = pointed ?? entry;
      vector.draw(row, scene.colours(), shown);
      cell.textContent = say("lookup.cell", { dimension: shown, value: fixed(row[shown], 5) });
      const part = scene.part("row");
      const known = part && part.header.id === goal;
      const length = Math.hypot(...row);
      said.replaceChildren(
        ...scene.nodes("lookup.said", { token: scene.token(tokens[at], at), id: element("b", {}, n(goal)), place: n(goal), length: fixed(length, 2), mean: fixed(header.mean_norm, 2), shorter: known ? n(part.header.shorter) : "…", rows: n(V), difference: known ? String(part.header.difference) : "…" }),
      );
    },
  };
}
