// What lies near a token, or a word of the reader's own: by angle, by dot product, by distance.

import { element } from "../dom.js";
import { count, fixed } from "../format.js";
import { measureButtons } from "./alike.js";

const SHOWN = 12;

/** @param {import("./view.js").Scene} scene */
export function createNear(scene) {
  const { header, say, choose } = scene;
  const measure = measureButtons(scene, (name) => choose({ measure: name }));
  const field = /** @type {HTMLInputElement} */ (element("input", { type: "text", maxlength: 60, autocomplete: "off", spellcheck: false, placeholder: say("near.placeholder"), "aria-label": say("near.placeholder") }));
  const form = element("form", { class: "line" }, field, element("button", { type: "submit" }, say("near.go")));
  const clear = element("button", { type: "button" }, say("near.clear"));
  form.append(clear);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    choose({ word: (field.value.toWellFormed?.() ?? field.value).trim() || null });
  });
  clear.addEventListener("click", () => choose({ word: null, mean: false }));
  const spaces = /** @type {HTMLSelectElement} */ (element("select", { "aria-label": say("near.space") }, ...scene.about.spaces.map((/** @type {string} */ name) => element("option", { value: name }, say(`near.${name}`, { model: header.model })))));
  spaces.addEventListener("change", () => choose({ space: spaces.value }));
  const grouped = /** @type {HTMLInputElement} */ (element("input", { type: "checkbox" }));
  grouped.addEventListener("change", () => choose({ grouped: grouped.checked }));
  const mean = /** @type {HTMLInputElement} */ (element("input", { type: "checkbox" }));
  mean.addEventListener("change", () => choose({ mean: mean.checked }));
  const meanLine = element("label", { class: "check" }, mean, " ", say("near.mean"));
  const trouble = element("p", { class: "trouble", role: "status" });
  const title = element("p", { class: "title" });
  const body = element("tbody", {});
  const valueHead = element("th", { scope: "col" });
  const table = element("table", {}, element("thead", {}, element("tr", {}, element("th", { scope: "col" }, say("near.token")), valueHead, element("th", { scope: "col" }, say("near.sds")), element("th", { scope: "col" }, say("near.length")))), body);
  const scale = element("p", { class: "muted" });

  const spelling = (/** @type {string} */ piece) => piece.replace(/^·/, "").toLowerCase();

  return {
    node: element("div", { class: "near-view" }, element("p", {}, say("near.text")), element("div", { class: "line" }, measure.node, spaces, element("label", { class: "check" }, grouped, " ", say("near.grouped"))), form, meanLine, trouble, title, table, scale, element("p", { class: "muted" }, say("near.note"))),
    /** @param {import("./view.js").Values} values */
    draw(values) {
      measure.show(values.measure);
      spaces.value = values.space;
      grouped.checked = values.grouped;
      mean.checked = values.mean;
      clear.hidden = values.word === null;
      const root = /** @type {ShadowRoot} */ (field.getRootNode());
      if (root.activeElement !== field) field.value = values.word ?? "";
      const part = scene.part("near");
      const it = part?.header;
      const stale = !it || it.word !== values.word || it.measure !== values.measure || it.space !== values.space || it.mean !== values.mean || (values.word === null && it.id !== header.ids[values.token]);
      table.classList.toggle("stale", stale);
      if (!it) return;
      trouble.textContent = it.trouble ?? "";
      trouble.hidden = !it.trouble;
      meanLine.hidden = !(values.mean || it.several);
      for (const node of [title, table, scale]) node.hidden = Boolean(it.trouble);
      if (it.trouble) return;
      const name = it.word === null && it.space === "input" ? scene.token(it.pieces[0], values.token) : element("span", {}, ...it.pieces.map((/** @type {string} */ piece) => scene.token(piece)));
      title.replaceChildren(...scene.nodes(it.pieces.length > 1 ? "near.about_mean" : "near.about", { token: name, length: fixed(it.length, 2) }));
      const groups = new Map();
      for (const one of it.near) {
        const key = values.grouped ? spelling(one.piece) : one.id;
        groups.set(key, [...(groups.get(key) ?? []), one]);
      }
      const lines = [...groups.values()].slice(0, SHOWN);
      const numbers = lines.map(([one]) => Math.abs(one.value));
      const most = it.measure === "cosine" ? 1 : Math.max(...numbers, Math.abs(it.scale.mean) + it.scale.sd);
      valueHead.textContent = say(`measure.${it.measure}`);
      body.replaceChildren(
        ...lines.map((/** @type {any[]} */ group) => {
          const [one] = group;
          const cell = element("td", { class: "track" }, element("div", { class: "bar" }), element("span", { class: "number" }, fixed(one.value, Math.abs(one.value) < 9.9995 ? 3 : 2)));
          cell.style.setProperty("--p", String(Math.min(1, Math.abs(one.value) / most)));
          const sds = (one.value - it.scale.mean) / it.scale.sd;
          return element("tr", {}, element("th", { scope: "row" }, ...group.flatMap((other) => [scene.token(other.piece), " "])), cell, element("td", {}, `${sds < 0 ? "−" : "+"}${fixed(Math.abs(sds), 1)}`), element("td", {}, fixed(one.length, 2)));
        }),
      );
      scale.textContent = say(`near.scale_${it.measure}`, { mean: fixed(it.scale.mean, 2), sd: fixed(it.scale.sd, 2), rows: count(header.rows, header.language) });
    },
  };
}
