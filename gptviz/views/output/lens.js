// The lens: final norm and unembedding applied after every layer. The rank of one word, by layer and position.

import { chip } from "../kit/chip.js";
import { css, readableOn, sequential } from "../kit/colours.js";
import { createCheck, createMenu, createSave } from "../kit/controls.js";
import { element } from "../kit/dom.js";
import { count, percent } from "../kit/format.js";
import { declared } from "../kit/keeper.js";
import { downloadPicture, prepare } from "../kit/painter.js";
import { placeOf } from "./text.js";

const SIDE = 74; // pixels for the names of the points
const LABEL = 14;
const LARGEST = 62; // pixels of a cell's width
const ROW = 20;

/** @param {import("./view.js").Scene} scene */
export function createLens(scene) {
  const { say, header, choose } = scene;
  const T = header.tokens.length;
  const canvas = /** @type {HTMLCanvasElement} */ (element("canvas", { tabindex: 0, role: "application" }));
  const scroll = element("div", { class: "lens-scroll" }, canvas);
  const points = createMenu({
    label: say("lens.where"),
    options: declared(scene.choices.points, "options"),
    text: (name) => say(`lens.${name}`),
    set: (name) => choose({ points: name, cell: null }),
  });
  const words = createCheck([say("lens.words")], scene.redraw);
  const follow = element("button", { type: "button" });
  follow.addEventListener("click", () =>
    choose({ followed: scene.values().followed === null ? (scene.values().word ?? followable) : null }),
  );
  let followable = 0;
  const waiting = element("p", { class: "muted", role: "status" }, say("lens.waiting"));
  const readout = element("p", { class: "here" });
  const opened = element("div", { class: "opened" });
  const said = element("p", {});
  const save = createSave(say("lens.save"), /** @type {const} */ (["png", "svg"]), (kind) => {
    const part = scene.part("lens");
    const { background } = scene.colours();
    if (part) downloadPicture(kind, "lens", box.width, box.height, background, (painter) => paint(painter, part));
  });
  let box = { width: 1, height: 1, cell: 10 };
  let over = /** @type {{row: number, column: number} | null} */ (null);

  const cellAt = (/** @type {MouseEvent} */ event) => {
    const part = scene.part("lens");
    if (!part) return null;
    const column = Math.floor((event.offsetX - SIDE) / box.cell);
    const row = Math.floor((event.offsetY - 4) / ROW);
    return column >= 0 && column < T && row >= 0 && row < part.header.names.length ? { row, column } : null;
  };
  canvas.addEventListener("pointermove", (event) => {
    over = cellAt(event);
    scene.redraw();
  });
  canvas.addEventListener("pointerleave", () => {
    over = null;
    scene.redraw();
  });
  canvas.addEventListener("click", (event) => {
    const cell = cellAt(event);
    const part = scene.part("lens");
    if (cell && part) choose({ cell: [part.header.names[cell.row], cell.column] });
  });
  canvas.addEventListener("keydown", (event) => {
    const part = scene.part("lens");
    const step = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }[event.key];
    if (!step || !part) return;
    event.preventDefault();
    const { names } = part.header;
    const now = scene.values().cell ?? [names[names.length - 1], placeOf(scene.values())];
    const row = Math.min(names.length - 1, Math.max(0, names.indexOf(now[0]) + step[0]));
    choose({ cell: [names[row], Math.min(T - 1, Math.max(0, now[1] + step[1]))] });
  });

  /** "blocks.3.resid_post" -> what a reader calls it. @param {string} name */
  function nameOf(name) {
    const [, layer, kind] = name.split(".");
    if (kind === "resid_pre") return say("lens.row_embed");
    return say(kind === "resid_mid" ? "lens.row_attention" : "lens.row_mlp", { layer });
  }

  /** The same inside a sentence. @param {string} name */
  function whereOf(name) {
    const [, layer, kind] = name.split(".");
    if (kind === "resid_pre") return say("lens.where_embed");
    return say(kind === "resid_mid" ? "lens.where_attention" : "lens.where_mlp", { layer });
  }

  /**
   * Strongest at rank 1, none at the end of the vocabulary, by the logarithm.
   * @param {number} rank
   * @param {number} V
   */
  const strength = (rank, V) => 1 - Math.log(rank) / Math.log(V);

  /** @param {import("../kit/painter.js").Painter} painter @param {import("../kit/wire.js").Payload} part */
  function paint(painter, { header: it, arrays }) {
    const colours = scene.colours();
    const scale = sequential(colours, "output", 1);
    const rows = it.names.length;
    const every = Math.ceil(LABEL / box.cell);
    const values = scene.values();
    painter.text(say("lens.layer"), 0, 12, { fill: colours.muted });
    for (let row = 0; row < rows; row++) {
      painter.text(nameOf(it.names[row]), SIDE - 6, 4 + (row + 0.5) * ROW, {
        fill: colours.muted,
        align: "right",
      });
      for (let column = 0; column < T; column++) {
        const rank = arrays.ranks.data[row * T + column];
        const fill = scale.rgb(strength(rank, it.vocab_size));
        const [x, y] = [SIDE + column * box.cell, 4 + row * ROW];
        painter.rect(x, y, box.cell - (box.cell > 6 ? 1 : 0), ROW - 1, fill);
        if (box.cell < 30) continue;
        const text = words.input.checked ? it.pieces[arrays.tops.data[row * T + column]] : count(rank);
        painter.inside(x, y, box.cell - 1, ROW, () =>
          painter.text(text, x + box.cell / 2, y + ROW / 2, {
            fill: readableOn(fill),
            align: "center",
            code: words.input.checked,
          }),
        );
      }
    }
    const below = 4 + rows * ROW + 6;
    for (let column = 0; column < T; column++) {
      if (column % every && column !== placeOf(values)) continue;
      const text = header.tokens[column].slice(0, 12);
      const x = SIDE + (column + 0.5) * box.cell;
      const fill = column === placeOf(values) ? colours.query : colours.ink;
      painter.inside(x - 8, below, 16, 98, () =>
        painter.text(text, x, below, {
          fill,
          upright: true,
          align: "right",
          code: true,
          bold: column === placeOf(values),
        }),
      );
    }
    painter.frame(SIDE + placeOf(values) * box.cell, 3, box.cell, rows * ROW + 1, colours.query, 1.5);
    const chosen = over ?? (values.cell && { row: it.names.indexOf(values.cell[0]), column: values.cell[1] });
    if (chosen && chosen.row >= 0)
      painter.frame(SIDE + chosen.column * box.cell, 4 + chosen.row * ROW, box.cell, ROW, colours.ink, 2.5);
  }

  return {
    node: element(
      "div",
      { class: "lens-view" },
      element("p", {}, say("lens.text")),
      element("div", { class: "line" }, points.node, words.node, follow),
      waiting,
      scroll,
      readout,
      opened,
      said,
      element("p", { class: "muted" }, say(header.tied ? "lens.note_tied" : "lens.note")),
      save,
    ),
    /** @param {import("./view.js").Now} moment */
    draw({ values, chosen }) {
      points.show(values.points);
      followable = chosen;
      follow.replaceChildren(
        ...scene.nodes(values.followed === null ? "lens.follow" : "lens.unfollow", { token: scene.token(chosen) }),
      );
      const part = scene.part("lens");
      const ready =
        part &&
        part.header.points === values.points &&
        part.header.word === values.followed &&
        part.arrays.ranks.shape[1] === T;
      waiting.style.visibility = ready ? "hidden" : "";
      scroll.classList.toggle("stale", !ready);
      if (!part || part.arrays.ranks.shape[1] !== T) return;
      const { header: it, arrays } = part;
      const colours = scene.colours();
      const room = scroll.clientWidth - SIDE - 2;
      const cell = Math.max(4, Math.min(LARGEST, Math.floor(room / T)));
      box = { cell, width: SIDE + T * cell + 2, height: it.names.length * ROW + 110 };
      paint(prepare(canvas, box.width, box.height), part);
      const row = over ? over.row : values.cell ? it.names.indexOf(values.cell[0]) : it.names.length - 1;
      const column = over ? over.column : values.cell ? values.cell[1] : scene.position;
      if (row >= 0 && column < T) {
        const at = row * T + column;
        readout.replaceChildren(
          ...scene.nodes("lens.readout", {
            where: whereOf(it.names[row]),
            token: chip(header.tokens[column]),
            target: chip(it.pieces[it.targets[column]]),
            rank: element("b", {}, count(arrays.ranks.data[at])),
            percent: percent(arrays.probabilities.data[at]),
            top: chip(it.pieces[arrays.tops.data[at]]),
          }),
        );
        readout.dataset.rank = String(arrays.ranks.data[at]);
      }
      const last = it.settled[scene.position];
      const about = { token: header.tokens[scene.position], target: it.pieces[it.targets[scene.position]] };
      said.textContent =
        last === null ? say("lens.never", about) : say("lens.settled", { ...about, where: whereOf(it.names[last]) });
      const found = scene.part("cell");
      const fits =
        found && values.cell && found.header.name === values.cell[0] && found.header.position === values.cell[1];
      opened.hidden = !values.cell;
      if (!values.cell) return;
      if (!fits) {
        opened.replaceChildren(element("p", { class: "muted" }, say("lens.cell_waiting")));
        return;
      }
      opened.replaceChildren(
        element(
          "p",
          { class: "title" },
          say("lens.cell", { where: whereOf(found.header.name), token: header.tokens[found.header.position] }),
        ),
        element(
          "ol",
          { class: "top-ten" },
          ...found.header.words.map((/** @type {any} */ word) =>
            element("li", {}, chip(word.piece), " ", element("span", { class: "muted" }, percent(word.probability))),
          ),
        ),
      );
      opened.style.setProperty("--ink-of", css(colours.ink));
    },
  };
}
