// A one-hot vector times the matrix, with the rows around the one that is looked up: every other product is zero.

import { chip } from "../kit/chip.js";
import { element } from "../kit/dom.js";
import { count, fixed, significant } from "../kit/format.js";

/** @param {import("./view.js").Scene} scene */
export function createProduct(scene) {
  const { header, arrays, say, nodes } = scene;
  const { vocab_size: V, d_model: D } = header;
  const [, lines, numbers] = arrays.near.shape;
  const text = element("p", {});
  const table = element("table", {});
  const rest = element("p", { class: "muted" });
  const code = element("p", { class: "code" }, "one_hot @ W  =  W[id]");
  const checked = element("p", {});
  let shown = -1;
  return {
    node: element(
      "div",
      { class: "product-view" },
      text,
      element("div", { class: "scroll-x" }, table),
      rest,
      code,
      checked,
    ),
    /** @param {import("./view.js").Values} values */
    draw({ token }) {
      const place = scene.place(token);
      const id = header.ids[token];
      const part = scene.part("product");
      const done = part?.header.id === id;
      checked.classList.toggle("stale", !done);
      const difference = part?.header.difference;
      checked.textContent = done
        ? say("product.checked", {
            difference: significant(difference, 2),
            multiplications: count(V * D),
          })
        : say("waiting");
      if (place === shown || place === undefined) return;
      shown = place;
      text.replaceChildren(...nodes("product.text", { token: scene.token(token), id: String(id), vocab: count(V) }));
      const head = element(
        "tr",
        {},
        ...["product.row", "product.token", "product.one_hot"].map((key) => element("th", { scope: "col" }, say(key))),
        ...Array.from({ length: numbers }, (_, d) =>
          element("th", { scope: "col" }, say("product.dimension", { dimension: d })),
        ),
        element("th", { scope: "col" }, "…"),
      );
      const around = header.around[place];
      const body = [];
      for (let n = 0; n < lines; n++) {
        const row = around[n];
        if (row === null) continue;
        const own = row === id;
        const cells = Array.from({ length: numbers }, (_, d) =>
          element("td", {}, `${own ? "1" : "0"} × ${fixed(arrays.near.data[(place * lines + n) * numbers + d], 3)}`),
        );
        body.push(
          element(
            "tr",
            { class: own ? "chosen" : "off" },
            element("th", { scope: "row" }, String(row)),
            element("td", {}, chip(header.around_pieces[place][n])),
            element("td", { class: "one" }, own ? "1" : "0"),
            ...cells,
            element("td", {}, "…"),
          ),
        );
      }
      const data = scene.row(place);
      const sum = element(
        "tr",
        { class: "total" },
        element("th", { scope: "row", colspan: 3 }, say("product.sum")),
        ...Array.from({ length: numbers }, (_, d) => element("td", { "data-value": data[d] }, fixed(data[d], 3))),
        element("td", {}, "…"),
      );
      table.replaceChildren(element("thead", {}, head), element("tbody", {}, ...body, sum));
      rest.textContent = say("product.rest", { rows: count(V - body.length), numbers: count(D) });
    },
  };
}
