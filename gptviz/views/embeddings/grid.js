// A matrix of numbers as a picture, one colour a cell, each to be pointed at or reached with the arrow keys.

import { element } from "../kit/dom.js";
import { prepare } from "../kit/painter.js";

/**
 * @typedef {object} Drawing
 * @property {number} rows
 * @property {number} columns
 * @property {Uint32Array<ArrayBuffer>} pixels row by row
 * @property {number} height of the cells together, in pixels
 * @property {number} [most] the largest width of a cell
 * @property {string[]} [names] of the rows, beside them where there is room
 * @property {boolean} [square] the columns have the same names
 * @property {[number, number] | null} [mark] row and column to frame
 * @property {string} label for those who cannot see it
 */

/**
 * @param {import("./view.js").Scene} scene
 * @param {object} how
 * @param {(row: number, column: number) => void} [how.onPick]
 * @param {(at: [number, number] | null) => void} how.onPoint
 */
export function createGrid(scene, { onPick, onPoint }) {
  const canvas = /** @type {HTMLCanvasElement} */ (element("canvas", { tabindex: 0, role: "application" }));
  const node = element("div", { class: "grid" }, canvas);
  let box = { x: 0, y: 0, width: 1, height: 1, rows: 1, columns: 1 };
  let at = /** @type {[number, number]} */ ([0, 0]);

  const cellAt = (/** @type {MouseEvent} */ event) => {
    const column = Math.floor(((event.offsetX - box.x) / box.width) * box.columns);
    const row = Math.floor(((event.offsetY - box.y) / box.height) * box.rows);
    return row < 0 || column < 0 || row >= box.rows || column >= box.columns
      ? null
      : /** @type {[number, number]} */ ([row, column]);
  };
  canvas.addEventListener("pointermove", (event) => onPoint(cellAt(event)));
  canvas.addEventListener("pointerleave", () => onPoint(null));
  canvas.addEventListener("click", (event) => {
    const cell = cellAt(event);
    if (!cell) return;
    at = cell;
    if (onPick) onPick(...cell);
    else onPoint(cell);
  });
  canvas.addEventListener("keydown", (event) => {
    const by = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[event.key];
    if (!by) return;
    event.preventDefault();
    const within = (/** @type {number} */ value, /** @type {number} */ size) => Math.max(0, Math.min(size - 1, value));
    at = [within(at[0] + by[0], box.rows), within(at[1] + by[1], box.columns)];
    if (onPick) onPick(...at);
    else onPoint(at);
  });

  return {
    node,
    canvas,
    /** @param {Drawing} drawing */
    draw({ rows, columns, pixels, height, most = Infinity, names, square = false, mark = null, label }) {
      const colours = scene.colours();
      const size = height / rows;
      const named = names && size >= 14;
      const left = named ? Math.min(120, 17 + 7.9 * Math.max(...names.map((name) => [...name].length))) : 0;
      const width = Math.min(node.clientWidth, left + most * columns);
      const top = named && square ? left : 0;
      box = { x: left, y: top, width: width - left, height, rows, columns };
      const painter = prepare(canvas, width, top + height);
      painter.image(pixels, columns, rows, left, top, width - left, height);
      painter.frame(left + 0.5, top + 0.5, width - left - 1, height - 1, colours.line);
      const cell = (width - left) / columns;
      const short = (/** @type {string} */ name) =>
        [...name].length > 13 ? `${[...name].slice(0, 12).join("")}…` : name;
      if (named) {
        names.forEach((name, i) => {
          painter.text(short(name), left - 6, top + (i + 0.5) * size, {
            fill: colours.ink,
            align: "right",
            code: true,
          });
          if (square && cell >= 14)
            painter.text(short(name), left + (i + 0.5) * cell, top - 6, {
              fill: colours.ink,
              upright: true,
              code: true,
            });
        });
      }
      if (mark) {
        at = mark;
        painter.frame(
          left + mark[1] * cell,
          top + mark[0] * size,
          Math.max(cell, 3),
          Math.max(size, 3),
          colours.ink,
          2,
        );
      }
      canvas.setAttribute("aria-label", label);
    },
  };
}
