// One cell, opened: from two vectors to one weight, every number on the way.

import { element } from "../kit/dom.js";
import { fixed, percent, significant } from "../kit/format.js";
import { createBars, createStrip, dot } from "../kit/vectors.js";

const ROWS = 8; // of the row's softmax, the strongest

/** @param {import("./view.js").Scene} scene */
export function createCell(scene) {
  const { say, sizes, choose } = scene;
  let pointed = /** @type {number | null} */ (null);
  const onPoint = (/** @type {number | null} */ at) => {
    pointed = at;
    scene.redraw();
  };
  const onPick = (/** @type {number} */ entry) => choose({ entry });
  const query = createStrip("", { role: "query", onPoint, onPick });
  const key = createStrip("", { role: "key", onPoint, onPick });
  const products = createBars("", { onPoint, onPick });
  const entry = element("p", { class: "entry" });
  const steps = element("ol", { class: "chain" });
  const sentence = element("p", { class: "sentence" });
  const asIs = element("p", { class: "muted" }, say("as_is"));
  const shared = element("p", { class: "muted" });
  const rounded = element("p", { class: "muted" }, say("cell.rounded", { dtype: scene.header.dtype }));
  rounded.hidden = scene.header.dtype === "float32";
  const rows = Array.from({ length: Math.min(ROWS, scene.tokens.length) }, () => {
    const cells = {
      token: element("th", { scope: "row" }),
      score: element("td", {}),
      exp: element("td", {}),
      weight: element("td", {}),
      bar: element("td", { class: "track" }, element("div", { class: "bar" })),
    };
    return { node: element("tr", {}, ...Object.values(cells)), ...cells };
  });
  const others = element("tr", { class: "others" });
  const total = element("tr", { class: "total" });
  const heading = ["token", "score", "exp", "weight", "bar"].map((name) =>
    element("th", { scope: "col" }, say(`cell.column_${name}`)),
  );
  const table = element(
    "table",
    {},
    element("thead", {}, element("tr", {}, ...heading)),
    element("tbody", {}, ...rows.map((r) => r.node), ...(scene.tokens.length > ROWS ? [others] : []), total),
  );
  const title = element("p", { class: "title" });
  const curve = createDistance(scene);

  /** @param {import("./view.js").Now} now */
  function draw(now) {
    const { layer, head } = now;
    const [i, j] = [now.query, now.key];
    const colours = scene.colours();
    const q = layer.vector("q", head, i);
    const k = layer.vector("k", head, j);
    const product = Float64Array.from(q, (value, d) => value * k[d]);
    const at = Math.min(pointed ?? now.values.entry, q.length - 1);
    const about = { query: scene.labels[i], key: scene.labels[j] };
    asIs.hidden = !now.values.unscaled && !now.values.hide;
    const same = [...Array(sizes.n_head).keys()].filter((h) => h !== head && layer.keyHead(h) === layer.keyHead(head));
    shared.hidden = !same.length;
    shared.textContent = say("cell.shared", { heads: same.map((h) => `${layer.layer}.${h}`).join(say("comma")) });
    query.rename(say("cell.query", about));
    key.rename(say("cell.key", about));
    products.rename(say("cell.products"));
    query.draw(q, colours, at);
    key.draw(k, colours, at);
    products.draw(product, colours, at);
    entry.textContent = say("cell.entry", {
      d: at,
      q: fixed(q[at], 4),
      k: fixed(k[at], 4),
      product: fixed(product[at], 4),
    });

    const future = j > i;
    const score = layer.score(head, i, j);
    const sum = layer.dot(head, i, j);
    const row = Array.from({ length: i + 1 }, (_, key) => layer.score(head, i, key));
    const largest = row.reduce((a, b) => Math.max(a, b));
    const exps = row.map((value) => Math.exp(value - largest));
    const all = exps.reduce((a, b) => a + b);
    const weight = layer.weight(head, i, j);
    const root = scene.header.root[layer.layer];
    const line = (/** @type {string} */ name, /** @type {string} */ formula, values = {}) =>
      element(
        "li",
        { "data-step": name },
        element("span", {}, say(`cell.${name}`, values)),
        element("code", {}, formula),
      );
    const lines = [
      line("sum", `q·k = ${fixed(sum, 4)}`, { d: q.length }),
      root
        ? line("scale", `${fixed(sum, 4)} ÷ √${q.length} = ${fixed(score, 4)}`)
        : line("scale_other", `${fixed(sum, 4)} × ${significant(layer.scale, 4)} = ${fixed(score, 4)}`),
    ];
    if (future) lines.push(line("masked", "−∞,  e^−∞ = 0"), line("softmax_future", "0"));
    else {
      lines.push(
        line("exponent", `e^(${fixed(score, 4)} − ${bracketed(largest)}) = ${fixed(exps[j], 4)}`),
        line(
          "softmax",
          `${fixed(exps[j], 4)} ÷ ${fixed(all, 4)} = ` +
            (weight >= 0.00005 || weight === 0 ? fixed(weight, 4) : significant(weight, 3)),
        ),
      );
    }
    steps.replaceChildren(...lines);
    steps.dataset.difference = String(Math.abs(dot(q, k) - sum)); // how far the sum here is from the model's
    const name = element("b", {}, say("head", { name: `${layer.layer}.${head}` }));
    const said = {
      name,
      query: scene.token(i, true),
      key: scene.token(j, true),
      share: element("b", {}, percent(weight)),
    };
    sentence.replaceChildren(...scene.nodes(future ? "cell.sentence_future" : "cell.sentence", said));

    title.replaceChildren(...scene.nodes("cell.table", { query: scene.token(i, true) }));
    const weights = layer.row(head, i);
    const order = [...weights.keys()].sort((a, b) => weights[b] - weights[a] || a - b).slice(0, rows.length);
    if (!future && !order.includes(j)) order[order.length - 1] = j;
    rows.forEach((it, n) => {
      const at = order[n];
      it.node.style.visibility = at === undefined ? "hidden" : "";
      if (at === undefined) return;
      it.node.classList.toggle("chosen", at === j);
      it.token.replaceChildren(scene.token(at, true));
      it.score.textContent = fixed(row[at], 3);
      it.exp.textContent = exps[at] >= 0.0001 ? fixed(exps[at], 4) : significant(exps[at], 2);
      it.weight.textContent = percent(weights[at]);
      it.bar.style.setProperty("--p", String(weights[at]));
      it.node.onclick = () => choose({ key: at });
    });
    const rest = [...weights.keys()].filter((at) => !order.includes(at));
    const sumOf = (/** @type {ArrayLike<number>} */ values, /** @type {number[]} */ which) =>
      which.reduce((s, at) => s + values[at], 0);
    others.style.visibility = rest.length ? "" : "hidden";
    const cells = (/** @type {string[]} */ texts) =>
      texts.map((text, n) => element(n ? "td" : "th", n ? {} : { scope: "row" }, text));
    others.replaceChildren(
      ...cells([
        say("cell.others", { count: rest.length }),
        "",
        fixed(sumOf(exps, rest), 4),
        percent(sumOf(weights, rest)),
        "",
      ]),
    );
    total.replaceChildren(
      ...cells([
        say("cell.total"),
        "",
        fixed(all, 4),
        fixed(
          weights.reduce((a, b) => a + b, 0),
          4,
        ),
        "",
      ]),
    );
    curve.draw(now);
  }

  return {
    node: element(
      "div",
      { class: "cell-view" },
      asIs,
      sentence,
      query.node,
      key.node,
      shared,
      products.node,
      entry,
      steps,
      rounded,
      title,
      element("div", { class: "scroll-x" }, table),
      curve.node,
    ),
    draw,
  };
}

