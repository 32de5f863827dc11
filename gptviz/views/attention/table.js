// Every head with everything measured, to be sorted and taken away.

import { createSave } from "../kit/controls.js";
import { element } from "../kit/dom.js";
import { fixed, percent } from "../kit/format.js";
import { downloadCsv } from "../kit/painter.js";

/** @param {import("./view.js").Scene} scene */
export function createTable(scene) {
  const { say, sizes, header, measure, kind, choose } = scene;
  /** @type {{name: string, random: boolean}[]} */
  const columns = [
    ...header.measures.map((/** @type {string} */ name) => ({ name, random: false })),
    ...Object.keys(header.rows_random).map((name) => ({ name, random: true })),
  ];
  const label = (/** @type {typeof columns[0]} */ { name, random }) =>
    random ? say("table.tested", { kind: say(`kind.${name}`) }) : say(`kind.${name}`);
  const nameOf = (/** @type {number} */ layer, /** @type {number} */ head, random = false) => {
    const found = kind(layer, head, random);
    return found ? say(`kind.${found}`) : "";
  };
  const every = Array.from({ length: sizes.n_layer * sizes.n_head }, (_, i) => ({
    layer: Math.floor(i / sizes.n_head),
    head: i % sizes.n_head,
  }));
  const rows = every.map(({ layer, head }) => {
    const values = columns.map(({ name, random }) => measure(name, layer, head, random));
    const cells = values.map((value, c) => {
      const plain = columns[c].name === "entropy" || columns[c].name === "distance";
      return element("td", {}, plain ? fixed(value, 2) : percent(value));
    });
    const button = element("button", { type: "button", class: "head" }, `${layer}.${head}`);
    button.addEventListener("click", () => choose({ layer, head }));
    const node = element(
      "tr",
      {},
      element("th", { scope: "row" }, button),
      element("td", {}, nameOf(layer, head)),
      element("td", {}, nameOf(layer, head, true)),
      ...cells,
    );
    return { layer, head, values, names: [kind(layer, head), kind(layer, head, true)], node };
  });
  const body = element("tbody", {}, ...rows.map((row) => row.node));
  let sorted = { column: -1, down: true };
  const heads = columns.map((column, c) => {
    const button = element("button", { type: "button" }, label(column));
    button.addEventListener("click", () => sort(c));
    return element("th", { scope: "col", "aria-sort": "none" }, button);
  });
  const first = element("button", { type: "button" }, say("table.head"));
  first.addEventListener("click", () => sort(-1));
  const corner = element("th", { scope: "col", "aria-sort": "ascending" }, first);
  const named = ["here", "by_itself"].map((name, n) => {
    const button = element("button", { type: "button" }, say(`table.${name}`));
    button.addEventListener("click", () => sort(-3 + n)); // -3, -2: names; -1: heads
    return element("th", { scope: "col", "aria-sort": "none" }, button);
  });

  /** @param {number} column */
  function sort(column) {
    sorted = { column, down: column === sorted.column ? !sorted.down : true };
    const sign = sorted.down ? 1 : -1;
    const order = [...rows];
    if (column === -1) {
      if (!sorted.down) order.reverse();
    } else if (column < -1) {
      // Those that have a name first, one kind after another.
      const name = (/** @type {typeof rows[0]} */ row) => row.names[column + 3] ?? (sorted.down ? "~" : "");
      order.sort((a, b) => sign * name(a).localeCompare(name(b)) || a.layer - b.layer || a.head - b.head);
    } else {
      // What was not measured comes last either way.
      const value = (/** @type {typeof rows[0]} */ row) =>
        Number.isNaN(row.values[column]) ? -Infinity * sign : row.values[column];
      order.sort((a, b) => sign * (value(b) - value(a)) || a.layer - b.layer || a.head - b.head);
    }
    body.append(...order.map((row) => row.node));
    const headings = [...named, corner, ...heads];
    headings.forEach((node, i) => {
      const down = i < 3 ? !sorted.down : sorted.down;
      node.setAttribute("aria-sort", i - 3 === column ? (down ? "descending" : "ascending") : "none");
    });
  }

  const save = createSave(say("save"), ["csv"], () => {
    const title = [
      "layer",
      "head",
      "kind",
      "kind_on_random_tokens",
      ...columns.map(({ name, random }) => (random ? `${name}_on_random_tokens` : name)),
    ];
    const lines = rows.map((row) => [
      row.layer,
      row.head,
      kind(row.layer, row.head) ?? "",
      kind(row.layer, row.head, true) ?? "",
      ...row.values.map((v) => (Number.isNaN(v) ? "" : v)),
    ]);
    downloadCsv("heads", [title, ...lines]);
  });
  return {
    node: element(
      "div",
      { class: "table-view" },
      element("p", { class: "muted" }, say("table.text")),
      element(
        "div",
        { class: "table-scroll", tabindex: 0, role: "region", "aria-label": say("table.title") },
        element("table", {}, element("thead", {}, element("tr", {}, corner, ...named, ...heads)), body),
      ),
      save,
    ),
    /** @param {import("./view.js").Now} now */
    draw({ values }) {
      for (const row of rows)
        row.node.classList.toggle("chosen", row.layer === values.layer && row.head === values.head);
    },
  };
}
