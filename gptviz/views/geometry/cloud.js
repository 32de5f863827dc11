// Rows of the space laid flat, as dots to look through: principal components in two or three dimensions, or t-SNE.

import { chip } from "../kit/chip.js";
import { css } from "../kit/colours.js";
import { element, wellFormed } from "../kit/dom.js";
import { count, fixed } from "../kit/format.js";
import { prepare } from "../kit/painter.js";

const HEIGHT = 520;
const CLOUDS = ["words", "prompt", "near", "common", "own"];
const COUNTED = 1000; // of more dots it is not counted how many keep their neighbour: every pair is compared
const HUES = ["query", "key", "value", "attention", "mlp", "output", "negative", "positive"];
const SHAPES = 3; // square, frame, cross: colour is never the only sign
const LABELS = 60;

/** @param {import("./view.js").Scene} scene */
export function createCloud(scene) {
  const { header, say, choose, laid } = scene;
  const which = /** @type {HTMLSelectElement} */ (
    element(
      "select",
      { "aria-label": say("cloud.which") },
      ...CLOUDS.map((name) => element("option", { value: name }, say(`cloud.${name}`))),
    )
  );
  which.addEventListener("change", () => choose({ cloud: which.value }));
  const dims = [2, 3].map((n) => {
    const node = element("button", { type: "button", role: "radio" }, say("cloud.dims", { count: n }));
    node.addEventListener("click", () => {
      laid.shown = false;
      choose({ dims: n, axes: false });
    });
    return { n, node };
  });
  const axes = element("button", { type: "button", role: "radio", "data-do": "axes" }, say("cloud.axes"));
  axes.addEventListener("click", () => {
    laid.shown = false;
    choose({ axes: true });
  });
  const entry = (/** @type {"listed" | "axis_x" | "axis_y"} */ name) => {
    const node = /** @type {HTMLInputElement} */ (
      element("input", {
        type: "text",
        maxlength: 400,
        autocomplete: "off",
        spellcheck: false,
        lang: "",
        translate: "no",
      })
    );
    return { name, node, label: element("label", {}, element("span", {}, say(`cloud.${name}`)), node) };
  };
  /** A form of some fields that are sent together. @param {ReturnType<typeof entry>[]} fields */
  const formOf = (fields) => {
    const form = element(
      "form",
      { class: "sets" },
      ...fields.map(({ label }) => label),
      element("button", { type: "submit" }, say("cloud.go")),
    );
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      laid.shown = false;
      choose(Object.fromEntries(fields.map(({ name, node }) => [name, wellFormed(node.value)])));
    });
    return form;
  };
  const listed = [entry("listed")];
  const axesFields = [entry("axis_x"), entry("axis_y")];
  const listedForm = formOf(listed);
  const axesForm = formOf(axesFields);
  const lay = element("button", { type: "button", "data-do": "lay" }, say("cloud.lay"));
  const stop = element("button", { type: "button", "data-do": "stop" }, say("cloud.stop"));
  lay.addEventListener("click", () => choose({ lay: true }));
  stop.addEventListener("click", () => choose({ halts: scene.values().halts + 1 }));
  const search = /** @type {HTMLInputElement} */ (
    element("input", {
      type: "search",
      maxlength: 60,
      placeholder: say("cloud.search"),
      "aria-label": say("cloud.search"),
      spellcheck: false,
    })
  );
  search.addEventListener("input", () => scene.redraw());
  const canvas = /** @type {HTMLCanvasElement} */ (element("canvas", { tabindex: 0, role: "application" }));
  const readout = element("p", { class: "readout" });
  const legend = element("div", { class: "legends" });
  const said = element("p", {});
  const kept = element("p", {});
  const missing = element("p", { class: "muted" });
  const trouble = element("p", { class: "trouble", role: "status" });
  let turn = [0.5, 0.35];
  let zoom = 1;
  let shift = [0, 0];
  let pointed = -1;
  let pinned = -1; // chosen by a click: lines go to its nearest in the space
  let seenAs = "";
  let moved = 0; // pixels since the pointer went down
  let counted = { of: /** @type {any} */ (null), used: 0, kept: 0 };
  let marked = /** @type {number | null} */ (null); // group
  let dots = /** @type {number[][]} */ ([]);
  let held = /** @type {number[] | null} */ (null);
  let known = /** @type {any} */ (null);

  /** Whether the picture is a solid, which turns. */
  const solidNow = () => scene.values().dims === 3 && !laid.shown && !scene.values().axes;

  canvas.addEventListener("pointerdown", (event) => {
    held = [event.offsetX, event.offsetY];
    moved = 0;
    canvas.setPointerCapture(event.pointerId);
  });
  canvas.addEventListener("pointerup", (event) => {
    held = null;
    if (moved > 4) return;
    pointed = under([event.offsetX, event.offsetY]);
    pinned = pointed === pinned ? -1 : pointed;
    scene.redraw();
  });
  canvas.addEventListener("pointercancel", () => (held = null));
  canvas.addEventListener("pointermove", (event) => {
    const here = [event.offsetX, event.offsetY];
    if (held) {
      const by = [here[0] - held[0], here[1] - held[1]];
      held = here;
      moved += Math.hypot(by[0], by[1]);
      if (solidNow()) turn = [turn[0] + by[0] / 150, Math.max(-1.5, Math.min(1.5, turn[1] + by[1] / 150))];
      else shift = [shift[0] + by[0], shift[1] + by[1]];
    } else pointed = under(here);
    scene.redraw();
  });
  canvas.addEventListener("pointerleave", () => ((pointed = -1), scene.redraw()));
  canvas.addEventListener(
    "wheel",
    (event) => {
      if (!event.ctrlKey && !event.metaKey && !canvas.matches(":focus")) return; // the page scrolls
      event.preventDefault();
      zoom = Math.max(0.5, Math.min(12, zoom * Math.exp(-event.deltaY / 400)));
      scene.redraw();
    },
    { passive: false },
  );
  canvas.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: [-0.1, 0], ArrowRight: [0.1, 0], ArrowUp: [0, -0.1], ArrowDown: [0, 0.1] }[event.key];
    if (step) {
      if (solidNow()) turn = [turn[0] + step[0], Math.max(-1.5, Math.min(1.5, turn[1] + step[1]))];
      else shift = [shift[0] - 200 * step[0], shift[1] - 200 * step[1]];
    } else if (event.key === "+" || event.key === "-")
      zoom = Math.max(0.5, Math.min(12, zoom * (event.key === "+" ? 1.25 : 0.8)));
    else return;
    event.preventDefault();
    scene.redraw();
  });

  /** The dot at a place of the canvas, or -1. @param {number[]} here */
  function under(here) {
    let [found, nearest] = [-1, 14 ** 2];
    dots.forEach(([x, y], i) => {
      const distance = (x - here[0]) ** 2 + (y - here[1]) ** 2;
      if (distance < nearest) [nearest, found] = [distance, i];
    });
    return found;
  }

  /** @param {any} it @param {Float32Array} points @param {number} stride @param {boolean} solid */
  function place(it, points, stride, solid) {
    const N = it.pieces.length;
    const [cos, sin, up, down] = [Math.cos(turn[0]), Math.sin(turn[0]), Math.cos(turn[1]), Math.sin(turn[1])];
    const seen = /** @type {number[][]} */ ([]);
    for (let i = 0; i < N; i++) {
      const [x, y, z] = [points[i * stride], points[i * stride + 1], stride > 2 ? points[i * stride + 2] : 0];
      if (!solid) seen.push([x, y, 0]);
      else {
        const [across, depth] = [x * cos + z * sin, -x * sin + z * cos];
        seen.push([across, y * up - depth * down, y * down + depth * up]);
      }
    }
    return seen;
  }

  return {
    node: element(
      "div",
      { class: "cloud-view" },
      element("p", {}, say("cloud.text")),
      element(
        "div",
        { class: "line" },
        which,
        element(
          "span",
          { class: "ways", role: "radiogroup", "aria-label": say("cloud.dims_label") },
          ...dims.map(({ node }) => node),
          axes,
        ),
        lay,
        stop,
        search,
      ),
      listedForm,
      axesForm,
      trouble,
      canvas,
      readout,
      legend,
      said,
      kept,
      missing,
      element("p", { class: "muted" }, say("cloud.note")),
    ),
    /** @param {import("./view.js").Values} values */
    draw(values) {
      which.value = values.cloud;
      const part = scene.part("cloud");
      // Of these rows: the text, or what is chosen in it, may have become another.
      const picture = scene.picture()?.rows === part?.header.rows ? scene.picture() : null;
      const running = picture !== null && picture.iteration < picture.total && !laid.stopped;
      if (part && known !== part && !picture) laid.shown = false; // of these there is none yet
      const flat = laid.shown;
      stop.hidden = !running;
      for (const { n, node } of dims)
        node.setAttribute("aria-checked", String(!flat && !values.axes && n === values.dims));
      axes.setAttribute("aria-checked", String(!flat && values.axes));
      listedForm.hidden = values.cloud !== "own";
      axesForm.hidden = flat || !values.axes;
      const root = /** @type {ShadowRoot} */ (canvas.getRootNode());
      for (const { name, node } of [...listed, ...axesFields])
        if (root.activeElement !== node) node.value = values[name];
      lay.setAttribute("aria-pressed", String(flat));
      const own = scene.part("axes");
      const along = !flat && values.axes;
      const same = (/** @type {any} */ other) =>
        other.header.cloud === values.cloud && other.header.listed === values.listed;
      const wantedAxes = [values.axis_x, values.axis_y];
      if (
        !part ||
        !same(part) ||
        (along &&
          !(
            own &&
            same(own) &&
            own.header.at === part.header.at &&
            own.header.axes.every((/** @type {string} */ text, /** @type {number} */ i) => text === wantedAxes[i])
          ))
      ) {
        said.textContent = say("cloud.waiting");
        said.hidden = false;
        return;
      }
      const it = part.header;
      const wrong = it.trouble ?? (along ? own?.header.trouble : null);
      trouble.textContent = wrong ?? "";
      trouble.hidden = !wrong;
      canvas.hidden = legend.hidden = readout.hidden = said.hidden = kept.hidden = missing.hidden = Boolean(wrong);
      if (wrong) return;
      const title = (/** @type {number} */ group) => (it.own ? it.names[group] : say(`groups.${it.names[group]}`));
      const cut = values.cloud === "own" && values.listed.length >= 400;
      missing.textContent = [
        it.missing.length ? say("direction.missing", { words: it.missing.slice(0, 20).join(", ") }) : "",
        cut ? say("direction.cut", { limit: 400 }) : "",
      ].join(" ");
      if (known !== part) {
        known = part;
        [zoom, shift, pointed, pinned, marked] = [1, [0, 0], -1, -1, null];
        legend.replaceChildren(
          ...it.names.map((/** @type {string} */ _name, /** @type {number} */ group) => {
            const node = element("button", { type: "button", class: "legend" }, title(group));
            node.style.setProperty("--hue", `var(--${HUES[group % HUES.length]})`);
            node.dataset.shape = String(Math.floor(group / HUES.length) % SHAPES);
            node.addEventListener("click", () => {
              marked = marked === group ? null : group;
              scene.redraw();
            });
            return node;
          }),
        );
      }
      [...legend.children].forEach((node, group) => node.setAttribute("aria-pressed", String(marked === group)));
      const colours = scene.colours();
      const width = canvas.parentElement?.clientWidth ?? 300;
      const height = Math.min(HEIGHT, Math.max(320, width * 0.8));
      const painter = prepare(canvas, width, height);
      canvas.style.background = css(colours.background);
      const byNeighbours = flat && picture !== null;
      const solid = values.dims === 3 && !byNeighbours && !along;
      const shape = solid ? "solid" : along ? "axes" : byNeighbours ? "laid" : "flat";
      // What was large in one may be nowhere in the other.
      if (seenAs !== shape) [seenAs, zoom, shift] = [shape, 1, [0, 0]];
      const points = byNeighbours ? picture.flat : along ? own.arrays.flat.data : part.arrays.flat.data;
      const seen = place(it, points, byNeighbours || along ? 2 : 3, solid);
      const extent = (/** @type {number} */ axis) =>
        seen.reduce(([low, high], dot) => [Math.min(low, dot[axis]), Math.max(high, dot[axis])], [Infinity, -Infinity]);
      // A solid turns about its middle; what is flat is shown as large as it fits.
      const [across, upward] = [extent(0), extent(1)];
      const middle = solid ? [0, 0] : [(across[0] + across[1]) / 2, (upward[0] + upward[1]) / 2];
      const reach = solid
        ? seen.reduce(
            (most, [x, y, z]) =>
              Math.max(most, Math.hypot(x, z) / (width / 2 - 50), Math.hypot(y, z) / (height / 2 - 24)),
            1e-9,
          )
        : 0;
      const largest = solid
        ? reach
        : Math.max((across[1] - across[0]) / (width - 100), (upward[1] - upward[0]) / (height - 48), 1e-9);
      const near = seen.reduce((most, dot) => Math.max(most, Math.abs(dot[2])), 1e-9);
      dots = seen.map(([x, y, z]) => [
        width / 2 + ((x - middle[0]) / largest) * zoom + shift[0],
        height / 2 - ((y - middle[1]) / largest) * zoom + shift[1],
        z / near,
      ]);
      const group = part.arrays.group.data;
      const wanted = search.value.trim().replaceAll(" ", "·").toLowerCase();
      const strong = (/** @type {number} */ i) =>
        wanted ? it.pieces[i].toLowerCase().includes(wanted) : marked === null || group[i] === marked;
      const order = [...dots.keys()].sort((a, b) => Number(strong(a)) - Number(strong(b)) || dots[a][2] - dots[b][2]);
      const chosen = it.names[0] === "chosen" ? 0 : it.names.indexOf("prompt");
      const at = pinned >= 0 ? pinned : pointed;
      const neighbours = part.arrays.near.shape[1];
      const nearest = at < 0 ? [] : [...part.arrays.near.data.subarray(at * neighbours, (at + 1) * neighbours)];
      if (along) {
        painter.text(`${values.axis_x} →`, width - 8, height - 12, {
          fill: colours.muted,
          size: 12,
          align: "right",
          code: true,
        });
        painter.text(`↑ ${values.axis_y}`, 8, 14, { fill: colours.muted, size: 12, code: true });
      }
      for (const i of nearest) painter.line([dots[at], dots[i]], colours.ink, { thick: 1.25, dash: [4, 3] });
      for (const i of order) {
        const [x, y, z] = dots[i];
        const dim = !strong(i);
        const size = (solid ? 5 + 2.5 * z : it.pieces.length > 1000 ? 4 : 6) * (group[i] === chosen ? 1.5 : 1);
        const fill = dim ? colours.line : colours[HUES[group[i] % HUES.length]];
        const mark = Math.floor(group[i] / HUES.length) % SHAPES;
        if (mark === 0) painter.rect(x - size / 2, y - size / 2, size, size, fill);
        else if (mark === 1) painter.frame(x - size / 2, y - size / 2, size, size, fill, 1.5);
        else
          painter.line(
            [
              [x - size / 2, y - size / 2],
              [x + size / 2, y + size / 2],
              [x, y],
              [x + size / 2, y - size / 2],
              [x - size / 2, y + size / 2],
            ],
            fill,
            { thick: 1.5 },
          ); // prettier-ignore
      }
      // Labels where there is room: what is pointed at and searched for first.
      const taken = /** @type {number[][]} */ ([]);
      const ranked = order
        .reverse()
        .sort(
          (a, b) =>
            Number(b === at) - Number(a === at) ||
            Number(nearest.includes(b)) - Number(nearest.includes(a)) ||
            Number(group[b] === chosen) - Number(group[a] === chosen),
        );
      let labels = 0;
      for (const i of ranked) {
        if (labels >= LABELS) break;
        if (!strong(i) && i !== at && !nearest.includes(i)) continue;
        const [x, y] = dots[i];
        if (x < 0 || y < 0 || x > width || y > height) continue;
        const text = it.pieces[i].slice(0, 18);
        const box = [x + 6, y - 8, x + 10 + 7.3 * text.length, y + 8];
        if (
          box[2] > width ||
          taken.some((other) => box[0] < other[2] && box[2] > other[0] && box[1] < other[3] && box[3] > other[1])
        )
          continue;
        taken.push(box);
        labels++;
        painter.text(text, x + 7, y, {
          fill: colours.ink,
          size: 12,
          code: true,
          bold: i === at || group[i] === chosen,
        });
      }
      if (at >= 0) painter.frame(dots[at][0] - 7, dots[at][1] - 7, 14, 14, colours.ink, 2);
      const row = (/** @type {number[]} */ places) =>
        element("span", {}, ...places.flatMap((i) => [chip(it.pieces[i]), " "]));
      readout.replaceChildren(
        ...(at >= 0
          ? scene.nodes("cloud.readout", {
              token: chip(it.pieces[at]),
              id: count(part.arrays.ids.data[at], header.language),
              group: title(group[at]),
              close: row(closest(seen, at)),
              near: row(nearest),
            })
          : wanted && !order.some(strong)
            ? [say("cloud.found_none", { text: search.value.trim() })]
            : [element("span", { class: "muted" }, say(solid ? "cloud.hint_3" : "cloud.hint"))]),
      );
      canvas.dataset.iteration = byNeighbours ? String(picture.iteration) : "";
      const share = (/** @type {number} */ i) => fixed(100 * it.explained[i], 1);
      const held = it.explained
        .slice(0, solid ? 3 : 2)
        .reduce((/** @type {number} */ a, /** @type {number} */ b) => a + b, 0);
      said.textContent = along
        ? say("cloud.along", {
            count: count(it.pieces.length, header.language),
            x: values.axis_x,
            y: values.axis_y,
            first: fixed(100 * own.header.shares[0], 1),
            second: fixed(100 * own.header.shares[1], 1),
            cosine: fixed(own.header.between, 2),
          })
        : byNeighbours
          ? say(running ? "cloud.laying" : laid.stopped ? "cloud.stopped" : "cloud.laid", {
              iteration: picture.iteration,
              total: picture.total,
              count: count(it.pieces.length, header.language),
            })
          : say(solid ? "cloud.explained_3" : "cloud.explained", {
              count: count(it.pieces.length, header.language),
              first: share(0),
              second: share(1),
              third: share(2),
              held: fixed(100 * held, 1),
              rest: fixed(100 * (1 - held), 1),
            });
      canvas.setAttribute("aria-label", said.textContent);
      kept.hidden = running || it.pieces.length > COUNTED;
      if (kept.hidden) return;
      const stride = byNeighbours || along ? 2 : 3;
      const used = solid || stride === 2 ? stride : 2;
      if (counted.of !== points || counted.used !== used)
        counted = { of: points, used, kept: keeping(points, stride, used, part.arrays.near) };
      kept.textContent = say("cloud.kept", {
        kept: count(counted.kept, header.language),
        count: count(it.pieces.length, header.language),
        near: neighbours,
      });
    },
  };
}

