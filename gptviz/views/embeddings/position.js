// Where a token stands: rows of a second table, or rotation; and how long a text may be.

import { element } from "../kit/dom.js";
import { count } from "../kit/format.js";
import { createLearned } from "./learned.js";
import { createRotary } from "./rotary.js";

/** @param {import("./view.js").Scene} scene */
export function createPosition(scene) {
  const { header, say } = scene;
  const inner = header.rope ? createRotary(scene) : createLearned(scene);
  const sizes = [[say("position.here"), header.n_ctx], ...Object.entries(header.contexts)];
  const most = Math.max(...sizes.map(([, size]) => Number(size)));
  const bars = sizes.map(([name, size]) => {
    const bar = element("span", { class: "size" });
    bar.style.setProperty("--p", String(Number(size) / most));
    return element(
      "tr",
      {},
      element("th", { scope: "row" }, String(name)),
      element("td", { class: "track" }, bar),
      element("td", {}, count(Number(size))),
    );
  });
  return {
    node: element(
      "div",
      { class: "position-view" },
      inner.node,
      element("p", { class: "title" }, say("position.context")),
      element("table", { class: "contexts" }, element("tbody", {}, ...bars)),
      element(
        "p",
        { class: "muted" },
        say(header.rope ? "position.context_rotary" : "position.context_learned", {
          n_ctx: count(header.n_ctx),
        }),
      ),
    ),
    draw: inner.draw,
  };
}
