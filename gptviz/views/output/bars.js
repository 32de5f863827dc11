// The leading words and their probabilities, as a table with bars.

import { element } from "../dom.js";
import { count, exactly, fixed, percent } from "../format.js";

/**
 * One row a leading word, and one for all others. All bars have one scale, 0 to 100%: together they are one whole.
 * @param {import("./view.js").Scene} scene
 * @param {(id: number) => void} choose
 * @param {(id: number | null) => void} preview
 */
export function createBars(scene, choose, preview) {
  const { header, logits, leading, own, say, token } = scene;
  const others = logits.length - leading.length;

  /** The cells that move. */
  const moving = (ownProbability) => {
    const bar = element("div", { class: "bar" });
    const ghost = element("div", { class: "ghost" });
    ghost.style.setProperty("--p", String(ownProbability));
    const now = element("td", { class: "now", role: "cell" });
    return {
      cells: [
        element("td", { class: "track", role: "cell" }, element("div", { "aria-hidden": true }, bar, ghost)),
        now,
        element("td", { class: "own muted", role: "cell" }, percent(ownProbability)),
      ],
      /** @param {number} p */
      draw(p) {
        bar.style.setProperty("--p", String(p));
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

  const column = (name, label) => element("th", { scope: "col", role: "columnheader", class: name }, label);
  const nowHead = column("now", "");
  const legend = (name, label) => element("span", { class: `legend ${name}` }, label);
  const head = element(
    "tr",
    { role: "row" },
    column("word", say("bars.word")),
    column("id", say("bars.id")),
    column("logit", say("bars.logit")),
    element(
      "th",
      { scope: "col", role: "columnheader", class: "track" },
      element("span", { class: "hidden" }, say("bars.probability")),
      legend("filled", say("bars.legend_now")),
      legend("outlined", say("bars.legend_own")),
    ),
    nowHead,
    column("own", say("bars.own")),
  );
  const node = element(
    "table",
    { class: "bars", role: "table" },
    element("caption", {}, say("bars.caption", { count: leading.length })),
    element("thead", { role: "rowgroup" }, head),
    element("tbody", { role: "rowgroup" }, ...rows.map((row) => row.node), ...(others ? [restRow] : [])),
  );

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
