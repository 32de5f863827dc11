// One set of strokes for two surfaces: a canvas on the page, and an SVG to take away.

import { css } from "./colours.js";

/**
 * @typedef {import("./colours.js").Rgb} Rgb
 *
 * @typedef {object} Painter lengths in CSS pixels
 * @property {(x: number, y: number, width: number, height: number, fill: Rgb) => void} rect
 * @property {(x: number, y: number, width: number, height: number, stroke: Rgb, how?: number | Stroke) => void} frame
 *   how: its thickness, or all of the stroke
 * @property {(points: number[][], stroke: Rgb, options?: Stroke) => void} line
 * @property {(x1: number, y1: number, x2: number, y2: number, stroke: Rgb, options?: Stroke) => void} segment
 * @property {(from: number[], to: number[], stroke: Rgb, options?: Stroke) => void} curve
 *   from left to right, level at both ends
 * @property {(text: string, x: number, y: number, options: TextOptions) => void} text
 * @property {(pixels: Uint32Array<ArrayBuffer>, columns: number, rows: number, x: number, y: number, width: number,
 *   height: number, whole?: boolean) => void} image
 *   a picture with one colour a cell; fully transparent cells stay as they are; whole: a file need not keep its cells
 * @property {(x: number, y: number, width: number, height: number, draw: () => void) => void} inside
 *   draw what lies inside a rectangle only
 * @property {(dx: number, dy: number, draw: () => void) => void} moved draw all of it so much further on
 *
 * @typedef {{thick?: number, opacity?: number, dash?: number[]}} Stroke
 *
 * @typedef {object} TextOptions
 * @property {Rgb | string} fill
 * @property {number} [size]
 * @property {"left" | "center" | "right"} [align]
 * @property {boolean} [upright] turned by a quarter, to be read from below
 * @property {boolean} [bold]
 * @property {boolean} [code] in the font of tokens
 */

const CODE = "ui-monospace, Menlo, Consolas, 'DejaVu Sans Mono', monospace";
const PROSE = "system-ui, sans-serif";

/** @param {Rgb | string} colour */
const paint = (colour) => (typeof colour === "string" ? colour : css(colour));

const SIZE = 13; // no text is smaller

/** As CSS has it. @param {Pick<TextOptions, "size" | "bold" | "code">} options */
export const font = ({ size = SIZE, bold, code }) => `${bold ? "600 " : ""}${size}px ${code ? CODE : PROSE}`;

/**
 * @param {CanvasRenderingContext2D} context
 * @returns {Painter}
 */
function canvasPainter(context) {
  /** @param {Rgb} stroke @param {Stroke | undefined} options @param {() => void} path */
  function trace(stroke, { thick = 1, opacity = 1, dash = [] } = {}, path) {
    context.save();
    context.globalAlpha = opacity;
    context.strokeStyle = css(stroke);
    context.lineWidth = thick;
    context.setLineDash(dash);
    context.beginPath();
    path();
    context.stroke();
    context.restore();
  }
  return {
    rect(x, y, width, height, fill) {
      context.fillStyle = css(fill);
      context.fillRect(x, y, width, height);
    },
    frame: (x, y, width, height, stroke, how) =>
      trace(stroke, typeof how === "number" ? { thick: how } : how, () => context.rect(x, y, width, height)),
    line: (points, stroke, options) =>
      trace(stroke, options, () => points.forEach(([x, y], i) => (i ? context.lineTo(x, y) : context.moveTo(x, y)))),
    segment: (x1, y1, x2, y2, stroke, options) =>
      trace(stroke, options, () => (context.moveTo(x1, y1), context.lineTo(x2, y2))),
    curve([x1, y1], [x2, y2], stroke, options) {
      const middle = (x1 + x2) / 2;
      trace(stroke, options, () => (context.moveTo(x1, y1), context.bezierCurveTo(middle, y1, middle, y2, x2, y2)));
    },
    text(text, x, y, options) {
      context.save();
      context.translate(x, y);
      if (options.upright) context.rotate(-Math.PI / 2);
      context.font = font(options);
      context.fillStyle = paint(options.fill);
      context.textAlign = options.align ?? "left";
      context.textBaseline = "middle";
      context.direction = "ltr";
      context.fillText(text, 0, 0);
      context.restore();
    },
    image(pixels, columns, rows, x, y, width, height) {
      context.imageSmoothingEnabled = false;
      context.drawImage(picture(pixels, columns, rows), x, y, width, height);
    },
    inside(x, y, width, height, draw) {
      context.save();
      context.beginPath();
      context.rect(x, y, width, height);
      context.clip();
      draw();
      context.restore();
    },
    moved(dx, dy, draw) {
      context.save();
      context.translate(dx, dy);
      draw();
      context.restore();
    },
  };
}

