// The chosen head in the four stages of the notes: q·k, ÷√d, mask, softmax; one turns into the next.

import { diverging, sequential } from "../kit/colours.js";
import { createCheck, createInput, createSave } from "../kit/controls.js";
import { element } from "../kit/dom.js";
import { fixed, percent, significant } from "../kit/format.js";
import { declared } from "../kit/keeper.js";
import { downloadCsv } from "../kit/painter.js";
import { legend } from "../kit/vectors.js";
import { sharpness, shownRow, sinkShare } from "./data.js";
import { createMatrix } from "./matrix.js";
import { createReadout } from "./readout.js";

const TURN = 700; // ms from one stage to the next
const REST = 900; // ms at each, while playing

/** @typedef {import("./data.js").Layer} Layer */

/** @param {import("./view.js").Scene} scene */
export function createStages(scene) {
  const { say, labels, choose, point, redraw } = scene;
  const names = declared(scene.choices.stage, "options"); // in the order of the pass
  const T = labels.length;
  const matrix = createMatrix({
    colours: scene.colours,
    labels: {
      query: say("stages.query"),
      key: say("stages.key"),
      zoomIn: say("stages.zoom_in"),
      zoomOut: say("stages.zoom_out"),
      fit: say("stages.fit"),
    },
    point,
    pick: (token, key) => choose({ token, key }),
    redraw,
  });

  let from = 3; // where the picture comes from and goes to, between stages 0 and 3
  let target = /** @type {number | null} */ (null); // null: nothing has been drawn yet
  let began = 0;
  let frame = 0;
  let playing = 0; // a timer
  let shownStage = /** @type {string | null} */ (null); // while playing; the reader has not chosen it

  const steps = names.map((name, i) => {
    const button = element("button", { type: "button" }, `${i + 1} · ${say(`stages.${name}`)}`);
    button.addEventListener("click", () => {
      shownStage = null;
      stop();
      choose({ stage: name });
    });
    return button;
  });
  const play = element("button", { type: "button", class: "play" });
  play.addEventListener("click", () => (playing ? stop() : start()));

  function start() {
    const next = (/** @type {number} */ stage) => {
      shownStage = names[stage];
      playing = window.setTimeout(stage < 3 ? () => next(stage + 1) : stop, stage < 3 ? TURN + REST : TURN);
      redraw();
    };
    from = target = 0;
    next(0);
  }
  function stop() {
    clearTimeout(playing);
    playing = 0;
    const stage = shownStage;
    shownStage = null;
    if (stage && stage !== scene.values().stage) choose({ stage });
    else redraw();
  }

  const check = (/** @type {string} */ name, /** @type {(on: boolean) => void} */ set) =>
    createCheck([say(`stages.${name}`)], set);
  const unscaled = check("unscaled", (on) => choose({ unscaled: on, stage: "pattern" }));
  const hide = check("hide", (on) => choose({ hide: on, stage: "pattern" }));
  const last = check("last", (on) => choose(on ? { last: "", stage: "dot" } : { last: null }));
  const what = say("stages.last_word");
  const word = createInput(scene.choices.last, { "aria-label": what, placeholder: what });
  word.addEventListener("change", () => choose({ last: word.value.trim() }));
  const lastRow = element("span", { class: "last" }, last.node, word);

  const text = element("p", { class: "stage-text" });
  const scaleText = element("div", { class: "scale-line" });
  const remarks = element("div", { class: "remarks" });
  const readout = createReadout(scene);
  const save = createSave(say("save"), /** @type {const} */ (["png", "svg", "csv"]), take);
  let shown = /** @type {import("./view.js").Now | null} */ (null);

  /** @param {"png" | "svg" | "csv"} kind */
  function take(kind) {
    if (!shown) return;
    const { head } = shown;
    const layer = layerOf(shown);
    const tokens = tokensOf(shown);
    const name = `${layer.layer}.${head}`;
    if (kind !== "csv") {
      const title = `${say("head", { name })} · ${say(`stages.${shown.values.stage}`)}`;
      matrix.download(kind, `head-${name}-${shown.values.stage}`, title);
      return;
    }
    const rows = [["query_position", "query", "key_position", "key", "q·k", "scaled", "weight"]];
    for (let i = 0; i < T; i++) {
      for (let j = 0; j < T; j++) {
        const numbers = [layer.dot(head, i, j), layer.score(head, i, j), layer.weight(head, i, j)];
        rows.push(/** @type {any} */ ([i, tokens[i], j, tokens[j], ...numbers]));
      }
    }
    downloadCsv(`head-${name}`, rows);
  }

  /**
   * The swap of the last word that is here and meant; it stays inside these stages.
   * @param {import("./view.js").Now} now
   */
  function swapOf({ layer, values }) {
    const part = scene.part("last");
    const header = part?.header;
    const fits = header && header.layer === layer.layer && header.word === values.last && !header.trouble;
    return values.last !== null && fits ? part : null;
  }

  let changed = {
    part: /** @type {object | null} */ (null),
    layer: /** @type {Layer | null} */ (null),
    of: /** @type {Layer | null} */ (null),
  };

  /** The layer to show: with the other last word, if there is one. @param {import("./view.js").Now} now */
  function layerOf(now) {
    const part = swapOf(now);
    if (!part) return now.layer;
    if (changed.part !== part || changed.of !== now.layer)
      changed = { part, layer: now.layer.withLast(part), of: now.layer };
    return /** @type {Layer} */ (changed.layer);
  }

  /** @param {import("./view.js").Now} now */
  function namesOf(now) {
    const part = swapOf(now);
    return part ? [...labels.slice(0, -1), part.header.piece] : labels;
  }

  /** The same without the positions of tokens that stand more than once. @param {import("./view.js").Now} now */
  function tokensOf(now) {
    const part = swapOf(now);
    return part ? [...scene.tokens.slice(0, -1), part.header.piece] : scene.tokens;
  }

  /** A row as it is shown, of the layer that is shown. @param {import("./view.js").Now} now @param {number} i */
  const rowOf = (now, i) => (swapOf(now) ? shownRow(layerOf(now), now.head, i, now.values) : now.row(i));

  /**
   * @typedef {object} Stage
   * @property {(i: number, j: number) => number} at the numbers
   * @property {import("../kit/colours.js").Scale} scale that they are drawn on
   * @property {number} top where it ends
   * @property {number} digits of a number in a cell
   * @property {Uint32Array<ArrayBuffer>} pixels
   */
  let kept = { key: "", stages: /** @type {Stage[]} */ ([]) };

  /** A stage of the head; made once. @param {import("./view.js").Now} now @param {number} stage */
  function stageOf(now, stage) {
    const { values, layer, head } = now;
    const colours = scene.colours();
    const last = swapOf(now)?.header.piece ?? "";
    const key = [layer.layer, head, values.unscaled, values.hide, last, colours.background].join();
    if (kept.key !== key) kept = { key, stages: [] };
    return (kept.stages[stage] ??= makeStage(now, stage));
  }

  /** @param {import("./view.js").Now} now @param {number} stage @returns {Stage} */
  function makeStage(now, stage) {
    const { head, values } = now;
    const layer = layerOf(now);
    const colours = scene.colours();
    const plain = stage === 0 || values.unscaled; // q·k itself
    const rows = Array.from({ length: T }, (_, i) =>
      stage === 3 ? rowOf(now, i) : plain ? layer.dots(head, i) : layer.scores(head, i),
    );
    const ends = Array.from({ length: T }, (_, i) => (stage < 2 ? T : i + 1));
    let top = 0;
    for (let i = T > 1 ? 1 : 0; i < T; i++) {
      for (let j = T > 1 ? 1 : 0; j < ends[i]; j++) top = Math.max(top, Math.abs(rows[i][j]));
    }
    if (stage === 3 && !values.hide) top = 1;
    const scale = stage === 3 ? sequential(colours, "attention", top) : diverging(colours, top);
    const pixels = new Uint32Array(T * T);
    for (let i = 0; i < T; i++) {
      for (let j = 0; j < ends[i]; j++) pixels[i * T + j] = scale.pixel(rows[i][j]);
    }
    const at = (/** @type {number} */ i, /** @type {number} */ j) => (j < ends[i] ? rows[i][j] : 0);
    return { at, scale, top, digits: top >= 100 ? 0 : top >= 10 ? 1 : 2, pixels };
  }

  const still = window.matchMedia("(prefers-reduced-motion: reduce)");

  /** Where the picture is now. @param {number} wanted */
  function position(wanted) {
    if (target === null) target = wanted;
    if (wanted !== target) {
      from = position(target);
      target = wanted;
      began = performance.now();
    }
    if (still.matches || !began) return target;
    const t = Math.min(1, (performance.now() - began) / TURN);
    if (t === 1) from = target;
    const eased = t * t * (3 - 2 * t);
    return from + (target - from) * eased;
  }

  /** @param {import("./view.js").Now} given */
  function draw(given) {
    const now = shownStage ? { ...given, values: { ...given.values, stage: shownStage } } : given;
    shown = given;
    const { layer, head, values } = now;
    const colours = scene.colours();
    const chosen = names.indexOf(values.stage);
    const where = position(chosen);
    const [low, high] = [Math.floor(where), Math.ceil(where)];
    const a = stageOf(now, low).pixels;
    const b = stageOf(now, high).pixels;
    const t = where - low;
    const stage = stageOf(now, chosen);
    const here = low === high;
    matrix.draw({
      tokens: namesOf(now),
      pixels: here ? a : blend(a, b, t, colours.background),
      number: (i, j) => {
        if (!here) return null;
        if (chosen === 2 && j > i) return "−∞";
        if (chosen === 3 && (j > i || (values.hide && (i === 0 || j === 0)))) return null;
        return fixed(stage.at(i, j), stage.digits);
      },
      hatched: Math.max(0, 1 - Math.abs(where - 2)),
      query: now.query,
      key: now.key,
      sums:
        chosen === 3 && here
          ? (i) =>
              fixed(
                [...rowOf(now, i)].reduce((x, y) => x + y, 0),
                3,
              )
          : null,
      outlined: swapOf(now) ? T - 1 : null,
    });
    matrix.canvas.setAttribute(
      "aria-label",
      say("stages.alt", { name: `${layer.layer}.${head}`, stage: say(`stages.${values.stage}`), count: T }),
    );
    steps.forEach((button, i) => button.setAttribute("aria-pressed", String(i === chosen)));
    play.textContent = playing ? say("stages.pause") : say("stages.play");
    unscaled.input.checked = values.unscaled;
    hide.input.checked = values.hide;
    hide.input.disabled = T < 2;
    last.input.checked = values.last !== null;
    last.input.disabled = T < 2;
    word.hidden = values.last === null;
    const typing = /** @type {ShadowRoot} */ (word.getRootNode()).activeElement === word;
    if (!typing) word.value = values.last || "";
    const about = {
      d: scene.sizes.d_head,
      scale: significant(layer.scale, 4),
      root: significant(1 / layer.scale, 4),
      count: T,
    };
    const plain = chosen === 1 && values.unscaled;
    const rule = plain ? "skipped" : chosen === 1 && !scene.header.root[layer.layer] ? "scaled_other" : values.stage;
    text.textContent = say(`stages.${rule}_text`, about);
    const ticks =
      chosen === 3 ? ["0", significant(stage.top, 2)] : [significant(-stage.top, 3), "0", significant(stage.top, 3)];
    const note = chosen === 3 || T < 2 ? "" : say("stages.beyond");
    scaleText.replaceChildren(legend(stage.scale, ticks), element("span", { class: "muted" }, note));
    remarks.replaceChildren(...remarksOf(now).map((sentence) => element("p", {}, sentence)));
    readout.draw(now, layerOf(now), rowOf(now, now.query), namesOf(now));
    cancelAnimationFrame(frame);
    if (where !== target) frame = requestAnimationFrame(() => shown && draw(shown));
  }

  /** What the switches show, in numbers. @param {import("./view.js").Now} now */
  function remarksOf(now) {
    const { head, values } = now;
    const layer = layerOf(now);
    const said = [];
    if (values.unscaled && T > 1) {
      const [with_, without] = [false, true].map((off) => sharpness(layer, head, off));
      said.push(
        say("stages.unscaled_text", {
          with: fixed(with_.mean, 2),
          without: fixed(without.mean, 2),
          sharp_with: with_.sharp,
          sharp_without: without.sharp,
          rows: with_.rows,
        }),
      );
    }
    if (values.hide && T > 1) {
      const row = percent(layer.weight(head, now.query, 0));
      said.push(say("stages.hide_text", { share: percent(sinkShare(layer, head)), query: labels[now.query], row }));
    }
    if (values.last !== null) {
      const header = scene.part("last")?.header;
      if (!header || header.layer !== layer.layer || header.word !== values.last) {
        said.push(say(scene.alone ? "alone" : "stages.last_waiting"));
      } else if (header.trouble) said.push(say(`errors.${header.trouble.code}`, header.trouble.details));
      else if (header.same) said.push(say("stages.last_same", { piece: header.piece }));
      else {
        const { pattern, vectors, stream } = header.differences;
        if (header.width > 1)
          said.push(say("stages.last_cut", { word: values.last, count: header.width, piece: header.piece }));
        said.push(
          say("stages.last_text", {
            piece: header.piece,
            rows: T - 1,
            layer: layer.layer,
            pattern: significant(pattern, 2),
            vectors: significant(vectors, 2),
            stream: significant(stream, 2),
          }),
        );
      }
    }
    return said;
  }

  const controls = element("div", { class: "steps", role: "group", "aria-label": say("stages.label") }, play, ...steps);
  const switches = element("div", { class: "switches" }, unscaled.node, hide.node, lastRow);
  return {
    node: element(
      "div",
      { class: "stages-view" },
      controls,
      text,
      scaleText,
      element("div", { class: "beside" }, matrix.node, readout.node),
      switches,
      remarks,
      save,
    ),
    draw,
    destroy() {
      clearTimeout(playing);
      cancelAnimationFrame(frame);
    },
  };
}

/**
 * Two pictures mixed; what is transparent counts as the page's background.
 * @param {Uint32Array<ArrayBuffer>} a
 * @param {Uint32Array<ArrayBuffer>} b
 * @param {number} t
 * @param {import("../kit/colours.js").Rgb} background
 */
function blend(a, b, t, background) {
  const empty = ((255 << 24) | (background[2] << 16) | (background[1] << 8) | background[0]) >>> 0;
  const mixed = new Uint32Array(a.length);
  for (let i = 0; i < a.length; i++) {
    const p = a[i] || empty;
    const q = b[i] || empty;
    if (p === q) {
      mixed[i] = p;
      continue;
    }
    const channel = (/** @type {number} */ shift) => {
      const from = (p >> shift) & 255;
      return Math.round(from + t * (((q >> shift) & 255) - from)) << shift;
    };
    mixed[i] = ((255 << 24) | channel(16) | channel(8) | channel(0)) >>> 0;
  }
  return mixed;
}
