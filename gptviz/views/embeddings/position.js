// Where position comes in. Rotary: a query and a key are turned, pair of dimensions by pair, by angles that grow with
// their positions, and only the distance shows in their dot product. Learned: one more row for each position.

import { css, diverging } from "../colours.js";
import { element } from "../dom.js";
import { count, fixed } from "../format.js";
import { prepare } from "../painter.js";
import { dot } from "../vectors.js";

const FARTHEST = 64; // tokens of the curve
const DIAL = 46;
const CURVE = 180;

/** @param {import("./view.js").Scene} scene */
export function createPosition(scene) {
  return scene.header.rotary ? createRotary(scene) : createLearned(scene);
}

/** x·y of pair p after turning x by `a` and y by `b`. @param {ArrayLike<number>} x @param {number} p @param {number} half @param {number} angle */
const turned = (x, p, half, angle) => [x[p] * Math.cos(angle) - x[p + half] * Math.sin(angle), x[p + half] * Math.cos(angle) + x[p] * Math.sin(angle)];

/** @param {import("./view.js").Scene} scene */
function createRotary(scene) {
  const { header, say, choose } = scene;
  const { tokens } = header;
  const n = (/** @type {number} */ value) => count(value, header.language);
  const select = (/** @type {string} */ name, /** @type {(string | number)[]} */ options) => {
    const node = /** @type {HTMLSelectElement} */ (element("select", { "data-set": name }, ...options.map((label, i) => element("option", { value: i }, String(label)))));
    const field = name === "query" ? "token" : name; // the query is the chosen token's
    node.addEventListener("change", () => choose({ [field]: Number(node.value) }));
    return { name: field, node, label: element("label", { class: "check" }, say(`position.${name}`), " ", node) };
  };
  const range = (/** @type {number} */ size) => Array.from({ length: size }, (_, i) => i);
  const selects = [select("layer", range(scene.about.n_layer)), select("head", range(scene.about.n_head)), select("query", tokens), select("key", tokens)];
  const sliders = ["turned", "turned_key"].map((name) => {
    const input = /** @type {HTMLInputElement} */ (element("input", { type: "range", min: 0, max: FARTHEST, step: 1, "aria-label": say(`position.${name}`) }));
    input.addEventListener("input", () => choose({ [name]: Number(input.value) }));
    const value = element("output", {});
    return { name, input, value, node: element("label", { class: `turn ${name}` }, element("span", {}, say(`position.${name}`), " ", value), input) };
  });
  const together = element("button", { type: "button" }, say("position.together"));
  together.addEventListener("click", () => {
    const { turned: a, turned_key: b } = scene.values();
    choose({ turned: Math.min(FARTHEST, a + 1), turned_key: Math.min(FARTHEST, b + 1) });
  });
  const dials = /** @type {HTMLCanvasElement} */ (element("canvas", { role: "img" }));
  const curve = /** @type {HTMLCanvasElement} */ (element("canvas", { role: "img" }));
  const said = element("p", { class: "said" });

  return {
    node: element("div", { class: "position-view" }, element("p", {}, say("position.rotary")), element("div", { class: "line" }, ...selects.map(({ label }) => label)), ...sliders.map(({ node }) => node), element("div", { class: "line" }, together), said, dials, element("p", { class: "muted" }, say("position.dials")), curve, element("p", { class: "muted" }, say("position.curve")), element("p", { class: "muted" }, say("position.context", { n_ctx: n(header.n_ctx) }))),
    /** @param {import("./view.js").Values} values */
    draw(values) {
      for (const { name, node } of selects) node.value = String(/** @type {any} */ (values)[name]);
      for (const { name, input, value } of sliders) {
        const at = /** @type {any} */ (values)[name];
        input.value = String(at);
        input.style.setProperty("--at", String(at / FARTHEST));
        value.textContent = String(at);
      }
      together.toggleAttribute("disabled", Math.max(values.turned, values.turned_key) >= FARTHEST);
      const part = scene.part("position");
      if (!part) return;
      const [q, k, angles] = [part.arrays.q.data, part.arrays.k.data, part.arrays.angles.data];
      const half = angles.length;
      const product = (/** @type {number} */ m, /** @type {number} */ at) => {
        let sum = 0;
        for (let p = 0; p < half; p++) {
          const [a, b] = [turned(q, p, half, m * angles[p]), turned(k, p, half, at * angles[p])];
          sum += a[0] * b[0] + a[1] * b[1];
        }
        return sum;
      };
      const colours = scene.colours();
      const width = dials.parentElement?.clientWidth ?? 300;
      const across = Math.max(4, Math.floor(width / (DIAL + 6)));
      const painter = prepare(dials, width, Math.ceil(half / across) * (DIAL + 20));
      dials.style.background = css(colours.background);
      for (let p = 0; p < half; p++) {
        const [x, y] = [(p % across) * (DIAL + 6) + DIAL / 2 + 2, Math.floor(p / across) * (DIAL + 20) + DIAL / 2 + 2];
        const reach = Math.max(Math.hypot(q[p], q[p + half]), Math.hypot(k[p], k[p + half])) || 1;
        painter.frame(x - DIAL / 2, y - DIAL / 2, DIAL, DIAL, colours.line);
        for (const [vector, at, colour, dash] of /** @type {const} */ ([[q, values.turned, colours.query, []], [k, values.turned_key, colours.key, [3, 2]]])) {
          const [dx, dy] = turned(vector, p, half, at * angles[p]);
          painter.line([[x, y], [x + (dx / reach) * (DIAL / 2 - 3), y - (dy / reach) * (DIAL / 2 - 3)]], colour, { thick: 2, dash: [...dash] }); // prettier-ignore
        }
        painter.text(String(p), x, y + DIAL / 2 + 8, { fill: colours.muted, size: 10, align: "center" });
      }
      dials.setAttribute("aria-label", say("position.dials_alt", { count: half }));
      const now = product(values.turned, values.turned_key);
      const points = Array.from({ length: FARTHEST + 1 }, (_, distance) => product(distance, 0));
      const most = Math.max(...points.map(Math.abs), 1e-9);
      const chart = prepare(curve, width, CURVE);
      curve.style.background = css(colours.background);
      const x = (/** @type {number} */ distance) => 40 + (distance / FARTHEST) * (width - 56);
      const y = (/** @type {number} */ value) => CURVE / 2 - 8 - (value / most) * (CURVE / 2 - 22);
      chart.line([[40, y(0)], [width - 16, y(0)]], colours.line); // prettier-ignore
      chart.line(points.map((value, distance) => [x(distance), y(value)]), colours.attention, { thick: 2 }); // prettier-ignore
      for (const distance of [0, 16, 32, 48, 64]) chart.text(String(distance), x(distance), CURVE - 8, { fill: colours.muted, size: 11, align: "center" });
      chart.text(fixed(most, 0), 34, y(most), { fill: colours.muted, size: 11, align: "right" });
      chart.text(fixed(-most, 0), 34, y(-most), { fill: colours.muted, size: 11, align: "right" });
      const distance = values.turned - values.turned_key;
      if (distance >= 0) {
        chart.line([[x(distance), 6], [x(distance), CURVE - 18]], colours.ink, { thick: 1.5 }); // prettier-ignore
        chart.rect(x(distance) - 3.5, y(now) - 3.5, 7, 7, colours.ink);
      }
      curve.setAttribute("aria-label", say("position.curve_alt", { far: FARTHEST }));
      said.dataset.dot = String(now);
      said.replaceChildren(
        ...scene.nodes("position.said", { query: scene.token(tokens[part.header.query], part.header.query), key: scene.token(tokens[part.header.key], part.header.key), m: String(values.turned), n: String(values.turned_key), distance: String(distance), dot: element("b", {}, fixed(now, 3)), same: fixed(product(values.turned + 5, values.turned_key + 5), 3), scaled: fixed(now * part.header.scale, 3) }),
      );
    },
  };
}

