// Dots to look through: moved, enlarged, turned if they stand in three dimensions; one can be kept by a click.

import { css } from "../kit/colours.js";
import { element } from "../kit/dom.js";
import { prepare } from "../kit/painter.js";
import { createZoom, createZoomTools } from "../kit/zoom.js";

const HEIGHT = 520;
const [LEAST, MOST] = [0.5, 12]; // times the size at which all dots fit
const LABELS = 60;
const LABEL = 18; // characters
const WIDE = 7.8; // pixels a character of a label takes
export const HUES = ["query", "key", "value", "attention", "mlp", "output", "negative", "positive"];
export const SHAPES = 3; // square, frame, cross: colour is never the only sign

/**
 * @typedef {object} Picture
 * @property {string} kind another one begins as it fits
 * @property {Float32Array} points stride numbers a dot
 * @property {number} stride
 * @property {boolean} solid three dimensions, which can be turned
 * @property {string[]} pieces
 * @property {ArrayLike<number>} group of each dot
 * @property {number} chosen the group that is larger and bold; -1: none
 * @property {(dot: number) => boolean} strong not faded
 * @property {{data: any, shape: number[]}} near the nearest of each dot in the whole space
 * @property {[string, string] | null} axes what right and up mean
 *
 * @typedef {object} Pointed
 * @property {number} dot
 * @property {number[]} close on the picture
 * @property {number[]} near in the whole space
 */

