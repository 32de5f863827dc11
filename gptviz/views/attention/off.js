// Heads switched off: the next word before and after, with as many others as a control, here and on a second text.

import { chip } from "../kit/chip.js";
import { createInput } from "../kit/controls.js";
import { element } from "../kit/dom.js";
import { percent } from "../kit/format.js";

/** @param {import("./view.js").Scene} scene */
export function createOff(scene) {
  const { say, choose } = scene;
  const chips = element("div", { class: "chips" });
  const add = element("button", { type: "button", class: "add" });
  const clear = element("button", { type: "button" }, say("off.clear"));
  clear.addEventListener("click", () => {
    choose({ off: [] });
    add.focus(); // this button goes
  });
  const again = element("button", { type: "button" }, say("off.again"));
  const presets = element("div", { class: "presets" });
  const second = createInput(scene.choices.second, { id: "second" });
  second.addEventListener("change", () => choose({ second: second.value }));
  const result = element("div", { class: "results" });
  const others = element(
    "div",
    { class: "line" },
    ...scene.header.others.map((/** @type {string} */ text) => {
      const button = element("button", { type: "button", lang: "", class: "text" }, text);
      button.addEventListener("click", () => choose({ second: text }));
      return button;
    }),
  );
  let looks = /** @type {object | null} */ (null);
  let shown = /** @type {object | null} */ (null);
  add.addEventListener("click", () => toggle(scene.values().layer, scene.values().head));
  again.addEventListener("click", () => choose({ again: scene.values().again + 1 }));

  const same = (/** @type {number[]} */ a, /** @type {number[]} */ b) => a[0] === b[0] && a[1] === b[1];

  /** @param {number} layer @param {number} head */
  function toggle(layer, head) {
    const { off } = scene.values();
    const without = off.filter((other) => !same(other, [layer, head]));
    choose({ off: without.length < off.length ? without : [...without, [layer, head]] });
  }

  /** @param {any} it of the off part @param {any} about @param {(Node | string)[]} title */
  function compared(it, about, title) {
    const names = ["before", "after", ...(about.control ? ["control"] : [])];
    const heads = names.map((name) => element("th", { scope: "col", class: name }, say(`off.${name}`)));
    const rows = it.words.map((/** @type {string} */ piece, /** @type {number} */ w) =>
      element(
        "tr",
        {},
        element("th", { scope: "row" }, chip(piece)),
        ...names.map((name, c) => {
          const value = it.shares[c][w];
          const cell = element(
            "td",
            { class: `track ${name}`, "data-value": value },
            element("div", { class: "bar" }),
            element("span", { class: "number" }, percent(value)),
          );
          cell.style.setProperty("--p", String(value));
          return cell;
        }),
      ),
    );
    return element(
      "div",
      { class: "compared" },
      element("p", {}, ...title),
      element(
        "table",
        {},
        element("thead", {}, element("tr", {}, element("th", { scope: "col" }, say("off.word")), ...heads)),
        element("tbody", {}, ...rows),
      ),
    );
  }

  /** @param {import("../kit/wire.js").Payload} part */
  function show({ header }) {
    const first = (
      /** @type {any} */ it,
      /** @type {string} */ key,
      /** @type {Record<string, Node | string>} */ more,
    ) =>
      scene.nodes(key, {
        word: chip(it.words[0]),
        before: element("b", {}, percent(it.shares[0][0])),
        after: element("b", {}, percent(it.shares[1][0])),
        ...more,
      });
    const parts = [
      compared(header.here, header, first(header.here, "off.here", { query: scene.token(header.token, true) })),
    ];
    const { second } = header;
    if (second?.trouble) {
      const { code, details } = second.trouble;
      parts.push(element("p", { class: "trouble" }, say(`errors.${code}`, details)));
    } else if (second) {
      const text = element(
        "span",
        { class: "second-text" },
        ...second.tokens.map((/** @type {string} */ piece) => chip(piece)),
      );
      parts.push(compared(second, header, first(second, "off.there", { text })));
      const count = second.tokens.length;
      if (second.all > count) parts.push(element("p", { class: "muted" }, say("off.cut", { count, all: second.all })));
    }
    const control = header.control
      ? say("off.control_text", { heads: header.control.map((/** @type {number[]} */ h) => h.join(".")).join(", ") })
      : say("off.no_control");
    parts.push(element("p", { class: "muted" }, control));
    if (header.draws && header.draws.count > 1) {
      const { count, low, high } = header.draws;
      const range = {
        word: chip(header.here.words[0]),
        count: String(count),
        low: percent(low),
        high: percent(high),
      };
      parts.push(element("p", { class: "muted" }, ...scene.nodes("off.draws", range)));
    }
    result.replaceChildren(...parts);
  }

  if (scene.alone) {
    const text = [element("p", {}, say("off.text")), element("p", { class: "muted" }, say("alone"))];
    return { node: element("div", { class: "off-view" }, ...text), draw() {} };
  }
  return {
    node: element(
      "div",
      { class: "off-view" },
      element("p", {}, say("off.text")),
      element("div", { class: "line" }, add, presets),
      element(
        "div",
        { class: "line off-now" },
        element("span", { class: "muted" }, say("off.now")),
        chips,
        clear,
        again,
      ),
      element("div", { class: "line second" }, element("label", { for: "second" }, say("off.second")), second),
      others,
      result,
    ),
    /** @param {import("./view.js").Now} now */
    draw({ values }) {
      const { off } = values;
      const name = `${values.layer}.${values.head}`;
      const isOff = off.some((head) => same(head, [values.layer, values.head]));
      add.textContent = say(isOff ? "off.on" : "off.off", { name });
      add.setAttribute("aria-pressed", String(isOff));
      clear.hidden = off.length === 0;
      again.hidden = off.length === 0;
      const wanted = off.map((head) => head.join("."));
      if (chips.dataset.heads !== wanted.join()) {
        chips.dataset.heads = wanted.join();
        chips.replaceChildren(
          ...off.map(([layer, head]) => {
            const button = element(
              "button",
              { type: "button", class: "chip", "aria-label": say("off.on", { name: `${layer}.${head}` }) },
              `${layer}.${head} ×`,
            );
            button.addEventListener("click", () => {
              toggle(layer, head);
              add.focus(); // this button goes
            });
            return button;
          }),
        );
      }
      const part = scene.part("looks");
      if (part && part !== looks) {
        looks = part;
        const { word, presets: groups } = part.header;
        presets.replaceChildren(
          element("span", { class: "muted" }, say("off.presets")),
          ...Object.entries(groups).flatMap(([group, heads]) => {
            if (!heads.length) return [];
            const make = (/** @type {number[][]} */ which, /** @type {string} */ key) => {
              const button = element(
                "button",
                { type: "button" },
                ...scene.nodes(key, { word: chip(word), count: String(which.length), name: which[0].join(".") }),
              );
              button.addEventListener("click", () => choose({ off: /** @type {any} */ (which) }));
              return button;
            };
            return [make(heads, `off.group_${group}`)];
          }),
        );
      }
      const typing = /** @type {ShadowRoot} */ (second.getRootNode()).activeElement === second;
      if (!typing) second.value = values.second ?? "";
      if (!off.length) {
        shown = null;
        result.replaceChildren(element("p", { class: "muted" }, say("off.nothing")));
        return;
      }
      const found = scene.part("off");
      const of = found?.header;
      const ready =
        of &&
        of.off.map((/** @type {number[]} */ h) => h.join(".")).join() === wanted.join() &&
        of.token === values.token &&
        of.again === values.again &&
        of.text === values.second;
      if (!ready) {
        shown = null;
        result.replaceChildren(element("p", { class: "muted", role: "status" }, say("off.waiting")));
      }
      if (ready && shown !== found) {
        shown = found;
        show(/** @type {any} */ (found));
      }
    },
  };
}
