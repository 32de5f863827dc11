// How a word is drawn: temperature and filters, the same as on the page Output; and the seed.

import { element } from "../kit/dom.js";
import { exactly } from "../kit/format.js";
import { FILTERS } from "../output/filters.js";
import { HIGHEST, position, temperatureAt } from "../kit/slider.js";

/** @param {import("./view.js").Scene} scene */
export function createChoice(scene) {
  const { header, say, choose } = scene;

  const temperature = slider("temperature", position(HIGHEST));
  const infinite = /** @type {HTMLButtonElement} */ (
    element("button", { type: "button", class: "infinite", title: say("choice.infinite") }, "∞")
  );
  infinite.addEventListener("click", () => choose({ temperature: scene.values().temperature === "inf" ? 1 : "inf" }));
  temperature.node.prepend(
    element("span", { class: "line" }, /** @type {Node} */ (temperature.node.firstChild), infinite),
  );
  temperature.input.addEventListener("input", () =>
    choose({ temperature: temperatureAt(Number(temperature.input.value)) }),
  );
  const tied = element("p", { class: "muted" }, say("choice.infinite_text"));
  const filters = Object.entries(FILTERS).map(([name, { steps, start, text }]) => {
    const allowed = name === "top_k" ? steps.filter((k) => k <= header.sizes.vocab_size) : steps;
    const nearest = (/** @type {number} */ value) =>
      allowed.reduce((best, step, i) => (Math.abs(step - value) < Math.abs(allowed[best] - value) ? i : best), 0);
    const on = /** @type {HTMLInputElement} */ (element("input", { type: "checkbox" }));
    const row = slider(name, allowed.length - 1, on);
    on.addEventListener("change", () => choose({ [name]: on.checked ? allowed[nearest(start)] : null }));
    row.input.addEventListener("input", () => choose({ [name]: allowed[Number(row.input.value)] }));
    return { name, on, text, start, nearest, ...row };
  });
  const { low, high } = scene.choices.seed;
  const seed = /** @type {HTMLInputElement} */ (element("input", { type: "number", min: low, max: high, step: 1 }));
  seed.addEventListener("change", () => {
    const wanted = seed.value ? Math.min(high, Math.max(low, Math.round(Number(seed.value)))) : scene.values().seed;
    seed.value = String(wanted);
    scene.sow(wanted);
  });

  /** @param {string} name @param {number} last @param {HTMLElement} [before] */
  function slider(name, last, before) {
    const value = element("output", {});
    const input = /** @type {HTMLInputElement} */ (
      element("input", { type: "range", min: 0, max: last, step: 1, "aria-label": say(`choice.${name}`) })
    );
    const head = element(
      "label",
      { class: "check" },
      ...(before ? [before, " "] : []),
      element("b", {}, say(`choice.${name}`)),
      " ",
      value,
    );
    return { node: element("li", { "data-filter": name }, head, input), input, value };
  }

  return {
    node: element(
      "div",
      { class: "choice-view" },
      element("p", {}, say("choice.text")),
      element(
        "ol",
        { class: "settings" },
        filters[0].node,
        temperature.node,
        ...filters.slice(1).map(({ node }) => node),
      ),
      tied,
      element(
        "div",
        { class: "line" },
        element("label", { class: "check" }, say("choice.seed"), " ", seed),
        element("span", { class: "muted" }, say("choice.seed_text")),
      ),
    ),
    /** @param {import("./view.js").Now} now */
    draw({ values }) {
      const set = (/** @type {HTMLInputElement} */ input, /** @type {number} */ at, /** @type {string} */ text) => {
        input.value = String(at);
        input.style.setProperty("--at", String(at / Number(input.max)));
        input.setAttribute("aria-valuetext", text);
      };
      const endless = values.temperature === "inf";
      const t = endless ? "∞" : exactly(values.temperature, 2);
      temperature.value.textContent = t;
      set(temperature.input, Math.round(position(endless ? HIGHEST : values.temperature)), t);
      infinite.setAttribute("aria-pressed", String(endless));
      tied.hidden = !endless;
      for (const filter of filters) {
        const value = /** @type {any} */ (values)[filter.name];
        filter.on.checked = value !== null;
        filter.input.disabled = value === null;
        filter.value.textContent = value === null ? "" : filter.text(value);
        filter.node.classList.toggle("off", value === null);
        set(
          filter.input,
          filter.nearest(value ?? filter.start),
          value === null ? say("choice.off") : filter.text(value),
        );
      }
      if (seed.getRootNode() && /** @type {ShadowRoot} */ (seed.getRootNode()).activeElement !== seed)
        seed.value = String(values.seed);
    },
  };
}
