// All texts of the tree, each where it leaves another: to follow, to compare, to delete.

import { element } from "../kit/dom.js";
import { fixed, oneIn } from "../kit/format.js";
import { find, nodesTo, PROMPT, pathOf, totalOf } from "./tree.js";

const BEFORE = 2; // tokens shown of what a branch shares with its parent

/** @param {import("./view.js").Scene} scene */
export function createBranches(scene) {
  const { numbers, say, choose, drop } = scene;
  const body = element("tbody", {});
  const heads = ["text", "words", "total", "mean"].map((name) =>
    element("th", { scope: "col" }, say(`branches.${name}`)),
  );
  const node = element(
    "div",
    { class: "branches" },
    element("p", { class: "title" }, say("branches.title")),
    element(
      "table",
      {},
      element(
        "thead",
        {},
        element(
          "tr",
          {},
          ...heads,
          element("th", {}, element("span", { class: "hidden" }, say("branches.delete_head"))),
        ),
      ),
      body,
    ),
    element("p", { class: "muted" }, say("branches.note")),
  );

  let drawn = "";

  /**
   * How many branches stand between this one and the prompt.
   * @param {import("./tree.js").Branch[]} tree
   * @param {number} leaf
   */
  function depth(tree, leaf) {
    let found = 0;
    for (let [at] = tree[leaf]; at !== PROMPT; [at] = tree[at]) found++;
    return found;
  }

  /** A branch comes right behind its parent, as in the tree. @param {import("./tree.js").Branch[]} tree */
  function order(tree) {
    const found = /** @type {number[]} */ ([]);
    const add = (/** @type {number} */ parent) =>
      tree.forEach(([above], leaf) => {
        if (above !== parent) return;
        found.push(leaf);
        add(leaf);
      });
    add(PROMPT);
    return found;
  }

  return {
    node,
    /** @param {import("./view.js").Now} now */
    draw({ values, root }) {
      const { tree } = values;
      node.hidden = tree.length < 2;
      if (node.hidden) return;
      const texts = order(tree).map((leaf) => {
        const path = pathOf(tree, leaf);
        const nodes = nodesTo(/** @type {import("./tree.js").Node} */ (find(root, path)));
        return { leaf, path, nodes, total: totalOf(numbers, nodes) };
      });
      // Rows that stay the same are not made anew: a click on one must not be lost.
      const key = JSON.stringify([tree, values.leaf, texts.map(({ total }) => total)]);
      if (key === drawn) return;
      drawn = key;
      const best = Math.max(...texts.map(({ total }) => total));
      body.replaceChildren(
        ...texts.map(({ leaf, path, nodes, total }) => {
          const own = tree[leaf][2].length;
          const shared = nodes.slice(0, nodes.length - own);
          const follow = element(
            "button",
            { type: "button", class: "text-of", "aria-pressed": leaf === values.leaf, title: say("branches.follow") },
            ...(shared.length > BEFORE ? ["… "] : []),
            ...shared.slice(-BEFORE).map((word) => element("span", { class: "shared" }, scene.piece(word.id))),
            ...nodes.slice(shared.length).map((word) => element("span", { class: "own" }, scene.piece(word.id))),
          );
          follow.addEventListener("click", () => choose({ leaf, place: null }));
          const remove = element(
            "button",
            {
              type: "button",
              class: "remove",
              "aria-label": say("branches.delete", { count: path.length }),
              title: say("branches.delete", { count: path.length }),
            },
            "×",
          );
          remove.addEventListener("click", () => drop(leaf));
          const known = !Number.isNaN(total);
          const cell = element("th", { scope: "row" }, follow);
          cell.style.setProperty("--depth", String(depth(tree, leaf)));
          return element(
            "tr",
            { class: leaf === values.leaf ? "chosen" : null, "data-leaf": leaf },
            cell,
            element("td", {}, String(path.length)),
            element(
              "td",
              {
                title: known ? say("branches.one_in", { count: oneIn(total) }) : "",
                class: total === best ? "best" : null,
              },
              known ? fixed(total, 2) : "…",
            ),
            element("td", {}, known ? fixed(total / path.length, 2) : "…"),
            element("td", {}, remove),
          );
        }),
      );
    },
  };
}