/** A number after a minus sign. @param {number} value */
const bracketed = (value) => (value < 0 ? `(${fixed(value, 4)})` : fixed(value, 4));

/**
 * q·k of the chosen pair, had the two stood at another distance: what rotation does.
 * @param {import("./view.js").Scene} scene
 */
function createDistance(scene) {
  const { say, arrays } = scene;
  if (!arrays.frequencies) return { node: element("p", { class: "muted" }, say("cell.no_rotation")), draw() {} };
  const frequencies = arrays.frequencies.data;
  let pointed = /** @type {number | null} */ (null);
  let picked = /** @type {{at: number, pair: string} | null} */ (null);
  let pair = "";
  const bars = createBars("", {
    height: 96,
    onPoint: (at) => ((pointed = at), scene.redraw()),
    onPick: (at) => ((picked = { at, pair }), scene.redraw()),
    ticks: true,
  });
  const said = element("p", { class: "entry" });
  return {
    node: element(
      "div",
      { class: "distance" },
      element("p", { class: "title" }, say("cell.distance")),
      element("p", { class: "muted" }, say("cell.distance_text")),
      bars.node,
      said,
    ),
    /** @param {import("./view.js").Now} now */
    draw({ layer, head, query, key }) {
      const q = layer.vector("q_pre", head, query);
      const k = layer.vector("k_pre", head, key);
      const half = q.length / 2;
      const reach = Math.max(32, Math.min(256, layer.T));
      // Turning q by the angle of its position and k by that of its own leaves the difference of the two.
      const scores = Float64Array.from({ length: reach }, (_, distance) => {
        let sum = 0;
        for (let d = 0; d < half; d++) {
          const angle = distance * frequencies[d];
          const straight = q[d] * k[d] + q[d + half] * k[d + half];
          const turned = q[d] * k[d + half] - q[d + half] * k[d];
          sum += straight * Math.cos(angle) + turned * Math.sin(angle);
        }
        return sum * layer.scale;
      });
      const here = query - key;
      pair = [layer.layer, head, query, key].join();
      const at = pointed ?? (picked?.pair === pair ? picked.at : Math.max(0, here));
      bars.rename(say("cell.distance_axis", { last: reach - 1 }));
      bars.draw(scores, scene.colours(), at < reach ? at : null);
      said.textContent =
        at < reach
          ? say(at === here ? "cell.distance_here" : "cell.distance_at", { distance: at, score: fixed(scores[at], 4) })
          : "";
      said.dataset.score = String(scores[Math.max(0, here)] ?? "");
    },
  };
}
