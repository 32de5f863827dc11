// The probability of each leading word as temperature goes from 0 to its end, on the same track as the slider.

import { rightwardAxis, upwardAxis } from "../kit/axes.js";
import { css } from "../kit/colours.js";
import { createCheck } from "../kit/controls.js";
import { element } from "../kit/dom.js";
import { brief, percent } from "../kit/format.js";
import { prepare } from "../kit/painter.js";
import { temperatureTrack } from "../kit/sampling.js";
import { scaleLinear, scaleLog } from "../kit/vendor/d3.js";

const DECADES = 4; // of the logarithmic scale, down from 1
const LOWEST = 1e-8; // where a curve leaves the picture below it
const EVERY = 2; // steps of the slider from one point of a curve to the next
const WORDS = 8;
const HEIGHT = 240;
const [LEFT, TOP, BOTTOM] = [10, 8, 22]; // the slider's thumb leaves 10 pixels at either side
const HUES = ["output", "key", "attention", "value", "query", "positive", "mlp", "muted"];
const DASHES = [[], [7, 4], [2, 3]];

/** @param {import("./view.js").Scene} scene */
export function createCurves(scene) {
  const { say, own, logits } = scene;
  const ids = [...own.order.subarray(0, Math.min(WORDS, logits.length))];
  const track = temperatureTrack(scene.choices.temperature);
  const points = Math.floor(track.last / EVERY) + 1;
  const curves = ids.map(() => new Float64Array(points).fill(NaN));
  const entropy = new Float64Array(points).fill(NaN);
  let done = 0; // points computed so far: a whole vocabulary each, a few at a time
  let frame = 0;
  const canvas = /** @type {HTMLCanvasElement} */ (element("canvas", { role: "img" }));
  const keys = ids.map((id, n) => {
    const button = element(
      "button",
      { type: "button", class: "key-of" },
      scene.token(id),
      " ",
      element("span", { class: "muted" }),
    );
    button.addEventListener("pointerenter", () => scene.preview(id));
    button.addEventListener("pointerleave", () => scene.preview(null));
    button.addEventListener("click", () => scene.choose({ word: id }));
    button.style.setProperty("--hue", `var(--${HUES[n % HUES.length]})`);
    return { button, value: /** @type {HTMLElement} */ (button.lastChild) };
  });

  const log = createCheck([say("curves.log")], (on) => scene.choose({ log: on }));
  log.input.dataset.set = "log";
  const decades = element("span", { class: "muted" }, say("curves.decades"));

  function compute() {
    const start = performance.now();
    while (done < points && performance.now() - start < 10) {
      const temperature = track.temperatureAt(done * EVERY);
      const now = scene.at({ temperature, top_k: null, top_p: null, min_p: null, repetition_penalty: null });
      ids.forEach((id, n) => (curves[n][done] = now.probability(id)));
      entropy[done++] = now.entropy;
    }
    if (done < points) frame = requestAnimationFrame(compute);
    scene.redraw();
  }
  compute();

  return {
    node: element(
      "div",
      { class: "curves-view" },
      element("p", {}, say("curves.text")),
      element("div", { class: "line" }, log.node, decades),
      canvas,
      element("div", { class: "keys" }, ...keys.map((key) => key.button)),
      element("p", { class: "muted" }, say("curves.note")),
    ),
    destroy: () => cancelAnimationFrame(frame),
    /** @param {import("./view.js").Now} moment */
    draw({ now, chosen, values }) {
      log.input.checked = values.log;
      decades.hidden = !values.log;
      const colours = scene.colours();
      const width = canvas.parentElement?.clientWidth ?? 300;
      const painter = prepare(canvas, width, HEIGHT);
      const x = scaleLinear([0, track.last], [LEFT, width - LEFT]);
      const down = [HEIGHT - BOTTOM, TOP];
      const scale = values.log ? scaleLog([10 ** -DECADES, 1], down) : scaleLinear([0, 1], down);
      const y = (/** @type {number} */ p) => scale(Math.max(p, values.log ? LOWEST : 0));
      const ticks = scale.ticks(DECADES);
      upwardAxis(painter, scale, { ticks, left: LEFT, right: width - LEFT, text: null, colours });
      rightwardAxis(painter, x, {
        ticks: track.ticks.map(track.position),
        top: HEIGHT - BOTTOM + 6,
        text: (steps) => String(track.temperatureAt(steps)),
        colours,
      });
      for (const p of ticks) {
        // Where the curves leave room: at the right; on a logarithmic scale at the left, but for the top.
        const [at, align] = values.log && p < 1 ? [LEFT + 24, "left"] : [width - LEFT, "right"];
        painter.text(percent(p), at, y(p) + (p === 1 || (p && !values.log) ? 9 : -8), {
          fill: colours.muted,
          align: /** @type {"left" | "right"} */ (align),
        });
      }
      // What is less likely than the last line of a logarithmic scale runs out of the picture below.
      const inside = (/** @type {() => void} */ draw) => painter.inside(0, 0, width, HEIGHT - BOTTOM + 4, draw);
      curves.forEach((curve, n) => {
        const line = /** @type {number[][]} */ ([]);
        for (let i = 0; i < done; i++) line.push([x(i * EVERY), y(curve[i])]);
        const own_ = ids[n] === chosen;
        const style = { thick: own_ ? 4 : 2, dash: DASHES[n % DASHES.length] };
        inside(() => painter.line(line, colours[HUES[n % HUES.length]], style));
      });
      const here = track.position(now.temperature);
      painter.segment(x(here), TOP, x(here), HEIGHT - BOTTOM, colours.ink, { thick: 1.5 });
      const here_ = scene.at({ top_k: null, top_p: null, min_p: null, repetition_penalty: null });
      ids.forEach((id, n) => {
        const p = here_.probability(id);
        const at = [x(here), y(p)];
        inside(() => painter.rect(at[0] - 3.5, at[1] - 3.5, 7, 7, colours[HUES[n % HUES.length]]));
        keys[n].value.textContent = brief(p);
        keys[n].button.style.setProperty("--dash", ["solid", "dashed", "dotted"][n % 3]);
      });
      canvas.setAttribute("aria-label", say("curves.alt", { words: ids.map(scene.piece).join(", ") }));
      canvas.style.background = css(colours.background);
    },
  };
}
