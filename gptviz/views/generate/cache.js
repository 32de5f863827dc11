// The key-value cache, by measurement: the time for one more word with it and without it, and what is reused.

import { rightwardAxis, upwardAxis } from "../kit/axes.js";
import { css } from "../kit/colours.js";
import { disable } from "../kit/controls.js";
import { element } from "../kit/dom.js";
import { count, fixed } from "../kit/format.js";
import { prepare } from "../kit/painter.js";
import { scaleLinear } from "../kit/vendor/d3.js";

const HEIGHT = 240;
const [LEFT, RIGHT, TOP, BOTTOM] = [52, 12, 20, 40];

/** @param {import("./view.js").Scene} scene */
export function createCache(scene) {
  const { header, say, choose } = scene;
  const canvas = /** @type {HTMLCanvasElement} */ (element("canvas", { role: "img" }));
  const measure = /** @type {HTMLButtonElement} */ (
    element("button", { type: "button", "data-do": "measure" }, say("cache.measure"))
  );
  measure.addEventListener("click", () => choose({ measure: true, goal: null }));
  const size = element("p", {});
  const latest = element("p", { class: "latest", role: "status" });
  const reused = element("tbody", {});
  const legend = element(
    "div",
    { class: "legends" },
    element("span", { class: "legend cached" }, say("cache.cached")),
    element("span", { class: "legend plain" }, say("cache.plain")),
  );

  /** @param {number} seconds */
  const milliseconds = (seconds) => fixed(1000 * seconds, seconds < 0.0995 ? 1 : 0);

  return {
    node: element(
      "div",
      { class: "cache-view" },
      element("p", {}, say("cache.text")),
      element(
        "table",
        { class: "reused" },
        element(
          "thead",
          {},
          element(
            "tr",
            {},
            ...["what", "earlier", "new"].map((name) => element("th", { scope: "col" }, say(`cache.${name}`))),
          ),
        ),
        reused,
      ),
      size,
      element("div", { class: "line" }, measure, legend),
      canvas,
      latest,
      element("p", { class: "muted" }, say("cache.note")),
    ),
    /** @param {import("./view.js").Now} now */
    draw({ values, path }) {
      const part = scene.part("cache");
      if (!part) return;
      const it = part.header;
      const used = header.tokens.length + path.length;
      const cells = [
        ["keys", count((used * it.numbers) / 2), count(it.numbers / 2)],
        ["values", count((used * it.numbers) / 2), count(it.numbers / 2)],
        ["queries", "–", count(it.queries)],
      ];
      reused.replaceChildren(
        ...cells.map(([name, before, fresh]) =>
          element(
            "tr",
            {},
            element("th", { scope: "row" }, say(`cache.${name}`)),
            element("td", {}, before),
            element("td", {}, fresh),
          ),
        ),
      );
      size.textContent = say("cache.size", {
        ...it.sizes,
        numbers: count(it.numbers),
        used: count(used),
        kilobytes: fixed(it.bytes / 1024, it.bytes < 10_240 ? 1 : 0),
        megabytes: fixed((used * it.bytes) / 2 ** 20, 2),
        itemsize: it.itemsize,
      });
      disable(measure, values.measure);
      measure.textContent = say(values.measure ? "cache.measuring" : "cache.measure");
      paint(scene.timings());
    },
  };

  /** @param {{length: number, cached: number, plain: number}[]} timings */
  function paint(timings) {
    const colours = scene.colours();
    const width = canvas.parentElement?.clientWidth ?? 300;
    const painter = prepare(canvas, width, HEIGHT);
    canvas.style.background = css(colours.background);
    canvas.setAttribute("aria-label", say("cache.alt", { count: timings.length }));
    const seconds = timings.flatMap(({ cached, plain }) => [cached, plain].filter((x) => !Number.isNaN(x)));
    const longest = Math.max(64, ...timings.map(({ length }) => length));
    const x = scaleLinear([0, longest], [LEFT, width - RIGHT]);
    const y = scaleLinear([0, 1000 * Math.max(0.02, ...seconds)], [HEIGHT - BOTTOM, TOP]).nice(4); // milliseconds
    const text = timings.length ? y.tickFormat(4) : null;
    upwardAxis(painter, y, { ticks: y.ticks(4), left: LEFT, right: width - RIGHT, text, colours });
    rightwardAxis(painter, x, { ticks: x.ticks(6), top: HEIGHT - BOTTOM + 2, colours });
    painter.text("ms", LEFT - 6, TOP - 11, { fill: colours.muted, align: "right" });
    painter.text(say("cache.axis"), width - RIGHT, HEIGHT - 8, { fill: colours.muted, align: "right" });
    for (const { length, cached, plain } of timings) {
      if (!Number.isNaN(plain)) painter.frame(x(length) - 3.5, y(1000 * plain) - 3.5, 7, 7, colours.key, 2);
      if (!Number.isNaN(cached)) painter.rect(x(length) - 3, y(1000 * cached) - 3, 6, 6, colours.output);
    }
    const both = timings.filter(({ cached, plain }) => !Number.isNaN(cached) && !Number.isNaN(plain));
    const last = both[both.length - 1];
    latest.textContent = last
      ? say("cache.latest", {
          length: last.length,
          cached: milliseconds(last.cached),
          plain: milliseconds(last.plain),
          times: fixed(last.plain / last.cached, 1),
        })
      : say("cache.nothing");
  }
}
