// What every view keeps: what its reader has chosen, and when the host hears of it; when it is drawn; its colours.

import { readColours } from "./colours.js";

const SETTLED_AFTER = 300; // ms

/**
 * @template {Record<string, any>} Values
 * @param {object} about
 * @param {HTMLElement} about.frame the view's element
 * @param {Values} about.values to begin with
 * @param {string[]} about.asks choices that the host hears of at once; of the others when the reader settles
 * @param {Partial<Values>} [about.once] wishes, which are told once, and what they are afterwards
 * @param {(values: Values) => void} about.report
 * @param {() => void} about.draw
 */
export function createKeeper({ frame, values: first, asks, once = {}, report, draw: paint }) {
  let values = first;
  let reported = JSON.stringify(values);
  let settling = 0;
  let held = false; // a pointer has a slider
  let pending = 0;
  let colours = readColours(frame);

  function settle() {
    clearTimeout(settling);
    settling = 0;
    if (held || JSON.stringify(values) === reported) return;
    report(structuredClone(values));
    values = { ...values, ...once };
    reported = JSON.stringify(values);
  }

  function redraw() {
    pending ||= requestAnimationFrame(draw);
  }

  function draw() {
    cancelAnimationFrame(pending);
    pending = 0;
    paint();
  }

  /** @param {Partial<Values>} change @param {boolean} [now] whether the host hears of it at once */
  function choose(change, now = asks.some((name) => name in change)) {
    values = { ...values, ...change };
    clearTimeout(settling);
    if (now) settle();
    else settling = window.setTimeout(settle, SETTLED_AFTER);
    redraw();
  }

  const resized = new ResizeObserver(redraw);
  resized.observe(frame);
  const scheme = window.matchMedia("(prefers-color-scheme: dark)");
  const recolour = () => {
    colours = readColours(frame);
    redraw();
  };
  scheme.addEventListener("change", recolour);

  return {
    values: () => values,
    colours: () => colours,
    choose,
    redraw,
    /** Draw now, in the colours of the moment. */
    draw() {
      colours = readColours(frame);
      draw();
    },
    /** A pointer has taken a slider, or let it go: until then nothing is reported. @param {boolean} is */
    hold(is) {
      held = is;
      if (!is) choose({});
    },
    /** What came about by itself, and not by a choice. @param {Partial<Values>} change */
    adopt(change) {
      values = { ...values, ...change };
      if (!settling) reported = JSON.stringify(values);
    },
    /**
     * The host's values, unless the reader is at something.
     * @param {Partial<Values> | null} given
     * @param {boolean} [other] they are about something else: what the reader was at is of no use to it
     */
    take(given, other = false) {
      if (other) {
        clearTimeout(settling);
        settling = 0;
      }
      if (!given || settling || held) return;
      values = { ...values, ...given, ...once };
      reported = JSON.stringify(values);
    },
    destroy() {
      clearTimeout(settling);
      cancelAnimationFrame(pending);
      resized.disconnect();
      scheme.removeEventListener("change", recolour);
      frame.remove();
    },
  };
}
