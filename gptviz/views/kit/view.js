// What all views are made with: an element, the reader's choices, the parts that come and go, and the words it says.

import { element, fill, fillNodes } from "./dom.js";
import { createKeeper } from "./keeper.js";

/** The sheets that all views share; a view names its own in the same way, and they come behind these. */
export const css = ["./common.css", "./controls.css", "./tokens.css", "./pictures.css"];

/**
 * @typedef {import("./wire.js").Payload} Payload
 * @typedef {Record<string, any>} Values by name, every choice that the stop declares
 *
 * @typedef {object} Host who shows the view
 * @property {import("./keeper.js").Choices} choices that the stop declares
 * @property {boolean} [alone] it can give only what it holds
 *
 * @typedef {object} Built
 * @property {(Node | string)[]} nodes what stands in the frame
 * @property {() => void} draw
 * @property {(news: Record<string, Payload | null>) => void} [update] parts that came, none of those it was built of
 * @property {(news: Payload) => void} [hear] what the host is still at work on
 * @property {() => void} [idle] the host works at nothing any more, whatever it was asked for
 * @property {() => void} [destroy]
 */

/**
 * @template {Values} Own the values of one stop's choices
 * @typedef {object} Base what every view has to work with; a view's own scene adds to it
 * @property {HTMLElement} frame
 * @property {string} language
 * @property {(key: string, values?: Record<string, any>) => string} say
 * @property {(key: string, nodes: Record<string, Node | string>) => (Node | string)[]} nodes
 * @property {() => Record<string, import("./colours.js").Rgb>} colours
 * @property {(name: string) => Payload | null} part
 * @property {import("./keeper.js").Choices} choices
 * @property {() => Own} values as they are now, drawn or not
 * @property {(change: Partial<Own>, now?: boolean) => void} choose now: the host hears of it at once
 * @property {(change: Partial<Own>) => void} adopt what came about by itself
 * @property {(held: boolean) => void} hold a pointer has taken a slider, or let it go
 * @property {() => void} redraw
 * @property {boolean} alone nothing that is not here yet will come
 */

/**
 * The `mount` of a view.
 * @template {Values} Own
 * @param {object} about
 * @param {string} about.name
 * @param {(scene: Base<Own>, memory: any) => Built} about.build made anew when one of the parts `of` or the words are
 *   new; memory: an object that outlives it
 * @param {string[]} [about.of]
 * @param {(change: Partial<Own>, scene: Base<Own>, memory: any) => Partial<Own>} [about.choosing] what a choice becomes
 */
export function createView({ name, build, of = ["text"], choosing = (change) => change }) {
  /**
   * @param {ShadowRoot | HTMLElement} root
   * @param {Record<string, Payload | null>} given
   * @param {(values: Own) => void} report
   * @param {Host} host
   */
  return function mount(root, given, report, host) {
    const frame = element("div", { class: `gptviz ${name}` });
    root.append(frame);
    const parts = { ...given };
    const memory = {};
    let built = /** @type {Built | null} */ (null);
    const keeper = createKeeper({ frame, choices: host.choices, report, draw: () => built?.draw() });
    const labels = () => /** @type {Payload} */ (parts.words).header.labels;
    /** @type {Base<Own>} */
    const scene = {
      frame,
      get language() {
        return /** @type {Payload} */ (parts.words).header.language;
      },
      say: (key, values = {}) => fill(labels()[key], values),
      nodes: (key, nodes) => fillNodes(labels()[key], nodes),
      colours: keeper.colours,
      part: (wanted) => parts[wanted] ?? null,
      choices: host.choices,
      values: keeper.values,
      choose: (change, now) => keeper.choose(choosing(change, scene, memory), now),
      adopt: keeper.adopt,
      hold: keeper.hold,
      redraw: keeper.redraw,
      alone: host.alone ?? false,
    };
    return {
      /**
       * @param {Record<string, Payload | null>} news
       * @param {Partial<Own> | null} chosen
       * @param {boolean} [other] they are about another text or model than before
       */
      update(news, chosen, other = false) {
        Object.assign(parts, news);
        keeper.take(chosen, other);
        let fresh = news;
        const focused = focusedPlace(frame);
        if (!built || news.words || of.some((part) => news[part])) {
          built?.destroy?.();
          frame.lang = scene.language;
          built = build(scene, memory);
          frame.replaceChildren(...built.nodes);
          fresh = parts; // all of it is new to what was just built
        }
        built.update?.(fresh);
        keeper.draw();
        if (focused && !focusedPlace(frame)) focusAt(frame, focused);
      },
      /** @param {Payload} news */
      hear: (news) => built?.hear?.(news),
      idle: () => built?.idle?.(),
      destroy() {
        built?.destroy?.();
        keeper.destroy();
      },
    };
  };
}

/** Where the element with the focus stands in a frame: its name, and its places among the children from the frame on.
 * @param {HTMLElement} frame */
function focusedPlace(frame) {
  const active = /** @type {ShadowRoot | Document} */ (frame.getRootNode()).activeElement;
  if (!active || active === frame || !frame.contains(active)) return null;
  const places = [];
  for (let node = active; node !== frame; node = /** @type {Element} */ (node.parentElement)) {
    places.unshift([.../** @type {Element} */ (node.parentElement).children].indexOf(node));
  }
  return { name: active.tagName, places };
}

/** Give the focus to what stands there now, if it is of the same kind: a key moves on, though all was made anew.
 * @param {HTMLElement} frame @param {{name: string, places: number[]}} place */
function focusAt(frame, { name, places }) {
  const node = places.reduce((/** @type {Element | undefined} */ at, i) => at?.children[i], frame);
  if (node instanceof HTMLElement && node.tagName === name) node.focus({ preventScroll: true });
}
