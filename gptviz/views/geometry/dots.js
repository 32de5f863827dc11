// Dots to look through: turned or moved, enlarged, pointed at, and held with lines to their nearest in the space.

import { css } from "../kit/colours.js";
import { element } from "../kit/dom.js";
import { prepare } from "../kit/painter.js";

const HEIGHT = 520;
export const HUES = ["query", "key", "value", "attention", "mlp", "output", "negative", "positive"];
export const SHAPES = 3; // square, frame, cross: colour is never the only sign
const LABELS = 60;

/**
 * @typedef {object} Picture
 * @property {string} kind another one begins where it can be seen whole
 * @property {boolean} solid it turns
 * @property {Float32Array} points
 * @property {number} stride numbers a dot
 * @property {string[]} pieces of each dot
 * @property {ArrayLike<number>} group of each
 * @property {{data: any, shape: number[]}} near of each, those nearest in the whole space
 * @property {number} chosen the group that stands out, or -1
 * @property {(dot: number) => boolean} strong whether it is among those looked for
 * @property {[string, string] | null} axes what the directions to the right and upward are called
 *
 * @typedef {object} Pointed
 * @property {number} dot
 * @property {number[]} close on the picture
 * @property {number[]} near in the whole space
 */

/** @param {import("./view.js").Scene} scene */
export function createDots(scene) {
  const canvas = /** @type {HTMLCanvasElement} */ (element("canvas", { tabindex: 0, role: "application" }));
  let turn = [0.5, 0.35];
  let zoom = 1;
  let shift = [0, 0];
  let solid = false;
  let kind = "";
  let pointed = -1;
  let pinned = -1; // chosen by a click: lines go to its nearest in the space
  let moved = 0; // pixels since the pointer went down
  let dots = /** @type {number[][]} */ ([]);
  let held = /** @type {number[] | null} */ (null);

  canvas.addEventListener("pointerdown", (event) => {
    held = [event.offsetX, event.offsetY];
    moved = 0;
    canvas.setPointerCapture(event.pointerId);
  });
  canvas.addEventListener("pointerup", (event) => {
    held = null;
    if (moved > 4) return;
    pointed = under([event.offsetX, event.offsetY]);
    pinned = pointed === pinned ? -1 : pointed;
    scene.redraw();
  });
  canvas.addEventListener("pointercancel", () => {
    held = null;
  });
  canvas.addEventListener("pointermove", (event) => {
    const here = [event.offsetX, event.offsetY];
    if (held) {
      const by = [here[0] - held[0], here[1] - held[1]];
      held = here;
      moved += Math.hypot(by[0], by[1]);
      if (solid) turnBy(by[0] / 150, by[1] / 150);
      else shift = [shift[0] + by[0], shift[1] + by[1]];
    } else pointed = under(here);
    scene.redraw();
  });
  canvas.addEventListener("pointerleave", () => {
    pointed = -1;
    scene.redraw();
  });
  canvas.addEventListener(
    "wheel",
    (event) => {
      if (!event.ctrlKey && !event.metaKey && !canvas.matches(":focus")) return; // the page scrolls
      event.preventDefault();
      zoomBy(Math.exp(-event.deltaY / 400));
      scene.redraw();
    },
    { passive: false },
  );
  canvas.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: [-0.1, 0], ArrowRight: [0.1, 0], ArrowUp: [0, -0.1], ArrowDown: [0, 0.1] }[event.key];
    if (step) {
      if (solid) turnBy(step[0], step[1]);
      else shift = [shift[0] - 200 * step[0], shift[1] - 200 * step[1]];
    } else if (event.key === "+" || event.key === "-") zoomBy(event.key === "+" ? 1.25 : 0.8);
    else return;
    event.preventDefault();
    scene.redraw();
  });

  /** @param {number} across @param {number} down */
  function turnBy(across, down) {
    turn = [turn[0] + across, Math.max(-1.5, Math.min(1.5, turn[1] + down))];
  }

  /** @param {number} by */
  function zoomBy(by) {
    zoom = Math.max(0.5, Math.min(12, zoom * by));
  }

  /** The dot at a place of the canvas, or -1. @param {number[]} here */
  function under(here) {
    let [found, nearest] = [-1, 14 ** 2];
    dots.forEach(([x, y], i) => {
      const distance = (x - here[0]) ** 2 + (y - here[1]) ** 2;
      if (distance < nearest) [nearest, found] = [distance, i];
    });
    return found;
  }

  /** Each dot as it is seen from here: to the right, upward, towards the reader. @param {Picture} picture */
  function seenNow({ points, stride, pieces }) {
    const [cos, sin, up, down] = [Math.cos(turn[0]), Math.sin(turn[0]), Math.cos(turn[1]), Math.sin(turn[1])];
    return pieces.map((_, i) => {
      const [x, y, z] = [points[i * stride], points[i * stride + 1], stride > 2 ? points[i * stride + 2] : 0];
      if (!solid) return [x, y, 0];
      const [across, depth] = [x * cos + z * sin, -x * sin + z * cos];
      return [across, y * up - depth * down, y * down + depth * up];
    });
  }

  /** The same on the canvas. @param {number[][]} seen @param {number} width @param {number} height */
  function placed(seen, width, height) {
    const extent = (/** @type {number} */ axis) =>
      seen.reduce(([low, high], dot) => [Math.min(low, dot[axis]), Math.max(high, dot[axis])], [Infinity, -Infinity]);
    // A solid turns about its middle; what is flat is shown as large as it fits.
    const [across, upward] = [extent(0), extent(1)];
    const middle = solid ? [0, 0] : [(across[0] + across[1]) / 2, (upward[0] + upward[1]) / 2];
    const largest = solid
      ? seen.reduce(
          (most, [x, y, z]) =>
            Math.max(most, Math.hypot(x, z) / (width / 2 - 50), Math.hypot(y, z) / (height / 2 - 24)),
          1e-9,
        )
      : Math.max((across[1] - across[0]) / (width - 100), (upward[1] - upward[0]) / (height - 48), 1e-9);
    const near = seen.reduce((most, dot) => Math.max(most, Math.abs(dot[2])), 1e-9);
    return seen.map(([x, y, z]) => [
      width / 2 + ((x - middle[0]) / largest) * zoom + shift[0],
      height / 2 - ((y - middle[1]) / largest) * zoom + shift[1],
      z / near,
    ]);
  }

  /**
   * @param {import("../kit/painter.js").Painter} painter
   * @param {Picture} picture
   * @param {number} i
   * @param {any} fill
   */
  function paintDot(painter, { pieces, group, chosen }, i, fill) {
    const [x, y, z] = dots[i];
    const size = (solid ? 5 + 2.5 * z : pieces.length > 1000 ? 4 : 6) * (group[i] === chosen ? 1.5 : 1);
    const [left, right, top, bottom] = [x - size / 2, x + size / 2, y - size / 2, y + size / 2];
    const shape = Math.floor(group[i] / HUES.length) % SHAPES;
    const cross = [
      [left, top],
      [right, bottom],
      [x, y],
      [right, top],
      [left, bottom],
    ];
    if (shape === 0) painter.rect(left, top, size, size, fill);
    else if (shape === 1) painter.frame(left, top, size, size, fill, 1.5);
    else painter.line(cross, fill, { thick: 1.5 });
  }

  /**
   * Names where there is room, in this order.
   * @param {import("../kit/painter.js").Painter} painter
   * @param {Picture} picture
   * @param {number[]} ranked
   * @param {{width: number, height: number, at: number, ink: any}} how
   */
  function paintNames(painter, { pieces, group, chosen }, ranked, { width, height, at, ink }) {
    const taken = /** @type {number[][]} */ ([]);
    for (const i of ranked) {
      if (taken.length >= LABELS) break;
      const [x, y] = dots[i];
      if (x < 0 || y < 0 || x > width || y > height) continue;
      const text = pieces[i].slice(0, 18);
      const box = [x + 6, y - 8, x + 10 + 7.3 * text.length, y + 8];
      if (
        box[2] > width ||
        taken.some((other) => box[0] < other[2] && box[2] > other[0] && box[1] < other[3] && box[3] > other[1])
      )
        continue;
      taken.push(box);
      painter.text(text, x + 7, y, { fill: ink, size: 12, code: true, bold: i === at || group[i] === chosen });
    }
  }

  return {
    node: canvas,
    /** Other dots: nothing is pointed at, and all is seen. */
    reset() {
      [zoom, shift, pointed, pinned] = [1, [0, 0], -1, -1];
    },
    /** @param {Picture} picture @returns {Pointed | null} the dot that is pointed at or held */
    draw(picture) {
      const { group, near, chosen, strong, axes } = picture;
      // What was large in one may be nowhere in the other.
      if (kind !== picture.kind) [kind, zoom, shift] = [picture.kind, 1, [0, 0]];
      solid = picture.solid;
      const colours = scene.colours();
      const width = canvas.parentElement?.clientWidth ?? 300;
      const height = Math.min(HEIGHT, Math.max(320, width * 0.8));
      const painter = prepare(canvas, width, height);
      canvas.style.background = css(colours.background);
      const seen = seenNow(picture);
      dots = placed(seen, width, height);
      const order = [...dots.keys()].sort((a, b) => Number(strong(a)) - Number(strong(b)) || dots[a][2] - dots[b][2]);
      const at = pinned >= 0 ? pinned : pointed;
      const K = near.shape[1];
      const nearest = /** @type {number[]} */ (at < 0 ? [] : [...near.data.subarray(at * K, (at + 1) * K)]);
      if (axes) {
        const named = { fill: colours.muted, size: 12, code: true };
        painter.text(`${axes[0]} →`, width - 8, height - 12, { ...named, align: "right" });
        painter.text(`↑ ${axes[1]}`, 8, 14, named);
      }
      for (const i of nearest) painter.line([dots[at], dots[i]], colours.ink, { thick: 1.25, dash: [4, 3] });
      for (const i of order)
        paintDot(painter, picture, i, strong(i) ? colours[HUES[group[i] % HUES.length]] : colours.line);
      // What is pointed at comes first, then its nearest, then what is searched for.
      const ranked = order
        .reverse()
        .filter((i) => strong(i) || i === at || nearest.includes(i))
        .sort(
          (a, b) =>
            Number(b === at) - Number(a === at) ||
            Number(nearest.includes(b)) - Number(nearest.includes(a)) ||
            Number(group[b] === chosen) - Number(group[a] === chosen),
        );
      paintNames(painter, picture, ranked, { width, height, at, ink: colours.ink });
      if (at < 0) return null;
      painter.frame(dots[at][0] - 7, dots[at][1] - 7, 14, 14, colours.ink, 2);
      return { dot: at, close: closest(seen, at), near: nearest };
    },
  };
}

/** The dots that lie nearest on the picture. @param {number[][]} seen @param {number} at */
function closest(seen, at) {
  const distance = (/** @type {number} */ i) =>
    (seen[i][0] - seen[at][0]) ** 2 + (seen[i][1] - seen[at][1]) ** 2 + (seen[i][2] - seen[at][2]) ** 2;
  return [...seen.keys()]
    .filter((i) => i !== at)
    .sort((a, b) => distance(a) - distance(b))
    .slice(0, 4);
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
    let [nearest, least] = [-1, Infinity];
    for (let j = 0; j < N; j++) {
      if (j === i) continue;
      let distance = 0;
      for (let k = 0; k < used; k++) distance += (points[i * stride + k] - points[j * stride + k]) ** 2;
      if (distance < least) [nearest, least] = [j, distance];
    }
    if (near.data.subarray(i * K, (i + 1) * K).includes(nearest)) kept++;
  }
  return kept;
}
