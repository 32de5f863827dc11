// The page's colours as numbers, for what is drawn pixel by pixel. They come from the stylesheet, where
// gptviz/figures/colours.py has its twin.

/** @typedef {[number, number, number]} Rgb 0 to 255 each */

const NAMES = [
  ...["background", "panel", "ink", "muted", "line", "accent"],
  ...["query", "key", "value", "attention", "mlp", "output"],
  ...["negative", "negative-mid", "positive-mid", "positive"],
  ...["token-0", "token-1", "token-2", "token-3", "token-4", "token-5"],
];

/**
 * The colours that hold at `node` now, by their names in common.css without the dashes.
 * @param {Element} node in the document
 * @returns {Record<string, Rgb>}
 */
export function readColours(node) {
  const probe = document.createElement("span");
  node.append(probe);
  const found = Object.fromEntries(
    NAMES.map((name) => {
      probe.style.color = `var(--${name})`;
      const [r, g, b] = getComputedStyle(probe).color.match(/[\d.]+/g) ?? [];
      return [name, /** @type {Rgb} */ ([r, g, b].map(Number))];
    }),
  );
  probe.remove();
  return found;
}

/** @param {Rgb} rgb */
export const css = ([r, g, b]) => `rgb(${Math.round(r)} ${Math.round(g)} ${Math.round(b)})`;

/**
 * @param {Rgb} a
 * @param {Rgb} b
 * @param {number} t 0: a, 1: b
 * @returns {Rgb}
 */
export const mix = (a, b, t) => [a[0] + t * (b[0] - a[0]), a[1] + t * (b[1] - a[1]), a[2] + t * (b[2] - a[2])];

/**
 * @typedef {object} Scale
 * @property {(value: number) => Rgb} rgb
 * @property {(value: number) => number} pixel the same as one 32-bit number for an ImageData, without mixing anew
 * @property {Rgb[]} stops from the smallest value to the largest
 */

const STEPS = 512;

/**
 * A scale from `low` to `high`; values beyond take the colour of its end.
 * @param {Rgb[]} stops evenly spaced
 * @param {number} low
 * @param {number} high
 * @returns {Scale}
 */
function scale(stops, low, high) {
  const colour = (/** @type {number} */ share) => {
    const at = Math.min(1, Math.max(0, share)) * (stops.length - 1);
    const left = Math.min(stops.length - 2, Math.floor(at));
    return mix(stops[left], stops[left + 1], at - left);
  };
  const table = Uint32Array.from({ length: STEPS + 1 }, (_, i) => {
    const [r, g, b] = colour(i / STEPS).map(Math.round);
    return ((255 << 24) | (b << 16) | (g << 8) | r) >>> 0; // ImageData is RGBA, and computers here little-endian
  });
  const factor = high > low ? STEPS / (high - low) : 0;
  return {
    stops,
    rgb: (value) => colour(high > low ? (value - low) / (high - low) : 0),
    pixel: (value) => table[Math.min(STEPS, Math.max(0, Math.round((value - low) * factor)))],
  };
}

/**
 * For signed values, centred at 0.
 * @param {Record<string, Rgb>} colours
 * @param {number} bound
 */
export const diverging = (colours, bound) =>
  scale(
    ["negative", "negative-mid", "background", "positive-mid", "positive"].map((name) => colours[name]),
    -(bound || 1),
    bound || 1,
  );

/**
 * For probabilities and sizes, from 0.
 * @param {Record<string, Rgb>} colours
 * @param {string} role
 * @param {number} [top]
 */
export const sequential = (colours, role, top = 1) => scale([colours.background, colours[role]], 0, top || 1);

/** WCAG's relative luminance. @param {Rgb} rgb */
function luminance(rgb) {
  const [r, g, b] = rgb.map((c) => (c / 255 <= 0.04045 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

/** Black or white, whichever reads better on a colour. @param {Rgb} rgb */
export const readableOn = (rgb) => (luminance(rgb) > 0.179 ? "#000" : "#fff");
