// The text itself: the prompt, then each word that was written, tinted by how likely the model held it.

import { AS_IS, colour, tint } from "../kit/chip.js";
import { mix } from "../kit/colours.js";
import { element } from "../kit/dom.js";
import { brief, fixed, oneIn, percent } from "../kit/format.js";
import { createStrip, createToken } from "../kit/strip.js";
import { totalOf } from "./tree.js";

/** @param {import("./view.js").Scene} scene */
export function createText(scene) {
  const { header, numbers, say, choose, point } = scene;
  const prompt = header.tokens.map((/** @type {string} */ piece, /** @type {number} */ i) =>
    colour(element("span", { class: "given" }, element("span", { class: "piece", ...AS_IS }, piece)), i),
  );
  const cursor = element("button", { type: "button", class: "cursor", "aria-label": say("text.cursor") }, "?");
  const strip = createStrip({
    label: say("text.label"),
    nodes: [...prompt, cursor],
    choose: (place) => choose({ place: place < shown.length ? place : null }),
    point: (place) => point(place === null ? null : (shown[place] ?? null)),
  });
  const total = element("p", { class: "total" });
  /** @type {Map<string, ReturnType<typeof createToken>>} */
  const chips = new Map();
  let shown = /** @type {import("./tree.js").Node[]} */ ([]);

  /** @param {import("./tree.js").Node} word */
  function chipOf(word) {
    const made = chips.get(word.key) ?? createToken("", scene.position(word), { silent: true });
    made.node.dataset.place = String(word.path.length - 1);
    chips.set(word.key, made);
    return made;
  }

  return {
    node: element("div", { class: "text" }, strip.node, total),
    /** @param {import("./view.js").Now} now */
    draw(now) {
      const { path, values } = now;
      const colours = scene.colours();
      const place = values.place ?? path.length;
      const same = path.length === shown.length && path.every((word, i) => word.key === shown[i].key);
      if (!same) {
        const kept = path.findIndex((word, i) => word.key !== shown[i]?.key);
        const from = kept < 0 ? path.length : kept;
        for (const word of shown.slice(from)) chips.get(word.key)?.node.remove();
        cursor.before(...path.slice(from).map((word) => chipOf(word).node));
        for (const key of chips.keys())
          if (chips.size > 600 && !path.some((word) => word.key === key)) chips.delete(key);
      }
      shown = path;
      path.forEach((word, i) => {
        const { node, below, piece } = chipOf(word);
        piece.textContent = scene.piece(word.id); // what to show for it may come later than the word
        const given = numbers.given.get(word.key);
        tint(node, mix(colours.background, colours.output, given?.p ?? 0));
        below.textContent = given ? brief(given.p) : "…";
        node.classList.toggle("end", scene.ends(word.id));
        node.classList.toggle("fork", (word.parent?.children.length ?? 1) > 1);
        node.classList.toggle("behind", i >= place && values.place !== null);
        node.classList.toggle("over", word.key === now.taken?.key && i !== values.place);
        const said = given
          ? say("text.word", { token: scene.piece(word.id), share: percent(given.p), rank: given.rank })
          : scene.piece(word.id);
        node.setAttribute("aria-label", said);
      });
      const last = path[path.length - 1];
      cursor.hidden = last !== undefined && scene.ends(last.id);
      cursor.classList.toggle("busy", now.running);
      strip.show(place);
      total.replaceChildren(...totalSaid(path));
    },
  };

  /** How likely the whole of it is. @param {import("./tree.js").Node[]} path */
  function totalSaid(path) {
    if (!path.length) return scene.nodes("text.nothing", {});
    const log = totalOf(numbers, path);
    if (Number.isNaN(log)) return ["…"];
    const values = {
      count: String(path.length),
      one_in: element("b", {}, oneIn(log)),
      log: fixed(log, 2),
      mean: fixed(log / path.length, 2),
    };
    return scene.nodes(path.length === 1 ? "text.total_one" : "text.total", values);
  }
}
