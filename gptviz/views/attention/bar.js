// What stays at the top while the rest scrolls: the chosen head, and what is looked at in it.

import { createMenu } from "../kit/controls.js";
import { element } from "../kit/dom.js";
import { brief, percent } from "../kit/format.js";

/** @param {import("./view.js").Scene} scene */
export function createBar(scene) {
  const { say, sizes, choose, labels } = scene;
  const menu = (/** @type {"layer" | "head"} */ name, /** @type {number} */ count) =>
    createMenu({
      label: say(`bar.${name}`),
      options: [...Array(count).keys()],
      set: (/** @type {number} */ value) => choose({ [name]: value }),
    });
  const layer = menu("layer", sizes.n_layer);
  const head = menu("head", sizes.n_head);
  const looked = element("span", { class: "looked" });
  const step = (/** @type {string} */ sign, /** @type {string} */ label, /** @type {number} */ by) => {
    const button = element("button", { type: "button", class: "step", "aria-label": label, title: label }, sign);
    button.addEventListener("click", () => {
      const to = scene.values().token + by;
      if (to >= 0 && to < labels.length) choose({ token: to });
    });
    return button;
  };
  const before = step("‹", say("bar.before"), -1);
  const after = step("›", say("bar.after"), 1);
  const changed = element("span", { class: "changed" });
  const waiting = element("span", { class: "muted arriving", role: "status" });
  // Read out once the reader has settled, not at every hover.
  const spoken = element("div", { class: "hidden", role: "status", "aria-live": "polite" });
  const undo = (/** @type {string} */ name, /** @type {object} */ change) => {
    const button = element("button", { type: "button", class: "undo" }, say(`bar.${name}`), " ×");
    button.addEventListener("click", () => {
      choose(change);
      layer.select.focus(); // this button goes
    });
    return button;
  };
  const undos = [
    { is: (/** @type {any} */ v) => v.hide, node: undo("hide", { hide: false }) },
    { is: (/** @type {any} */ v) => v.unscaled, node: undo("unscaled", { unscaled: false }) },
    { is: (/** @type {any} */ v) => v.last !== null, node: undo("last", { last: null }) },
  ];
  changed.append(...undos.map((it) => it.node));

  return {
    node: element(
      "div",
      { class: "bar" },
      layer.node,
      head.node,
      element("span", { class: "walk" }, before, looked, after),
      changed,
      waiting,
      spoken,
    ),
    /** @param {import("./view.js").Now} now */
    draw(now) {
      const { values } = now;
      layer.show(values.layer);
      head.show(values.layer === now.layer.layer ? now.head : values.head);
      waiting.textContent = now.waiting
        ? say(scene.alone ? "alone" : "bar.waiting", { name: `${values.layer}.${values.head}` })
        : "";
      const weight = now.key <= now.query ? now.row(now.query)[now.key] : 0;
      before.toggleAttribute("disabled", values.token === 0);
      after.toggleAttribute("disabled", values.token === labels.length - 1);
      looked.replaceChildren(
        scene.token(now.query, true),
        " → ",
        scene.token(now.key, true),
        element("b", {}, percent(weight)),
      );
      for (const { is, node } of undos) node.hidden = !is(values);
      const pointing = now.query !== values.token || (values.key !== null && now.key !== values.key);
      if (pointing || now.waiting) return;
      const about = {
        name: `${now.layer.layer}.${now.head}`,
        query: labels[now.query],
        key: labels[now.key],
        share: percent(weight),
      };
      const first = now.row(now.query)[0];
      const said =
        now.key > 0 && first > weight
          ? say("bar.spoken_first", { ...about, first: labels[0], rest: brief(first) })
          : say("bar.spoken", about);
      if (spoken.textContent !== said) spoken.textContent = said;
    },
  };
}
