// Families of analogies, each measured in this space: what works, what needs no arithmetic, what fails.

import { chip } from "../kit/chip.js";
import { element } from "../kit/dom.js";
import { count } from "../kit/format.js";
import { cosine } from "./formula.js";

/** @param {import("./view.js").Scene} scene */
export function createGallery(scene) {
  const { say, choose } = scene;
  const waiting = element("p", { class: "muted", role: "status" }, say("gallery.waiting"));
  const total = element("p", {});
  const list = element("div", { class: "families" });
  let shown = /** @type {any} */ (null);

  return {
    node: element(
      "div",
      { class: "gallery-view" },
      element("p", {}, say("gallery.text")),
      waiting,
      total,
      list,
      element("p", { class: "muted" }, say("gallery.note")),
    ),
    draw() {
      const part = scene.part("gallery");
      waiting.hidden = part !== null;
      if (!part || part === shown) return;
      shown = part;
      const { families } = part.header;
      const all = Object.values(families).flat();
      const number = (/** @type {string} */ name) =>
        String(all.filter((/** @type {any} */ one) => one.verdict === name).length);
      total.textContent = say("gallery.total", {
        count: String(all.length),
        earned: number("earned"),
        free: number("free"),
        near: number("near"),
        fails: number("fails"),
      });
      const heads = ["formula", "verdict", "rank", "simpler", "side"].map((key) =>
        element("th", { scope: "col" }, say(`gallery.${key}`)),
      );
      list.replaceChildren(
        element(
          "table",
          {},
          element("thead", {}, element("tr", {}, ...heads)),
          ...Object.entries(families).map(([family, examples]) =>
            element(
              "tbody",
              {},
              element(
                "tr",
                { class: "family" },
                element("th", { scope: "rowgroup", colspan: 5 }, say(`gallery.${family}`)),
              ),
              ...examples.map((/** @type {any} */ one) => {
                const open = element("button", { type: "button", lang: "en", translate: "no" }, one.formula);
                open.addEventListener("click", () => choose({ formula: one.formula }));
                const known = one.verdict !== "unknown";
                return element(
                  "tr",
                  { "data-verdict": one.verdict },
                  element("th", { scope: "row" }, open),
                  element(
                    "td",
                    { class: "word" },
                    say(`gallery.${one.verdict}`, { word: one.missing ?? "" }),
                    known && one.rank > 1
                      ? element(
                          "span",
                          { class: "muted" },
                          " ",
                          ...scene.nodes("gallery.instead", { first: chip(one.first) }),
                        )
                      : "",
                    one.chance && one.rank === 1
                      ? element("span", { class: "muted" }, ` ${say("gallery.chance")}`)
                      : "",
                  ),
                  element("td", { "data-label": say("gallery.rank") }, known ? count(one.rank) : "–"),
                  element("td", { "data-label": say("gallery.simpler") }, known ? count(one.simpler) : "–"),
                  element(
                    "td",
                    { "data-label": say("gallery.side"), class: one.chance ? "muted" : null },
                    known && one.side !== null ? cosine(one.side) : "–",
                  ),
                );
              }),
            ),
          ),
        ),
      );
    },
  };
}
