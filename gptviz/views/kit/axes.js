// The axes of a chart: at the ticks of a scale (d3-scale) a line across and a number beside it.

/**
 * @typedef {import("./colours.js").Rgb} Rgb
 * @typedef {import("./painter.js").Painter} Painter
 * @typedef {(value: number) => number} Scale from a value to a pixel
 */

/**
 * Upwards: lines from left to right.
 * @param {Painter} painter
 * @param {Scale} y
 * @param {object} how
 * @param {number[]} how.ticks
 * @param {number} how.left where the lines begin; their numbers stand before it
 * @param {number} how.right where they end
 * @param {((tick: number) => string) | null} how.text null: no numbers
 * @param {Record<string, Rgb>} how.colours
 */
export function upwardAxis(painter, y, { ticks, left, right, text, colours }) {
  for (const tick of ticks) {
    painter.segment(left, y(tick), right, y(tick), colours.line);
    if (text) painter.text(text(tick), left - 6, y(tick), { fill: colours.muted, align: "right" });
  }
}

/**
 * To the right: numbers below.
 * @param {Painter} painter
 * @param {Scale} x
 * @param {object} how
 * @param {number[]} how.ticks
 * @param {number} how.top of the numbers' line
 * @param {(tick: number) => string} [how.text]
 * @param {Record<string, Rgb>} how.colours
 */
export function rightwardAxis(painter, x, { ticks, top, text = String, colours }) {
  for (const tick of ticks) painter.text(text(tick), x(tick), top + 8, { fill: colours.muted, align: "center" });
}
