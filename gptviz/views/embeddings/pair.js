// One pair opened: two rows, their products, the lengths, and what chance gives.

import { element } from "../kit/dom.js";
import { count, fixed, percent } from "../kit/format.js";
import { prepare } from "../kit/painter.js";
import { createBars, createStrip } from "../kit/vectors.js";
import { compare, measuresOf, shareOf, shown } from "./measures.js";

const BINS = 60;
const HEIGHT = 90;

/** @param {import("./view.js").Scene} scene */
export function createPair(scene) {
  const { say, nodes } = scene;
  let pointed = /** @type {number | null} */ (null);
  let picked = 0;
  const how = {
    onPoint: (/** @type {number | null} */ at) => ((pointed = at), scene.redraw()),
    onPick: (/** @type {number} */ at) => ((picked = at), scene.redraw()),
  };
  const first = createStrip("", how);
  const second = createStrip("", how);
  const products = createBars(say("pair.products"), { height: 72, ...how });
  const title = element("p", { class: "title" });
  const triple = element("p", { class: "readout" });
  const formulas = element("dl", { class: "formulas" });
  const canvas = /** @type {HTMLCanvasElement} */ (element("canvas", { role: "img" }));
  const chanceText = element("p", {});
  const body = element(
    "div",
    { class: "pair" },
    title,
    first.node,
    second.node,
    products.node,
    triple,
    formulas,
    canvas,
    chanceText,
  );
  const hint = element("p", { class: "muted" }, say("pair.hint"));
  return {
    node: element("div", {}, hint, body),
    /**
     * @param {import("./similarity.js").Item[] | null} items
     * @param {import("../kit/wire.js").Payload} chance
     * @param {import("./measures.js").Measure} measure
     */
    draw(items, chance, measure) {
      hint.hidden = items !== null;
      body.hidden = items === null;
      if (!items) return;
      const [x, y] = items;
      const colours = scene.colours();
      const D = x.row.length;
      const at = Math.min(pointed ?? picked, D - 1);
      const found = compare(x.row, y.row);
      const product = Float64Array.from(x.row, (value, d) => value * y.row[d]);
      title.replaceChildren(...nodes("pair.title", { first: x.node(), second: y.node() }));
      first.rename(`x = ${x.name}`);
      second.rename(`y = ${y.name}`);
      first.draw(x.row, colours, at);
      second.draw(y.row, colours, at);
      products.draw(product, colours, at);
      triple.textContent = say("pair.triple", {
        d: at,
        x: fixed(x.row[at], 4),
        y: fixed(y.row[at], 4),
        product: fixed(product[at], 5),
        sum: fixed(found.dot, 4),
      });
      const [a, b] = found.lengths;
      const lines = {
        dot: [`x·y = Σ xᵢyᵢ`, fixed(found.dot, 4)],
        cosine: [
          `x·y ÷ (|x| |y|) = ${fixed(found.dot, 4)} ÷ (${fixed(a, 4)} × ${fixed(b, 4)})`,
          fixed(found.cosine, 4),
        ],
        distance: [
          `√(|x|² + |y|² − 2 x·y) = √(${fixed(a * a, 3)} + ${fixed(b * b, 3)} − ${fixed(2 * found.dot, 3)})`,
          fixed(found.distance, 4),
        ],
      };
      formulas.replaceChildren(
        ...measuresOf(scene).map((name) =>
          element(
            "div",
            { class: name === measure ? "chosen" : null },
            element("dt", {}, say(`measure.${name}`)),
            element("dd", { class: "muted formula" }, lines[name][0]),
            element("dd", { class: "result", "data-measure": name, "data-value": found[name] }, lines[name][1]),
          ),
        ),
      );
      const value = found[measure];
      const share = shareOf(chance, measure, value);
      const drawn = !Number.isNaN(value) && !Number.isNaN(share);
      canvas.hidden = !drawn;
      if (!drawn) {
        chanceText.textContent = say("pair.zero");
        return;
      }
      const about = chance.header[measure];
      histogram(chance.arrays[`${measure}.quantiles`].data, value, colours);
      const values = {
        value: shown(value),
        pairs: count(about.pairs),
        share:
          share < 0.001
            ? say("pair.under", { share: percent(0.001) })
            : share > 0.999
              ? say("pair.over", { share: percent(0.999) })
              : percent(share),
      };
      chanceText.textContent = say(about.whole ? "pair.chance_all" : "pair.chance", values);
      canvas.setAttribute("aria-label", chanceText.textContent);
    },
  };

  /**
   * How often chance gives which value.
   * @param {ArrayLike<number>} quantiles
   * @param {number} value
   * @param {any} colours
   */
  function histogram(quantiles, value, colours) {
    const width = Math.min(body.clientWidth, 640);
    if (!width) return;
    const last = quantiles.length - 1;
    const [low, high] = [Math.min(value, quantiles[0]), Math.max(value, quantiles[last])];
    const span = high - low || 1;
    const bins = new Float64Array(BINS);
    for (let i = 0; i <= last; i++) bins[Math.min(BINS - 1, Math.floor(((quantiles[i] - low) / span) * BINS))] += 1;
    const most = Math.max(...bins);
    const painter = prepare(canvas, width, HEIGHT + 22);
    const cell = (width - 40) / BINS;
    bins.forEach((n, i) =>
      painter.rect(
        20 + i * cell,
        HEIGHT - (n / most) * (HEIGHT - 24),
        Math.max(cell - 1, 1),
        (n / most) * (HEIGHT - 24),
        colours.muted,
      ),
    );
    painter.segment(20, HEIGHT, width - 20, HEIGHT, colours.muted);
    const x = 20 + ((value - low) / span) * (width - 40);
    painter.segment(x, 18, x, HEIGHT + 3, colours.accent, { thick: 3 });
    painter.text(shown(value), x, 8, {
      fill: colours.ink,
      bold: true,
      align: x < 40 ? "left" : x > width - 40 ? "right" : "center",
    });
    painter.text(shown(low), 20, HEIGHT + 13, { fill: colours.muted });
    painter.text(shown(high), width - 20, HEIGHT + 13, { fill: colours.muted, align: "right" });
  }
}
