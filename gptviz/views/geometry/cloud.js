// Rows of the space laid flat: principal components in two or three dimensions, two directions of the reader's own, or
// t-SNE; which of them, and what the picture keeps.

import { chip } from "../kit/chip.js";
import { createInput, createMenu } from "../kit/controls.js";
import { element } from "../kit/dom.js";
import { count, fixed, percent } from "../kit/format.js";
import { declared } from "../kit/keeper.js";
import { createDots, HUES, keeping, SHAPES } from "./dots.js";

const COUNTED = 1000; // of more dots it is not counted how many keep their neighbour: every pair is compared

/** @param {import("./view.js").Scene} scene */
export function createCloud(scene) {
  const { say, choose, choices, tsne } = scene;
  const which = createMenu({
    label: say("cloud.which"),
    options: declared(choices.cloud, "options"),
    text: (name) => say(`cloud.${name}`),
    set: (name) => choose({ cloud: name }),
    bare: true,
  });
  /**
   * One of the ways to lay them flat.
   * @param {string} title
   * @param {Record<string, any>} change
   * @param {Record<string, string>} [about]
   */
  const way = (title, change, about = {}) => {
    const node = element("button", { type: "button", role: "radio", ...about }, title);
    node.addEventListener("click", () => {
      tsne.shown = false;
      choose(change);
    });
    return node;
  };
  const flat = way(say("cloud.dims", { count: 2 }), { dims: 2, axes: false });
  const turning = way(say("cloud.dims", { count: 3 }), { dims: 3, axes: false });
  const axes = way(say("cloud.axes"), { axes: true }, { "data-do": "axes" });
  const listed = [createField(scene, "listed")];
  const directions = [createField(scene, "axis_x"), createField(scene, "axis_y")];
  /** A form of some fields that are sent together. @param {ReturnType<typeof createField>[]} fields */
  const formOf = (fields) => {
    const form = element(
      "form",
      { class: "sets" },
      ...fields.map(({ label }) => label),
      element("button", { type: "submit" }, say("cloud.go")),
    );
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      tsne.shown = false;
      choose(Object.fromEntries(fields.map(({ name, node }) => [name, node.value])));
    });
    return form;
  };
  const listedForm = formOf(listed);
  const axesForm = formOf(directions);
  const run = /** @type {HTMLButtonElement} */ (
    element("button", { type: "button", "data-do": "tsne" }, say("cloud.tsne"))
  );
  run.addEventListener("click", () => choose({ tsne: scene.part("cloud")?.header.rows }));
  const stop = element("button", { type: "button", "data-do": "stop" }, say("cloud.stop"));
  stop.addEventListener("click", () => choose({ tsne: "" }));
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
  const dots = createDots(scene);
  const { canvas } = dots;
  const readout = element("p", { class: "readout" });
  const legend = element("div", { class: "legends" });
  const said = element("p", {});
  const kept = element("p", {});
  const missing = element("p", { class: "muted" });
  const trouble = element("p", { class: "trouble", role: "status" });
  let counted = { of: /** @type {any} */ (null), used: 0, kept: 0 };
  let marked = /** @type {number | null} */ (null); // group
  let known = /** @type {any} */ (null);

  /** What a group is called. @param {any} it @param {number} group */
  const title = (it, group) => (it.own ? it.names[group] : say(`groups.${it.names[group]}`));

  /** Other rows. @param {any} part */
  function begin(part) {
    known = part;
    marked = null;
    dots.reset();
    legend.replaceChildren(
      ...part.header.names.map((/** @type {string} */ _, /** @type {number} */ group) => {
        const node = element("button", { type: "button", class: "legend" }, title(part.header, group));
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

  /**
   * The part of the axes that belongs to these rows and directions.
   * @param {any} part
   * @param {import("./view.js").Values} values
   */
  function axesOf(part, { axis_x, axis_y }) {
    const own = scene.part("axes");
    const same =
      own &&
      ["cloud", "listed", "at"].every((name) => own.header[name] === part.header[name]) &&
      own.header.axes[0] === axis_x &&
      own.header.axes[1] === axis_y;
    return same ? own : null;
  }

  /**
   * What the picture shows, and what it hides.
   * @param {any} it
   * @param {any} along
   * @param {any} picture
   * @param {boolean} running
   * @param {import("./view.js").Values} values
   */
  function sentence(it, along, picture, running, { axis_x, axis_y, dims }) {
    const rows = count(it.pieces.length);
    const share = (/** @type {number} */ part) => percent(part, 1);
    if (along) {
      const [first, second] = along.header.shares.map(share);
      return say("cloud.along", {
        count: rows,
        x: axis_x,
        y: axis_y,
        first,
        second,
        cosine: fixed(along.header.between, 2),
      });
    }
    if (picture) {
      const at = running ? "running" : picture.iteration < picture.total ? "stopped" : "done";
      return say(`cloud.tsne_${at}`, { iteration: picture.iteration, total: picture.total, count: rows });
    }
    const held = it.explained.slice(0, dims).reduce((/** @type {number} */ a, /** @type {number} */ b) => a + b, 0);
    const [first, second, third] = it.explained.map(share);
    return say(dims === 3 ? "cloud.explained_3" : "cloud.explained", {
      count: rows,
      first,
      second,
      third,
      held: share(held),
      rest: share(1 - held),
    });
  }

  return {
    node: element(
      "div",
      { class: "cloud-view" },
      element("p", {}, say("cloud.text")),
      element(
        "div",
        { class: "line" },
        which.node,
        element(
          "span",
          { class: "ways", role: "radiogroup", "aria-label": say("cloud.dims_label") },
          flat,
          turning,
          axes,
        ),
        run,
        stop,
        search,
      ),
      listedForm,
      axesForm,
      trouble,
      dots.node,
      readout,
      legend,
      said,
      kept,
      missing,
      element("p", { class: "muted" }, say("cloud.note")),
    ),
    /** @param {import("./view.js").Values} values */
    draw(values) {
      const part = scene.part("cloud");
      const current = part !== null && part.header.cloud === values.cloud && part.header.listed === values.listed;
      // Of these rows: the text, or what is chosen in it, may have become another.
      const found = tsne.picture?.rows === part?.header.rows ? tsne.picture : null;
      if (part && known !== part && !found) tsne.shown = false; // of these there is none yet
      const running = found !== null && found.iteration < found.total && !tsne.stopped;
      const along = values.axes && !tsne.shown;
      which.show(values.cloud);
      stop.hidden = !running;
      run.disabled = !current || !part.header.rows;
      run.setAttribute("aria-pressed", String(tsne.shown));
      flat.setAttribute("aria-checked", String(!tsne.shown && !values.axes && values.dims === 2));
      turning.setAttribute("aria-checked", String(!tsne.shown && !values.axes && values.dims === 3));
      axes.setAttribute("aria-checked", String(along));
      listedForm.hidden = values.cloud !== "own";
      axesForm.hidden = !along;
      for (const field of [...listed, ...directions]) field.draw(values);
      const own = along && current ? axesOf(part, values) : null;
      if (!current || (along && !own)) {
        said.textContent = say("cloud.waiting");
        said.hidden = false;
        return;
      }
      const it = part.header;
      const wrong = it.trouble ?? own?.header.trouble;
      trouble.textContent = wrong ? scene.error(wrong) : "";
      trouble.hidden = !wrong;
      for (const node of [dots.node, legend, readout, said, kept, missing]) node.hidden = Boolean(wrong);
      if (wrong) return;
      if (known !== part) begin(part);
      const most = declared(choices.listed, "most");
      missing.textContent = [
        it.missing.length ? say("direction.missing", { words: it.missing.slice(0, 20).join(", ") }) : "",
        values.cloud === "own" && values.listed.length >= most ? say("direction.cut", { limit: most }) : "",
      ].join(" ");
      [...legend.children].forEach((node, group) => node.setAttribute("aria-pressed", String(marked === group)));
      const picture = tsne.shown ? found : null;
      const solid = values.dims === 3 && !picture && !along;
      const { group, near, ids } = part.arrays;
      const points = /** @type {Float32Array} */ (picture ? picture.flat : (own ?? part).arrays.flat.data);
      const stride = picture || own ? 2 : 3;
      const wanted = search.value.trim().replaceAll(" ", "·").toLowerCase();
      const strong = (/** @type {number} */ i) =>
        wanted ? it.pieces[i].toLowerCase().includes(wanted) : marked === null || group.data[i] === marked;
      const pointed = dots.draw({
        kind: solid ? "solid" : own ? "axes" : picture ? "tsne" : "flat",
        solid,
        points,
        stride,
        pieces: it.pieces,
        group: group.data,
        near,
        chosen: it.names[0] === "chosen" ? 0 : it.names.indexOf("prompt"),
        strong,
        axes: own ? [values.axis_x, values.axis_y] : null,
      });
      canvas.dataset.iteration = picture ? String(picture.iteration) : "";
      const row = (/** @type {number[]} */ places) =>
        element("span", {}, ...places.flatMap((i) => [chip(it.pieces[i]), " "]));
      const none = wanted && !it.pieces.some((/** @type {string} */ _, /** @type {number} */ i) => strong(i));
      readout.replaceChildren(
        ...(pointed
          ? scene.nodes("cloud.readout", {
              token: chip(it.pieces[pointed.dot]),
              id: String(ids.data[pointed.dot]),
              group: title(it, group.data[pointed.dot]),
              close: row(pointed.close),
              near: row(pointed.near),
            })
          : none
            ? [say("cloud.found_none", { text: search.value.trim() })]
            : [element("span", { class: "muted" }, say(solid ? "cloud.hint_3" : "cloud.hint"))]),
      );
      said.textContent = sentence(it, own, picture, running, values);
      canvas.setAttribute("aria-label", said.textContent);
      kept.hidden = running || it.pieces.length > COUNTED;
      if (kept.hidden) return;
      const used = solid ? 3 : 2;
      if (counted.of !== points || counted.used !== used)
        counted = { of: points, used, kept: keeping(points, stride, used, near) };
      kept.textContent = say("cloud.kept", {
        kept: count(counted.kept),
        count: count(it.pieces.length),
        near: near.shape[1],
      });
    },
  };
}

/**
 * A field for words of the reader's own.
 * @param {import("./view.js").Scene} scene
 * @param {"listed" | "axis_x" | "axis_y"} name
 */
function createField({ say, choices }, name) {
  const node = createInput(choices[name]);
  return {
    name,
    node,
    label: element("label", {}, element("span", {}, say(`cloud.${name}`)), node),
    /** @param {import("./view.js").Values} values */
    draw(values) {
      const root = /** @type {ShadowRoot} */ (node.getRootNode());
      if (root.activeElement !== node) node.value = values[name];
    },
  };
}
