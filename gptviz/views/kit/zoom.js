// A picture that can be looked at more closely: two fingers, the wheel with Ctrl or ⌘, + − 0, buttons; and moved by
// dragging. Where the picture lies on its canvas may change, what is seen of it stays.

import { element } from "./dom.js";
import { select, zoom, zoomIdentity } from "./vendor/d3.js";

const STEP = 2; // of a key or a button
const JITTER = 4; // pixels that a click may wander

/**
 * @typedef {{left: number, top: number, width: number, height: number}} Box in pixels of the canvas
 * @typedef {[number, number]} Point there
 */

/**
 * @param {object} about
 * @param {HTMLCanvasElement} about.canvas
 * @param {() => void} about.redraw
 * @param {number} [about.least] the smallest enlargement
 * @param {boolean} [about.free] the picture may be moved beyond its edge
 * @param {(event: WheelEvent) => boolean} [about.wheels] whether the wheel zooms; the page scrolls by it otherwise
 * @param {() => boolean} [about.fixed] whether the picture keeps its middle, and dragging does something else
 */
export function createZoom({
  canvas,
  redraw,
  least = 1,
  free = false,
  wheels = (event) => event.ctrlKey || event.metaKey,
  fixed = () => false,
}) {
  let box = /** @type {Box} */ ({ left: 0, top: 0, width: 1, height: 1 });
  let most = 1;
  let now = zoomIdentity; // of pixels
  /** @returns {[Point, Point]} */
  const corners = () => [
    [box.left, box.top],
    [box.left + box.width, box.top + box.height],
  ];
  /** @returns {Point} */
  const middle = () => [box.left + box.width / 2, box.top + box.height / 2];
  const zoomed = () => now.k > 1;
  const behaviour = /** @type {ReturnType<typeof zoom<HTMLCanvasElement, unknown>>} */ (zoom())
    .touchable(true)
    .clickDistance(JITTER)
    .extent(corners)
    .filter((/** @type {any} */ event) => {
      if (event.type === "wheel") return wheels(event);
      if (event.type === "touchstart") return most > 1 && (event.touches.length > 1 || (zoomed() && !fixed()));
      return event.button === 0 && !event.ctrlKey;
    })
    .wheelDelta((/** @type {WheelEvent} */ event) => -event.deltaY * (event.deltaMode ? 0.1 : 0.004))
    .on("zoom", (/** @type {any} */ event) => {
      now = event.transform;
      canvas.style.touchAction = zoomed() && !fixed() ? "none" : "pan-y"; // a finger moves it, or scrolls the page
      redraw();
    });
  const inEdges = behaviour.constrain();
  behaviour.constrain((transform, extent, edges) => {
    if (!fixed()) return free ? transform : inEdges(transform, extent, edges);
    const [x, y] = middle();
    return zoomIdentity.translate(x, y).scale(transform.k).translate(-x, -y);
  });
  const on = select(canvas).call(behaviour).on("dblclick.zoom", null);
  canvas.style.touchAction = "pan-y";

  /** What is seen: its corner in shares of the picture's width and height, and how many times it is enlarged. */
  const seen = () => ({
    x: (now.invertX(box.left) - box.left) / box.width,
    y: (now.invertY(box.top) - box.top) / box.height,
    k: now.k,
  });

  /** @param {number} x @param {number} y @param {number} k */
  const show = (x, y, k = now.k) => {
    const corner = [box.left + x * box.width, box.top + y * box.height];
    const moved = zoomIdentity.translate(box.left, box.top).scale(k).translate(-corner[0], -corner[1]);
    behaviour.transform(on, behaviour.constrain()(moved, corners(), behaviour.translateExtent()));
  };

  /** @param {number} factor @param {Point} [about] the pixel that stays where it is */
  const by = (factor, about = middle()) => behaviour.scaleBy(on, factor, about);
  const reset = () => behaviour.transform(on, zoomIdentity);

  return {
    seen,
    /** Whether there is more than is seen. */
    zoomed,
    /** Whether it is as it was. */
    whole: () => now.k === 1 && Math.abs(now.x) < 0.5 && Math.abs(now.y) < 0.5,
    /** Whether it is as small as it gets. */
    smallest: () => now.k <= least,
    /** Bring a corner to the corner: in shares of the picture. @param {number} x @param {number} y */
    move: (x, y) => show(x, y),
    by,
    reset,
    /** By a key, if it is one of these. @param {string} key @param {Point} [about] */
    press(key, about) {
      if (key === "+" || key === "=") by(STEP, about);
      else if (key === "-") by(1 / STEP, about);
      else if (key === "0") reset();
      else return false;
      return true;
    },
    /** Where the whole picture lies now, and how far it can be enlarged. @param {Box} next @param {number} limit */
    place(next, limit) {
      const { left, top, width, height } = box;
      const { x, y, k } = seen();
      if (left === next.left && top === next.top && width === next.width && height === next.height && most === limit)
        return;
      [box, most] = [next, limit];
      behaviour.translateExtent(corners()).scaleExtent([least, limit]);
      show(x, y, Math.min(k, limit));
    },
  };
}

/**
 * Buttons for those who have no wheel, no second finger, no keys.
 * @param {{zoomIn: string, zoomOut: string, fit: string}} labels
 * @param {ReturnType<typeof createZoom>} zoom
 * @param {() => Point} [about] the pixel that stays where it is
 */
export function createZoomTools(labels, zoom, about) {
  const button = (/** @type {string} */ sign, /** @type {string} */ label, /** @type {() => void} */ act) => {
    const node = element("button", { type: "button", "aria-label": label, title: label }, sign);
    node.addEventListener("click", act);
    return node;
  };
  const out = button("−", labels.zoomOut, () => zoom.by(1 / STEP, about?.()));
  const fit = button("⤢", labels.fit, zoom.reset);
  const closer = button("+", labels.zoomIn, () => zoom.by(STEP, about?.()));
  const node = element("div", { class: "zoom-tools" }, out, fit, closer);
  return {
    node,
    /** @param {boolean} needed */
    draw(needed) {
      node.hidden = !needed;
      out.toggleAttribute("disabled", zoom.smallest());
      fit.toggleAttribute("disabled", zoom.whole());
    },
  };
}
