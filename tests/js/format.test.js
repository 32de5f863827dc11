import { brief, cut, percent, stored } from "../../gptviz/views/kit/format.js";
import { equal } from "./check.js";

// How each number is written stands in tests/number_formats.json: see test_format.py.
export default {
  "a stored number is told from every other of 32 bits"() {
    for (const x of [1 / 3, Math.PI, -2.5e-3].map(Math.fround)) {
      equal(Math.fround(Number(stored(x).replace("−", "-"))), x);
    }
  },

  "100 % is for what is certain, 0 % for what cannot be"() {
    for (const write of [percent, brief]) {
      for (const p of [1 - 1e-9, 1e-12]) equal(/^(100|0)\D/.test(write(p)), false);
    }
  },

  "a text is cut between characters"() {
    equal([cut("short", 5), cut("longer", 5), cut("🙂🙂🙂", 2)], ["short", "long…", "🙂…"]);
  },
};
