// The leading words and their probabilities, as a table with bars.

import { element } from "../dom.js";
import { PERCENT, count, exactly, fixed, percent } from "../format.js";

const SCALES = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1];

/**
 * One row a leading word, and one for all others. All bars have one scale, 0 to 100%: together they are one whole.
 * Where that leaves the words too short to compare, the reader may enlarge; a bar that is too long then is cut off
 * with a mark.
 * @param {import("./view.js").Scene} scene
 * @param {(id: number) => void} choose
 * @param {(id: number | null) => void} preview called with the word that the pointer or the focus is on
 * @param {() => void} redraw
 */
export function createBars(scene, choose, preview, redraw) {
  const { header, logits, leading, own, say, token } = scene;
  const others = logits.length - leading.length;
  const zoomed = SCALES.find((scale) => own.probability(leading[0]) <= scale);
  let scale = 1;

  const stretch = (node, p) => {
    node.style.setProperty("--p", String(Math.min(1, p / scale)));
    node.classList.toggle("cut", p > scale);
  };

  /** The cells that move. */
  const moving = (ownProbability) => {
    const bar = element("div", { class: "bar" });
    const ghost = element("div", { class: "ghost" });
    const now = element("td", { class: "now", role: "cell" });
    return {
      cells: [
        element("td", { class: "track", role: "cell" }, element("div", { "aria-hidden": true }, bar, ghost)),
        now,
        element("td", { class: "own muted", role: "cell" }, percent(ownProbability)),
      ],
      /** @param {number} p */
      draw(p) {
        stretch(bar, p);
        bar.hidden = p === 0; // however short, a bar says that there is something
        stretch(ghost, ownProbability);
        now.textContent = percent(p);
        now.dataset.value = String(p);
      },
    };
  };

  const rows = [...leading].map((id) => {
    const chip = token(id);
    const button = element(
      "button",
      { class: "token", lang: "", translate: "no", title: say("bars.explain", { token: chip.textContent }) },
      ...chip.childNodes,
    );
    const { cells, draw } = moving(own.probability(id));
    const node = element(
      "tr",
      { role: "row", "data-id": id },
      element("th", { scope: "row", role: "rowheader", class: "word" }, button),
      element("td", { class: "id muted", role: "cell" }, String(id)),
      element("td", { class: "logit", role: "cell" }, fixed(logits[id], 3)),
      ...cells,
    );
    node.addEventListener("click", () => choose(id));
    node.addEventListener("pointerenter", () => preview(id));
    node.addEventListener("pointerleave", () => preview(null));
    button.addEventListener("focus", () => preview(id));
    button.addEventListener("blur", () => preview(null));
    return { id, node, button, draw };
  });

  const rest = moving(own.rest);
  const restRow = element(
    "tr",
    { role: "row", class: "others" },
    element(
      "th",
      { scope: "row", role: "rowheader", class: "word", colspan: 3, "aria-colspan": 3 },
      say("bars.others", { count: count(others, header.language) }),
    ),
    ...rest.cells,
  );

  const column = (name, ...content) => element("th", { scope: "col", role: "columnheader", class: name }, ...content);
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
  const legend = (name, label) => element("span", { class: `legend ${name}` }, label);
  const node = element(
    "div",
    { class: "bars" },
    element("div", { class: "title", id: "bars-title" }, say("bars.caption", { count: leading.length })),
    element(
      "div",
      { class: "legends muted" },
      legend("filled", say("bars.legend_now")),
      legend("outlined", say("bars.legend_own")),
      zoom,
    ),
    table,
  );

  function drawScale() {
    zoom.textContent = say("bars.zoom", { scale: `${100 * (scale === 1 ? zoomed : 1)}${PERCENT}` });
    for (const tick of axis) tick.node.textContent = `${100 * tick.at * scale}${PERCENT}`;
  }
  zoom.addEventListener("click", () => {
    scale = scale === 1 ? zoomed : 1;
    drawScale();
    redraw();
  });
  drawScale();

  return {
    node,
    /**
     * @param {import("./softmax.js").Softmax} now
     * @param {number | null} chosen
     */
    draw(now, chosen) {
      nowHead.textContent = say("bars.now", { temperature: exactly(now.temperature, 2) });
      for (const row of rows) {
        row.draw(now.probability(row.id));
        row.button.setAttribute("aria-pressed", String(row.id === chosen));
        row.node.classList.toggle("chosen", row.id === chosen);
      }
      rest.draw(now.rest);
    },
  };
}
