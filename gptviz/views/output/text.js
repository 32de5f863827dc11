// The text: after each token, how well the model had expected what came; the chosen one is where the next word is
// asked.

import { chip } from "../kit/chip.js";
import { css, mix, readableOn } from "../kit/colours.js";
import { element } from "../kit/dom.js";
import { count, fixed, percent } from "../kit/format.js";

const TOP = 16; // bits that have the strongest colour: 1 in 65,536

/** Where among the tokens that are shown the next word is asked for. @param {import("./view.js").Values} values */
export const placeOf = ({ start, token }) => (start === "at" ? 0 : token + (start ? 1 : 0));

/** @param {import("./view.js").Scene} scene */
export function createText(scene) {
  const { header, arrays, say, choose, position, language } = scene;
  const { tokens, start } = header;
  const shift = header.started ? 1 : 0;
  const place = (/** @type {number} */ i) =>
    i < shift ? { start: "at", token: 0 } : { token: i - shift, start: shift ? "on" : null };
  const T = tokens.length;
  const chips = tokens.map((/** @type {string} */ piece, /** @type {number} */ i) => {
    const bits = arrays.bits.data[i];
    const known = !Number.isNaN(bits);
    const text = known ? say("text.bits", { bits: fixed(bits, 1) }) : say("text.none");
    const node = element(
      "button",
      {
        type: "button",
        lang: "",
        translate: "no",
        "data-token": i,
        class: known ? null : "unknown",
        title: known
          ? say("text.title", { percent: percent(2 ** -bits), rank: count(arrays.ranks.data[i], language) })
          : say("text.first"),
      },
      element("span", { class: "piece" }, piece),
      element("span", { class: "weight" }, text),
    );
    node.style.setProperty("--chip", `var(--token-${i % 6})`);
    node.addEventListener("click", () => choose(place(i)));
    node.addEventListener("keydown", (event) => {
      const to = { ArrowLeft: i - 1, ArrowRight: i + 1, Home: 0, End: T - 1 }[event.key];
      if (to === undefined || !chips[to]) return;
      event.preventDefault();
      chips[to].node.focus();
      choose(place(to));
    });
    return { node, bits: known ? bits : null };
  });
  const strip = element(
    "div",
    { class: "strip", role: "group", "aria-label": say("text.label") },
    ...chips.map((chip) => chip.node),
  );
  const here = element("p", { class: "here" });
  const whole =
    T > 1
      ? say("text.whole", {
          total: fixed(header.total, 1),
          mean: fixed(header.mean, 2),
          perplexity: header.perplexity.toLocaleString(language, {
            minimumFractionDigits: 1,
            maximumFractionDigits: 1,
          }),
          count: T - 1,
        })
      : say("text.whole_none");
  const begin = /** @type {HTMLInputElement} */ (element("input", { type: "checkbox" }));
  begin.addEventListener("change", () => {
    const { cell } = scene.values();
    const by = begin.checked ? 1 : -1; // what is opened moves along
    const kept = cell && cell[1] + by >= 0;
    choose({ start: begin.checked ? "on" : null, cell: kept ? [cell[0], cell[1] + by] : null });
  });
  const toggle = element(
    "label",
    { class: "check" },
    begin,
    element("span", {}, ...(start ? scene.nodes("text.start", { token: chip(start) }) : [])),
  );
  toggle.hidden = !start;
  let revealed = -1;

  return {
    node: element(
      "div",
      { class: "text" },
      element("p", { class: "muted hint" }, say("text.hint")),
      strip,
      element("div", { class: "line" }, element("span", { class: "muted" }, whole), toggle),
      here,
    ),
    /** @param {{values: import("./view.js").Values}} now */
    draw({ values }) {
      const colours = scene.colours();
      const chosen = placeOf(values);
      begin.checked = values.start !== null;
      chips.forEach(({ node, bits }, i) => {
        const background = bits === null ? null : mix(colours.background, colours.output, Math.min(1, bits / TOP));
        node.style.background = background ? css(background) : "";
        node.style.color = background ? readableOn(background) : "";
        node.classList.toggle("query", i === chosen);
        node.setAttribute("aria-pressed", String(i === chosen));
        node.tabIndex = i === chosen ? 0 : -1;
      });
      if (revealed !== chosen && chips[chosen]) {
        revealed = chosen;
        const { node } = chips[revealed];
        const top = node.offsetTop - strip.offsetTop;
        if (top < strip.scrollTop || top + node.offsetHeight > strip.scrollTop + strip.clientHeight)
          strip.scrollTop = top - strip.clientHeight / 2;
      }
      const at = position;
      const about = { token: chip(tokens[at], at) };
      here.replaceChildren(
        ...(at === T - 1
          ? scene.nodes("text.last", about)
          : scene.nodes("text.given", {
              ...about,
              next: chip(tokens[at + 1], at + 1),
              percent: element("b", {}, percent(2 ** -arrays.bits.data[at + 1])),
              rank: count(arrays.ranks.data[at + 1], language),
              bits: fixed(arrays.bits.data[at + 1], 2),
            })),
      );
    },
  };
}
