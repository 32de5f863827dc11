// The text itself: the prompt, then each word that was written, tinted by how likely the model held it.

import { css, mix, readableOn } from "../kit/colours.js";
import { element } from "../kit/dom.js";
import { brief, fixed, oneIn, share } from "../kit/format.js";
import { totalOf } from "./tree.js";

/** @param {import("./view.js").Scene} scene */
export function createText(scene) {
  const { header, numbers, say, choose, point } = scene;
  const prompt = header.tokens.map((/** @type {string} */ piece, /** @type {number} */ i) => {
    const node = element(
      "span",
      { class: "given", lang: "", translate: "no" },
      element("span", { class: "piece" }, piece),
    );
    node.style.setProperty("--chip", `var(--token-${i % 6})`);
    return node;
  });
  const cursor = element(
    "button",
    { type: "button", class: "cursor", "data-cursor": true, "aria-label": say("text.cursor") },
    "?",
  );
  cursor.addEventListener("click", () => choose({ place: null }));
  const strip = element("div", { class: "strip", role: "group", "aria-label": say("text.label") }, ...prompt, cursor);
  strip.addEventListener("pointerleave", () => point(null));
  strip.addEventListener("keydown", walk);
  const total = element("p", { class: "total" });
  /** @type {Map<string, {node: HTMLElement, weight: HTMLElement, piece: HTMLElement}>} */
  const chips = new Map();
  let shown = /** @type {import("./tree.js").Node[]} */ ([]);
  let seen = "";

  /** @param {import("./tree.js").Node} word */
  function chipOf(word) {
    const known = chips.get(word.key);
    if (known) return known;
    const weight = element("span", { class: "weight", "aria-hidden": true });
    const piece = element("span", { class: "piece" });
    const node = element(
      "button",
      { type: "button", lang: "", translate: "no", "data-place": word.path.length - 1 },
      piece,
      weight,
    );
    node.style.setProperty("--chip", `var(--token-${scene.position(word) % 6})`);
    node.addEventListener("pointerenter", (event) => event.pointerType === "mouse" && point(word));
    node.addEventListener("click", () => choose({ place: word.path.length - 1 }));
    const made = { node, weight, piece };
    chips.set(word.key, made);
    return made;
  }

  /** The arrow keys go from word to word, and behind the last. @param {KeyboardEvent} event */
  function walk(event) {
    const { path, values } = scene.now();
    const at = values.place ?? path.length;
    const to = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: path.length }[event.key];
    if (to === undefined || to < 0 || to > path.length) return;
    event.preventDefault();
    choose({ place: to < path.length ? to : null });
    (to < path.length ? chipOf(path[to]).node : cursor).focus();
  }

  /** Bring what was written or chosen into sight, without moving the page. @param {HTMLElement} node */
  function reveal(node) {
    const top = node.offsetTop - strip.offsetTop;
    if (top < strip.scrollTop || top + node.offsetHeight > strip.scrollTop + strip.clientHeight) {
      strip.scrollTop = top - strip.clientHeight + node.offsetHeight + 8;
    }
  }

  return {
    node: element("div", { class: "text" }, strip, total),
    /** @param {import("./view.js").Now} now */
    draw(now) {
      const { path, values, ended } = now;
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
        const { node, weight, piece } = chipOf(word);
        piece.textContent = scene.piece(word.id); // what to show for it may come later than the word
        const given = numbers.given.get(word.key);
        const p = given?.p ?? 0;
        const background = mix(colours.background, colours.output, p);
        node.style.background = css(background);
        node.style.color = readableOn(background);
        weight.textContent = given ? brief(p) : "…";
        node.classList.toggle("end", scene.ends(word.id));
        node.classList.toggle("fork", (word.parent?.children.length ?? 1) > 1);
        node.classList.toggle("behind", i >= place && values.place !== null);
        node.setAttribute("aria-pressed", String(i === values.place));
        node.classList.toggle("over", word.key === now.taken?.key && i !== values.place);
        node.tabIndex = i === values.place ? 0 : -1;
        const said = given
          ? say("text.word", { token: scene.piece(word.id), share: share(p), rank: given.rank })
          : scene.piece(word.id);
        node.setAttribute("aria-label", said);
      });
      const last = path[path.length - 1];
      cursor.hidden = last !== undefined && scene.ends(last.id);
      cursor.tabIndex = values.place === null ? 0 : -1;
      cursor.classList.toggle("here", values.place === null);
      cursor.classList.toggle("busy", now.running);
      const key = `${last?.key} ${values.place}`;
      if (seen !== key) {
        seen = key;
        reveal(values.place === null ? (ended ? chipOf(last).node : cursor) : chipOf(path[values.place]).node);
      }
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
      one_in: element("b", {}, oneIn(log, header.language)),
      log: fixed(log, 2),
      mean: fixed(log / path.length, 2),
    };
    return scene.nodes(path.length === 1 ? "text.total_one" : "text.total", values);
  }
}
