// All heads at a glance: a small picture of each, by layer or by what they do.

import { css, sequential } from "../kit/colours.js";
import { createMenu, createSave } from "../kit/controls.js";
import { element } from "../kit/dom.js";
import { brief, cut, fixed, percent, signed } from "../kit/format.js";
import { declared } from "../kit/keeper.js";
import { downloadPicture, prepare } from "../kit/painter.js";

const SMALLEST = 22; // pixels of a small picture
const LARGEST = 44;
const GAP = 2;
const CAPTION = 15; // pixels for the number under a picture, when sorted
const SIDE = 34; // pixels for the numbers at the side
const TOP = 32; // and above
const FROM_HERE = ["look", "push"]; // measured from the chosen token, not over the text
/** @type {Record<string, string>} */
const COLOURS = { previous: "query", induction: "output", duplicate: "key", current: "value" };

/** @param {import("./view.js").Scene} scene */
export function createHeads(scene) {
  const { say, sizes, header, measure, kind, choose, point } = scene;
  const { n_layer, n_head, n_kv_head } = sizes;
  const canvas = /** @type {HTMLCanvasElement} */ (element("canvas", { tabindex: 0, role: "application" }));
  const scroll = element("div", { class: "grid-scroll" }, canvas);
  const order = createMenu({
    label: say("heads.order"),
    options: declared(scene.choices.order, "options"),
    text: (name) => say(`heads.by_${name}`),
    set: (name) => choose({ order: name }),
  });
  const facts = element("p", { class: "head-facts" });
  const shared = element("p", { class: "muted" }, sharedText());
  const nothing = element("p", { class: "muted", role: "status" });
  const save = createSave(say("save"), /** @type {const} */ (["png", "svg"]), (kind) => {
    const { width, height } = room;
    downloadPicture(kind, "heads", width + 8, height + 4, scene.colours().background, (painter) =>
      paint(painter, null),
    );
  });
  let room = { width: 1, height: 1 };
  let wide = true; // layers along the side that has more room
  let by = "layer";
  let hidden = false; // the first token's column
  let revealed = "";
  let atlas = { key: "", side: 1, canvas: document.createElement("canvas"), pixels: new Uint32Array(0) };
  /** @typedef {{layer: number, head: number, x: number, y: number}} Cell */
  let cells = /** @type {Cell[]} */ ([]);
  let size = LARGEST;
  let shownHead = { layer: 0, head: 0 };
  let over = /** @type {Cell | null} */ (null);

  function sharedText() {
    if (n_kv_head === n_head) return say("heads.own_keys");
    return say("heads.shared_keys", { n_head, n_kv_head, share: n_head / n_kv_head });
  }

  /**
   * All small pictures side by side, made once for a text, theme and size. Where a screen has fewer pixels than a
   * picture has cells, a pixel shows the largest of them, or thin lines would fade away.
   * @param {Record<string, import("../kit/colours.js").Rgb>} colours
   */
  function pictures(colours) {
    const { side: full } = header;
    const side = Math.min(full, Math.round(size * (window.devicePixelRatio || 1)));
    const key = [css(colours.background), css(colours.attention), side, hidden].join();
    if (atlas.key === key) return atlas;
    const bytes = scene.arrays.maps.data;
    const { pixel } = sequential(colours, "attention", 255);
    const made = document.createElement("canvas");
    Object.assign(made, { width: n_layer * side, height: n_head * side });
    const context = /** @type {CanvasRenderingContext2D} */ (made.getContext("2d"));
    const image = context.createImageData(made.width, made.height);
    const pixels = new Uint32Array(image.data.buffer);
    const small = new Uint8Array(side * side);
    const to = Uint16Array.from({ length: full }, (_, at) => Math.floor((at * side) / full));
    let from = 0;
    for (let layer = 0; layer < n_layer; layer++) {
      for (let head = 0; head < n_head; head++) {
        small.fill(0);
        for (let i = 0; i < full; i++) {
          for (let j = 0; j <= i; j++, from++) {
            const at = to[i] * side + to[j];
            if (bytes[from] > small[at]) small[at] = bytes[from];
          }
        }
        for (let i = 0; i < side; i++) {
          const start = (head * side + i) * made.width + layer * side;
          for (let j = hidden ? 1 : 0; j <= i; j++) pixels[start + j] = pixel(small[i * side + j]);
        }
      }
    }
    context.putImageData(image, 0, 0);
    atlas = { key, side, canvas: made, pixels };
    return atlas;
  }

  /** What was measured from the chosen token, once it is here. */
  function looksFromHere() {
    const part = scene.part("looks");
    return part?.header.token === scene.values().token ? part : null;
  }

  /** The number that heads are ordered by; NaN where there is none. @param {number} layer @param {number} head */
  function scoreOf(layer, head) {
    if (!FROM_HERE.includes(by)) return measure(by, layer, head);
    const looks = looksFromHere();
    return looks ? looks.arrays[by === "look" ? "look_weight" : "push"].data[layer * n_head + head] : NaN;
  }

  /** What to write under a picture. @param {number} layer @param {number} head */
  function captionOf(layer, head) {
    const value = scoreOf(layer, head);
    if (by === "push") return signed(value, 2);
    const looks = by === "look" && looksFromHere();
    if (looks) return `${cut(scene.labels[looks.arrays.look_key.data[layer * n_head + head]], 6)} ${brief(value)}`;
    return by === "entropy" || by === "distance" ? fixed(value, 1) : brief(value);
  }

  /** Where each head stands. @param {number} width */
  function place(width) {
    cells = [];
    if (by !== "layer") {
      size = LARGEST + (by === "look" ? 40 : 0);
      const across = Math.max(1, Math.floor((width + GAP) / (size + GAP + 4)));
      const value = (/** @type {{layer: number, head: number}} */ it) => scoreOf(it.layer, it.head);
      const every = Array.from({ length: n_layer * n_head }, (_, i) => ({
        layer: Math.floor(i / n_head),
        head: i % n_head,
      }));
      const known = every.filter((it) => !Number.isNaN(value(it)));
      known.sort((a, b) => value(b) - value(a));
      known.forEach((it, i) => {
        const [column, row] = [i % across, Math.floor(i / across)];
        cells.push({ ...it, x: column * (size + GAP + 4), y: row * (size + 2 * CAPTION + GAP + 4) });
      });
      return { width, height: Math.max(1, Math.ceil(known.length / across)) * (size + 2 * CAPTION + GAP + 4) };
    }
    // Layers run along the longer side of the screen.
    wide = width > 600;
    const [across, down] = wide ? [n_layer, n_head] : [n_head, n_layer];
    const group = n_kv_head < n_head ? 5 : 0; // heads that share keys stand together
    const spare = wide ? 0 : (n_kv_head - 1) * group;
    size = Math.max(SMALLEST, Math.min(LARGEST, Math.floor((width - SIDE - spare) / across) - GAP));
    const between = (/** @type {number} */ head) => Math.floor((head * n_kv_head) / n_head) * group;
    for (let layer = 0; layer < n_layer; layer++) {
      for (let head = 0; head < n_head; head++) {
        const [column, row] = wide ? [layer, head] : [head, layer];
        cells.push({
          layer,
          head,
          x: SIDE + column * (size + GAP) + (wide ? 0 : between(head)),
          y: TOP + row * (size + GAP) + (wide ? between(head) : 0),
        });
      }
    }
    const extra = (n_kv_head - 1) * group;
    return {
      width: SIDE + across * (size + GAP) + (wide ? 0 : extra),
      height: TOP + down * (size + GAP) + (wide ? extra : 0),
    };
  }

  /** @param {PointerEvent | MouseEvent} event */
  const cellAt = (event) =>
    cells.find(
      ({ x, y }) =>
        event.offsetX >= x - 1 &&
        event.offsetX <= x + size + 1 &&
        event.offsetY >= y - 1 &&
        event.offsetY <= y + size + 1,
    ) ?? null;

  canvas.addEventListener("pointermove", (event) => {
    const cell = cellAt(event);
    canvas.style.cursor = cell ? "pointer" : "";
    if (cell?.layer === over?.layer && cell?.head === over?.head) return;
    over = cell;
    point(cell && cell.layer === shownHead.layer ? { head: cell.head } : null);
  });
  canvas.addEventListener("pointerleave", () => {
    over = null;
    point(null);
  });
  canvas.addEventListener("click", (event) => {
    const cell = cellAt(event);
    if (cell) choose({ layer: cell.layer, head: cell.head });
  });
  canvas.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (!step) return;
    event.preventDefault();
    // The nearest picture in that direction, whatever the order.
    const chosen = scene.values();
    const at = cells.find((cell) => cell.layer === chosen.layer && cell.head === chosen.head);
    if (!at) return;
    const [dx, dy] = step;
    const ahead = cells
      .map((cell) => ({
        cell,
        along: (cell.x - at.x) * dx + (cell.y - at.y) * dy,
        aside: Math.abs((cell.x - at.x) * dy) + Math.abs((cell.y - at.y) * dx),
      }))
      .filter(({ along, aside }) => along > 0 && aside < size);
    ahead.sort((a, b) => a.along - b.along || a.aside - b.aside);
    const next = ahead[0]?.cell ?? (dx ? cells[cells.indexOf(at) + dx] : null);
    if (next) choose({ layer: next.layer, head: next.head });
  });

  /**
   * Everything but what the pointer is on.
   * @param {import("../kit/painter.js").Painter} painter
   * @param {CanvasRenderingContext2D | null} context null: a file
   */
  function paint(painter, context) {
    const colours = scene.colours();
    const { side, canvas: source, pixels } = pictures(colours);
    const width = n_layer * side;
    if (context) context.imageSmoothingEnabled = false;
    for (const { layer, head, x, y } of cells) {
      if (context) context.drawImage(source, layer * side, head * side, side, side, x, y, size, size);
      else {
        const own = new Uint32Array(side * side);
        for (let i = 0; i < side; i++) {
          const start = (head * side + i) * width + layer * side;
          own.set(pixels.subarray(start, start + side), i * side);
        }
        painter.image(own, side, side, x, y, size, size, true);
      }
      const named = kind(layer, head);
      const colour = named ? colours[COLOURS[named]] : colours.line;
      painter.frame(x + 0.75, y + 0.75, size - 1.5, size - 1.5, colour, named ? 1.5 : 1);
      if (named) {
        painter.text(say(`heads.letter_${named}`), x + size - 4, y + 8, {
          fill: colour,
          align: "right",
          bold: true,
        });
      }
      if (by !== "layer") {
        painter.text(`${layer}.${head}`, x + size / 2, y + size + 9, { fill: colours.ink, align: "center" });
        painter.text(captionOf(layer, head), x + size / 2, y + size + 9 + CAPTION, {
          fill: colours.muted,
          align: "center",
        });
      }
    }
    if (by === "layer") sides(painter, colours);
  }

  return {
    node: element(
      "div",
      { class: "heads-view" },
      element("p", {}, say("heads.text")),
      element("div", { class: "line" }, order.node),
      element("p", { class: "muted" }, say("heads.hint")),
      nothing,
      scroll,
      facts,
      shared,
      save,
    ),
    /** @param {import("./view.js").Now} now */
    draw(now) {
      const { values } = now;
      const colours = scene.colours();
      shownHead = { layer: now.layer.layer, head: now.head };
      order.show(values.order);
      by = values.order;
      const empty =
        by !== "layer" &&
        !Array.from({ length: n_layer * n_head }).some(
          (_, i) => !Number.isNaN(scoreOf(Math.floor(i / n_head), i % n_head)),
        );
      nothing.hidden = !empty;
      const coming = FROM_HERE.includes(by);
      nothing.textContent = say(!coming ? "heads.nothing" : scene.alone ? "alone" : "heads.coming");
      if (empty) by = "layer";
      hidden = values.hide && scene.tokens.length > 1;
      room = place(scroll.clientWidth);
      const painter = prepare(canvas, room.width, room.height);
      paint(painter, /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d")));
      const chosen = cells.find((cell) => cell.layer === values.layer && cell.head === values.head);
      if (chosen) painter.frame(chosen.x, chosen.y, size, size, colours.attention, 3);
      if (over) painter.frame(over.x, over.y, size, size, colours.ink, 2);
      const place_ = [values.layer, values.head, by].join();
      if (chosen && revealed !== place_) {
        revealed = place_;
        if (chosen.y < scroll.scrollTop || chosen.y + size > scroll.scrollTop + scroll.clientHeight)
          scroll.scrollTop = chosen.y - scroll.clientHeight / 2;
        if (chosen.x < scroll.scrollLeft || chosen.x + size > scroll.scrollLeft + scroll.clientWidth)
          scroll.scrollLeft = chosen.x - scroll.clientWidth / 2;
      }
      const about = over ?? { layer: values.layer, head: values.head };
      facts.replaceChildren(...factsOf(about.layer, about.head));
      canvas.setAttribute(
        "aria-label",
        say("heads.alt", { name: `${values.layer}.${values.head}`, facts: facts.textContent }),
      );
    },
  };

  /**
   * Numbers of layers and heads.
   * @param {import("../kit/painter.js").Painter} painter
   * @param {Record<string, import("../kit/colours.js").Rgb>} colours
   */
  function sides(painter, colours) {
    const options = { fill: colours.muted };
    const first = (/** @type {number} */ at, /** @type {"layer" | "head"} */ name) =>
      /** @type {{x: number, y: number}} */ (
        cells.find((cell) => cell[name] === at && cell[name === "layer" ? "head" : "layer"] === 0)
      );
    const [across, down] = /** @type {("layer" | "head")[]} */ (wide ? ["layer", "head"] : ["head", "layer"]);
    const counts = { layer: n_layer, head: n_head };
    const every = size < 26 ? 2 : 1;
    for (let at = 0; at < counts[across]; at += every) {
      painter.text(String(at), first(at, across).x + size / 2, TOP - 8, {
        ...options,
        align: "center",
      });
    }
    painter.text(`${say(`bar.${down}`)} ↓`, 0, TOP - 22, options);
    painter.text(`${say(`bar.${across}`)} →`, SIDE + 20, TOP - 22, options);
    for (let at = 0; at < counts[down]; at++) {
      painter.text(String(at), SIDE - 6, first(at, down).y + size / 2, {
        ...options,
        align: "right",
      });
    }
  }

  /** What was measured of a head, in one line. @param {number} layer @param {number} head */
  function factsOf(layer, head) {
    const number = (/** @type {string} */ name, random = false) => {
      const value = measure(name, layer, head, random);
      return name === "entropy" || name === "distance" ? fixed(value, 2) : percent(value);
    };
    const values = Object.fromEntries(header.measures.map((/** @type {string} */ name) => [name, number(name)]));
    const name = element("b", {}, say("head", { name: `${layer}.${head}` }));
    const tested = Object.fromEntries(Object.keys(header.rows_random).map((k) => [k, number(k, true)]));
    return [...scene.nodes("heads.facts", { name, ...values }), element("br"), ...scene.nodes("heads.tested", tested)];
  }
}