/**
 * How many dots have, as their nearest on the picture, one of their nearest in the space.
 * @param {Float32Array} points
 * @param {number} stride numbers a dot
 * @param {number} used of them
 * @param {{data: Int32Array, shape: number[]}} near
 */
function keeping(points, stride, used, near) {
  const [N, K] = near.shape;
  let kept = 0;
  for (let i = 0; i < N; i++) {
    let [closest, least] = [-1, Infinity];
    for (let j = 0; j < N; j++) {
      if (j === i) continue;
      let distance = 0;
      for (let k = 0; k < used; k++) distance += (points[i * stride + k] - points[j * stride + k]) ** 2;
      if (distance < least) [closest, least] = [j, distance];
    }
    if (near.data.subarray(i * K, (i + 1) * K).includes(closest)) kept++;
  }
  return kept;
}

/** The dots that lie nearest on the picture. @param {number[][]} dots @param {number} at */
function closest(dots, at) {
  const distance = (/** @type {number} */ i) =>
    (dots[i][0] - dots[at][0]) ** 2 + (dots[i][1] - dots[at][1]) ** 2 + (dots[i][2] - dots[at][2]) ** 2;
  return [...dots.keys()]
    .filter((i) => i !== at)
    .sort((a, b) => distance(a) - distance(b))
    .slice(0, 4); // prettier-ignore
}
