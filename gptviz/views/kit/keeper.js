// What every view keeps: what its reader has chosen, and when the host hears of it; when it is drawn; its colours.

import { readColours } from "./colours.js";
import { wellFormed } from "./dom.js";

const SETTLED_AFTER = 300; // ms

/**
 * @typedef {object} Choice what Python declares of one choice: see `Choice` in choices.py
 * @property {any} default
 * @property {string[]} reset_by
 * @property {boolean | string[]} asks
 * @property {boolean} wish
 * @property {string[]} [options]
 * @property {number} [low]
 * @property {number} [high]
 * @property {number[]} [offered] by a menu or a slider
 * @property {number} [begins] where it stands when it is switched on
 * @property {number} [most] characters
 *
 * @typedef {Record<string, Choice>} Choices
 */

/**
 * What a choice of this kind has: a number its limits, one of some its options, a text how long it may be.
 * @template {"options" | "low" | "high" | "offered" | "begins" | "most"} Name
 * @param {Choice} choice
 * @param {Name} name
 */
export function declared(choice, name) {
  const value = choice[name];
  if (value === undefined) throw new Error(`the declaration says nothing of ${name}`);
  return /** @type {NonNullable<Choice[Name]>} */ (value);
}

/**
 * What a change takes back: whatever is reset by something that is another now.
 * @param {Choices} choices
 * @param {Record<string, any>} values before
 * @param {Record<string, any>} change
 */
function resets(choices, values, change) {
  const moved = Object.keys(change).filter((name) => change[name] !== values[name]);
  const gone = Object.entries(choices).filter(
    ([name, choice]) => !(name in change) && choice.reset_by.some((other) => moved.includes(other)),
  );
  return Object.fromEntries(gone.map(([name, choice]) => [name, choice.default]));
}

/**
 * @template {Record<string, any>} Values
 * @param {object} about
 * @param {HTMLElement} about.frame the view's element
 * @param {Choices} about.choices
 * @param {(values: Values) => void} about.report
 * @param {() => void} about.draw
 */
export function createKeeper({ frame, choices, report, draw: paint }) {
  const names = Object.keys(choices);
  const wishes = Object.fromEntries(names.filter((name) => choices[name].wish).map((name) => [name, null]));
  const defaults = Object.fromEntries(names.map((name) => [name, choices[name].default]));
  let values = /** @type {Values} */ ({ ...defaults, ...wishes });
  let reported = JSON.stringify(values);
  let settling = 0;
  let held = false; // a pointer has a slider
  let pending = 0;
  let colours = readColours(frame);

  /** Whether the host has something new to say when this changes. @param {string} name */
  function asks(name) {
    const { asks: when } = choices[name];
    return Array.isArray(when) ? when.some((part) => values.open.includes(part)) : when;
  }

  function settle() {
    clearTimeout(settling);
    settling = 0;
    if (held || JSON.stringify(values) === reported) return;
    report(structuredClone(values));
    values = { ...values, ...wishes };
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

  /** @param {Partial<Values>} change @param {boolean} [now] the host hears of it at once, whatever it is */
  function choose(change, now = false) {
    change = /** @type {Partial<Values>} */ (
      Object.fromEntries(
        Object.entries(change).map(([name, value]) => [name, typeof value === "string" ? wellFormed(value) : value]),
      )
    );
    const asked = now || Object.keys(change).some((name) => change[name] !== values[name] && asks(name));
    values = { ...values, ...resets(choices, values, change), ...change };
    clearTimeout(settling);
    if (asked) settle();
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
      values = { ...values, ...given };
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
