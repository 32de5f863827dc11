// Rotary positions: a query and a key of this text, their numbers in pairs, each pair an arrow that turns as the
// position moves; and the dot product, which follows the distance alone.

import { rightwardAxis, upwardAxis } from "../kit/axes.js";
import { createMenu } from "../kit/controls.js";
import { element } from "../kit/dom.js";
import { count, fixed, significant } from "../kit/format.js";
import { arrow, prepare } from "../kit/painter.js";
import { createSlider } from "../kit/slider.js";
import { scaleLinear } from "../kit/vendor/d3.js";

const LAST = 127; // the last position of the sliders, at least
const CURVE = 150;
const LEFT = 52; // room for the numbers beside it

/** @typedef {import("../kit/colours.js").Rgb} Rgb */

/**
 * The dot product of each pair of dimensions after turning, and their sum.
 * @param {ArrayLike<number>} q
 * @param {ArrayLike<number>} k
 * @param {ArrayLike<number>} frequencies
 * @param {number} m position of the query
 * @param {number} n position of the key
 */
function turnedDot(q, k, frequencies, m, n) {
  const half = frequencies.length;
  const shares = new Float64Array(half);
  let sum = 0;
  for (let i = 0; i < half; i++) {
    const [qx, qy] = turn(q[i], q[i + half], m * frequencies[i]);
    const [kx, ky] = turn(k[i], k[i + half], n * frequencies[i]);
    sum += shares[i] = qx * kx + qy * ky;
  }
  return { shares, sum };
}

/** @param {number} x @param {number} y @param {number} angle */
export const turn = (x, y, angle) => [
  x * Math.cos(angle) - y * Math.sin(angle),
  x * Math.sin(angle) + y * Math.cos(angle),
];

