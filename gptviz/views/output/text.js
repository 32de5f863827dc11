// The text: after each token, how well the model had expected what came; the chosen one is where the next word is
// asked.

import { chip, tint } from "../kit/chip.js";
import { mix } from "../kit/colours.js";
import { createCheck } from "../kit/controls.js";
import { element } from "../kit/dom.js";
import { count, fixed, percent } from "../kit/format.js";
import { createStrip, createToken } from "../kit/strip.js";

const TOP = 16; // bits that have the strongest colour: 1 in 65,536

/** Where among the tokens that are shown the next word is asked for. @param {import("./view.js").Values} values */
export const placeOf = ({ start, token }) => (start === "at" ? 0 : token + (start ? 1 : 0));

/** @param {import("./view.js").Scene} scene */
export function createText(scene) {
  const { header, arrays, say, choose, position } = scene;
  const { tokens, start } = header;
  const shift = header.started ? 1 : 0;
  const T = tokens.length;
  const chips = tokens.map((/** @type {string} */ piece, /** @type {number} */ i) => {
    const bits = arrays.bits.data[i];
    const known = !Number.isNaN(bits);
    const { node } = createToken(piece, i, {
      below: known ? say("text.bits", { bits: fixed(bits, 1) }) : say("text.none"),
      class: known ? null : "unknown",
      title: known
        ? say("text.title", { percent: percent(2 ** -bits), rank: count(arrays.ranks.data[i]) })
        : say("text.first"),
    });
    return { node, bits: known ? bits : null };
  });
  const strip = createStrip({
    label: say("text.label"),
    nodes: chips.map((/** @type {{node: HTMLElement}} */ { node }) => node),
    choose: (at) => choose(at < shift ? { start: "at", token: 0 } : { start: shift ? "on" : null, token: at - shift }),
  });
  const here = element("p", { class: "here" });
  const whole =
    T > 1
      ? say("text.whole", {
          total: fixed(header.total, 1),
          mean: fixed(header.mean, 2),
          perplexity: fixed(header.perplexity, 1),
          count: T - 1,
        })
      : say("text.whole_none");
  const begin = createCheck(start ? scene.nodes("text.start", { token: chip(start) }) : [], (on) => {
    const { cell } = scene.values();
    const by = on ? 1 : -1; // what is opened moves along
    const kept = cell && cell[1] + by >= 0;
    choose({ start: on ? "on" : null, cell: kept ? [cell[0], cell[1] + by] : null });
  });
  begin.node.hidden = !start;

  return {
    node: element(
      "div",
      { class: "text" },
      element("p", { class: "muted hint" }, say("text.hint")),
      strip.node,
      element("div", { class: "line" }, element("span", { class: "muted" }, whole), begin.node),
      here,
    ),
    /** @param {{values: import("./view.js").Values}} now */
    draw({ values }) {
      const colours = scene.colours();
      begin.input.checked = values.start !== null;
      for (const { node, bits } of chips) {
        tint(node, bits === null ? null : mix(colours.background, colours.output, Math.min(1, bits / TOP)));
      }
      strip.show(placeOf(values));
      const at = position;
      const about = { token: chip(tokens[at], at) };
      here.replaceChildren(
        ...(at === T - 1
          ? scene.nodes("text.last", about)
          : scene.nodes("text.given", {
              ...about,
              next: chip(tokens[at + 1], at + 1),
              percent: element("b", {}, percent(2 ** -arrays.bits.data[at + 1])),
              rank: count(arrays.ranks.data[at + 1]),
              bits: fixed(arrays.bits.data[at + 1], 2),
            })),
      );
    },
  };
}
