// A square picture: one row a query, one column a key, tokens on both sides. It can be zoomed, moved, walked through
// with the arrow keys, and taken away as a file.

import { readableOn } from "../kit/colours.js";
import { element } from "../kit/dom.js";
import { cut } from "../kit/format.js";
import { downloadPicture, font, prepare } from "../kit/painter.js";
import { createZoom, createZoomTools } from "../kit/zoom.js";

const LARGEST_CELL = 64; // pixels
const LARGEST_SIDE = 640;
const SUMS = 48; // room for sums behind the rows
const LABEL = 14; // pixels a label needs
const LONGEST = 14; // characters of a label
const FEWEST = 4; // cells seen at the closest
const NUMBERS_FROM = 38; // pixels of a cell that has room for a number

/**
 * @typedef {object} Picture
 * @property {string[]} tokens
 * @property {Uint32Array<ArrayBuffer>} pixels [n · n], as `Scale.pixel` gives them
 * @property {(i: number, j: number) => string | null} number what to write into a cell that has room
 * @property {number} hatched 0 to 1: how clearly the future is drawn as −∞
 * @property {number} query
 * @property {number} key
 * @property {((i: number) => string) | null} sums what to write behind row i
 * @property {number | null} [outlined] a row and a column that are not what they were
 */

/**
 * @param {object} on
 * @param {() => Record<string, import("../kit/colours.js").Rgb>} on.colours
 * @param {{query: string, key: string, zoomIn: string, zoomOut: string, fit: string}} on.labels
 * @param {(cell: {query: number, key: number} | null) => void} on.point
 * @param {(query: number, key: number) => void} on.pick
 * @param {() => void} on.redraw
 */
