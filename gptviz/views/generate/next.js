// What could come at one place: the likeliest words with their probabilities, each of them a way to go on.

import { chip } from "../kit/chip.js";
import { disable } from "../kit/controls.js";
import { element } from "../kit/dom.js";
import { count, percent } from "../kit/format.js";

/** @param {import("./view.js").Scene} scene */
export function createNext(scene) {
  const { header, numbers, say, choose, follow } = scene;
  const vocabulary = count(header.sizes.vocab_size);
  const title = element("p", { class: "title" });
  const rows = Array.from({ length: Math.min(8, header.sizes.vocab_size) }, createRow);
  const beyond = createRow(); // what stands there, if it is none of the likeliest
  const list = element("div", { class: "rows", role: "group" }, ...[...rows, beyond].map((row) => row.node));
  const rest = element("p", { class: "muted rest" });
  const note = element("p", { class: "note" });
  const input = /** @type {HTMLInputElement} */ (
    element("input", {
      type: "text",
      autocomplete: "off",
      spellcheck: false,
      "aria-label": say("next.own"),
      placeholder: say(header.ids ? "next.own_ids" : "next.own"),
    })
  );
  const submit = /** @type {HTMLButtonElement} */ (element("button", { type: "submit" }, say("next.put")));
  const form = element("form", { class: "own" }, input, submit);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (!input.value) return;
    choose({ force: input.value, goal: null });
    input.value = "";
  });
  const heads = element(
    "div",
    { class: "row heads muted", "aria-hidden": true },
    element("span", { class: "word" }),
    element("span", { class: "track" }),
    element("span", { class: "p" }, say("next.p")),
    element("span", { class: "q" }, say("next.q")),
  );

  function createRow() {
    const word = element("span", { class: "word" });
    const bar = element("span", { class: "bar" });
    const drawn = element("span", { class: "drawn" });
    const p = element("span", { class: "p" });
    const q = element("span", { class: "q" });
    const node = /** @type {HTMLButtonElement} */ (
      element(
        "button",
        { type: "button", class: "row" },
        word,
        element("span", { class: "track", "aria-hidden": true }, bar, drawn),
        p,
        q,
      )
    );
    let take = () => {};
    node.addEventListener("click", () => take());
    return {
      node,
      /**
       * @param {{id: number, p: number, q: number, rank?: number} | null} it
       * @param {any} about
       * @param {() => void} [taken]
       */
      draw(it, about, taken) {
        node.style.visibility = it ? "" : "hidden";
        if (!it) return;
        take = taken ?? (() => {});
        node.disabled = !taken;
        word.replaceChildren(scene.token(it.id));
        bar.style.setProperty("--p", String(it.p));
        drawn.style.setProperty("--p", String(it.q));
        drawn.hidden = !about.drawn || it.q === 0;
        p.textContent = percent(it.p);
        q.textContent = about.drawn ? (it.q === 0 ? say("next.cut") : percent(it.q)) : "";
        node.classList.toggle("cut", about.drawn && it.q === 0);
        node.classList.toggle("taken", about.taken === it.id);
        node.classList.toggle("known", about.known.has(it.id) && about.taken !== it.id);
        node.setAttribute("aria-pressed", String(about.taken === it.id));
        const key = about.taken === it.id ? "is" : about.known.has(it.id) ? "switch" : about.end ? "take" : "branch";
        const said = say(`next.${key}`, { token: scene.piece(it.id) });
        node.title = it.rank ? `${said} · ${say("next.rank", { rank: it.rank })}` : said;
        node.setAttribute(
          "aria-label",
          `${said}: ${p.textContent}${about.drawn ? `, ${say("next.q")} ${q.textContent}` : ""}`,
        );
      },
    };
  }

  return {
    node: element("div", { class: "next" }, title, heads, list, rest, note, form),
    /** @param {import("./view.js").Now} now */
    draw(now) {
      const { at, taken, values } = now;
      const last = header.tokens.length - 1;
      const before = at.parent ? scene.token(at.id, scene.position(at)) : chip(header.tokens[last], last);
      title.replaceChildren(
        ...(taken
          ? scene.nodes("next.instead", { token: scene.token(taken.id, scene.position(taken)) })
          : scene.nodes("next.title", { token: before })),
      );
      const behind = numbers.behind.get(at.key);
      const tree = scene.part("tree");
      const drawn = values.way === "sample" && tree !== null && !tree.header.plain;
      list.classList.toggle("with-drawn", drawn);
      heads.classList.toggle("with-drawn", drawn);
      const ended = at.parent !== null && scene.ends(at.id);
      note.textContent = ended ? say("next.ended", { token: scene.piece(at.id) }) : "";
      const about = {
        taken: taken?.id ?? null,
        known: new Set(at.children.map((child) => child.id)),
        drawn,
        end: at.children.length === 0,
      };
      rows.forEach((row, i) => {
        if (!behind || i >= behind.ids.length) return row.draw(null, about);
        const it = { id: behind.ids[i], p: behind.p[i], q: behind.q[i], rank: i + 1 };
        row.draw(it, about, ended || now.room < 1 ? undefined : () => take(at, i, it.id));
      });
      const given = taken && numbers.given.get(taken.key);
      const outside = given && behind && !behind.ids.includes(/** @type {any} */ (taken).id);
      beyond.draw(outside ? { id: /** @type {any} */ (taken).id, ...given } : null, about, () => {});
      const others = behind ? 1 - behind.p.reduce((sum, p) => sum + p, 0) : 0;
      rest.replaceChildren(
        ...(behind
          ? scene.nodes(drawn ? "next.rest_drawn" : "next.rest", {
              share: percent(Math.max(0, others)),
              left: count(behind.left),
              vocab: vocabulary,
            })
          : ["\u00a0"]),
      );
      const closed = ended || now.room < 1 || values.force !== null;
      disable(submit, closed);
      disable(input, closed);
      submit.textContent = say(values.force !== null ? "next.putting" : "next.put");
    },
  };

  /** @param {import("./tree.js").Node} at @param {number} place @param {number} id */
  function take(at, place, id) {
    const known = at.children.some((child) => child.id === id);
    if (!known) numbers.choose(at.path, place);
    follow([...at.path, id]);
  }
}
