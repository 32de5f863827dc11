// What lies nearest to a vector: in three measures, with spellings of one word put together.

import { chip, chipButton } from "../kit/chip.js";
import { createCheck, createInput, createMenu } from "../kit/controls.js";
import { element } from "../kit/dom.js";
import { count, fixed } from "../kit/format.js";
import { createMeasure, measuresOf, shown } from "./measures.js";
import { together } from "./words.js";

const SHOWN = 12;

/** Without space, capitals and the mark of a beginning: what makes two tokens the same word. @param {string} piece */
const spelling = (piece) => {
  const word = piece.replace(/^·+/, "").toLowerCase();
  return /^\p{L}+$/u.test(word) ? word : piece;
};

/** @param {import("./view.js").Scene} scene */
export function createNeighbours(scene) {
  const { header, say, nodes, choose } = scene;
  const measures = measuresOf(scene);
  const measure = createMeasure(scene);
  const input = createInput(scene.choices.near);
  const back = element("button", { type: "button" }, say("neighbours.back"));
  const form = element(
    "form",
    { class: "field" },
    element("label", {}, say("neighbours.label"), " ", input),
    element("button", { type: "submit" }, say("neighbours.go")),
    back,
  );
  const take = () => {
    const near = input.value.trim() || null;
    if (near !== scene.values().near) choose({ near });
  };
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    take();
  });
  input.addEventListener("change", take);
  back.addEventListener("click", () => choose({ near: null }));
  const grouping = createCheck([say("neighbours.grouped")], (on) => choose({ grouped: on }));
  const space = createMenu({
    label: say("neighbours.space"),
    text: (/** @type {string} */ name) => say(`space.${name}`),
    set: (name) => choose({ space: name }),
  });
  const about = element("p", {});
  const table = element("table", { class: "near" });
  const scroll = element("div", { class: "scroll-x" }, table);
  const differ = element("p", {});
  const scaled = element("p", { class: "muted" });
  let known = /** @type {string | null | undefined} */ (undefined);

  /**
   * Rows of the table: each the best of its spelling, with the others.
   * @param {any[]} rows
   * @param {boolean} grouped
   * @param {string[]} own
   */
  function lines(rows, grouped, own) {
    const found = new Map();
    for (const one of rows) {
      const key = grouped ? spelling(one.piece) : String(one.id);
      if (found.has(key)) found.get(key).others.push(one.piece);
      else
        found.set(key, { ...one, others: [], respelled: own.length === 1 && spelling(own[0]) === spelling(one.piece) });
    }
    return [...found.values()].slice(0, SHOWN);
  }

  return {
    node: element(
      "div",
      { class: "neighbours-view" },
      element("div", { class: "field" }, form, space.node),
      measure.node,
      grouping.node,
      about,
      scroll,
      differ,
      scaled,
    ),
    /** @param {import("./view.js").Values} values */
    draw(values) {
      measure.draw(values.measure);
      grouping.input.checked = values.grouped;
      if (known !== values.near) input.value = (known = values.near) ?? "";
      input.placeholder = header.tokens[values.token];
      back.hidden = values.near === null;
      const part = scene.part("neighbours");
      const current =
        part &&
        part.header.near === values.near &&
        part.header.space === values.space &&
        (values.near !== null || part.header.token === header.ids[values.token]);
      scroll.classList.toggle("stale", !current);
      differ.hidden = scaled.hidden = scroll.hidden = !part || Boolean(part.header.trouble ?? part.header.error);
      if (!part) {
        about.textContent = say("waiting");
        return;
      }
      const { text, pieces, trouble, error, norm, mean_norm: mean, found, own } = part.header;
      space.node.hidden = part.header.spaces.length < 2;
      space.offer(part.header.spaces);
      space.show(values.space);
      if (error) {
        about.textContent = say(`errors.${error.code}`, error.details);
        return;
      }
      if (trouble) {
        about.replaceChildren(...nodes(`neighbours.${trouble}`, { word: chip(text) }));
        return;
      }
      const tokens = together(pieces.map((/** @type {string} */ piece) => chip(piece)));
      about.replaceChildren(
        ...(pieces.length > 1
          ? nodes("neighbours.mean", {
              word: chip(text),
              count: String(pieces.length),
              pieces: tokens,
              norm: fixed(norm, 2),
              mean: fixed(mean, 2),
            })
          : nodes("neighbours.of", {
              token: tokens,
              id: String(part.header.ids[0]),
              norm: fixed(norm, 2),
              mean: fixed(mean, 2),
            })),
      );
      if (!found[values.measure].length) {
        scroll.hidden = differ.hidden = scaled.hidden = true;
        about.append(" ", say("neighbours.zero"));
        return;
      }
      const rows = lines(found[values.measure], values.grouped, pieces);
      const values_ = rows.map((row) => row[values.measure]);
      const [low, high] = [Math.min(0, ...values_), Math.max(0, ...values_)];
      const along = (/** @type {number} */ value) => (high > low ? (value - low) / (high - low) : 0);
      table.replaceChildren(
        element(
          "thead",
          {},
          element(
            "tr",
            {},
            element("th", { scope: "col" }, say("neighbours.token")),
            ...measures.map((name) =>
              element("th", { scope: "col", class: name === values.measure ? "by" : null }, say(`measure.${name}`)),
            ),
            element("th", { scope: "col" }, say("neighbours.norm")),
          ),
        ),
        element(
          "tbody",
          {},
          ...rows.map((row) => {
            const name = chipButton(row.piece, say("neighbours.follow"), () => choose({ near: `#${row.id}` }));
            const others = row.others.length
              ? [
                  element(
                    "span",
                    { class: "others muted" },
                    say("neighbours.also"),
                    " ",
                    ...row.others.slice(0, 5).map((/** @type {string} */ piece) => chip(piece)),
                    row.others.length > 5 ? ` +${row.others.length - 5}` : "",
                  ),
                ]
              : [];
            return element(
              "tr",
              { "data-id": row.id, class: row.respelled ? "respelled" : null },
              element(
                "th",
                { scope: "row" },
                name,
                ...(row.respelled ? [element("span", { class: "muted same" }, say("neighbours.same"))] : []),
                ...others,
              ),
              ...measures.map((measured) => {
                const cell = element(
                  "td",
                  {
                    class: measured === values.measure ? "by" : null,
                    "data-measure": measured,
                    "data-value": row[measured],
                  },
                  shown(row[measured]),
                );
                if (measured === values.measure) {
                  cell.style.setProperty("--from", String(along(Math.min(0, row[measured]))));
                  cell.style.setProperty("--to", String(along(Math.max(0, row[measured]))));
                }
                return cell;
              }),
              element("td", {}, fixed(row.norm, 2)),
            );
          }),
        ),
      );
      const firsts = measures.map(
        (name) =>
          found[name].find(
            (/** @type {any} */ one) => !values.grouped || spelling(one.piece) !== spelling(pieces[0] ?? ""),
          ) ?? found[name][0],
      );
      const long = firsts[1];
      differ.replaceChildren(
        ...nodes(firsts.every((one) => one?.id === firsts[0]?.id) ? "neighbours.agree" : "neighbours.differ", {
          cosine: chip(firsts[0]?.piece ?? "–"),
          dot: chip(long.piece),
          distance: chip(firsts[2].piece),
          dot_norm: fixed(long.norm, 2),
          distance_norm: fixed(firsts[2].norm, 2),
          mean: fixed(mean, 2),
        }),
      );
      const so = long.norm > mean && firsts[2].norm < mean;
      if (firsts.some((one) => one?.id !== firsts[0]?.id))
        differ.append(" ", say(so ? "neighbours.so" : "neighbours.not_so"));
      scaled.textContent = say("neighbours.scale", {
        word: pieces.length > 1 ? text : pieces[0],
        mean: fixed(own.mean, 2),
        sd: fixed(own.sd, 2),
        vocab: count(own.rows),
      });
    },
  };
}
