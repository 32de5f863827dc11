// How alike the rows of the text are, each pair, by three measures; one pair opened.

import { css, diverging, readableOn, sequential } from "../colours.js";
import { element } from "../dom.js";
import { fixed } from "../format.js";
import { prepare } from "../painter.js";
import { createBars, dot } from "../vectors.js";

const SIDE = 92;
const MOST = 44; // pixels of a cell
const MEASURES = ["cosine", "dot", "distance"];

/** @param {import("./view.js").Scene} scene @param {(measure: any) => void} set */
export function measureButtons(scene, set) {
  const buttons = MEASURES.map((name) => {
    const node = element("button", { type: "button", role: "radio" }, scene.say(`measure.${name}`));
    node.addEventListener("click", () => set(name));
    return { name, node };
  });
  return {
    node: element("div", { class: "ways", role: "radiogroup", "aria-label": scene.say("measure.label") }, ...buttons.map(({ node }) => node)),
    /** @param {string} measure */
    show: (measure) => buttons.forEach(({ name, node }) => node.setAttribute("aria-checked", String(name === measure))),
  };
}

/** @param {import("./view.js").Scene} scene */
export function createAlike(scene) {
  const { header, say, choose } = scene;
  const { tokens, ids, width: D } = header;
  // Each token once: the same token has the same row.
  const places = /** @type {number[]} */ (ids.map((/** @type {number} */ _, /** @type {number} */ i) => i)).filter((i) => ids.indexOf(ids[i]) === i);
  const N = places.length;
  const norms = places.map((i) => Math.sqrt(dot(scene.row(i), scene.row(i))));
  const dots = new Float64Array(N * N);
  for (let a = 0; a < N; a++) for (let b = a; b < N; b++) dots[a * N + b] = dots[b * N + a] = dot(scene.row(places[a]), scene.row(places[b]));
  const value = (/** @type {string} */ measure, /** @type {number} */ a, /** @type {number} */ b) => {
    const product = dots[a * N + b];
    if (measure === "dot") return product;
    if (measure === "cosine") return norms[a] && norms[b] ? product / (norms[a] * norms[b]) : 0;
    return Math.sqrt(Math.max(0, norms[a] ** 2 + norms[b] ** 2 - 2 * product));
  };
  const measure = measureButtons(scene, (name) => choose({ measure: name }));
  const canvas = /** @type {HTMLCanvasElement} */ (element("canvas", { tabindex: 0, role: "application" }));
  const scroll = element("div", { class: "scroll" }, canvas);
  const readout = element("div", { class: "readout" });
  const products = createBars(say("alike.products", { width: D }), { height: 72 });
  let pair = N > 1 ? [0, 1] : [0, 0];
  let over = /** @type {number[] | null} */ (null);
  let size = MOST;

  const cellAt = (/** @type {PointerEvent | MouseEvent} */ event) => {
    const at = [Math.floor((event.offsetY - 4) / size), Math.floor((event.offsetX - SIDE) / size)];
    return at.every((i) => i >= 0 && i < N) ? at : null;
  };
  canvas.addEventListener("pointermove", (event) => ((over = cellAt(event)), scene.redraw()));
  canvas.addEventListener("pointerleave", () => ((over = null), scene.redraw()));
  canvas.addEventListener("click", (event) => ((pair = cellAt(event) ?? pair), scene.redraw()));
  canvas.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }[event.key];
    if (!step) return;
    event.preventDefault();
    pair = pair.map((i, k) => Math.min(N - 1, Math.max(0, i + step[k])));
    scene.redraw();
  });

  return {
    node: element("div", { class: "alike-view" }, element("p", {}, say("alike.text")), measure.node, scroll, readout, products.node, element("p", { class: "muted" }, say("alike.scale", { mean: fixed(header.pairs.mean, 2), sd: fixed(header.pairs.sd, 2), count: header.pairs.count, all_mean: fixed(header.all.mean, 2), all_sd: fixed(header.all.sd, 2) }))),
    /** @param {import("./view.js").Values} values */
    draw(values) {
      measure.show(values.measure);
      const colours = scene.colours();
      const room = scroll.clientWidth - SIDE - 4;
      size = Math.max(9, Math.min(MOST, Math.floor(room / N)));
      const painter = prepare(canvas, SIDE + N * size + 4, 8 + N * size + 88);
      canvas.style.background = css(colours.background);
      let most = 0;
      for (let a = 0; a < N; a++) for (let b = 0; b < N; b++) if (a !== b) most = Math.max(most, Math.abs(value(values.measure, a, b)));
      const scale = values.measure === "distance" ? sequential(colours, "query", most || 1) : diverging(colours, values.measure === "cosine" ? 1 : most || 1);
      for (let a = 0; a < N; a++) {
        const label = tokens[places[a]].slice(0, 11);
        if (size > 11 || a % 2 === 0) painter.text(label, SIDE - 6, 4 + (a + 0.5) * size, { fill: colours.ink, size: 12, align: "right", code: true });
        painter.inside(SIDE + a * size, 8 + N * size, size, 84, () => painter.text(label, SIDE + (a + 0.5) * size, 10 + N * size, { fill: colours.ink, size: 12, upright: true, align: "right", code: true }));
        for (let b = 0; b < N; b++) {
          const it = value(values.measure, a, b);
          // Nearer is stronger, for a distance as well.
          const fill = values.measure === "distance" ? scale.rgb(Math.max(0, (most || 1) - it)) : scale.rgb(it);
          painter.rect(SIDE + b * size, 4 + a * size, size - 1, size - 1, fill);
          if (size >= 34) painter.text(fixed(it, Math.abs(it) < 9.995 ? 2 : 1), SIDE + (b + 0.5) * size, 4 + (a + 0.5) * size, { fill: readableOn(fill), size: 11, align: "center" });
        }
      }
      const [a, b] = over ?? pair;
      painter.frame(SIDE + b * size, 4 + a * size, size - 1, size - 1, colours.ink, 2.5);
      canvas.setAttribute("aria-label", say("alike.alt", { count: N }));
      const [x, y] = [scene.row(places[a]), scene.row(places[b])];
      products.draw(Float64Array.from(x, (number, d) => number * y[d]), colours, null);
      const cosine = value("cosine", a, b);
      const about = {
        a: scene.token(tokens[places[a]], places[a]),
        b: scene.token(tokens[places[b]], places[b]),
        dot: fixed(dots[a * N + b], 3),
        length_a: fixed(norms[a], 3),
        length_b: fixed(norms[b], 3),
        cosine: element("b", {}, fixed(cosine, 3)),
        distance: fixed(value("distance", a, b), 3),
      };
      const sds = (cosine - header.pairs.mean) / header.pairs.sd;
      readout.dataset.cosine = String(cosine);
      readout.replaceChildren(element("p", {}, ...scene.nodes("alike.pair", about)), element("p", {}, a === b ? say("alike.itself") : say(sds > 2 ? "alike.near" : sds < -2 ? "alike.far" : "alike.usual", { sds: fixed(Math.abs(sds), 1), mean: fixed(header.pairs.mean, 2), sd: fixed(header.pairs.sd, 2) })));
    },
  };
}
