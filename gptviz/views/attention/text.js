// The text itself, each token tinted by how much the chosen one looks at it.

import { tint } from "../kit/chip.js";
import { mix } from "../kit/colours.js";
import { element } from "../kit/dom.js";
import { fixed, percent } from "../kit/format.js";
import { createStrip, createToken } from "../kit/strip.js";
import { strongest } from "./data.js";

/** @param {import("./view.js").Scene} scene */
export function createText(scene) {
  const { tokens, say, choose, point, header, measure, kind } = scene;
  const rest = say("text.nothing");
  const chips = tokens.map((piece, i) => createToken(piece, i, { silent: true }));
  const strip = createStrip({
    label: say("text.label"),
    nodes: chips.map(({ node }) => node),
    choose: (token) => choose({ token }),
    point: (query) => point(query === null ? null : { query }),
  });
  const habit = element("p", { class: "habit" });
  const looks = element("p", { class: "looks" });

  /** What the head does on this text, and what it does by itself. @param {number} layer @param {number} head */
  function habitOf(layer, head) {
    const name = element("b", {}, say("head", { name: `${layer}.${head}` }));
    if (tokens.length === 1) return scene.nodes("habit.alone", {});
    const here = kind(layer, head);
    const tested = kind(layer, head, true);
    const strong = (/** @type {number} */ value) => element("b", {}, percent(value));
    const said = here
      ? scene.nodes(`habit.${here}`, {
          name,
          share: strong(measure(here, layer, head)),
          rows: String(header.rows[here]),
        })
      : measure("sink", layer, head) > header.most
        ? scene.nodes("habit.parked", { name, share: strong(measure("sink", layer, head)) })
        : scene.nodes("habit.mixed", {
            name,
            sink: percent(measure("sink", layer, head)),
            distance: fixed(measure("distance", layer, head), 1),
          });
    if (tested && tested !== here) {
      said.push(" ", ...scene.nodes(`tested.${tested}`, { share: strong(measure(tested, layer, head, true)) }));
    }
    return said;
  }

  /** Where the chosen token looks. @param {import("./view.js").Now} now */
  function looksOf({ query, row, values, layer }) {
    const weights = row(query);
    const from = scene.token(query, true);
    if (query === 0)
      return values.hide
        ? scene.nodes("text.first_hidden", { query: from })
        : scene.nodes("text.first", { query: from });
    const best = strongest(weights);
    const about = { query: from, target: scene.token(best, true), share: element("b", {}, percent(weights[best])) };
    if (values.hide || weights[0] <= weights[best] || layer.T < 2) return scene.nodes("text.looks", about);
    return scene.nodes("text.looks_first", { ...about, first: percent(weights[0]), first_token: scene.token(0, true) });
  }

  return {
    node: element(
      "div",
      { class: "text" },
      element("p", { class: "muted hint" }, say("text.hint")),
      strip.node,
      looks,
      habit,
    ),
    /** @param {import("./view.js").Now} now */
    draw(now) {
      const colours = scene.colours();
      const weights = now.row(now.query);
      chips.forEach(({ node, below }, i) => {
        const w = weights[i] ?? 0;
        const future = i > now.query;
        tint(node, future ? null : mix(colours.background, colours.attention, w));
        node.classList.toggle("future", future);
        node.classList.toggle("query", i === now.query);
        node.classList.toggle("key", i === now.key && i !== now.query);
        below.textContent = future || w < 0.005 ? "" : percent(w);
        const said = future ? rest : percent(w);
        node.setAttribute("aria-label", say("text.token", { token: tokens[i], share: said, position: i }));
      });
      strip.show(Math.min(now.values.token, tokens.length - 1));
      looks.replaceChildren(...looksOf(now));
      habit.replaceChildren(...habitOf(now.layer.layer, now.head));
    },
  };
}
