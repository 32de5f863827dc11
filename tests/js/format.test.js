import * as format from "../../gptviz/views/kit/format.js";
import { equal } from "./check.js";

const { brief, count, cut, exactly, fixed, oneIn, percent, share, signed, significant, stored, subscript } = format;

/** Probabilities are written with a space that does not break. @param {string[]} texts */
const spaced = (texts) => texts.map((text) => text.replace(" %", format.PERCENT));

export default {
  "a minus is a minus, not a hyphen"() {
    equal([fixed(-1.25, 1), fixed(2, 2), significant(-0.5, 3)], ["−1.3", "2.00", "−0.500"]);
    equal([signed(-1.25, 1), signed(2, 1), signed(-0.001, 2), signed(0, 1)], ["−1.3", "+2.0", "0.00", "0.0"]);
  },

  "as many decimals as it takes"() {
    equal([exactly(1, 2), exactly(0.125, 2), exactly(-0.7, 1)], ["1.00", "0.125", "−0.7"]);
  },

  "very large and very small numbers have a power of ten"() {
    equal([significant(123456, 3), significant(1e6, 3), significant(1234567, 2)], ["123000", "1.00·10⁶", "1.2·10⁶"]);
    equal([significant(0.00012, 2), significant(-0.000012, 2), significant(0, 3)], ["0.00012", "−1.2·10⁻⁵", "0.00"]);
  },

  "a stored number is told from every other of 32 bits"() {
    equal([stored(Math.fround(0.1)), stored(0.5), stored(0)], ["0.1", "0.5", "0"]);
    for (const x of [1 / 3, Math.PI, -2.5e-3].map(Math.fround)) {
      equal(Math.fround(Number(stored(x).replace("−", "-"))), x);
    }
  },

  "probabilities: 100 % is for what is certain, 0 % for what cannot be"() {
    equal([1, 0].map(percent), spaced(["100 %", "0 %"]));
    equal([1, 0].map(share), spaced(["100 %", "0 %"]));
    equal([1, 0].map(brief), spaced(["100 %", "0 %"]));
    for (const write of [percent, share, brief]) {
      for (const p of [1 - 1e-9, 1e-12]) equal(/^(100|0)\D/.test(write(p)), false);
    }
  },

  "whole numbers, subscripts, and one in so many"() {
    equal([count(49152, "en"), subscript(170)], ["49,152", "₁₇₀"]);
    equal([oneIn(Math.log(1 / 8), "en"), oneIn(-1000 * Math.LN10, "en")], ["8", "1.0·10¹⁰⁰⁰"]);
  },

  "a text is cut between characters"() {
    equal([cut("short", 5), cut("longer", 5), cut("🙂🙂🙂", 2)], ["short", "long…", "🙂…"]);
  },
};
