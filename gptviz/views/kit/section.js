// A part of a view that unfolds: made when it is first opened, drawn only while it is open.

import { element } from "./dom.js";

/**
 * @template Now
 * @param {object} about
 * @param {string} about.name
 * @param {string} about.title
 * @param {string} about.question what it answers, beside the title
 * @param {() => {node: HTMLElement, draw: (now: Now) => void, destroy?: () => void}} about.create
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
 * The parts of a view that unfold, in order; which of them are open is one of the reader's choices.
 * @param {object} scene
 * @param {(key: string) => string} scene.say
 * @param {() => {open: string[]}} scene.values
 * @param {(change: any) => void} scene.choose
 * @param {Record<string, (scene: any) => {node: HTMLElement, draw: (now: any) => void, destroy?: () => void}>} sections
 * @param {{title?: (name: string) => string, all?: string[]}} [how] all: what else may be open, in the page's order
 */
export function createSections(
  scene,
  sections,
  { title = (name) => scene.say(`${name}.title`), all = Object.keys(sections) } = {},
) {
  const isOpen = (/** @type {string} */ name) => scene.values().open.includes(name);
  return Object.entries(sections).map(([name, create]) =>
    createSection({
      name,
      title: title(name),
      question: scene.say(`${name}.question`),
      create: () => create(scene),
      isOpen: () => isOpen(name),
      set: (open) => scene.choose({ open: all.filter((other) => (other === name ? open : isOpen(other))) }),
    }),
  );
}
