// Vectors as strips of colour, and as bars.

import { css, diverging } from "./colours.js";
import { element } from "./dom.js";
import { significant } from "./format.js";
import { prepare } from "./painter.js";

/** The largest size in a vector. @param {ArrayLike<number>} values */
export function bound(values) {
  let most = 0;
  for (let i = 0; i < values.length; i++) most = Math.max(most, Math.abs(values[i]));
  return most;
}

/** Σ a·b, in 64-bit arithmetic. @param {ArrayLike<number>} a @param {ArrayLike<number>} b */
export function dot(a, b) {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}

/**
 * @typedef {object} Options
 * @property {number} [height]
 * @property {string} [role] the colour of the name
 * @property {(at: number | null) => void} [onPoint]
 * @property {(at: number) => void} [onPick]
 *
 * @callback Paint one vector into a canvas
 * @param {HTMLCanvasElement} canvas
 * @param {number} width
 * @param {ArrayLike<number>} values
 * @param {Record<string, import("./colours.js").Rgb>} colours
 * @param {number} most the largest size in it
 * @param {number | null} mark the entry to frame
 */

/**
 * A vector as a strip: one colour a number, on a scale of its own centred at 0.
 * @param {string} label
 * @param {Options} [options]
 */
export function createStrip(label, { height = 28, role = "ink", ...react } = {}) {
  const strip = createVector(label, react, (canvas, width, values, colours, most, mark) => {
    const { pixel } = diverging(colours, most);
    const painter = prepare(canvas, width, height);
    painter.image(Uint32Array.from(values, pixel), values.length, 1, 0, 0, width, height);
    painter.frame(0.5, 0.5, width - 1, height - 1, colours.line);
    if (mark === null) return;
    const cell = width / values.length;
    painter.frame(mark * cell, 1, Math.max(cell, 3), height - 2, colours.ink, 2);
  });
  strip.node.style.setProperty("--role", `var(--${role})`);
  return strip;
}

/**
 * A vector as signed bars around a line.
 * @param {string} label
 * @param {Omit<Options, "role"> & {ticks?: boolean}} [options] ticks: write the numbers of some bars below
 */
export function createBars(label, { height = 88, ticks = false, ...react } = {}) {
  return createVector(label, react, (canvas, width, values, colours, most, mark) => {
    const painter = prepare(canvas, width, height + (ticks ? 16 : 0));
    const count = values.length;
    const cell = width / count;
    const middle = height / 2;
    const every = [1, 2, 4, 8, 16, 32].find((step) => step * cell > 34) ?? 64;
    for (let i = 0; ticks && i < count; i += every) {
      painter.text(String(i), Math.max(4, (i + 0.5) * cell), height + 9, {
        fill: colours.muted,
        align: "center",
      });
    }
    for (let i = 0; i < count; i++) {
      const size = (values[i] / (most || 1)) * (middle - 2);
      const colour = values[i] < 0 ? colours.negative : colours.positive;
      painter.rect(
        i * cell,
        Math.min(middle, middle - size),
        Math.max(cell - 1, 1),
        Math.max(Math.abs(size), 0.5),
        colour,
      );
    }
    painter.segment(0, middle, width, middle, colours.muted);
    if (mark !== null) painter.frame(mark * cell, 1, Math.max(cell, 3), height - 2, colours.ink, 2);
  });
}

/**
 * What strips and bars share: the name and the scale above, and what the pointer and the keys do.
 * @param {string} label
 * @param {Pick<Options, "onPoint" | "onPick">} react
 * @param {Paint} paint
 */
function createVector(label, { onPoint, onPick }, paint) {
  const canvas = /** @type {HTMLCanvasElement} */ (element("canvas", { role: "img" }));
  const scale = element("span", { class: "muted scale" });
  const name = element("span", { class: "name" }, label);
  const node = element("div", { class: "vector" }, element("div", { class: "line" }, name, scale), canvas);
  let count = 1;
  let marked = 0;
  watch(
    canvas,
    () => count,
    () => marked,
    onPoint,
    onPick,
  );
  return {
    node,
    canvas,
    /** @param {string} text */
    rename: (text) => (name.textContent = text),
    /**
     * @param {ArrayLike<number>} values
     * @param {Record<string, import("./colours.js").Rgb>} colours
     * @param {number | null} [mark] the entry to frame
     */
    draw(values, colours, mark = null) {
      count = values.length;
      marked = mark ?? 0;
      const most = bound(values);
      paint(canvas, node.clientWidth, values, colours, most, mark);
      const text = `± ${significant(most, 3)}`;
      scale.textContent = text;
      canvas.setAttribute("aria-label", `${name.textContent}, ${text}`);
    },
  };
}

/**
 * Tell which of `count` equal columns of a canvas is pointed at or chosen.
 * @param {HTMLCanvasElement} canvas
 * @param {() => number} count
 * @param {() => number} marked where the arrow keys start from
 * @param {((at: number | null) => void) | undefined} onPoint
 * @param {((at: number) => void) | undefined} onPick
 */
function watch(canvas, count, marked, onPoint, onPick) {
  const at = (/** @type {PointerEvent | MouseEvent} */ event) =>
    Math.min(count() - 1, Math.max(0, Math.floor((event.offsetX / canvas.clientWidth) * count())));
  if (onPoint) {
    canvas.addEventListener("pointermove", (event) => onPoint(at(event)));
    canvas.addEventListener("pointerleave", () => onPoint(null));
  }
  if (onPick) {
    canvas.classList.add("pick");
    canvas.tabIndex = 0;
    canvas.setAttribute("role", "application");
    canvas.addEventListener("click", (event) => onPick(at(event)));
    canvas.addEventListener("keydown", (event) => {
      const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
      if (!by) return;
      event.preventDefault();
      const to = Math.min(count() - 1, Math.max(0, marked() + by));
      onPick(to);
    });
  }
}

/**
 * A legend: the colours of a scale and its two ends.
 * @param {import("./colours.js").Scale} scale
 * @param {string[]} ticks evenly spaced
 */
export function legend(scale, ticks) {
  const bar = element("span", { class: "colours" });
  bar.style.background = `linear-gradient(90deg, ${scale.stops.map(css).join(", ")})`;
  return element(
    "span",
    { class: "ramp" },
    bar,
    element("span", { class: "ticks" }, ...ticks.map((t) => element("span", {}, t))),
  );
}
