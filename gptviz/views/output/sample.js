// Drawing the next word: once, or a thousand times, beside what is expected.

import { element } from "../kit/dom.js";
import { count, fixed, percent } from "../kit/format.js";
import { declared } from "../kit/keeper.js";
import { drawer, randomNumbers } from "./distribution.js";

const MANY = 1000;
const FRAMES = 40; // until they are all there

/** @param {import("./view.js").Scene} scene */
export function createSample(scene) {
  const { say, choose, choices } = scene;
  const [low, high] = [declared(choices.seed, "low"), declared(choices.seed, "high")];
  const still = window.matchMedia("(prefers-reduced-motion: reduce)");
  const once = element("button", { type: "button" }, say("sample.once"));
  const many = element("button", { type: "button" }, say("sample.many", { count: count(MANY) }));
  const clear = element("button", { type: "button" }, say("sample.clear"));
  const seed = /** @type {HTMLInputElement} */ (
    element("input", { type: "number", min: low, max: high, step: 1, "aria-label": say("sample.seed") })
  );
  const last = element("p", { class: "last", role: "status" });
  const body = element("tbody", {});
  const table = element(
    "table",
    { class: "draws" },
    element(
      "thead",
      {},
      element(
        "tr",
        {},
        ...["word", "expected", "drawn"].map((name) => element("th", { scope: "col" }, say(`sample.${name}`))),
      ),
    ),
    body,
  );
  const test = element("p", { class: "muted" });
  let counts = new Map();
  let total = 0;
  let state = ""; // what the draws were made from
  let next = /** @type {() => number} */ (() => 0);
  let pending = 0; // draws still to come
  let latest = /** @type {number[]} */ ([]);
  let frame = 0;

  function reset() {
    cancelAnimationFrame(frame);
    pending = total = 0;
    counts = new Map();
    latest = [];
    state = "";
  }
  function step(/** @type {number} */ most) {
    for (let n = 0; n < most && pending > 0; n++, pending--) {
      const id = next();
      counts.set(id, (counts.get(id) ?? 0) + 1);
      total++;
      latest = [...latest.slice(-9), id];
    }
  }
  function run() {
    step(still.matches ? pending : Math.ceil(MANY / FRAMES));
    scene.redraw();
    if (pending > 0) frame = requestAnimationFrame(run);
  }
  const draw = (/** @type {number} */ howMany) => {
    pending += howMany;
    cancelAnimationFrame(frame);
    scene.redraw(); // the first draw needs the distribution of the moment
    frame = requestAnimationFrame(run);
  };
  once.addEventListener("click", () => draw(1));
  many.addEventListener("click", () => draw(MANY));
  clear.addEventListener("click", () => (reset(), scene.redraw()));
  seed.addEventListener("change", () => {
    reset();
    choose({ seed: Math.min(high, Math.max(low, Math.round(Number(seed.value) || choices.seed.default))) });
  });

  return {
    node: element(
      "div",
      { class: "sample-view" },
      element("p", {}, say("sample.text")),
      element(
        "div",
        { class: "line" },
        once,
        many,
        clear,
        element("label", { class: "seed" }, say("sample.seed"), " ", seed),
      ),
      last,
      table,
      test,
    ),
    destroy: () => cancelAnimationFrame(frame),
    /** @param {import("./view.js").Now} moment */
    draw({ now, leading, values }) {
      const { temperature, top_k, top_p, min_p, repetition_penalty } = values;
      const from = JSON.stringify([scene.position, temperature, top_k, top_p, min_p, repetition_penalty, values.seed]);
      if (from !== state) {
        const waiting = pending;
        reset();
        pending = waiting;
        state = from;
        next = drawer(now, randomNumbers(values.seed));
      }
      const root = /** @type {ShadowRoot} */ (seed.getRootNode());
      if (root.activeElement !== seed) seed.value = String(values.seed);
      last.replaceChildren(
        ...(latest.length
          ? [say("sample.latest"), " ", ...latest.flatMap((id) => [scene.token(id), " "])]
          : [element("span", { class: "muted" }, say("sample.nothing"))]),
      );
      clear.toggleAttribute("disabled", total === 0);
      const rows = leading.map((id) => ({
        name: /** @type {Node | string} */ (scene.token(id)),
        p: now.probability(id),
        drawn: counts.get(id) ?? 0,
        id,
      }));
      const known = new Set(leading);
      let others = 0;
      for (const [id, n] of counts) if (!known.has(id)) others += n;
      if (scene.logits.length > leading.length)
        rows.push({ name: say("sample.others"), p: now.rest(leading.length), drawn: others, id: -1 });
      // What is rarely expected is counted together: with few the statistic says nothing.
      const rare = { p: 0, drawn: 0 };
      const tested = rows.filter(({ p, drawn }) => p * total >= 5 || ((rare.p += p), (rare.drawn += drawn), false));
      const judged = rare.p * total >= 5 ? [...tested, rare] : tested;
      const chi = judged.reduce((sum, { p, drawn }) => sum + (drawn - p * total) ** 2 / (p * total), 0);
      const cells = judged.length;
      body.replaceChildren(
        ...rows.map(({ name, p, drawn, id }) => {
          const cell = (/** @type {string} */ kind, /** @type {number} */ share, /** @type {string} */ text) => {
            const node = element(
              "td",
              { class: `track ${kind}` },
              element("div", { class: "bar" }),
              element("span", { class: "number" }, text),
            );
            node.style.setProperty("--p", String(Math.min(1, share)));
            return node;
          };
          const row = element(
            "tr",
            { "data-drawn": drawn, "data-id": id },
            element("th", { scope: "row" }, name),
            cell(
              "expected",
              p,
              total ? say("sample.of", { percent: percent(p), number: fixed(p * total, 1) }) : percent(p),
            ),
            cell("drawn", total ? drawn / total : 0, total ? count(drawn) : "–"),
          );
          return row;
        }),
      );
      const spread = Math.sqrt(2 * (cells - 1));
      const usual = Math.abs(chi - (cells - 1)) <= 2 * spread;
      const about = {
        total: count(total),
        chi: fixed(chi, 1),
        cells,
        freedom: cells - 1,
        spread: fixed(spread, 1),
      };
      test.textContent =
        total < 100 || cells < 2
          ? say("sample.few")
          : `${say("sample.test", about)} ${say(usual ? "sample.usual" : "sample.unusual")}`;
      test.dataset.chi = String(chi);
      test.dataset.cells = String(cells);
      test.dataset.total = String(total);
    },
  };
}
