// The pattern as lines: queries on the left, keys on the right, a line as thick as the weight.

import { createCheck, createSave } from "../kit/controls.js";
import { element } from "../kit/dom.js";
import { cut, percent } from "../kit/format.js";
import { downloadPicture, prepare } from "../kit/painter.js";

const ROW = 24; // pixels a token
const LABEL = 120;
const THINNEST = 0.01; // weights below this have no line: the eye could not see it
const WINDOW = 520; // pixels of height before the picture scrolls
const HUES = ["output", "key", "value", "positive", "ink"]; // of the heads laid over; then again, dashed
const DASHES = [[], [7, 4], [2, 3]];

/** @param {import("./view.js").Scene} scene */
export function createLines(scene) {
  const { say, labels, sizes, choose, point } = scene;
  const T = labels.length;
  const canvas = /** @type {HTMLCanvasElement} */ (element("canvas", { role: "img" }));
  const space = element("div", { class: "space" });
  const scroll = element(
    "div",
    { class: "lines-scroll", tabindex: 0, role: "region", "aria-label": say("lines.title") },
    space,
    canvas,
  );
  scroll.addEventListener("scroll", () => scene.redraw());
  const also = Array.from({ length: sizes.n_head }, (_, head) => {
    const button = element("button", { type: "button" }, "");
    button.addEventListener("click", () => {
      const { over } = scene.values();
      choose({ over: over.includes(head) ? over.filter((h) => h !== head) : [...over, head].sort((a, b) => a - b) });
    });
    return button;
  });
  const only = createCheck([say("lines.only")], scene.redraw);
  const said = element("p", { class: "muted" });
  const save = createSave(say("save"), /** @type {const} */ (["png", "svg"]), (kind) => {
    if (!shown) return;
    const now = shown;
    const width = Math.min(640, scroll.clientWidth || 640);
    const name = `${now.layer.layer}.${now.head}`;
    const { background, ink } = scene.colours();
    downloadPicture(kind, `head-${name}-lines`, width, T * ROW + 40, background, (painter) => {
      painter.text(say("head", { name }), 8, 14, { fill: ink, bold: true });
      paint(painter, now, width, -32, 0, T * ROW);
    });
  });
  let shown = /** @type {import("./view.js").Now | null} */ (null);
  let revealed = -1;

  /** @param {PointerEvent | MouseEvent} event */
  const rowAt = (event) => {
    const i = Math.floor((event.offsetY + scroll.scrollTop) / ROW);
    return i >= 0 && i < T ? i : null;
  };
  canvas.addEventListener("pointermove", (event) => {
    if (event.pointerType !== "mouse") return;
    const i = rowAt(event);
    if (i === null) return point(null);
    const left = event.offsetX < canvas.clientWidth / 2;
    point(left ? { query: i } : { query: scene.values().token, key: Math.min(i, scene.values().token) });
  });
  canvas.addEventListener("pointerleave", () => point(null));
  canvas.addEventListener("click", (event) => {
    const i = rowAt(event);
    if (i === null) return;
    if (event.offsetX < canvas.clientWidth / 2) choose({ token: i });
    else if (i <= scene.values().token) choose({ key: i });
  });

  /**
   * @param {import("../kit/painter.js").Painter} painter
   * @param {import("./view.js").Now} now
   * @param {number} width
   * @param {number} top what is scrolled away
   * @param {number} from in pixels of the whole picture
   * @param {number} to
   */
  function paint(painter, now, width, top, from, to) {
    const colours = scene.colours();
    const label = Math.min(LABEL, width * 0.3);
    const [left, right] = [label, width - label];
    const y = (/** @type {number} */ i) => (i + 0.5) * ROW - top;
    const heads = [now.head, ...now.values.over.filter((head) => head !== now.head && now.layer.has(head))];
    heads.forEach((head) => {
      const hue = colours[head === now.head ? "attention" : HUES[head % HUES.length]];
      const dash = head === now.head ? [] : DASHES[Math.floor(head / HUES.length) % DASHES.length];
      for (let i = 0; i < T; i++) {
        if (only.input.checked && i !== now.query) continue;
        const weights = now.row(i, head);
        const chosen = i === now.query;
        for (let j = 0; j <= i; j++) {
          const [low, high] = [j * ROW, (i + 1) * ROW];
          if (weights[j] < THINNEST || high < from || low > to) continue;
          painter.curve([left, y(i)], [right, y(j)], hue, {
            thick: Math.max(0.5, weights[j] * 9),
            opacity: chosen ? 0.9 : 0.16 + 0.2 * weights[j],
            dash,
          });
        }
      }
    });
    const named = (/** @type {string} */ text) => cut(text, 13);
    for (let i = Math.max(0, Math.floor(from / ROW)); i < Math.min(T, Math.ceil(to / ROW) + 1); i++) {
      const query = i === now.query;
      const key = i === now.key;
      painter.text(named(labels[i]), left - 8, y(i), {
        fill: query ? colours.query : colours.ink,
        align: "right",
        code: true,
        bold: query,
        size: 13,
      });
      painter.text(named(labels[i]), right + 8, y(i), {
        fill: key ? colours.key : i > now.query ? colours.muted : colours.ink,
        code: true,
        bold: key,
        size: 13,
      });
    }
  }

  return {
    node: element(
      "div",
      { class: "lines-view" },
      element("p", { class: "muted" }, say("lines.text", { least: percent(THINNEST) })),
      only.node,
      element(
        "div",
        { class: "over", role: "group", "aria-label": say("lines.over") },
        element("span", { class: "muted" }, say("lines.over")),
        ...also,
      ),
      element(
        "div",
        { class: "sides" },
        element("span", { class: "query" }, say("stages.query")),
        element("span", { class: "key" }, say("stages.key")),
      ),
      scroll,
      said,
      save,
    ),
    /** @param {import("./view.js").Now} now */
    draw(now) {
      shown = now;
      const colours = scene.colours();
      const height = Math.min(WINDOW, T * ROW);
      scroll.style.height = `${height}px`;
      space.style.height = `${T * ROW}px`;
      if (revealed !== now.values.token) {
        revealed = now.values.token;
        const top = revealed * ROW;
        if (top < scroll.scrollTop || top + ROW > scroll.scrollTop + height) scroll.scrollTop = top - height * 0.7;
      }
      const width = scroll.clientWidth;
      const painter = prepare(canvas, width, height);
      paint(painter, now, width, scroll.scrollTop, scroll.scrollTop, scroll.scrollTop + height);
      also.forEach((button, head) => {
        button.hidden = !now.layer.has(head) || head === now.head;
        button.textContent = `${now.layer.layer}.${head}`;
        button.setAttribute("aria-pressed", String(now.values.over.includes(head)));
        button.style.setProperty("--hue", `rgb(${colours[HUES[head % HUES.length]].join(" ")})`);
        button.style.setProperty("--dash", ["solid", "dashed", "dotted"][Math.floor(head / HUES.length) % 3]);
      });
      const strongest = [...now.row(now.query).entries()].sort((a, b) => b[1] - a[1]).slice(0, 3);
      const text = strongest.map(([j, weight]) => `${labels[j]} ${percent(weight)}`).join(say("comma"));
      said.textContent = say("lines.said", { query: labels[now.query], text });
      canvas.setAttribute("aria-label", said.textContent);
    },
  };
}
