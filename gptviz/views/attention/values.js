// What the head does with its weights: values, weighted and added up, and what the sum says.

import { chip } from "../kit/chip.js";
import { element } from "../kit/dom.js";
import { count, percent, signed, significant } from "../kit/format.js";
import { createStrip } from "../kit/vectors.js";

/** @param {import("./view.js").Scene} scene */
export function createValues(scene) {
  const { say, tokens, sizes, choose, point } = scene;
  const asIs = element("p", { class: "muted" }, say("as_is"));
  const { d_model, d_head } = sizes;
  const z = createStrip(say("values.z", { d_head }), { role: "value" });
  const out = createStrip(say("values.out", { d_model }), { role: "attention" });
  const title = element("p", { class: "title" });
  const rows = tokens.map((_, j) => {
    const make = (/** @type {string} */ name) => {
      const number = element("span", { class: "number" });
      return { node: element("td", { class: `track ${name}` }, element("div", { class: "bar" }), number), number };
    };
    const cells = { weight: make("weight"), size: make("size"), product: make("product") };
    const pick = element("button", { type: "button", class: "plain" }, scene.token(j, true));
    const node = element(
      "tr",
      {},
      element("th", { scope: "row" }, pick),
      cells.weight.node,
      cells.size.node,
      cells.product.node,
    );
    node.addEventListener("click", () => choose({ key: j }));
    node.addEventListener(
      "pointerenter",
      (event) => event.pointerType === "mouse" && point({ query: shownQuery, key: j }),
    );
    return { node, cells };
  });
  let shownQuery = 0;
  const head = ["token", "weight", "size", "product"].map((name) =>
    element("th", { scope: "col" }, say(`values.column_${name}`)),
  );
  const table = element(
    "table",
    {},
    element("thead", {}, element("tr", {}, ...head)),
    element("tbody", {}, ...rows.map((r) => r.node)),
  );
  table.addEventListener("pointerleave", () => point(null));
  const scroll = element(
    "div",
    { class: "rows-scroll", tabindex: 0, role: "region", "aria-label": say("values.title") },
    table,
  );
  const words = element("div", { class: "words" });
  const note = element("p", { class: "muted note", role: "status" });
  const full = d_model * d_model;
  const split = 2 * d_model * d_head;
  const numbers = {
    d_head,
    d_model,
    full: count(full),
    split: count(split),
    part: percent(split / full),
  };
  let read = /** @type {object | null} */ (null);
  let revealed = "";

  /** @param {{up: any[], down: any[]}} reading @param {(Node | string)[]} heading */
  function list(reading, heading) {
    const column = (/** @type {any[]} */ items, /** @type {string} */ name) =>
      element(
        "ol",
        { class: name },
        element("li", { class: "muted" }, say(`values.${name}`)),
        ...items.map(({ piece, push }) =>
          element("li", {}, chip(piece), " ", element("span", { class: "muted" }, signed(push, 2))),
        ),
      );
    return element(
      "div",
      {},
      element("p", {}, ...heading),
      element("div", { class: "up-down" }, column(reading.up, "up"), column(reading.down, "down")),
    );
  }

  return {
    node: element(
      "div",
      { class: "values-view" },
      element("p", {}, say("values.text")),
      asIs,
      title,
      scroll,
      z.node,
      note,
      out.node,
      words,
      element("p", { class: "muted" }, say("values.notes", numbers)),
    ),
    /** @param {import("./view.js").Now} now */
    draw(now) {
      const { layer, head, query, key } = now;
      shownQuery = query;
      const colours = scene.colours();
      title.replaceChildren(...scene.nodes("values.for", { query: scene.token(query, true) }));
      const weights = layer.row(head, query);
      const sizesOf = tokens.map((_, j) => layer.valueSize(head, j));
      const products = tokens.map((_, j) => (j <= query ? weights[j] * sizesOf[j] : 0));
      const most = { size: Math.max(...sizesOf.slice(0, query + 1)) || 1, product: Math.max(...products) || 1 };
      rows.forEach(({ node, cells }, j) => {
        node.style.visibility = j > query ? "hidden" : ""; // its place stays: nothing below moves
        node.toggleAttribute("data-later", j > query);
        if (j > query) return;
        node.classList.toggle("chosen", j === key);
        const fill = (
          /** @type {{node: HTMLElement, number: HTMLElement}} */ cell,
          /** @type {number} */ p,
          /** @type {string} */ text,
        ) => {
          cell.node.style.setProperty("--p", String(p));
          cell.number.textContent = text;
        };
        fill(cells.weight, weights[j], percent(weights[j]));
        fill(cells.size, sizesOf[j] / most.size, significant(sizesOf[j], 3));
        fill(cells.product, products[j] / most.product, significant(products[j], 3));
      });
      asIs.hidden = !now.values.unscaled && !now.values.hide;
      const settled = [layer.layer, head, now.values.token].join();
      if (settled !== revealed && query === now.values.token) {
        revealed = settled;
        const largest = products.indexOf(Math.max(...products));
        const row = rows[largest].node;
        scroll.scrollTop = Math.max(0, row.offsetTop - scroll.clientHeight / 2);
      }
      z.draw(layer.vector("z", head, query), colours);
      const part = scene.part("reading");
      const header = part?.header;
      const ready = header && header.layer === layer.layer && header.head === head && header.token === query;
      // What is not known is not shown; its place stays.
      out.node.style.visibility = words.style.visibility = ready ? "" : "hidden";
      note.style.visibility = ready ? "hidden" : "";
      if (!ready) {
        const pointing = query !== now.values.token;
        note.textContent = say(scene.alone ? "alone" : pointing ? "click_token" : "values.waiting");
        return;
      }
      out.draw(/** @type {any} */ (part).arrays.out.data, colours);
      if (read === part) return;
      read = part;
      const name = element("b", {}, say("head", { name: `${layer.layer}.${head}` }));
      const next = header.next;
      const push = element("b", {}, signed(next.push, 2));
      const lists = [
        list(
          header.whole,
          scene.nodes("values.whole", { name, query: scene.token(query, true), word: chip(next.piece), push }),
        ),
      ];
      lists.push(list(header.one, scene.nodes("values.one", { token: scene.token(header.key, true) })));
      words.replaceChildren(...lists, element("p", { class: "muted" }, say("values.reading")));
    },
  };
}
