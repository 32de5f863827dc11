// What the links to other pages need in the browser, and Streamlit leaves out.

/** @typedef {{ data: { page: string } }} Host */

/** @type {string | undefined} */
let shown;

// On a phone the sidebar covers the page: whoever chose a page there wants to see it. Streamlit folds it away only for
// links of its own menu.
/** @param {Host} host */
export default function fold({ data }) {
  const before = shown;
  shown = data.page;
  if (before === undefined || before === shown || !matchMedia("(max-width: 768px)").matches) return;
  const sidebar = document.querySelector('[data-testid="stSidebar"][data-collapsed="false"]');
  /** @type {HTMLElement | null | undefined} */
  const button = sidebar?.querySelector('[data-testid="stSidebarCollapseButton"] button');
  button?.click();
}

// A text field gives its text away once it is left, by way of a timer; a link is followed at once. A quick click from
// the field on a link would come first, and the text, sent after it, call the reader back to the page just left: so
// such a click waits until the text has gone.
let typed = false;
addEventListener("pointerdown", () => (typed = false), true);
addEventListener("change", () => (typed = true), true);
addEventListener("click", follow, true);

/** @param {MouseEvent} click */
function follow(click) {
  const link = click.target instanceof Element && click.target.closest('[data-testid="stPageLink-NavLink"]');
  if (!typed || !(link instanceof HTMLElement) || click.ctrlKey || click.metaKey || click.shiftKey) return;
  typed = false;
  click.preventDefault();
  click.stopImmediatePropagation();
  requestAnimationFrame(() => setTimeout(() => link.click()));
}
