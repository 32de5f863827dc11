// A sum of words: its answer, what would have come without the arithmetic, and whether it is a parallelogram.

import { chip } from "../kit/chip.js";
import { css } from "../kit/colours.js";
import { createCheck, createInput } from "../kit/controls.js";
import { element } from "../kit/dom.js";
import { count, fixed, percent } from "../kit/format.js";
import { arrow, prepare } from "../kit/painter.js";
import { createSection } from "../kit/section.js";

const EXAMPLES = [
  "French - France + Germany = German",
  "Paris - France + Italy = Rome",
  "three - two + five = six",
  "doctor - man + woman = nurse",
];
const HEIGHT = 260;

/** In two digits, and never −0.00. @param {number} value */
export const cosine = (value) => fixed(value, 2);

/** @param {any[]} terms */
export const written = (terms) =>
  terms
    .map(({ factor, word }, i) => {
      const sign = factor < 0 ? (i ? " − " : "−") : i ? " + " : "";
      return `${sign}${Math.abs(factor) === 1 ? "" : `${Math.abs(factor)} `}${word}`;
    })
    .join("");

/** @param {import("./view.js").Scene} scene */
export function createFormula(scene) {
  const { header, say, choose, choices } = scene;
  const field = createInput(choices.formula, { "aria-label": say("formula.label") });
  const form = element("form", { class: "ask" }, field, element("button", { type: "submit" }, say("formula.go")));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    choose({ formula: field.value });
  });
  const examples = element(
    "div",
    { class: "examples" },
    element("span", { class: "muted" }, say("formula.try")),
    ...(header.words ? [choices.formula.default, ...EXAMPLES] : []).map((text) => {
      const node = element("button", { type: "button", lang: "en", translate: "no" }, text);
      node.addEventListener("click", () => choose({ formula: text }));
      return node;
    }),
  );
  examples.hidden = !header.words;
  const mean = createCheck([say("formula.mean")], (on) => choose({ mean: on }));
  const without = createCheck([say("formula.without")], (on) => choose({ without: on }));
  const trouble = element("p", { class: "trouble", role: "status" });
  const verdict = element("div", { class: "verdict", role: "status" });
  const canvas = /** @type {HTMLCanvasElement} */ (element("canvas", { role: "img" }));
  const plane = element("p", { class: "muted" });
  const results = element("tbody", {});
  const simpler = element("tbody", {});
  const sides = element("div", { class: "sides" });
  const table = (/** @type {string[]} */ heads, /** @type {HTMLElement} */ body, /** @type {string} */ name) =>
    element(
      "table",
      { class: name },
      element(
        "thead",
        {},
        element("tr", {}, ...heads.map((key) => element("th", { scope: "col" }, say(`formula.${key}`)))),
      ),
      body,
    );
  const baselines = element(
    "div",
    {},
    element("p", { class: "title" }, say("formula.simpler")),
    table(["added", "rank", "cosine"], simpler, "simpler"),
  );
  const lists = element(
    "div",
    { class: "lists" },
    element("div", {}, table(["token", "cosine"], results, "results"), without.node),
    baselines,
  );
  const more = createSection({
    name: "results",
    title: say("results.title"),
    question: say("results.question"),
    create: () => ({ node: lists, draw: () => {} }),
    isOpen: (/** @type {import("./view.js").Values} */ now) => now.open.includes("results"),
    set(open) {
      const others = scene.values().open.filter((/** @type {string} */ name) => name !== "results");
      choose({ open: open ? ["results", ...others] : others });
    },
  });
  const found = element(
    "div",
    { class: "found" },
    element("div", { class: "picture" }, canvas, plane, sides),
    more.node,
  );
  let last = /** @type {any} */ (null);

  /** @param {any} it */
  function sentences(it) {
    const answer = chip(it.answer.piece);
    const key = it.verdict === "fails" || it.verdict === "near" ? "not_first" : it.predicted ? "first" : "nearest";
    const lines = [
      scene.nodes(`verdict.${key}`, {
        answer,
        first: chip(it.first.piece),
        rank: count(it.rank),
        cosine: fixed(it.answer.cosine, 2),
      }),
    ];
    if (it.simpler.length) {
      const best = it.simpler.reduce((/** @type {any} */ a, /** @type {any} */ b) => (b.rank < a.rank ? b : a));
      const part = element("b", { lang: "", translate: "no" }, written(best.terms));
      if (it.rank === 1) lines.push(scene.nodes(best.rank === 1 ? "verdict.free" : "verdict.earned", { part }));
      else if (best.rank < it.rank) lines.push(scene.nodes("verdict.closer", { part, rank: count(best.rank) }));
    }
    if (it.rank_kept > it.rank) lines.push([say("verdict.kept", { rank: count(it.rank_kept) })]);
    const means = it.terms.filter((/** @type {any} */ term) => term.id === null);
    for (const { word, pieces } of means)
      lines.push(
        scene.nodes("verdict.mean", {
          word,
          pieces: element("span", {}, ...pieces.map((/** @type {string} */ piece) => chip(piece))),
        }),
      );
    return lines.map((line) => element("p", {}, ...line));
  }

  /** @param {any} it @param {ArrayLike<number>} points */
  function paint(it, points) {
    const colours = scene.colours();
    const width = canvas.parentElement?.clientWidth ?? 300;
    const painter = prepare(canvas, width, HEIGHT);
    canvas.style.background = css(colours.background);
    // The last one: where the arrow from b to a ends if it begins at c.
    const [xs, ys] = [0, 1].map((axis) => [
      ...[0, 1, 2, 3].map((i) => points[2 * i + axis]),
      points[4 + axis] + points[axis] - points[2 + axis],
    ]);
    const pad = [90, 34];
    const span =
      Math.max(
        (Math.max(...xs) - Math.min(...xs)) / (width - 2 * pad[0]),
        (Math.max(...ys) - Math.min(...ys)) / (HEIGHT - 2 * pad[1]),
      ) || 1;
    const middle = [(Math.max(...xs) + Math.min(...xs)) / 2, (Math.max(...ys) + Math.min(...ys)) / 2];
    const at = (/** @type {number} */ i) => [
      width / 2 + (xs[i] - middle[0]) / span,
      HEIGHT / 2 - (ys[i] - middle[1]) / span,
    ];
    const [a, b, c, d, reached] = [0, 1, 2, 3, 4].map(at);
    const names = [
      ...it.terms.map((/** @type {any} */ term) => (term.pieces.length > 1 ? term.word : term.pieces[0])),
      it.answer.piece,
    ];
    arrow(painter, b, a, colours.query);
    arrow(painter, c, d, colours.key);
    painter.line([a, d], colours.muted, { thick: 1, dash: [3, 3] });
    painter.line([b, c], colours.muted, { thick: 1, dash: [3, 3] });
    arrow(painter, c, reached, colours.muted, { dash: [4, 3] });
    const lines = [
      [b, a],
      [c, d],
      [a, d],
      [b, c],
      [c, reached],
    ];
    [a, b, c, d].forEach((point, i) => {
      painter.rect(point[0] - 4, point[1] - 4, 8, 8, i === 3 ? colours.output : colours.ink);
      // Where the name is farthest from every line.
      const half = 4.5 * names[i].length;
      const places = [
        [0, -16],
        [0, 17],
        [-half - 12, 0],
        [half + 12, 0],
      ].map(([x, y]) => [point[0] + x, point[1] + y]);
      const free = (/** @type {number[]} */ [x, y]) =>
        x < half || x > width - half || y < 10 || y > HEIGHT - 10
          ? -1
          : Math.min(...lines.flatMap(([from, to]) => [-half, 0, half].map((off) => apart([x + off, y], from, to))));
      const [x, y] = places.reduce((best, place) => (free(place) > free(best) ? place : best));
      painter.text(names[i], x, y, { fill: colours.ink, size: 14, align: "center", code: true, bold: i === 3 });
    });
    canvas.setAttribute(
      "aria-label",
      say("formula.alt", { a: names[0], b: names[1], c: names[2], d: names[3], cosine: cosine(it.sides[0]) }),
    );
  }

  return {
    node: element("div", { class: "formula" }, form, examples, mean.node, trouble, verdict, found),
    /** @param {import("./view.js").Values} values */
    draw(values) {
      const part = scene.part("formula");
      const root = /** @type {ShadowRoot} */ (field.getRootNode());
      if (root.activeElement !== field || part !== last) field.value = values.formula;
      last = part;
      mean.input.checked = values.mean;
      without.input.checked = values.without;
      if (!part) return;
      const it = part.header;
      const stale = it.formula !== values.formula || it.mean !== values.mean;
      found.classList.toggle("stale", stale);
      more.draw(values);
      trouble.textContent = it.trouble ? scene.error(it.trouble) : "";
      trouble.hidden = !it.trouble;
      mean.node.hidden = !(values.mean || it.several);
      found.hidden = verdict.hidden = Boolean(it.trouble);
      if (it.trouble) return;
      verdict.replaceChildren(...sentences(it));
      const shown = it.results.filter((/** @type {any} */ one) => !(values.without && one.own)).slice(0, 10);
      results.replaceChildren(
        ...shown.map((/** @type {any} */ one) => {
          const cell = element(
            "td",
            { class: "track" },
            element("div", { class: "bar" }),
            element("span", { class: "number" }, fixed(one.cosine, 3)),
          );
          cell.style.setProperty("--p", String(Math.max(0, one.cosine)));
          return element(
            "tr",
            { class: one.id === it.answer.id ? "chosen" : null },
            element(
              "th",
              { scope: "row" },
              chip(one.piece),
              one.own ? element("span", { class: "muted" }, ` ${say("formula.own")}`) : "",
            ),
            cell,
          );
        }),
      );
      const lines = [{ terms: it.terms, rank: it.rank, cosine: it.answer.cosine }, ...it.simpler];
      simpler.replaceChildren(
        ...lines.map((one) =>
          element(
            "tr",
            {},
            element("th", { scope: "row", lang: "", translate: "no" }, written(one.terms)),
            element("td", {}, count(one.rank)),
            element("td", {}, fixed(one.cosine, 3)),
          ),
        ),
      );
      baselines.hidden = !it.simpler.length;
      const drawn = Boolean(it.sides);
      canvas.hidden = plane.hidden = sides.hidden = !drawn;
      if (!drawn) return;
      paint(it, part.arrays.points.data);
      plane.textContent = say("formula.plane", { held: percent(it.held) });
      const names = [...it.terms.map((/** @type {any} */ term) => term.word), it.answer.piece];
      const { sd, p99, count: draws } = header.arrows;
      const beyond = it.sides[0] > p99;
      sides.replaceChildren(
        band(it.sides, sd, p99),
        element(
          "p",
          {},
          ...scene.nodes("formula.side", {
            a: names[0],
            b: names[1],
            c: names[2],
            d: names[3],
            cosine: element("b", {}, cosine(it.sides[0])),
          }),
          " ",
          say(beyond ? "formula.beyond" : "formula.within", { p99: fixed(p99, 2) }),
        ),
        element(
          "p",
          {},
          ...scene.nodes(it.sides[1] > p99 ? "formula.other_beyond" : "formula.other_within", {
            a: names[0],
            b: names[1],
            c: names[2],
            d: names[3],
            cosine: element("b", {}, cosine(it.sides[1])),
          }),
        ),
        element(
          "p",
          { class: "muted" },
          say("formula.scale", {
            sd: fixed(sd, 2),
            p99: fixed(p99, 2),
            count: count(draws),
            words: count(header.common),
            kind: say(header.words ? "formula.words" : "formula.tokens"),
          }),
        ),
      );
    },
  };

  /**
   * The cosines of the two pairs of sides on a scale from −1 to 1, over what random differences give.
   * @param {number[]} sides @param {number} sd @param {number} p99
   */
  function band(sides, sd, p99) {
    const marks = sides.map((value, i) => {
      const mark = element("span", { class: i ? "mark other" : "mark" });
      mark.style.setProperty("--value", String((value + 1) / 2));
      return mark;
    });
    const node = element(
      "div",
      { class: "band", "aria-hidden": true },
      element("span", { class: "chance" }),
      element("span", { class: "sd" }),
      ...marks,
    );
    node.style.setProperty("--sd", String(sd / 2));
    node.style.setProperty("--p99", String(p99 / 2));
    return node;
  }
}

/**
 * How far a point is from a line between two others.
 * @param {number[]} point
 * @param {number[]} from
 * @param {number[]} to
 */
function apart([x, y], [x1, y1], [x2, y2]) {
  const length = (x2 - x1) ** 2 + (y2 - y1) ** 2;
  const along = length ? Math.max(0, Math.min(1, ((x - x1) * (x2 - x1) + (y - y1) * (y2 - y1)) / length)) : 0;
  return Math.hypot(x - x1 - along * (x2 - x1), y - y1 - along * (y2 - y1));
}