let scratch = /** @type {HTMLCanvasElement | null} */ (null);

/**
 * Pixels as something that can be drawn; good until the next call.
 * @param {Uint32Array<ArrayBuffer>} pixels
 * @param {number} columns
 * @param {number} rows
 */
function picture(pixels, columns, rows) {
  scratch ??= document.createElement("canvas");
  Object.assign(scratch, { width: columns, height: rows });
  const bytes = new Uint8ClampedArray(pixels.buffer, pixels.byteOffset, pixels.byteLength);
  /** @type {CanvasRenderingContext2D} */ (scratch.getContext("2d")).putImageData(new ImageData(bytes, columns), 0, 0);
  return scratch;
}

const NAMESPACE = "http://www.w3.org/2000/svg";
const LONGEST_CANVAS = 16_000; // pixels a browser is sure to make
const CELLS = 5000; // more of them become one embedded picture

/**
 * A painter that keeps an SVG.
 * @param {number} width
 * @param {number} height
 * @returns {Painter & {toString: () => string}}
 */
function svgPainter(width, height) {
  const parts = /** @type {string[]} */ ([]);
  const n = (/** @type {number} */ value) => String(Math.round(value * 100) / 100);
  // Control characters have no place in XML.
  const escaped = (/** @type {string} */ text) =>
    text.replace(/[&<>"]/g, (char) => `&#${char.charCodeAt(0)};`).replace(/(?![\t\n\r])\p{Cc}/gu, "");
  const traced = (/** @type {Rgb} */ stroke, /** @type {Stroke} */ { thick = 1, opacity = 1, dash = [] } = {}) =>
    `stroke="${css(stroke)}" stroke-width="${n(thick)}" stroke-opacity="${n(opacity)}" ` +
    `stroke-dasharray="${dash.join(" ") || "none"}"`;
  let clips = 0;
  return {
    rect: (x, y, w, h, fill) =>
      void parts.push(`<rect x="${n(x)}" y="${n(y)}" width="${n(w)}" height="${n(h)}" fill="${css(fill)}"/>`),
    frame: (x, y, w, h, stroke, how) =>
      void parts.push(
        `<rect x="${n(x)}" y="${n(y)}" width="${n(w)}" height="${n(h)}" fill="none" ` +
          `${traced(stroke, typeof how === "number" ? { thick: how } : how)}/>`,
      ),
    line: (points, stroke, options) =>
      void parts.push(
        `<polyline points="${points.map((p) => p.map(n).join(",")).join(" ")}" fill="none" ` +
          `${traced(stroke, options)}/>`,
      ),
    segment: (x1, y1, x2, y2, stroke, options) =>
      void parts.push(`<line x1="${n(x1)}" y1="${n(y1)}" x2="${n(x2)}" y2="${n(y2)}" ${traced(stroke, options)}/>`),
    curve([x1, y1], [x2, y2], stroke, options) {
      const middle = (x1 + x2) / 2;
      const path = `M${n(x1)},${n(y1)} C${n(middle)},${n(y1)} ${n(middle)},${n(y2)} ${n(x2)},${n(y2)}`;
      parts.push(`<path d="${path}" fill="none" ${traced(stroke, options)}/>`);
    },
    text(text, x, y, options) {
      const anchor = { left: "start", center: "middle", right: "end" }[options.align ?? "left"];
      const turned = options.upright ? ` transform="rotate(-90 ${n(x)} ${n(y)})"` : "";
      const { size = SIZE, bold, code, fill } = options;
      parts.push(
        `<text x="${n(x)}" y="${n(y)}" font-size="${size}" font-family="${code ? CODE : PROSE}" ` +
          `dominant-baseline="central" font-weight="${bold ? 600 : 400}" text-anchor="${anchor}" ` +
          `fill="${paint(fill)}" xml:space="preserve"${turned}>${escaped(text)}</text>`,
      );
    },
    image(pixels, columns, rows, x, y, w, h, whole = false) {
      if (whole || columns * rows > CELLS) {
        const url = picture(pixels, columns, rows).toDataURL("image/png");
        parts.push(
          `<image href="${url}" x="${n(x)}" y="${n(y)}" width="${n(w)}" height="${n(h)}" ` +
            `preserveAspectRatio="none" style="image-rendering:pixelated"/>`,
        );
        return;
      }
      pixels.forEach((pixel, i) => {
        if (!(pixel >>> 24)) return;
        const colour = /** @type {Rgb} */ ([pixel & 255, (pixel >> 8) & 255, (pixel >> 16) & 255]);
        this.rect(
          x + ((i % columns) * w) / columns,
          y + (Math.floor(i / columns) * h) / rows,
          w / columns,
          h / rows,
          colour,
        );
      });
    },
    inside(x, y, w, h, draw) {
      const id = `clip${++clips}`;
      parts.push(`<clipPath id="${id}"><rect x="${n(x)}" y="${n(y)}" width="${n(w)}" height="${n(h)}"/></clipPath>`);
      parts.push(`<g clip-path="url(#${id})">`);
      draw();
      parts.push("</g>");
    },
    moved(dx, dy, draw) {
      parts.push(`<g transform="translate(${n(dx)} ${n(dy)})">`);
      draw();
      parts.push("</g>");
    },
    toString: () =>
      `<svg xmlns="${NAMESPACE}" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">` +
      `${parts.join("")}</svg>`,
  };
}

/**
 * A line with a head, its own size at most.
 * @param {Painter} painter
 * @param {number[]} from
 * @param {number[]} to
 * @param {Rgb} colour
 * @param {{thick?: number, dash?: number[], head?: number}} [how]
 */
export function arrow(painter, from, to, colour, { thick = 2.5, dash = [], head = 11 } = {}) {
  painter.line([from, to], colour, { thick, dash });
  const [dx, dy] = [to[0] - from[0], to[1] - from[1]];
  const size = Math.min(head, Math.hypot(dx, dy));
  if (size < 3) return;
  const angle = Math.atan2(dy, dx);
  const wing = (/** @type {number} */ turn) => [
    to[0] - size * Math.cos(angle + turn),
    to[1] - size * Math.sin(angle + turn),
  ];
  painter.line([wing(0.45), to, wing(-0.45)], colour, { thick });
}

/**
 * Make a canvas as large as it shall look, sharp on any screen, and empty; its painter.
 * @param {HTMLCanvasElement} canvas
 * @param {number} width
 * @param {number} height
 * @param {number} [ratio] device pixels to a CSS pixel
 */
export function prepare(canvas, width, height, ratio = window.devicePixelRatio || 1) {
  const [across, down] = [Math.round(width * ratio), Math.round(height * ratio)];
  if (canvas.width !== across || canvas.height !== down) {
    Object.assign(canvas, { width: across, height: down });
    canvas.style.width = `${width}px`;
    canvas.style.height = `${height}px`;
  }
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, height);
  return canvasPainter(context);
}

/**
 * Hand the reader a file.
 * @param {Blob} blob
 * @param {string} name
 */
export function download(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

/**
 * A picture as a file: "svg", or "png" at twice its size, if a canvas can be so large.
 * @param {"svg" | "png"} kind
 * @param {string} name without ending
 * @param {number} width
 * @param {number} height
 * @param {Rgb} background
 * @param {(painter: Painter) => void} draw
 */
export function downloadPicture(kind, name, width, height, background, draw) {
  const onto = (/** @type {Painter} */ painter) => {
    painter.rect(0, 0, width, height, background);
    draw(painter);
  };
  if (kind === "svg") {
    const painter = svgPainter(width, height);
    onto(painter);
    download(new Blob([painter.toString()], { type: "image/svg+xml" }), `${name}.svg`);
    return;
  }
  const canvas = document.createElement("canvas");
  onto(prepare(canvas, width, height, Math.min(2, LONGEST_CANVAS / Math.max(width, height))));
  canvas.toBlob((blob) => blob && download(blob, `${name}.png`), "image/png");
}

/**
 * A table as a file that spreadsheets read.
 * @param {string} name without ending
 * @param {(string | number)[][]} rows
 */
export function downloadCsv(name, rows) {
  // A token that begins like a formula would be computed by a spreadsheet: the apostrophe keeps it a text.
  const cell = (/** @type {string | number} */ value) => {
    const text = typeof value === "string" && /^[=+\-@\t\r]/.test(value) ? `'${value}` : String(value);
    return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  const text = rows.map((row) => row.map(cell).join(",")).join("\r\n");
  download(new Blob(["\ufeff", text, "\r\n"], { type: "text/csv" }), `${name}.csv`); // the mark says UTF-8 to Excel
}
