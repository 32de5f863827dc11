// Where queries and keys come from: a matrix times the normed vector of a token, then, where the model rotates, a turn.

import { diverging } from "../kit/colours.js";
import { element } from "../kit/dom.js";
import { fixed, significant } from "../kit/format.js";
import { prepare } from "../kit/painter.js";
import { bound, createBars, dot } from "../kit/vectors.js";

const STRIP = 16; // pixels, the width of a strip
const GAP = 10;

/** @param {import("./view.js").Scene} scene */
export function createAsking(scene) {
  const { say } = scene;
  const sides = [createSide(scene, "query"), createSide(scene, "key")];
  const waiting = element("p", { class: "muted" }, say(scene.alone ? "alone" : "asking.waiting"));
  const { d_model, d_head } = scene.sizes;
  return {
    node: element(
      "div",
      { class: "asking-view" },
      element("p", {}, say("asking.text", { d_model, d_head })),
      waiting,
      element("div", { class: "pair-of" }, ...sides.map((side) => side.node)),
      element("p", { class: "muted" }, say("asking.notes", { d_model, d_head })),
    ),
    /** @param {import("./view.js").Now} now */
    draw(now) {
      const part = scene.part("weights");
      const ready = part && part.header.layer === now.layer.layer && part.header.head === now.head;
      waiting.style.visibility = ready ? "hidden" : "";
      for (const side of sides) {
        side.node.classList.toggle("stale", !ready);
        if (ready) side.draw(now, part);
      }
    },
  };
}

/** What all but 1 in 100 of the numbers stay within. @param {Float32Array} values */
function most(values) {
  const sizes = values.map(Math.abs).sort();
  return sizes[Math.floor(0.99 * (sizes.length - 1))];
}

/**
 * One of the two: W times x.
 * @param {import("./view.js").Scene} scene
 * @param {"query" | "key"} role
 */