export function createMatrix({ colours, labels, point, pick, redraw }) {
  const canvas = /** @type {HTMLCanvasElement} */ (element("canvas", { tabindex: 0, role: "application" }));
  /** @type {Picture | null} */
  let picture = null;
  let box = { left: 0, top: 0, side: 1, longest: 1 }; // in pixels; longest: of the labels
  const zoom = createZoom({ canvas, redraw });
  const tools = createZoomTools(labels, zoom, chosen);
  const node = element("div", { class: "matrix" }, tools.node, canvas);

  /** What is seen of it, in cells. */
  function view() {
    const { x, y, k } = zoom.seen();
    const n = picture?.tokens.length ?? 1;
    return { x: Math.max(0, x * n), y: Math.max(0, y * n), size: n / k };
  }

  /** The chosen cell's middle, where keys and buttons zoom: in pixels, and never beside the picture. */
  function chosen() {
    const { x, y, size } = view();
    const inside = (/** @type {number} */ share) => Math.min(1, Math.max(0, share)) * box.side;
    const { query, key } = /** @type {Picture} */ (picture);
    return /** @type {[number, number]} */ ([
      box.left + inside((key + 0.5 - x) / size),
      box.top + inside((query + 0.5 - y) / size),
    ]);
  }

  /** The cell under a pointer; null beside the picture. @param {MouseEvent} event */
  function cellAt(event) {
    const [across, down] = [(event.offsetX - box.left) / box.side, (event.offsetY - box.top) / box.side];
    if (!picture || across < 0 || across >= 1 || down < 0 || down >= 1) return null;
    const { x, y, size } = view();
    const last = picture.tokens.length - 1;
    return { query: Math.min(last, Math.floor(y + down * size)), key: Math.min(last, Math.floor(x + across * size)) };
  }

  canvas.addEventListener("pointermove", (event) => {
    if (event.pointerType === "mouse" && !(zoom.zoomed() && event.buttons)) point(cellAt(event));
  });
  canvas.addEventListener("pointerleave", () => point(null));
  canvas.addEventListener("click", (event) => {
    const cell = cellAt(event);
    if (cell) pick(cell.query, cell.key);
  });
  canvas.addEventListener("keydown", (event) => {
    if (!picture) return;
    const n = picture.tokens.length;
    const step = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }[event.key];
    if (step) {
      const clamp = (/** @type {number} */ at) => Math.min(n - 1, Math.max(0, at));
      const [i, j] = [clamp(picture.query + step[0]), clamp(picture.key + step[1])];
      if (zoom.zoomed()) {
        const { x, y, size } = view();
        const follow = (/** @type {number} */ at, /** @type {number} */ from) =>
          Math.min(at, Math.max(from, at - size + 1)) / n;
        zoom.move(follow(j, x), follow(i, y));
      }
      picture = { ...picture, query: i, key: j }; // the next key may come before the next frame
      pick(i, j);
    } else if (!zoom.press(event.key, chosen())) return;
    event.preventDefault();
  });

  /**
   * @param {import("../kit/painter.js").Painter} painter
   * @param {Picture} it
   * @param {ReturnType<typeof view>} seen
   * @param {typeof box} at
   */
  function paint(painter, it, seen, { left, top, side, longest }) {
    const { tokens, pixels, query, key } = it;
    const n = tokens.length;
    const c = colours();
    const cell = side / seen.size;
    const x = (/** @type {number} */ j) => left + (j - seen.x) * cell;
    const y = (/** @type {number} */ i) => top + (i - seen.y) * cell;
    const [i0, i1] = [Math.floor(seen.y), Math.min(n, Math.ceil(seen.y + seen.size))];
    const [j0, j1] = [Math.floor(seen.x), Math.min(n, Math.ceil(seen.x + seen.size))];
    painter.inside(left, top, side, side, () => {
      painter.image(pixels, n, n, x(0), y(0), n * cell, n * cell);
      if (cell >= 7) {
        for (let j = j0; j <= j1; j++) painter.segment(x(j), top, x(j), top + side, c.background);
        for (let i = i0; i <= i1; i++) painter.segment(left, y(i), left + side, y(i), c.background);
      }
      if (it.hatched) hatch(painter, it.hatched, x, y, [i0, i1], [j0, j1], cell, c);
      if (cell >= NUMBERS_FROM) {
        for (let i = i0; i < i1; i++) {
          for (let j = j0; j < j1; j++) {
            const text = it.number(i, j);
            if (text === null) continue;
            if (text === "−∞") painter.rect(x(j) + cell / 2 - 13, y(i) + cell / 2 - 8, 26, 16, c.background);
            const p = pixels[i * n + j];
            const under =
              p >>> 24
                ? /** @type {import("../kit/colours.js").Rgb} */ ([p & 255, (p >> 8) & 255, (p >> 16) & 255])
                : c.background;
            painter.text(text, x(j) + cell / 2, y(i) + cell / 2, {
              fill: readableOn(under),
              align: "center",
            });
          }
        }
      }
      if (it.outlined !== null && it.outlined !== undefined) {
        const dash = { thick: 2, dash: [5, 3] };
        painter.frame(x(it.outlined), top, x(n) - x(it.outlined), y(n) - top, c.attention, dash);
        painter.segment(left, y(it.outlined), x(n), y(it.outlined), c.attention, dash);
      }
      painter.frame(left + 0.5, y(query), side - 1, cell, c.query, 1.5);
      painter.frame(x(key), top + 0.5, cell, side - 1, c.key, 1.5);
      painter.frame(x(key), y(query), cell, cell, c.ink, 2.5);
    });
    painter.frame(left, top, side, side, c.line);
    const step = Math.ceil(LABEL / cell);
    const named = (/** @type {string} */ text) => cut(text, LONGEST);
    const near = (/** @type {number} */ at, /** @type {number} */ chosen) =>
      at !== chosen && Math.abs(at - chosen) * cell < LABEL;
    for (let i = i0; i < i1; i++) {
      if ((i % step && i !== query) || near(i, query) || y(i) + cell / 2 < top || y(i) + cell / 2 > top + side)
        continue;
      painter.text(named(tokens[i]), left - 6, y(i) + cell / 2, {
        fill: i === query ? c.query : c.ink,
        align: "right",
        code: true,
        bold: i === query,
      });
      if (it.sums && (cell >= LABEL || i === query))
        painter.text(it.sums(i), left + side + 6, y(i) + cell / 2, { fill: c.muted });
    }
    for (let j = j0; j < j1; j++) {
      if ((j % step && j !== key) || near(j, key) || x(j) + cell / 2 < left || x(j) + cell / 2 > left + side) continue;
      const label = { fill: j === key ? c.key : c.ink, code: true, bold: j === key };
      if (longest <= cell) painter.text(named(tokens[j]), x(j) + cell / 2, top - 12, { ...label, align: "center" });
      else painter.text(named(tokens[j]), x(j) + cell / 2, top - 6, { ...label, upright: true });
    }
    painter.text(`${labels.query} ↓`, left - 8, 8, { fill: c.query, align: "right" });
    painter.text(`${labels.key} →`, left, 8, { fill: c.key });
  }

  /** Room for labels: the longest decides. @param {Picture} it */
  function margin(it) {
    const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
    context.font = font({ code: true });
    const widths = it.tokens.map((text) => context.measureText(cut(text, LONGEST)).width);
    const longest = Math.ceil(Math.max(...widths)) + 10;
    const corner = context.measureText(`${labels.query} ↓`).width + 10;
    return { left: Math.max(longest, corner), top: Math.max(54, longest), longest };
  }

  /**
   * Where it lies. Labels of keys that have to stand upright need more room.
   * @param {Picture} it
   * @param {number} side
   */
  function place(it, side) {
    const { left, top, longest } = margin(it);
    return { left, top: longest <= side / it.tokens.length ? 44 : top + 16, side, longest };
  }

  return {
    node,
    canvas,
    /** @param {Picture} next */
    draw(next) {
      const n = next.tokens.length;
      if (picture && picture.tokens.length !== n) zoom.reset();
      picture = next;
      // As wide as the picture may become, whatever is shown of it now.
      const { left } = margin(next);
      const widest = Math.min(n * LARGEST_CELL, LARGEST_SIDE);
      node.style.setProperty("--wide", `${left + widest + SUMS}px`);
      box = place(next, Math.min(node.clientWidth - left - SUMS, widest));
      // Where all of it has room for its numbers there is nothing to come closer to.
      const roomy = box.side / n >= NUMBERS_FROM;
      zoom.place({ left, top: box.top, width: box.side, height: box.side }, roomy ? 1 : Math.max(1, n / FEWEST));
      tools.draw(!roomy);
      paint(prepare(canvas, node.clientWidth, box.top + box.side + 4), next, view(), box);
    },
    /** The whole picture as a file. @param {"svg" | "png"} kind @param {string} name @param {string} title */
    download(kind, name, title) {
      if (!picture) return;
      const it = picture;
      const n = it.tokens.length;
      const cell = Math.min(LARGEST_CELL, Math.max(14, 640 / n));
      const at = place(it, cell * n);
      downloadPicture(
        kind,
        name,
        at.left + at.side + SUMS + 8,
        at.top + at.side + 36,
        colours().background,
        (painter) => {
          painter.text(title, 8, 14, { fill: colours().ink, size: 13, bold: true });
          painter.moved(0, 26, () => paint(painter, it, { x: 0, y: 0, size: n }, at));
        },
      );
    },
  };
}