/** @param {import("./view.js").Scene} scene */
export function createDots({ say, colours, redraw }) {
  const canvas = /** @type {HTMLCanvasElement} */ (element("canvas", { tabindex: 0, role: "application" }));
  let solid = false;
  const zoom = createZoom({
    canvas,
    redraw,
    least: LEAST,
    free: true,
    wheels: (event) => event.ctrlKey || event.metaKey || canvas.matches(":focus"),
    fixed: () => solid,
  });
  const labels = { zoomIn: say("cloud.zoom_in"), zoomOut: say("cloud.zoom_out"), fit: say("cloud.fit") };
  const tools = createZoomTools(labels, zoom);
  let turned = [0.5, 0.35];
  let pointed = -1;
  let pinned = -1; // chosen by a click: lines go to its nearest in the space
  let kind = "";
  let dots = /** @type {number[][]} */ ([]); // on the canvas, and how near: −1 to 1
  let held = /** @type {number[] | null} */ (null); // where the pointer that turns a solid was last

  /** @param {number} across @param {number} down */
  function turn(across, down) {
    turned = [turned[0] + across, Math.max(-1.5, Math.min(1.5, turned[1] + down))];
    redraw();
  }

  canvas.addEventListener("pointerdown", (event) => {
    held = solid && event.isPrimary ? [event.offsetX, event.offsetY] : null; // a second finger enlarges it
    if (held) canvas.setPointerCapture(event.pointerId);
  });
  for (const type of ["pointerup", "pointercancel"]) canvas.addEventListener(type, () => (held = null));
  canvas.addEventListener("pointermove", (event) => {
    const here = [event.offsetX, event.offsetY];
    if (held) {
      turn((here[0] - held[0]) / 150, (here[1] - held[1]) / 150);
      held = here;
    } else if (!event.buttons) pointed = under(here);
    redraw();
  });
  canvas.addEventListener("pointerleave", () => ((pointed = -1), redraw()));
  canvas.addEventListener("click", (event) => {
    pointed = under([event.offsetX, event.offsetY]);
    pinned = pointed === pinned ? -1 : pointed;
    redraw();
  });
  canvas.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: [-0.1, 0], ArrowRight: [0.1, 0], ArrowUp: [0, -0.1], ArrowDown: [0, 0.1] }[event.key];
    if (step && solid) turn(step[0], step[1]);
    else if (step) {
      const { x, y, k } = zoom.seen();
      zoom.move(x + step[0] / k, y + step[1] / k);
    } else if (!zoom.press(event.key)) return;
    event.preventDefault();
  });

  /** The dot at a place of the canvas, or -1. @param {number[]} here */
  function under(here) {
    let [found, nearest] = [-1, 14 ** 2];
    dots.forEach(([x, y], i) => {
      const distance = (x - here[0]) ** 2 + (y - here[1]) ** 2;
      if (distance < nearest) [nearest, found] = [distance, i];
    });
    return found;
  }

  /** Where the dots lie as they are turned: x, y, and z towards the reader. @param {Picture} it */
  function place({ points, stride, pieces }) {
    const [cos, sin, up, down] = [Math.cos(turned[0]), Math.sin(turned[0]), Math.cos(turned[1]), Math.sin(turned[1])];
    return pieces.map((_, i) => {
      const [x, y, z] = [points[i * stride], points[i * stride + 1], stride > 2 ? points[i * stride + 2] : 0];
      if (!solid) return [x, y, 0];
      const [across, depth] = [x * cos + z * sin, -x * sin + z * cos];
      return [across, y * up - depth * down, y * down + depth * up];
    });
  }

  /**
   * The same in pixels, as large as all of them fit, before anything is enlarged.
   * @param {number[][]} placed
   * @param {number} width
   * @param {number} height
   */
  function fit(placed, width, height) {
    const extent = (/** @type {number} */ axis) =>
      placed.reduce(([low, high], dot) => [Math.min(low, dot[axis]), Math.max(high, dot[axis])], [Infinity, -Infinity]);
    const [[left, right], [low, high]] = [extent(0), extent(1)];
    // A solid turns about its middle, and fits however it is turned.
    const middle = solid ? [0, 0] : [(left + right) / 2, (low + high) / 2];
    const reach = (/** @type {number[]} */ [x, y, z]) =>
      Math.max(Math.hypot(x, z) / (width / 2 - 50), Math.hypot(y, z) / (height / 2 - 24));
    const unit = solid
      ? Math.max(1e-9, ...placed.map(reach))
      : Math.max(1e-9, (right - left) / (width - 100), (high - low) / (height - 48));
    const nearest = Math.max(1e-9, ...placed.map(([, , z]) => Math.abs(z)));
    return placed.map(([x, y, z]) => [
      width / 2 + (x - middle[0]) / unit,
      height / 2 - (y - middle[1]) / unit,
      z / nearest,
    ]);
  }

  return {
    node: element("div", { class: "dots-of" }, tools.node, canvas),
    canvas,
    /** Other dots: none of them is kept, and nothing is enlarged. */
    reset() {
      [pointed, pinned] = [-1, -1];
      zoom.reset();
    },
    /** @param {Picture} it @returns {Pointed | null} the dot that is kept or pointed at */
    draw(it) {
      solid = it.solid;
      if (kind !== it.kind) {
        kind = it.kind;
        zoom.reset(); // what was large in one may be nowhere in the other
      }
      const width = canvas.parentElement?.clientWidth ?? 300;
      const height = Math.min(HEIGHT, Math.max(320, width * 0.8));
      zoom.place({ left: 0, top: 0, width, height }, MOST);
      tools.draw(true);
      const { x, y, k } = zoom.seen();
      const placed = place(it);
      dots = fit(placed, width, height).map((dot) => [(dot[0] - x * width) * k, (dot[1] - y * height) * k, dot[2]]);
      canvas.style.background = css(colours().background);
      const at = pinned >= 0 ? pinned : pointed;
      const K = it.near.shape[1];
      const near = /** @type {number[]} */ (at < 0 ? [] : [...it.near.data.subarray(at * K, (at + 1) * K)]);
      paint(prepare(canvas, width, height), it, at, near, width, height);
      return at < 0 ? null : { dot: at, close: closest(placed, at), near };
    },
  };

  /**
   * @param {import("../kit/painter.js").Painter} painter
   * @param {Picture} it
   * @param {number} at
   * @param {number[]} near
   * @param {number} width
   * @param {number} height
   */
  function paint(painter, { axes, group, chosen, pieces, strong }, at, near, width, height) {
    const c = colours();
    if (axes) {
      painter.text(`${axes[0]} →`, width - 8, height - 12, { fill: c.muted, align: "right", code: true });
      painter.text(`↑ ${axes[1]}`, 8, 14, { fill: c.muted, code: true });
    }
    for (const i of near) painter.line([dots[at], dots[i]], c.ink, { thick: 1.25, dash: [4, 3] });
    const order = [...dots.keys()].sort((a, b) => Number(strong(a)) - Number(strong(b)) || dots[a][2] - dots[b][2]);
    for (const i of order) {
      const [x, y, z] = dots[i];
      const half = ((solid ? 5 + 2.5 * z : pieces.length > 1000 ? 4 : 6) * (group[i] === chosen ? 1.5 : 1)) / 2;
      const fill = strong(i) ? c[HUES[group[i] % HUES.length]] : c.line;
      const shape = Math.floor(group[i] / HUES.length) % SHAPES;
      if (shape === 0) painter.rect(x - half, y - half, 2 * half, 2 * half, fill);
      else if (shape === 1) painter.frame(x - half, y - half, 2 * half, 2 * half, fill, 1.5);
      else {
        painter.segment(x - half, y - half, x + half, y + half, fill, { thick: 1.5 });
        painter.segment(x + half, y - half, x - half, y + half, fill, { thick: 1.5 });
      }
    }
    // Labels where there is room: what is kept, its nearest, and the reader's own first.
    const rank = (/** @type {number} */ i) => (i === at ? 3 : near.includes(i) ? 2 : group[i] === chosen ? 1 : 0);
    const taken = /** @type {number[][]} */ ([]);
    for (const i of order.reverse().sort((a, b) => rank(b) - rank(a))) {
      if (taken.length >= LABELS) break;
      if (!strong(i) && i !== at && !near.includes(i)) continue;
      const [x, y] = dots[i];
      if (x < 0 || y < 0 || x > width || y > height) continue;
      const text = pieces[i].slice(0, LABEL);
      const [left, top, right, bottom] = [x + 6, y - 8, x + 10 + WIDE * text.length, y + 8];
      const meets = taken.some(([l, t, r, b]) => left < r && right > l && top < b && bottom > t);
      if (right > width || meets) continue;
      taken.push([left, top, right, bottom]);
      painter.text(text, x + 7, y, { fill: c.ink, code: true, bold: i === at || group[i] === chosen });
    }
    if (at >= 0) painter.frame(dots[at][0] - 7, dots[at][1] - 7, 14, 14, c.ink, 2);
  }
}