function createSide(scene, role) {
  const { say, choose } = scene;
  const { d_model, d_head } = scene.sizes;
  const letter = role === "query" ? "q" : "k";
  const matrixName = role === "query" ? "W_Q" : "W_K";
  const title = element("p", { class: "title" });
  const canvas = /** @type {HTMLCanvasElement} */ (
    element("canvas", { role: "application", class: "pick", tabindex: 0 })
  );
  const products = createBars(say("asking.products", { count: d_model }), { height: 56 });
  const chain = element("ol", { class: "chain" });
  const turn = element("p", { class: "entry" });
  const node = element("div", { class: `side ${role}` }, title, canvas, products.node, chain, turn);
  const rows = { top: 0, height: 1 };
  let pointed = /** @type {number | null} */ (null);
  const at = (/** @type {PointerEvent | MouseEvent} */ event) => {
    const row = Math.floor(((event.offsetY - rows.top) / rows.height) * d_head);
    return row >= 0 && row < d_head ? row : null;
  };
  canvas.addEventListener("pointermove", (event) => {
    pointed = at(event);
    scene.redraw();
  });
  canvas.addEventListener("pointerleave", () => {
    pointed = null;
    scene.redraw();
  });
  canvas.addEventListener("click", (event) => {
    const entry = at(event);
    if (entry !== null) choose({ entry });
  });
  canvas.addEventListener("keydown", (event) => {
    const by = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    if (!by) return;
    event.preventDefault();
    choose({ entry: Math.min(d_head - 1, Math.max(0, scene.values().entry + by)) });
  });
  // The picture of a matrix takes time and does not depend on the token: it is kept.
  let kept = { part: /** @type {object | null} */ (null), colour: "", pixels: new Uint32Array(0) };

  return {
    node,
    /** @param {import("./view.js").Now} now @param {import("../kit/wire.js").Payload} part */
    draw(now, part) {
      const { layer, head, values } = now;
      const colours = scene.colours();
      const token = role === "query" ? now.query : now.key;
      const W = /** @type {Float32Array} */ (part.arrays[matrixName].data);
      const bias = part.arrays[matrixName.replace("W", "b")]?.data;
      const x = /** @type {Float32Array} */ (part.arrays.x.data).subarray(token * d_model, (token + 1) * d_model);
      const before = layer.vector(
        layer.rotated ? /** @type {any} */ (`${letter}_pre`) : /** @type {any} */ (letter),
        head,
        token,
      );
      const after = layer.vector(/** @type {any} */ (letter), head, token);
      const entry = Math.min(pointed ?? values.entry, d_head - 1);
      title.replaceChildren(...scene.nodes(`asking.${role}`, { token: scene.token(token, true) }));

      const width = node.clientWidth;
      const results = layer.rotated ? 2 : 1;
      const across = width - results * (STRIP + GAP);
      const height = Math.max(96, Math.min(160, d_head * 2));
      rows.top = STRIP + GAP;
      rows.height = height;
      const painter = prepare(canvas, width, height + STRIP + GAP + 18);
      painter.image(Uint32Array.from(x, diverging(colours, most(x)).pixel), d_model, 1, 0, 0, across, STRIP);
      const colour = String(colours.background);
      if (kept.part !== part || kept.colour !== colour) {
        kept = { part, colour, pixels: Uint32Array.from(W, diverging(colours, bound(W) / 2).pixel) };
      }
      painter.image(kept.pixels, d_model, d_head, 0, rows.top, across, height);
      painter.image(
        Uint32Array.from(before, diverging(colours, bound(before)).pixel),
        1,
        d_head,
        across + GAP,
        rows.top,
        STRIP,
        height,
      );
      if (layer.rotated) {
        const left = across + 2 * GAP + STRIP;
        painter.image(
          Uint32Array.from(after, diverging(colours, bound(after)).pixel),
          1,
          d_head,
          left,
          rows.top,
          STRIP,
          height,
        );
      }
      const cell = height / d_head;
      painter.frame(0, rows.top + entry * cell, across + GAP + STRIP, Math.max(cell, 2), colours[role], 2);
      const label = { fill: colours.muted };
      const below = rows.top + height + 10;
      painter.text(`${matrixName}, ${d_head} × ${d_model}`, 0, below, label);
      painter.text(layer.rotated ? `${letter} ↷` : letter, width, below, { ...label, align: "right" });
      canvas.setAttribute("aria-label", say("asking.alt", { matrix: matrixName, rows: d_head, columns: d_model }));

      const row = W.subarray(entry * d_model, (entry + 1) * d_model);
      const product = Float64Array.from(row, (value, n) => value * x[n]);
      products.draw(product, colours);
      const sum = dot(row, x);
      const items = [
        `Σ ${matrixName}[${entry}, n] · x[n] = ${fixed(sum, 4)}`,
        ...(bias
          ? [`+ b[${entry}] = ${fixed(sum, 4)} + ${fixed(bias[entry], 4)} = ${fixed(sum + bias[entry], 4)}`]
          : []),
        `${letter}[${entry}] = ${fixed(before[entry], 4)}`,
      ];
      chain.replaceChildren(
        ...items.map((item, i) =>
          element("li", i === items.length - 1 ? { "data-value": before[entry] } : {}, element("code", {}, item)),
        ),
      );
      chain.dataset.difference = String(Math.abs(sum + (bias?.[entry] ?? 0) - before[entry]));
      if (layer.rotated) {
        const half = d_head / 2;
        const pair = entry < half ? entry + half : entry - half;
        const frequency = scene.arrays.frequencies.data[entry % half];
        const angle = Math.fround(token * frequency); // the model's own: one product in 32 bits
        const turned = before[entry] * Math.cos(angle) + (entry < half ? -1 : 1) * before[pair] * Math.sin(angle);
        turn.textContent = say("asking.turn", {
          letter,
          entry,
          pair,
          position: token,
          frequency: significant(frequency, 3),
          angle: fixed(angle, 3),
          sign: entry < half ? "−" : "+",
          one: fixed(before[entry], 4),
          other: before[pair] < 0 ? `(${fixed(before[pair], 4)})` : fixed(before[pair], 4),
          turned: fixed(after[entry], 4),
        });
        turn.dataset.difference = String(Math.abs(turned - after[entry]));
      }
    },
  };
}