/**
 * The future, hatched: no colour of a scale stands for −∞.
 * @param {import("../kit/painter.js").Painter} painter
 * @param {number} opacity
 * @param {(column: number) => number} x
 * @param {(row: number) => number} y
 * @param {[number, number]} rows first, and behind the last
 * @param {[number, number]} columns
 * @param {number} cell its side in pixels
 * @param {Record<string, import("../kit/colours.js").Rgb>} colours
 */
function hatch(painter, opacity, x, y, [i0, i1], [j0, j1], cell, colours) {
  for (let i = i0; i < i1; i++) {
    const from = Math.max(i + 1, j0);
    if (from >= j1) continue;
    const [left, top, width] = [x(from), y(i), (j1 - from) * cell];
    if (opacity === 1) painter.rect(left, top, width, cell, colours.background);
  }
  // Strokes down to the left, from the staircase to the edge, in steps that stay apart on the screen.
  const step = Math.max(1, 9 / cell);
  for (let c = Math.ceil((i0 + j0) / step) * step; c < i1 + j1; c += step) {
    // Points with column + row = c, in cells; the staircase is where the column is the row + 1.
    const start = Math.max((c + 1) / 2, j0, c - i1);
    const end = Math.min(c - i0, j1);
    if (end <= start) continue;
    painter.segment(x(start), y(c - start), x(end), y(c - end), colours.muted, { opacity: 0.55 * opacity });
  }
  if (opacity < 1) return;
  const visible = Math.min(i1 - i0, j1 - j0);
  if (cell >= NUMBERS_FROM || visible < 3) return;
  const size = Math.min(28, (visible * cell) / 6);
  const [cx, cy] = [x(j0 + 0.75 * visible), y(i0 + 0.25 * visible)];
  painter.rect(cx - size, cy - size * 0.7, 2 * size, 1.4 * size, colours.background);
  painter.text("−∞", cx, cy, { fill: colours.ink, size, align: "center" });
}
