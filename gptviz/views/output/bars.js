// The leading words and their probabilities, as a table with bars.

import { AS_IS } from "../kit/chip.js";
import { element } from "../kit/dom.js";
import { count, exactly, fixed, percent } from "../kit/format.js";

const SCALES = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1];
export const LEADING = 12; // words that have a bar of their own

/**
 * One row a leading word, and one for all others. All bars have one scale, 0 to 100 %: together they are one whole.
 * Where that leaves the words too short to compare, the reader may enlarge; a bar that is too long then is cut off
 * with a mark. An outline is what the model itself says; a pale bar what temperature makes of it; the full bar what is
 * left of that by the filters, made one whole again.
 * @param {import("./view.js").Scene} scene
 */
export function createBars(scene) {
  const { logits, own, say, choose, preview } = scene;
  const shown = Math.min(LEADING, logits.length);
  const others = logits.length - shown;
  const zoomed = SCALES.find((scale) => own.probability(own.order[0]) <= scale) ?? 1;
  let scale = 1;

  const stretch = (/** @type {HTMLElement} */ node, /** @type {number} */ p) => {
    node.style.setProperty("--p", String(Math.min(1, p / scale)));
    node.classList.toggle("cut", p > scale);
    node.hidden = p === 0; // however short, a bar says that there is something
  };

  /** The cells that move. */
  const moving = () => {
    const pale = element("div", { class: "bar pale" });
    const bar = element("div", { class: "bar" });
    const ghost = element("div", { class: "ghost" });
    const now = element("td", { class: "now", role: "cell" });
    const before = element("td", { class: "own muted", role: "cell" });
    return {
      cells: [
        element("td", { class: "track", role: "cell" }, element("div", { "aria-hidden": true }, pale, bar, ghost)),
        now,
        before,
      ],
      /** @param {number} p @param {number} tempered @param {number} model */
      draw(p, tempered, model) {
        stretch(pale, tempered === p ? 0 : tempered);
        stretch(bar, p);
        stretch(ghost, model);
        now.textContent = percent(p);
        now.dataset.value = String(p);
        before.textContent = percent(model);
      },
    };
  };

  const rows = Array.from({ length: shown }, () => {
    const button = element("button", { type: "button", class: "token", ...AS_IS });
    const id = element("td", { class: "id muted", role: "cell" });
    const logit = element("td", { class: "logit", role: "cell" });
    const { cells, draw } = moving();
    const node = element(
      "tr",
      { role: "row" },
      element("th", { scope: "row", role: "rowheader", class: "word" }, button),
      id,
      logit,
      ...cells,
    );
    const it = { id: -1, node, button, name: id, logit, draw };
    node.addEventListener("click", () => choose({ word: it.id === scene.values().word ? null : it.id }));
    node.addEventListener("pointerenter", (event) => event.pointerType === "mouse" && preview(it.id));
    node.addEventListener("pointerleave", () => preview(null));
    button.addEventListener("focus", () => preview(it.id));
    button.addEventListener("blur", () => preview(null));
    return it;
  });

  const rest = moving();
  const restRow = element(
    "tr",
    { role: "row", class: "others" },
    element(
      "th",
      { scope: "row", role: "rowheader", class: "word", colspan: 3, "aria-colspan": 3 },
      say("bars.others", { count: count(others) }),
    ),
    ...rest.cells,
  );

  const column = (/** @type {string} */ name, /** @type {(Node | string)[]} */ ...content) =>
    element("th", { scope: "col", role: "columnheader", class: name }, ...content);
  const nowHead = column("now");
  const axis = [0, 0.5, 1].map((at) => ({ at, node: element("span", {}) }));
  const head = element(
    "tr",
    { role: "row" },
    column("word", say("bars.word")),
    column("id", say("bars.id")),
    column("logit", say("bars.logit")),
    column(
      "track",
      element("span", { class: "hidden" }, say("bars.probability")),
      element("div", { class: "axis", "aria-hidden": true }, ...axis.map((tick) => tick.node)),
    ),
    nowHead,
    column("own", say("bars.own")),
  );
  const table = element(
    "table",
    { role: "table", "aria-labelledby": "bars-title" },
    element("thead", { role: "rowgroup" }, head),
    element("tbody", { role: "rowgroup" }, ...rows.map((row) => row.node), ...(others ? [restRow] : [])),
  );

  const zoom = element("button", { type: "button", class: "zoom", hidden: zoomed === 1 });
  const legend = (/** @type {string} */ name, /** @type {string} */ label) =>
    element("span", { class: `legend ${name}` }, label);
  const pale = legend("pale", say("bars.legend_tempered"));
  const node = element(
    "div",
    { class: "bars" },
    element("div", { class: "title", id: "bars-title" }, say("bars.caption", { count: shown })),
    element(
      "div",
      { class: "legends muted" },
      legend("filled", say("bars.legend_now")),
      pale,
      legend("outlined", say("bars.legend_own")),
      zoom,
    ),
    table,
  );

  function drawScale() {
    zoom.textContent = say("bars.zoom", { scale: percent(scale === 1 ? zoomed : 1, 0) });
    for (const tick of axis) tick.node.textContent = percent(tick.at * scale, tick.at === 0.5 && scale < 0.1 ? 1 : 0);
  }
  zoom.addEventListener("click", () => {
    scale = scale === 1 ? zoomed : 1;
    drawScale();
    scene.redraw();
  });
  drawScale();

  return {
    node,
    /** @param {import("./view.js").Now} moment */
    draw({ now, leading, values }) {
      const filtered = now.stages.length > 1;
      nowHead.textContent = say(filtered ? "bars.now_filtered" : "bars.now", {
        temperature: exactly(now.temperature, 2),
      });
      pale.hidden = !filtered;
      rows.forEach((row, n) => {
        const id = leading[n];
        if (row.id !== id) {
          row.id = id;
          row.node.dataset.id = String(id);
          row.button.textContent = scene.piece(id);
          row.button.title = say("bars.explain", { token: scene.piece(id) });
          row.name.textContent = String(id);
        }
        const p = now.probability(id);
        row.logit.textContent = fixed(now.logit(id), 3);
        row.draw(p, filtered ? now.tempered(id) : p, own.probability(id));
        row.button.setAttribute("aria-pressed", String(id === values.word));
        row.node.classList.toggle("chosen", id === values.word);
        row.node.classList.toggle("removed", filtered && !now.keeps(id));
      });
      let others = 0;
      let tempered = 0;
      const shownNow = new Set(leading);
      for (let place = own.order.length - 1; place >= 0; place--) {
        const id = own.order[place];
        if (shownNow.has(id)) continue;
        others += own.probability(id);
        if (filtered) tempered += now.tempered(id);
      }
      const left = now.rest(leading.length);
      rest.draw(left, filtered ? tempered : left, others);
    },
  };
}
