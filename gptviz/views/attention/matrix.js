// A square picture: one row a query, one column a key, tokens on both sides. It can be zoomed, moved, walked through
// with the arrow keys, and taken away as a file.

import { readableOn } from "../kit/colours.js";
import { element } from "../kit/dom.js";
import { cut } from "../kit/format.js";
import { downloadPicture, prepare } from "../kit/painter.js";

const LARGEST_CELL = 64; // pixels
const LARGEST_SIDE = 640;
const SUMS = 48; // room for sums behind the rows
const LABEL = 13; // pixels a label needs
const LONGEST = 14; // characters of a label
const NUMBERS_FROM = 38; // pixels of a cell that has room for a number

/**
 * @typedef {object} Picture
 * @property {string[]} tokens
 * @property {Uint32Array} pixels [n · n], as `Scale.pixel` gives them
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
  const node = element("div", { class: "matrix" });
  const tools = element("div", { class: "zoom" });
  /** @type {Picture | null} */
  let picture = null;
  let view = { x: 0, y: 0, size: 0 }; // in cells
  let box = { left: 0, top: 0, side: 1 }; // in pixels

  const button = (/** @type {string} */ sign, /** @type {string} */ label, /** @type {() => void} */ act) => {
    const made = element("button", { type: "button", "aria-label": label, title: label }, sign);
    made.addEventListener("click", act);
    tools.append(made);
    return made;
  };
  const out = button("−", labels.zoomOut, () => zoom(2));
  const fit = button("⤢", labels.fit, () => zoom(Infinity));
  button("+", labels.zoomIn, () => zoom(0.5));
  node.append(tools, canvas);

  /** @param {number} factor of the number of cells @param {{x: number, y: number}} [about] 0 to 1 each */
  function zoom(factor, about) {
    if (!picture || tools.hidden) return;
    const n = picture.tokens.length;
    const size = Math.max(4, Math.min(n, Math.round(view.size * factor)));
    const at =
      about ??
      (picture && { x: (picture.key + 0.5 - view.x) / view.size, y: (picture.query + 0.5 - view.y) / view.size });
    move(
      view.x + Math.min(1, Math.max(0, at.x)) * (view.size - size),
      view.y + Math.min(1, Math.max(0, at.y)) * (view.size - size),
      size,
    );
  }

  /** @param {number} x @param {number} y @param {number} size */
  function move(x, y, size = view.size) {
    const n = picture?.tokens.length ?? 1;
    const inside = (/** @type {number} */ value) => Math.min(n - size, Math.max(0, value));
    view = { x: inside(x), y: inside(y), size };
    redraw();
  }

  /** The cell under a pointer; null beside the picture. @param {PointerEvent} event */
  function cellAt(event) {
    const j = Math.floor(view.x + ((event.offsetX - box.left) / box.side) * view.size);
    const i = Math.floor(view.y + ((event.offsetY - box.top) / box.side) * view.size);
    const n = picture?.tokens.length ?? 0;
    const inside = event.offsetX >= box.left && event.offsetX < box.left + box.side && event.offsetY >= box.top;
    return inside && i >= 0 && j >= 0 && i < n && j < n && event.offsetY < box.top + box.side
      ? { query: i, key: j }
      : null;
  }

  let drag = /** @type {{x: number, y: number, from: typeof view, far: boolean} | null} */ (null);
  const fingers = /** @type {Map<number, {x: number, y: number}>} */ (new Map()); // on the picture, by pointer
  let pinch = /** @type {{apart: number, from: typeof view, x: number, y: number} | null} */ (null);

  /** How far apart two fingers are, and where their middle is: 0 to 1. */
  function spread() {
    const [a, b] = fingers.values();
    return {
      apart: Math.hypot(a.x - b.x, a.y - b.y),
      x: ((a.x + b.x) / 2 - box.left) / box.side,
      y: ((a.y + b.y) / 2 - box.top) / box.side,
    };
  }

  /** @param {PointerEvent} event */
  function lift(event) {
    fingers.delete(event.pointerId);
    pinch = null;
  }

  canvas.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    const n = picture?.tokens.length ?? 0;
    drag = { x: event.offsetX, y: event.offsetY, from: view, far: false };
    if (view.size < n) canvas.setPointerCapture(event.pointerId);
    if (event.pointerType !== "touch") return;
    fingers.set(event.pointerId, { x: event.offsetX, y: event.offsetY });
    if (fingers.size === 2 && !tools.hidden) [pinch, drag] = [{ from: view, ...spread() }, null];
  });
  canvas.addEventListener("pointermove", (event) => {
    if (fingers.has(event.pointerId)) fingers.set(event.pointerId, { x: event.offsetX, y: event.offsetY });
    if (pinch) {
      // What lay between the fingers stays there.
      const [{ from }, now] = [pinch, spread()];
      const size = Math.max(
        4,
        Math.min(picture?.tokens.length ?? 4, Math.round((from.size * pinch.apart) / now.apart)),
      );
      return move(from.x + pinch.x * from.size - now.x * size, from.y + pinch.y * from.size - now.y * size, size);
    }
    if (drag && view.size < (picture?.tokens.length ?? 0)) {
      const [dx, dy] = [event.offsetX - drag.x, event.offsetY - drag.y];
      drag.far ||= Math.hypot(dx, dy) > 4;
      if (drag.far) return move(drag.from.x - (dx / box.side) * view.size, drag.from.y - (dy / box.side) * view.size);
    }
    if (event.pointerType === "mouse") point(cellAt(event));
  });
  canvas.addEventListener("pointerup", (event) => {
    const cell = cellAt(event);
    if (drag && !drag.far && cell) pick(cell.query, cell.key);
    drag = null;
    lift(event);
  });
  canvas.addEventListener("pointercancel", (event) => {
    drag = null;
    lift(event);
  });
  canvas.addEventListener("pointerleave", () => point(null));
  canvas.addEventListener(
    "wheel",
    (event) => {
      if (!event.ctrlKey && !event.metaKey) return; // the wheel alone scrolls the page
      event.preventDefault();
      zoom(event.deltaY > 0 ? 1.25 : 0.8, {
        x: (event.offsetX - box.left) / box.side,
        y: (event.offsetY - box.top) / box.side,
      });
    },
    { passive: false },
  );
  canvas.addEventListener("keydown", (event) => {
    if (!picture) return;
    const n = picture.tokens.length;
    const step = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }[event.key];
    if (step) {
      const clamp = (/** @type {number} */ at) => Math.min(n - 1, Math.max(0, at));
      const [i, j] = [clamp(picture.query + step[0]), clamp(picture.key + step[1])];
      if (view.size < n) {
        const follow = (/** @type {number} */ at, /** @type {number} */ from) =>
          Math.min(at, Math.max(from, at - view.size + 1));
        move(follow(j, view.x), follow(i, view.y));
      }
      picture = { ...picture, query: i, key: j }; // the next key may come before the next frame
      pick(i, j);
    } else if (event.key === "+" || event.key === "=") zoom(0.5);
    else if (event.key === "-") zoom(2);
    else if (event.key === "0") zoom(Infinity);
    else return;
    event.preventDefault();
  });

  /**
   * @param {import("../kit/painter.js").Painter} painter
   * @param {Picture} it
   * @param {typeof view} seen
   * @param {typeof box & {cell: number, level: boolean}} at
   */
  function paint(painter, it, seen, at) {
    const { tokens, pixels, query, key } = it;
    const n = tokens.length;
    const c = colours();
    const { left, top, side, cell } = at;
    const x = (/** @type {number} */ j) => left + (j - seen.x) * cell;
    const y = (/** @type {number} */ i) => top + (i - seen.y) * cell;
    const [i0, i1] = [Math.floor(seen.y), Math.min(n, Math.ceil(seen.y + seen.size))];
    const [j0, j1] = [Math.floor(seen.x), Math.min(n, Math.ceil(seen.x + seen.size))];
    painter.inside(left, top, side, side, () => {
      painter.image(pixels, n, n, x(0), y(0), n * cell, n * cell);
      if (cell >= 7) {
        for (let j = j0; j <= j1; j++)
          painter.line(
            [
              [x(j), top],
              [x(j), top + side],
            ],
            c.background,
          ); // prettier-ignore
        for (let i = i0; i <= i1; i++)
          painter.line(
            [
              [left, y(i)],
              [left + side, y(i)],
            ],
            c.background,
          ); // prettier-ignore
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
              size: 12,
              align: "center",
            });
          }
        }
      }
      if (it.outlined !== null && it.outlined !== undefined) {
        const at_ = it.outlined;
        const dash = { thick: 2, dash: [5, 3] };
        painter.line(
          [
            [x(at_), top],
            [x(at_), y(n)],
            [x(n), y(n)],
            [x(n), top],
          ],
          c.attention,
          dash,
        ); // prettier-ignore
        painter.line(
          [
            [left, y(at_)],
            [x(n), y(at_)],
          ],
          c.attention,
          dash,
        ); // prettier-ignore
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
        painter.text(it.sums(i), left + side + 6, y(i) + cell / 2, { fill: c.muted, size: 11 });
    }
    for (let j = j0; j < j1; j++) {
      if ((j % step && j !== key) || near(j, key) || x(j) + cell / 2 < left || x(j) + cell / 2 > left + side) continue;
      const label = { fill: j === key ? c.key : c.ink, code: true, bold: j === key };
      if (at.level) painter.text(named(tokens[j]), x(j) + cell / 2, top - 12, { ...label, align: "center" });
      else painter.text(named(tokens[j]), x(j) + cell / 2, top - 6, { ...label, upright: true });
    }
    painter.text(`${labels.query} ↓`, left - 8, 8, { fill: c.query, align: "right", size: 12 });
    painter.text(`${labels.key} →`, left, 8, { fill: c.key, size: 12 });
  }

  /** Room for labels: the longest decides. @param {Picture} it */
  function margin(it) {
    const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
    context.font = "12px ui-monospace, Menlo, Consolas, 'DejaVu Sans Mono', monospace";
    const widths = it.tokens.map((text) => context.measureText(cut(text, LONGEST)).width);
    const longest = Math.ceil(Math.max(...widths)) + 10;
    const corner = context.measureText(`${labels.query} ↓`).width + 10;
    return { left: Math.max(longest, corner), top: Math.max(54, longest), longest };
  }

  /**
   * Do the keys' labels have to stand upright? If not, they need less room.
   * @param {{left: number, top: number, side: number, cell: number}} at
   * @param {number} longest
   */
  const upright = (at, longest) => (longest <= at.cell ? { ...at, top: 44, level: true } : { ...at, level: false });

  /** @param {Picture} it @param {number} width @param {number} [size] in cells */
  function place(it, width, size = view.size) {
    const { left, top, longest } = margin(it);
    const room = Math.min(width - left - SUMS, LARGEST_SIDE);
    const cell = Math.min(LARGEST_CELL, room / size);
    return upright({ left, top: top + 16, side: cell * size, cell }, longest);
  }

  return {
    node,
    canvas,
    /** @param {Picture} next */
    draw(next) {
      const n = next.tokens.length;
      if (picture?.tokens.length !== n) view = { x: 0, y: 0, size: n };
      picture = next;
      // As wide as the picture may become, whatever is shown of it now.
      node.style.setProperty("--wide", `${margin(next).left + Math.min(n * LARGEST_CELL, LARGEST_SIDE) + SUMS}px`);
      const at = place(next, node.clientWidth);
      box = at;
      const painter = prepare(canvas, node.clientWidth, at.top + at.side + 4);
      canvas.style.touchAction = view.size < n ? "none" : "pan-y";
      // Where all of it has room for its numbers there is nothing to come closer to.
      tools.hidden = place(next, node.clientWidth, n).cell >= NUMBERS_FROM;
      out.toggleAttribute("disabled", view.size >= n);
      fit.toggleAttribute("disabled", view.size >= n);
      paint(painter, next, view, at);
    },
    /** The whole picture as a file. @param {"svg" | "png"} kind @param {string} name @param {string} title */
    download(kind, name, title) {
      if (!picture) return;
      const it = picture;
      const n = it.tokens.length;
      const cell = Math.min(LARGEST_CELL, Math.max(14, 640 / n));
      const { left, top, longest } = margin(it);
      const at = upright({ left, top: top + 16, side: cell * n, cell }, longest);
      downloadPicture(
        kind,
        name,
        at.left + at.side + SUMS + 8,
        at.top + at.side + 36,
        colours().background,
        (painter) => {
          painter.text(title, 8, 14, { fill: colours().ink, size: 13, bold: true });
          paint(shifted(painter, 26), it, { x: 0, y: 0, size: n }, at);
        },
      );
    },
  };
}

