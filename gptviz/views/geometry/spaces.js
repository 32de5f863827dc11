// The same questions asked in every space that is here, side by side.

import { chip } from "../kit/chip.js";
import { element } from "../kit/dom.js";
import { count, fixed } from "../kit/format.js";
import { cosine } from "./formula.js";

/** @param {import("./view.js").Scene} scene */
export function createSpaces(scene) {
  const { header, say } = scene;
  const waiting = element("p", { class: "muted", role: "status" }, say("spaces.waiting"));
  const table = element("div", { class: "beside" });
  const absent = element("p", { class: "muted" });
  let shown = /** @type {any} */ (null);

  /**
   * A line of the table: its title, and what each space answers.
   * @param {Node | string} title
   * @param {any[]} columns
   * @param {(column: any) => (Node | string)[]} cell
   */
  const line = (title, columns, cell) =>
    element(
      "tr",
      {},
      element("th", { scope: "row" }, title),
      ...columns.map((column) => element("td", {}, ...cell(column))),
    );

  /** @param {any} column */
  function verdict({ result, trouble }) {
    if (trouble) return [element("span", { class: "muted" }, scene.error(trouble))];
    return [
      chip(result.answer.piece),
      " ",
      say("spaces.place", { rank: count(result.rank), verdict: say(`gallery.${result.verdict}`) }),
    ];
  }

  return {
    node: element(
      "div",
      { class: "spaces-view" },
      element("p", {}, say("spaces.text")),
      waiting,
      table,
      absent,
      element("p", { class: "muted" }, say("spaces.note")),
    ),
    /** @param {import("./view.js").Values} values */
    draw(values) {
      const part = scene.part("spaces");
      const current = part !== null && part.header.formula === values.formula && part.header.mean === values.mean;
      waiting.hidden = current;
      table.classList.toggle("stale", !current);
      if (!part || part === shown) return;
      shown = part;
      const { columns, formula, away } = part.header;
      const title = (/** @type {string} */ key) => say(`spaces.${key}`);
      const known = columns.filter((/** @type {any} */ column) => column.tally);
      const first = columns.find((/** @type {any} */ column) => column.word)?.word ?? "";
      table.replaceChildren(
        element(
          "table",
          {},
          element(
            "thead",
            {},
            element(
              "tr",
              {},
              element("td", {}),
              ...columns.map((/** @type {any} */ column) =>
                element("th", { scope: "col" }, say(`space.${column.name}`, { model: header.model })),
              ),
            ),
          ),
          element(
            "tbody",
            {},
            line(title("size"), columns, ({ rows, width }) => [
              say("spaces.size_of", { rows: count(rows), width: count(width) }),
            ]),
            line(title("pairs"), columns, ({ pairs }) => [`${fixed(pairs[0], 2)} ± ${fixed(pairs[1], 2)}`]),
            line(title("arrows"), columns, ({ arrows }) => [
              say("spaces.arrows_of", { sd: fixed(arrows[0], 2), p99: fixed(arrows[1], 2) }),
            ]),
            line(element("span", { lang: "", translate: "no" }, formula), columns, verdict),
            line(title("simpler"), columns, ({ result }) => [
              result?.simpler.length
                ? count(Math.min(...result.simpler.map((/** @type {any} */ one) => one.rank)))
                : "–",
            ]),
            line(title("side"), columns, ({ result, arrows }) =>
              result?.sides
                ? [
                    cosine(result.sides[0]),
                    " ",
                    element(
                      "span",
                      { class: "muted" },
                      say(result.sides[0] > arrows[1] ? "spaces.beyond" : "spaces.within"),
                    ),
                  ]
                : ["–"],
            ),
            line(say("spaces.near", { word: first }), columns, ({ near }) =>
              (near ?? []).flatMap((/** @type {string} */ piece) => [chip(piece), " "]),
            ),
            ...(known.length ? ["earned", "free", "near", "fails"] : []).map((verdict) =>
              line(say("spaces.family", { verdict: say(`gallery.${verdict}`) }), columns, ({ tally }) => [
                tally ? count(tally[verdict]) : "–",
              ]),
            ),
            ...(known.some((/** @type {any} */ column) => column.tally.unknown)
              ? [line(title("unknown"), columns, ({ tally }) => [tally ? count(tally.unknown) : "–"])]
              : []),
          ),
        ),
      );
      const why = Object.entries(away).map(([name, trouble]) =>
        trouble ? scene.error(trouble) : say("spaces.absent", { space: say(`space.${name}`, { model: header.model }) }),
      );
      absent.hidden = !why.length;
      absent.textContent = why.join(" ");
    },
  };
}
