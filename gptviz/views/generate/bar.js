// What one can do with the text: the way words are chosen, step, run, pause, stop, take back; and how full the
// context is.

import { createMenu, disable } from "../kit/controls.js";
import { element } from "../kit/dom.js";
import { count } from "../kit/format.js";
import { declared } from "../kit/keeper.js";

/** @param {import("./view.js").Scene} scene */
export function createBar(scene) {
  const { header, say, choose, write, drop, choices } = scene;
  const runs = declared(choices.words, "offered");
  const known = /** @type {import("./view.js").Values["way"][]} */ (declared(choices.way, "options"));
  const ways = known.map((way) => {
    const button = element("button", { type: "button", role: "radio" }, say(`bar.${way}`));
    button.addEventListener("click", () => choose({ way, ...(way === "beams" ? {} : { search: null }) }));
    return { way, button };
  });
  const about = known.map((way) => ({ way, node: element("p", { class: "muted" }, say(`bar.${way}_text`)) }));
  const button = (/** @type {string} */ name, /** @type {() => void} */ act) => {
    const node = /** @type {HTMLButtonElement} */ (
      element("button", { type: "button", "data-do": name }, say(`bar.${name}`))
    );
    node.addEventListener("click", act);
    return node;
  };
  // A run that was paused: where it was, and how long the text shall become.
  let paused = /** @type {{path: number[], goal: number} | null} */ (null);
  const step = button("step", () => write(1));
  const run = button("run", () => {
    const left = leftOf(scene.now());
    paused = null;
    write(left || scene.values().words);
  });
  const pause = button("pause", () => {
    const { values, cursor } = scene.now();
    paused = { path: cursor.path, goal: values.goal ?? 0 };
    choose({ goal: null });
  });
  const stop = button("stop", () => {
    paused = null;
    choose({ goal: null });
  });

  /**
   * How many words of a paused run are left, if the text is still the one it wrote.
   * @param {import("./view.js").Now} now
   */
  function leftOf({ values, path }) {
    if (!paused || values.goal !== null || values.place !== null) return 0;
    return paused.path.every((id, i) => path[i]?.id === id) ? Math.max(0, paused.goal - path.length) : 0;
  }
  const back = button("back", () => drop(/** @type {number} */ (scene.values().leaf), 1));
  const restart = button("restart", () => choose({ leaf: null, place: null, tree: [], search: null }));
  const find = button("search", () => choose({ search: scene.now().cursor.path }));
  const words = menu(
    "words",
    runs,
    (n) => say("bar.run_of", { count: n }),
    (n) => {
      paused = null;
      choose({ words: n });
    },
  );
  const speed = menu(
    "speed",
    /** @type {import("./view.js").Values["speed"][]} */ (declared(choices.speed, "options")),
    (name) => say(`bar.${name}`),
    (name) => choose({ speed: name }),
  );
  const width = menu(
    "width",
    range(choices.width),
    (n) => say("bar.width_of", { count: n }),
    (n) => choose({ width: n }),
  );
  const ahead = menu(
    "ahead",
    range(choices.ahead),
    (n) => say("bar.ahead_of", { count: n }),
    (n) => choose({ ahead: n }),
  );
  const message = element("p", { class: "message", role: "status" });
  let failure = ""; // why the last thing asked for could not be done
  const filled = element("span", { class: "filled" });
  const meter = element("div", { class: "meter", role: "img" }, filled);
  const room = element("p", { class: "muted room" });

  /**
   * @template {string | number} T
   * @param {string} name
   * @param {T[]} options
   * @param {(option: T) => string} text
   * @param {(option: T) => void} set
   */
  function menu(name, options, text, set) {
    const made = createMenu({ label: say(`bar.${name}`), options, text, set, bare: true });
    made.select.dataset.set = name;
    return made;
  }

  const writing = element("div", { class: "line" }, step, run, pause, stop, back, words.node, speed.node);
  const searching = element("div", { class: "line" }, find, width.node, ahead.node);

  return {
    node: element(
      "div",
      { class: "bar-of" },
      element(
        "div",
        { class: "ways", role: "radiogroup", "aria-label": say("bar.way") },
        ...ways.map(({ button }) => button),
      ),
      element("div", { class: "about" }, ...about.map(({ node }) => node)),
      writing,
      searching,
      message,
      element("div", { class: "context" }, meter, room, restart),
    ),
    /** @param {string} text */
    tell(text) {
      failure = text;
      scene.redraw();
    },
    /** @param {import("./view.js").Now} now */
    draw(now) {
      const { values, running, ended, path, cursor } = now;
      const beams = values.way === "beams";
      for (const { way, button } of ways) button.setAttribute("aria-checked", String(way === values.way));
      for (const { way, node } of about) node.classList.toggle("current", way === values.way);
      writing.hidden = beams;
      searching.hidden = !beams;
      const closed = ended || now.room < 1;
      const left = closed ? 0 : leftOf(now);
      disable(step, closed || running);
      disable(run, closed || running); // a second click shall not do anything else
      run.textContent = left ? say("bar.go_on", { count: left }) : say("bar.run");
      pause.disabled = !running;
      stop.disabled = !running && !left;
      disable(back, running || !path.length || values.place !== null);
      disable(find, closed);
      restart.hidden = !values.tree.length;
      words.show(runs.includes(values.words) ? values.words : choices.words.default);
      speed.show(values.speed);
      width.show(values.width);
      ahead.show(values.ahead);
      const used = header.tokens.length + path.length;
      filled.style.width = `${(100 * used) / header.limit}%`;
      const about_ = {
        used: count(used),
        limit: count(header.limit),
        n_ctx: count(header.sizes.n_ctx),
      };
      room.textContent = say(header.limit < header.sizes.n_ctx ? "bar.room" : "bar.room_whole", about_);
      meter.setAttribute("aria-label", room.textContent);
      const last = cursor.parent && ended ? scene.piece(cursor.id) : "";
      const middle = values.place !== null && !running;
      message.textContent = ended
        ? say("bar.ended", { token: last })
        : now.room < 1
          ? say("bar.no_room", about_)
          : failure || (middle ? say("bar.middle") : "");
    },
  };
}

/** Every number that a choice may be. @param {import("../kit/keeper.js").Choice} choice */
function range(choice) {
  const [low, high] = [declared(choice, "low"), declared(choice, "high")];
  return Array.from({ length: high - low + 1 }, (_, i) => low + i);
}
