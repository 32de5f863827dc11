// The lookup: an id, a column of zeros with a single 1, the matrix with one row lit, and that row drawn out to be read.

import { css, diverging } from "../kit/colours.js";
import { element } from "../kit/dom.js";
import { count, fixed, stored } from "../kit/format.js";
import { prepare } from "../kit/painter.js";
import { createBars } from "../kit/vectors.js";

const HEIGHT = 260;
const ONE_HOT = 46; // width of the one-hot column
const GAP = 44;
const FAN = 34; // from the row to the vector below
const MOVES = 450; // ms

/** @param {import("./view.js").Scene} scene */
export function createLookup(scene) {
  const { header, arrays, say, nodes } = scene;
  const { sample, vocab_size: V, d_model: D, ids, limit } = header;
  const still = window.matchMedia("(prefers-reduced-motion: reduce)");
  const canvas = /** @type {HTMLCanvasElement} */ (element("canvas", { role: "img", class: "matrix" }));
  const values =
    sample.length < V
      ? say("lookup.sampled", { shown: sample.length, vocab: count(V) })
      : say("lookup.whole", { vocab: count(V) });
  const pointer = element("p", { class: "readout", role: "status" });
  const entry = element("p", { class: "readout" });
  const said = element("p", { class: "said" });
  const shapes = element(
    "p",
    { class: "muted small" },
    say("lookup.shape", {
      vocab: count(V),
      d_model: count(D),
      gpt3_vocab: count(header.gpt3[0]),
      gpt3_model: count(header.gpt3[1]),
    }),
  );
  let picked = 0;
  let pointed = /** @type {number | null} */ (null);
  const vector = createBars("", {
    height: 84,
    ticks: true,
    onPoint: (at) => ((pointed = at), scene.redraw()),
    onPick: (at) => ((picked = at), scene.redraw()),
  });
  let over = /** @type {{row: number, column: number} | null} */ (null);
  let from = NaN;
  let to = NaN;
  let began = 0;
  let frame = 0;
  let pixels = /** @type {{background: string, image: Uint32Array<ArrayBuffer>} | null} */ (null);

  canvas.addEventListener("pointermove", (event) => {
    const left = ONE_HOT + GAP;
    const column = Math.floor(((event.offsetX - left) / (canvas.clientWidth - left)) * D);
    const row = Math.floor((event.offsetY / HEIGHT) * sample.length);
    over = column >= 0 && column < D && row >= 0 && row < sample.length ? { row, column } : null;
    scene.redraw();
  });
  canvas.addEventListener("pointerleave", () => ((over = null), scene.redraw()));

  /** Where the lit row stands now, in ids. @param {number} id */
  function place(id) {
    if (to !== id) {
      const here = Number.isNaN(to) || still.matches ? id : place(to);
      [from, to, began] = [here, id, performance.now()];
    }
    const t = Math.min(1, (performance.now() - began) / MOVES);
    return from === to ? to : from + (to - from) * (1 - (1 - t) ** 3);
  }

  /** @param {import("./view.js").Values} now */
  function paint({ token }) {
    const colours = scene.colours();
    const width = canvas.parentElement?.clientWidth ?? 0;
    if (!width) return;
    const id = ids[token];
    const at = place(id);
    const moving = at !== id;
    const scale = diverging(colours, limit);
    const painter = prepare(canvas, width, HEIGHT + FAN);
    const left = ONE_HOT + GAP;
    const room = width - left;
    const key = css(colours.background);
    if (pixels?.background !== key)
      pixels = { background: key, image: Uint32Array.from(arrays.sample.data, scale.pixel) };
    const y = ((at + 0.5) / V) * HEIGHT;
    // Up to twenty rows, each has a height of its own.
    const thick = Math.max(5, HEIGHT / V);
    const top = Math.max(0, Math.min(HEIGHT - thick, y - thick / 2));
    // The one-hot column: zeros, and a 1.
    painter.rect(0, 0, ONE_HOT, HEIGHT, colours.panel);
    painter.frame(0.5, 0.5, ONE_HOT - 1, HEIGHT - 1, colours.line);
    // Where each row has room for its number, the number stands in it.
    const roomy = thick >= 14;
    const apart = roomy ? HEIGHT / V : 18;
    const label = roomy ? y : Math.max(9, Math.min(HEIGHT - 9, y + (y > HEIGHT - 30 ? -14 : 14)));
    for (let line = apart / 2; line < HEIGHT; line += apart) {
      // Room for the 1 and its bar, which stand one above the other.
      if (Math.abs(line - (roomy ? y : (y + label) / 2)) > (roomy ? apart / 2 : 18))
        painter.text("0", ONE_HOT / 2, line, { fill: colours.muted, align: "center", code: true });
    }
    painter.rect(1, top, ONE_HOT - 2, thick, colours.ink);
    painter.text("1", ONE_HOT / 2, label, {
      fill: roomy ? colours.background : colours.ink,
      size: 14,
      bold: true,
      align: "center",
      code: true,
    });
    painter.segment(ONE_HOT, y, left, y, colours.ink, { thick: 2 });
    painter.text("×", ONE_HOT + GAP / 2, y > 24 ? y - 14 : y + 14, { fill: colours.muted, size: 18, align: "center" });
    // The matrix, dimmed, and the row that is looked up.
    painter.image(pixels.image, D, sample.length, left, 0, room, HEIGHT);
    painter.frame(left + 0.5, 0.5, room - 1, HEIGHT - 1, colours.line);
    const row = scene.row(scene.place(token));
    painter.rect(left, top - 3, room, thick + 6, colours.background);
    if (!moving) painter.image(Uint32Array.from(row, scale.pixel), D, 1, left, top, room, thick);
    painter.frame(left + 1, top - 2, room - 2, thick + 4, colours.ink, 2);
    // From its ends down to the vector below.
    const drawn = { thick: 1.5, opacity: 0.7, dash: [4, 3] };
    painter.line(
      [
        [left - 4, y],
        [left - 4, HEIGHT + 6],
        [1, HEIGHT + FAN],
      ],
      colours.ink,
      drawn,
    );
    painter.segment(width - 1, y, width - 1, HEIGHT + FAN, colours.ink, drawn);
    if (moving) frame ||= requestAnimationFrame(() => ((frame = 0), paint(scene.values())));
  }

  return {
    node: element(
      "div",
      { class: "lookup" },
      said,
      element(
        "div",
        { class: "heads muted small" },
        element("span", {}, say("lookup.one_hot")),
        element("span", {}, say("lookup.matrix")),
      ),
      element("div", { class: "picture" }, canvas),
      vector.node,
      entry,
      pointer,
      element("p", { class: "muted small" }, values, " ", say("lookup.colours", { limit: fixed(limit, 3) })),
      shapes,
    ),
    /** @param {import("./view.js").Values} now */
    draw(now) {
      const { token } = now;
      if (token >= ids.length) return;
      const place = scene.place(token);
      const row = scene.row(place);
      said.replaceChildren(
        ...nodes("lookup.said", {
          token: scene.token(token),
          id: String(ids[token]),
          row: element("b", {}, count(ids[token])),
          d_model: count(D),
        }),
      );
      paint(now);
      canvas.setAttribute(
        "aria-label",
        say("lookup.alt", { token: header.tokens[token], id: ids[token], vocab: count(V) }),
      );
      vector.rename(say("lookup.vector", { token: header.tokens[token], id: ids[token], d_model: count(D) }));
      const at = Math.min(pointed ?? picked, D - 1);
      vector.draw(row, scene.colours(), at);
      entry.replaceChildren(
        ...nodes("lookup.entry", { dimension: String(at), value: element("b", {}, stored(row[at])) }),
      );
      entry.dataset.value = String(row[at]);
      entry.dataset.dimension = String(at);
      pointer.textContent = over
        ? say("lookup.cell", {
            row: String(sample[over.row]),
            dimension: over.column,
            value: stored(arrays.sample.data[over.row * D + over.column]),
          })
        : say("lookup.point");
    },
    destroy: () => cancelAnimationFrame(frame),
  };
}
