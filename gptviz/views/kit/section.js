// A part of a view that unfolds: made when it is first opened, drawn only while it is open.

import { element } from "./dom.js";
import { declared } from "./keeper.js";

/**
 * @template Now
 * @typedef {{node: HTMLElement, draw: (now: Now) => void, destroy?: () => void}} Block what is drawn again and again
 */

/**
 * @template Now
 * @param {object} about
 * @param {string} about.name
 * @param {string} about.title
 * @param {string} about.question what it answers, beside the title
 * @param {() => Block<Now>} about.create
 * @param {(now: Now) => boolean} about.isOpen
 * @param {(open: boolean) => void} about.set called when the reader opens or closes it
 */
export function createSection({ name, title, question, create, isOpen, set }) {
  let content = /** @type {ReturnType<typeof create> | null} */ (null);
  let open = false;
  const summary = element(
    "summary",
    {},
    element("span", { class: "title" }, title),
    element("span", { class: "muted" }, question),
  );
  const node = /** @type {HTMLDetailsElement} */ (
    element("details", { class: `section ${name}`, "data-section": name }, summary)
  );
  // The element would open by itself, and tell of it only after the next frame has closed it again.
  summary.addEventListener("click", (event) => {
    event.preventDefault();
    set(!open);
  });
  node.addEventListener("toggle", () => node.open !== open && set(node.open)); // found by the browser's search
  return {
    node,
    /** @param {Now} now */
    draw(now) {
      node.open = open = isOpen(now);
      if (!open) return;
      if (!content) {
        content = create();
        node.append(element("div", { class: "body" }, content.node));
      }
      content.draw(now);
    },
    destroy: () => content?.destroy?.(),
  };
}

/**
 * What a view with such parts has to work with.
 * @typedef {object} Foldable
 * @property {(key: string) => string} say
 * @property {() => {open: string[]}} values
 * @property {(change: {open: string[]}) => void} choose
 * @property {import("./keeper.js").Choices} choices
 */

/**
 * The parts of a view that unfold, in the order of their declaration; which of them are open is one of the reader's
 * choices.
 * @template {Foldable} Scene
 * @template Now
 * @param {Scene} scene
 * @param {Record<string, (scene: Scene) => Block<Now>>} sections
 * @param {(name: string) => string} [title]
 */
export function createSections(scene, sections, title = (name) => scene.say(`${name}.title`)) {
  const all = declared(scene.choices.open, "options");
  const isOpen = (/** @type {string} */ name) => scene.values().open.includes(name);
  return all
    .filter((name) => name in sections)
    .map((name) =>
      createSection({
        name,
        title: title(name),
        question: scene.say(`${name}.question`),
        create: () => sections[name](scene),
        isOpen: () => isOpen(name),
        set: (open) => scene.choose({ open: all.filter((other) => (other === name ? open : isOpen(other))) }),
      }),
    );
}
