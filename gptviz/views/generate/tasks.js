// Tasks put as texts to go on with: a few examples, then what is asked. The next word is the answer.

import { chip } from "../kit/chip.js";
import { element } from "../kit/dom.js";
import { brief } from "../kit/format.js";

/** @param {import("./view.js").Scene} scene */
export function createTasks(scene) {
  const { say, choose } = scene;
  const list = element("div", { class: "tasks" });
  const waiting = element("p", { class: "muted", role: "status" }, say("tasks.waiting"));
  let shown = /** @type {import("../kit/wire.js").Payload | null} */ (null);

  /**
   * What the model answered, and how likely it held each of the answers to choose from.
   * @param {any} row
   * @param {any} found
   */
  function answer(row, found) {
    const right = found.pieces[0] === row.right;
    return element(
      "td",
      { class: right ? "right" : "wrong" },
      chip(found.pieces[0]),
      ` ${brief(found.p[0])} `,
      element("span", { class: "mark" }, right ? "✓" : "✗"),
      element(
        "span",
        { class: "muted labels" },
        row.labels.length > 1
          ? row.labels
              .map((/** @type {string} */ label, /** @type {number} */ i) => `${label} ${brief(found.labels[i])}`)
              .join(" · ")
          : right
            ? ""
            : `${row.right} ${brief(found.labels[0])}`,
      ),
    );
  }

  /** @param {any} task */
  function show(task) {
    const heads = ["asked", "with", "without"].map((name) => element("th", { scope: "col" }, say(`tasks.${name}`)));
    return element(
      "div",
      { class: "task", "data-task": task.name },
      element("p", { class: "title" }, say(`tasks.${task.name}`)),
      element("p", {}, say(`tasks.${task.name}_text`)),
      element("pre", { lang: "en", translate: "no" }, task.shown.trimEnd()),
      element(
        "table",
        {},
        element(
          "thead",
          {},
          element("tr", {}, ...heads, element("th", {}, element("span", { class: "hidden" }, say("tasks.use")))),
        ),
        element(
          "tbody",
          {},
          ...task.rows.map((/** @type {any} */ row) => {
            const use = element("button", { type: "button" }, say("tasks.use"));
            use.addEventListener("click", () => choose({ text: row.text, goal: null }));
            return element(
              "tr",
              {},
              element("th", { scope: "row", class: "asked", lang: "en", translate: "no" }, row.asked),
              answer(row, row.shown),
              answer(row, row.bare),
              element("td", {}, use),
            );
          }),
        ),
      ),
    );
  }

  return {
    node: element(
      "div",
      { class: "tasks-view" },
      element("p", {}, say("tasks.text")),
      waiting,
      list,
      element("p", { class: "muted" }, say("tasks.note")),
    ),
    draw() {
      const part = scene.part("tasks");
      waiting.hidden = part !== null;
      if (!part || part === shown) return;
      shown = part;
      const { trouble } = part.header;
      if (trouble)
        list.replaceChildren(element("p", { class: "message" }, say(`errors.${trouble.code}`, trouble.details)));
      else list.replaceChildren(...part.header.tasks.map(show));
    },
  };
}
