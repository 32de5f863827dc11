// What a reader sets something with: a line to write in, a box to tick, a menu, and buttons that hand out files.

import { AS_IS } from "./chip.js";
import { element } from "./dom.js";
import { declared } from "./keeper.js";

/**
 * A line for text of the reader's own, which is nobody's to correct or translate; as long as its declaration allows.
 * @param {import("./keeper.js").Choice} choice
 * @param {Record<string, string>} [attributes]
 */
export function createInput(choice, attributes = {}) {
  const most = { maxlength: declared(choice, "most") };
  const alone = { autocomplete: "off", spellcheck: false, ...AS_IS };
  return /** @type {HTMLInputElement} */ (element("input", { type: "text", ...most, ...alone, ...attributes }));
}

/**
 * A box to tick, with what it means.
 * @param {(Node | string)[]} label
 * @param {(on: boolean) => void} set
 */
export function createCheck(label, set) {
  const input = /** @type {HTMLInputElement} */ (element("input", { type: "checkbox" }));
  input.addEventListener("change", () => set(input.checked));
  return { node: element("label", { class: "check" }, input, element("span", {}, ...label)), input };
}

/**
 * A menu. Its options may be given later, or others.
 * @template {string | number} Option
 * @param {object} about
 * @param {string} about.label
 * @param {(option: Option) => void} about.set
 * @param {readonly Option[]} [about.options]
 * @param {(option: Option) => string} [about.text] what an option is called
 * @param {boolean} [about.bare] the label is for those who cannot see it: no word stands before the menu
 */
export function createMenu({ label, set, options = [], text = String, bare = false }) {
  const select = /** @type {HTMLSelectElement} */ (element("select", bare ? { "aria-label": label } : {}));
  let there = /** @type {readonly Option[]} */ ([]);
  select.addEventListener("change", () => set(there[select.selectedIndex]));
  /** @param {readonly Option[]} next */
  function offer(next) {
    if (next.length === there.length && next.every((option, i) => option === there[i])) return;
    there = next;
    select.replaceChildren(...there.map((option) => element("option", { value: option }, text(option))));
  }
  offer(options);
  return {
    node: bare ? select : element("label", {}, label, " ", select),
    select,
    offer,
    /** @param {Option} option */
    show: (option) => (select.selectedIndex = there.indexOf(option)),
  };
}

/**
 * A row of buttons, one for each kind of file.
 * @template {string} Kind
 * @param {string} label
 * @param {readonly Kind[]} kinds
 * @param {(kind: Kind) => void} take
 */
export function createSave(label, kinds, take) {
  const buttons = kinds.map((kind) => {
    const button = element("button", { type: "button" }, kind.toUpperCase());
    button.addEventListener("click", () => take(kind));
    return button;
  });
  return element("div", { class: "save" }, element("span", { class: "muted" }, label), ...buttons);
}

/** Controls that had the focus when they were disabled. @type {WeakSet<HTMLElement>} */
const interrupted = new WeakSet();

/** Disable a control, or enable it again. A browser takes the focus from one that is disabled: it comes back, unless it
 * has gone elsewhere meanwhile. @param {HTMLButtonElement | HTMLInputElement} control @param {boolean} disabled */
export function disable(control, disabled) {
  const root = /** @type {ShadowRoot | Document} */ (control.getRootNode());
  if (disabled && !control.disabled && root.activeElement === control) interrupted.add(control);
  control.disabled = disabled;
  const nowhere = document.activeElement === document.body || document.activeElement === null;
  if (!disabled && interrupted.delete(control) && nowhere) control.focus({ preventScroll: true });
}