/**
 * The same painter, everything lower by `dy`.
 * @param {import("../kit/painter.js").Painter} painter
 * @param {number} dy
 * @returns {import("../kit/painter.js").Painter}
 */
function shifted(painter, dy) {
  return {
    rect: (x, y, w, h, fill) => painter.rect(x, y + dy, w, h, fill),
    frame: (x, y, w, h, stroke, thick) => painter.frame(x, y + dy, w, h, stroke, thick),
    line: (points, stroke, options) =>
      painter.line(
        points.map(([x, y]) => [x, y + dy]),
        stroke,
        options,
      ),
    curve: ([x1, y1], [x2, y2], stroke, options) => painter.curve([x1, y1 + dy], [x2, y2 + dy], stroke, options),
    text: (text, x, y, options) => painter.text(text, x, y + dy, options),
    image: (pixels, columns, rows, x, y, w, h) => painter.image(pixels, columns, rows, x, y + dy, w, h),
    inside: (x, y, w, h, draw) => painter.inside(x, y + dy, w, h, draw),
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
    painter.line(
      [
        [x(start), y(c - start)],
        [x(end), y(c - end)],
      ],
      colours.muted,
      { opacity: 0.55 * opacity },
    ); // prettier-ignore
  }
  if (opacity < 1) return;
  const visible = Math.min(i1 - i0, j1 - j0);
  if (cell >= NUMBERS_FROM || visible < 3) return;
  const size = Math.min(28, (visible * cell) / 6);
  const [cx, cy] = [x(j0 + 0.75 * visible), y(i0 + 0.25 * visible)];
  painter.rect(cx - size, cy - size * 0.7, 2 * size, 1.4 * size, colours.background);
  painter.text("−∞", cx, cy, { fill: colours.ink, size, align: "center" });
}
