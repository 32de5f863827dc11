import { beyond, compare, shareOf, shown } from "../../gptviz/views/embeddings/measures.js";
import { close, equal } from "./check.js";

const CHANCE = { cosine: { mean: 0.1, sd: 0.05 }, dot: { mean: 3, sd: 0 }, distance: { mean: 10, sd: 2 } };
const QUANTILES = [0, 1, 2, 4];
const PART = {
  header: CHANCE,
  arrays: Object.fromEntries(
    ["cosine.quantiles", "distance.quantiles"].map((name) => [
      name,
      { data: Float32Array.from(QUANTILES), shape: [4] },
    ]),
  ),
};

export default {
  "three measures of two vectors"() {
    const { cosine, dot, distance, lengths } = compare([3, 4], [4, 3]);
    close([cosine, dot, distance, ...lengths], [24 / 25, 24, Math.SQRT2, 5, 5]);
  },

  "a cosine stays between −1 and 1, and a zero vector has none"() {
    const x = Float32Array.from({ length: 576 }, (_, i) => Math.sin(i) / 7);
    const y = x.map((value) => -3 * value);
    equal(compare(x, x).cosine <= 1 && compare(x, y).cosine >= -1, true);
    equal(compare([0, 0], [1, 2]).cosine, NaN);
    equal(compare([0, 0], [3, 4]).distance, 5);
  },

  "numbers have two decimals, large ones one"() {
    equal([0.126, -1, 99.99, 100, -123.45, NaN].map(shown), ["0.13", "−1.00", "99.99", "100.0", "−123.5", "–"]);
  },

  "more alike is above the mean, and for a distance below it"() {
    close([beyond(CHANCE, "cosine", 0.2), beyond(CHANCE, "distance", 6), beyond(CHANCE, "dot", 5)], [2, 2, 0]);
  },

  "the share of chance is read between its quantiles"() {
    const at = (/** @type {number} */ value) => shareOf(PART, "cosine", value);
    close([-1, 0, 0.5, 2, 3, 4, 9].map(at), [1, 1, 1 - 0.5 / 3, 1 / 3, 1 / 6, 0, 0]);
    close([shareOf(PART, "distance", 1)], [1 / 3]);
    equal(shareOf(PART, "dot", 1), NaN);
  },
};