/**
 * How many dots have, as their nearest on the picture, one of their nearest in the space.
 * @param {Float32Array} points
 * @param {number} stride numbers a dot
 * @param {number} used of them
 * @param {{data: any, shape: number[]}} near
 */
export function keeping(points, stride, used, near) {
  const [N, K] = near.shape;
  let kept = 0;
  for (let i = 0; i < N; i++) {
    let [closest, least] = [-1, Infinity];
    for (let j = 0; j < N; j++) {
      if (j === i) continue;
      let distance = 0;
      for (let k = 0; k < used; k++) distance += (points[i * stride + k] - points[j * stride + k]) ** 2;
      if (distance < least) [closest, least] = [j, distance];
    }
    if (near.data.subarray(i * K, (i + 1) * K).includes(closest)) kept++;
  }
  return kept;
}

/** The dots that lie nearest on the picture. @param {number[][]} dots @param {number} at */
function closest(dots, at) {
  const distance = (/** @type {number} */ i) =>
    (dots[i][0] - dots[at][0]) ** 2 + (dots[i][1] - dots[at][1]) ** 2 + (dots[i][2] - dots[at][2]) ** 2;
  return [...dots.keys()]
    .filter((i) => i !== at)
    .sort((a, b) => distance(a) - distance(b))
    .slice(0, 4);
}
