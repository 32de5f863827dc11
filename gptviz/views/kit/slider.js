// A slider of whole steps, its track filled as far as its thumb stands.

import { element } from "./dom.js";

/**
 * @param {object} about
 * @param {string} about.label
 * @param {number} about.max
 * @param {number} [about.min]
 * @param {(step: number) => void} about.set
 * @param {(held: boolean) => void} [about.hold] a pointer has taken it, or let it go, anywhere
 */
export function createSlider({ label, max, min = 0, set, hold }) {
  const node = /** @type {HTMLInputElement} */ (
    element("input", { type: "range", min, max, step: 1, "aria-label": label })
  );
  node.addEventListener("input", () => set(Number(node.value)));
  if (hold) {
    node.addEventListener("pointerdown", () => {
      hold(true);
      const release = new AbortController();
      for (const type of ["pointerup", "pointercancel"]) {
        window.addEventListener(type, () => (release.abort(), hold(false)), { signal: release.signal });
      }
    });
  }
  return {
    node,
    /**
     * @param {number} step
     * @param {{text?: string, last?: number, disabled?: boolean}} [now] text: the step in words; last: another end
     */
    draw(step, { text = String(step), last = max, disabled = false } = {}) {
      node.max = String(last);
      node.value = String(step);
      node.disabled = disabled;
      node.setAttribute("aria-valuetext", text);
      node.style.setProperty("--at", String(last > min ? (step - min) / (last - min) : 1));
    },
  };
}