/** @param {import("./view.js").Scene} scene */
export function createRotary(scene) {
  const { header, say, nodes, choose } = scene;
  const T = header.ids.length;
  const last = Math.min(Math.max(LAST, T - 1), header.n_ctx - 1);
  let pointed = /** @type {number | null} */ (null);
  let picked = 0;

  const names = header.tokens.map((/** @type {string} */ piece, /** @type {number} */ i) => `${piece} (${i})`);
  const menu = (
    /** @type {string} */ name,
    /** @type {(value: number) => void} */ set,
    /** @type {(value: number) => string} */ text = String,
  ) => createMenu({ label: say(`rotary.${name}`), set, text });
  // The same two tokens, and where they were put, in another layer or head.
  const layer = menu("layer", (value) => choose({ layer: value, key: scene.values().key }));
  const head = menu("head", (value) => choose({ head: value, key: scene.values().key }));
  const query = menu(
    "query",
    (value) => choose({ token: value, key: Math.min(keyOf(scene.values()), value), near: scene.values().near }),
    (i) => names[i],
  );
  const key = menu(
    "key",
    (value) => choose({ key: value }),
    (i) => names[i],
  );
  const slide = (/** @type {"m" | "n"} */ name) => {
    const value = element("output", {});
    const slider = createSlider({
      label: say(`rotary.${name}`),
      max: last,
      set(to) {
        const [m, n] = where(scene.values());
        // A key never stands after the query that looks at it.
        choose({ positions: name === "m" ? [to, Math.min(n, to)] : [Math.max(m, to), to] });
      },
      hold: scene.hold,
    });
    slider.node.classList.add(name);
    return {
      slider,
      value,
      node: element("label", { class: "slide" }, element("span", {}, say(`rotary.${name}`), " ", value), slider.node),
    };
  };
  const m = slide("m");
  const n = slide("n");
  const step = (/** @type {string} */ label, /** @type {number} */ by) => {
    const button = element("button", { type: "button" }, label);
    button.addEventListener("click", () => {
      const [m, n] = where(scene.values());
      if (n + by >= 0 && m + by <= last) choose({ positions: [m + by, n + by] });
    });
    return button;
  };
  const less = step(say("rotary.both_less"), -1);
  const more = step(say("rotary.both_more"), 1);
  const back = element("button", { type: "button" }, say("rotary.back"));
  back.addEventListener("click", () => choose({ positions: null }));

  const dials = /** @type {HTMLCanvasElement} */ (
    element("canvas", { tabindex: 0, role: "application", class: "pick" })
  );
  let grid = { columns: 1, size: 1 };
  const dialAt = (/** @type {MouseEvent} */ event) => {
    const column = Math.floor(event.offsetX / grid.size);
    const at = Math.floor(event.offsetY / (grid.size + 16)) * grid.columns + column;
    return column < grid.columns && at >= 0 && at < pairs() ? at : null;
  };
  const pairs = () => scene.part("rotary")?.arrays.frequencies.data.length ?? 0;
  dials.addEventListener("pointermove", (event) => ((pointed = dialAt(event)), scene.redraw()));
  dials.addEventListener("pointerleave", () => ((pointed = null), scene.redraw()));
  dials.addEventListener("click", (event) => ((picked = dialAt(event) ?? picked), scene.redraw()));
  dials.addEventListener("keydown", (event) => {
    const by = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -grid.columns, ArrowDown: grid.columns }[event.key];
    if (!by) return;
    event.preventDefault();
    picked = Math.max(0, Math.min(pairs() - 1, picked + by));
    scene.redraw();
  });
  const curve = /** @type {HTMLCanvasElement} */ (element("canvas", { role: "img" }));
  const result = element("p", { class: "result-line", role: "status" });
  const detail = element("p", { class: "readout" });
  const exact = element("p", { class: "muted" });
  const checked = element("p", { class: "muted" });
  const shared = element("p", { class: "muted" });

  /** @param {import("./view.js").Values} values */
  const keyOf = (values) => Math.min(values.key ?? Math.max(0, values.token - 1), values.token);
  /** @param {import("./view.js").Values} values @returns {[number, number]} */
  const where = (values) => values.positions ?? [values.token, keyOf(values)];

  const body = element(
    "div",
    { class: "rotary-body" },
    element("div", { class: "slides" }, m.node, n.node, element("div", { class: "buttons" }, less, more, back)),
    result,
    curve,
    exact,
    element("p", { class: "title" }, say("rotary.dials")),
    element("p", { class: "muted" }, say("rotary.dials_text")),
    element(
      "p",
      { class: "keys" },
      element("span", { class: "of-q" }, "→ q"),
      " ",
      element("span", { class: "of-k" }, "⇢ k"),
    ),
    dials,
    detail,
    checked,
    shared,
  );

  return {
    node: element(
      "div",
      { class: "rotary" },
      element("p", {}, say("rotary.text")),
      element("div", { class: "field" }, layer.node, head.node, query.node, key.node),
      body,
    ),
    /** @param {import("./view.js").Values} values */
    draw(values) {
      const part = scene.part("rotary");
      if (!part) {
        result.textContent = say("waiting");
        return;
      }
      const { n_layer, n_head, n_kv_head, difference, scale } = part.header;
      body.classList.toggle("stale", part.header.layer !== values.layer);
      const frequencies = part.arrays.frequencies.data;
      const d = 2 * frequencies.length;
      layer.offer([...Array(n_layer).keys()]);
      head.offer([...Array(n_head).keys()]);
      for (const it of [query, key]) it.offer([...names.keys()]);
      const t = values.token;
      const s = keyOf(values);
      const h = Math.min(values.head, n_head - 1);
      layer.show(values.layer);
      head.show(h);
      query.show(t);
      key.show(s);
      [...key.select.options].forEach((option, i) => (option.disabled = i > t));
      const kv = Math.floor(h / (n_head / n_kv_head));
      const q = part.arrays.q.data.subarray((h * T + t) * d, (h * T + t + 1) * d);
      const k = part.arrays.k.data.subarray((kv * T + s) * d, (kv * T + s + 1) * d);
      const [at, from] = where(values);
      const { shares, sum } = turnedDot(q, k, frequencies, at, from);
      for (const [it, value] of /** @type {[typeof m, number][]} */ ([
        [m, at],
        [n, from],
      ])) {
        it.slider.draw(value);
        it.value.textContent = String(value);
      }
      /** @type {HTMLButtonElement} */ (less).disabled = from === 0;
      /** @type {HTMLButtonElement} */ (more).disabled = at >= last;
      /** @type {HTMLButtonElement} */ (back).disabled = values.positions === null;
      result.replaceChildren(
        ...nodes("rotary.result", {
          query: scene.token(t),
          key: scene.token(s),
          m: String(at),
          n: String(from),
          distance: element("b", {}, String(at - from)),
          dot: element("b", {}, fixed(sum, 4)),
          score: fixed(sum * scale, 4),
        }),
      );
      result.dataset.value = String(sum);
      result.dataset.distance = String(at - from);
      // The same distance, far along: what is left is rounding.
      const far = 1000;
      const moved = turnedDot(q, k, frequencies, at + far, from + far).sum;
      const change = Math.abs(moved - sum);
      exact.textContent = say(values.positions === null ? "rotary.exact" : "rotary.exact_moved", {
        far: count(far),
        moved: fixed(moved, 4),
        change: significant(change, 1),
        m: t,
        n: s,
        own: fixed(turnedDot(q, k, frequencies, t, s).sum, 4),
      });
      checked.textContent = say("rotary.checked", { difference: significant(difference, 1), layer: part.header.layer });
      shared.textContent = n_kv_head < n_head ? say("rotary.shared", { head: h, kv, share: n_head / n_kv_head }) : "";
      const colours = scene.colours();
      paintCurve(q, k, frequencies, at - from, sum, colours);
      const chosen = Math.min(pointed ?? picked, frequencies.length - 1);
      paintDials(q, k, frequencies, at, from, chosen, colours);
      const turns = (2 * Math.PI) / frequencies[chosen];
      detail.textContent = say("rotary.detail", {
        pair: chosen,
        first: chosen,
        second: chosen + d / 2,
        turn: fixed(turns, turns < 1000 ? 1 : 0),
        angle: fixed(((frequencies[chosen] * (at - from) * 180) / Math.PI) % 360, 1),
        share: fixed(shares[chosen], 4),
        sum: fixed(sum, 4),
      });
      detail.dataset.value = String(shares[chosen]);
    },
  };

  /**
   * The dot product at every distance that the sliders reach.
   * @param {ArrayLike<number>} q @param {ArrayLike<number>} k @param {ArrayLike<number>} frequencies
   * @param {number} distance @param {number} sum @param {Record<string, Rgb>} colours
   */
  function paintCurve(q, k, frequencies, distance, sum, colours) {
    const width = body.clientWidth;
    if (!width) return;
    const values = Array.from({ length: last + 1 }, (_, r) => turnedDot(q, k, frequencies, r, 0).sum);
    const [low, high] = [Math.min(0, ...values), Math.max(0, ...values)];
    const x = scaleLinear([0, last || 1], [LEFT, width - 14]);
    const y = scaleLinear(low < high ? [low, high] : [0, 1], [CURVE - 8, 10]);
    const painter = prepare(curve, width, CURVE + 40);
    upwardAxis(painter, y, { ticks: y.ticks(4), left: LEFT, right: width - 14, text: y.tickFormat(4), colours });
    rightwardAxis(painter, x, { ticks: x.ticks(Math.min(8, last)), top: CURVE, colours });
    painter.text(say("rotary.axis"), (LEFT + width - 14) / 2, CURVE + 28, { fill: colours.muted, align: "center" });
    const line = values.map((value, r) => [x(r), y(value)]);
    painter.line(line, colours.attention, { thick: 2 });
    painter.segment(x(distance), 10, x(distance), CURVE - 4, colours.ink, { dash: [3, 3] });
    painter.rect(x(distance) - 4.5, y(sum) - 4.5, 9, 9, colours.ink);
    curve.setAttribute(
      "aria-label",
      say("rotary.curve_alt", { last, low: fixed(low, 1), high: fixed(high, 1), distance, dot: fixed(sum, 2) }),
    );
  }

  /**
   * @param {ArrayLike<number>} q @param {ArrayLike<number>} k @param {ArrayLike<number>} frequencies
   * @param {number} m @param {number} n @param {number} chosen @param {Record<string, Rgb>} colours
   */
  function paintDials(q, k, frequencies, m, n, chosen, colours) {
    const width = body.clientWidth;
    if (!width) return;
    const half = frequencies.length;
    const room = Math.max(1, Math.floor(width / 58));
    const columns = Math.max(
      ...Array.from({ length: half }, (_, i) => i + 1).filter((n) => half % n === 0 && n <= room),
    );
    const size = Math.min(width / columns, 110);
    grid = { columns, size };
    const painter = prepare(dials, columns * size, Math.ceil(half / columns) * (size + 16));
    const longest = (/** @type {ArrayLike<number>} */ v) => {
      let most = 0;
      for (let i = 0; i < half; i++) most = Math.max(most, Math.hypot(v[i], v[i + half]));
      return most || 1;
    };
    const [mostQ, mostK] = [longest(q), longest(k)];
    const radius = size / 2 - 5;
    for (let i = 0; i < half; i++) {
      const [cx, cy] = [((i % columns) + 0.5) * size, Math.floor(i / columns) * (size + 16) + size / 2];
      const ring = Array.from({ length: 49 }, (_, a) => [
        cx + radius * Math.cos((a * Math.PI) / 24),
        cy + radius * Math.sin((a * Math.PI) / 24),
      ]);
      painter.line(ring, i === chosen ? colours.ink : colours.line, { thick: i === chosen ? 2 : 1 });
      hand(painter, cx, cy, turn(k[i], k[i + half], n * frequencies[i]), radius, mostK, colours.key, [4, 3]);
      hand(painter, cx, cy, turn(q[i], q[i + half], m * frequencies[i]), radius, mostQ, colours.query, []);
      painter.text(String(i), cx, cy + size / 2 + 5, {
        fill: i === chosen ? colours.ink : colours.muted,
        align: "center",
        bold: i === chosen,
      });
    }
    dials.setAttribute("aria-label", say("rotary.dials_alt", { count: half, pair: chosen }));
  }
}

/**
 * A hand of a dial: from the middle outwards, y upwards; its length by the square root.
 * @param {import("../kit/painter.js").Painter} painter
 * @param {number} cx
 * @param {number} cy
 * @param {number[]} to
 * @param {number} radius of a hand that is `most` long
 * @param {number} most
 * @param {Rgb} colour
 * @param {number[]} dash
 */
function hand(painter, cx, cy, [dx, dy], radius, most, colour, dash) {
  const size = Math.hypot(dx, dy);
  const long = radius * Math.sqrt(size / most);
  const to = size ? [cx + (dx / size) * long, cy - (dy / size) * long] : [cx, cy];
  arrow(painter, [cx, cy], to, colour, { thick: 2, dash, head: 7 });
}