/** @param {import("./view.js").Scene} scene */
function createLearned(scene) {
  const { header, say } = scene;
  const heat = /** @type {HTMLCanvasElement} */ (element("canvas", { role: "img", "aria-label": say("position.heat_alt") }));
  const alike = /** @type {HTMLCanvasElement} */ (element("canvas", { role: "img", "aria-label": say("position.alike_alt") }));
  const said = element("p", { class: "said" }, "\u00a0");
  let pair = /** @type {number[] | null} */ (null);
  let cell = 8;
  alike.addEventListener("pointermove", (event) => {
    pair = [Math.floor(event.offsetY / cell), Math.floor(event.offsetX / cell)];
    scene.redraw();
  });
  alike.addEventListener("pointerleave", () => ((pair = null), scene.redraw()));
  return {
    node: element("div", { class: "position-view" }, element("p", {}, say("position.learned", { n_ctx: count(header.n_ctx, header.language) })), heat, element("p", { class: "muted" }, say("position.heat")), alike, said, element("p", { class: "muted" }, say("position.alike")), element("p", { class: "muted" }, say("position.context", { n_ctx: count(header.n_ctx, header.language) }))),
    draw() {
      const part = scene.part("position");
      if (!part) return;
      const colours = scene.colours();
      const rows = part.arrays.rows.data;
      const N = part.header.shown;
      const D = rows.length / N;
      const row = (/** @type {number} */ i) => rows.subarray(i * D, (i + 1) * D);
      const width = heat.parentElement?.clientWidth ?? 300;
      const high = Math.max(4, Math.min(12, Math.floor(240 / N)));
      let most = 0;
      for (const value of rows) most = Math.max(most, Math.abs(value));
      const { pixel } = diverging(colours, most || 1);
      prepare(heat, width, N * high).image(Uint32Array.from(rows, pixel), D, N, 0, 0, width, N * high);
      const cosines = Float32Array.from({ length: N * N }, (_, at) => {
        const [a, b] = [row(Math.floor(at / N)), row(at % N)];
        return dot(a, b) / (Math.sqrt(dot(a, a) * dot(b, b)) || 1);
      });
      cell = Math.max(4, Math.min(22, Math.floor(Math.min(width, 420) / N)));
      const one = diverging(colours, 1);
      const painter = prepare(alike, N * cell, N * cell);
      painter.image(Uint32Array.from(cosines, one.pixel), N, N, 0, 0, N * cell, N * cell);
      if (!pair || pair.some((i) => i < 0 || i >= N)) return;
      painter.frame(pair[1] * cell, pair[0] * cell, cell, cell, colours.ink, 2);
      said.textContent = say("position.pair", { a: pair[0], b: pair[1], cosine: fixed(cosines[pair[0] * N + pair[1]], 3) });
    },
  };
}
