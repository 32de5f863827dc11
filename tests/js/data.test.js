import { Layer, sharpness, shownRow, sinkShare, strongest, triangle } from "../../gptviz/views/attention/data.js";
import { close, equal } from "./check.js";

const T = 3;
const SIZES = { n_layer: 1, n_head: 4, n_kv_head: 2, d_head: 2, d_model: 8, vocab_size: 9 };
const SCALE = 0.5;

const SCORES = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9];

/** Rows of a softmax below one another, the future left out. @param {number[]} scores */
function lowerTriangle(scores) {
  return [0, 1, 2].flatMap((i) => {
    const e = scores.slice(i * T, i * T + i + 1).map(Math.exp);
    const sum = e.reduce((a, b) => a + b);
    return e.map((x) => x / sum);
  });
}

const range = (/** @type {number} */ n, start = 0) => Float64Array.from({ length: n }, (_, i) => start + i);
const array = (/** @type {ArrayLike<number>} */ data) => ({ data: Float64Array.from(data), shape: [] });

/** Heads 2 and 3, which read key head 1. */
function layer() {
  const arrays = {
    q: array(range(2 * T * 2)),
    k: array(range(T * 2, 100)),
    v: array(range(T * 2, 200)),
    scores: array([...SCORES, ...SCORES.map((x) => -x)]),
    pattern: array([...lowerTriangle(SCORES), ...lowerTriangle(SCORES.map((x) => -x))]),
    value_sizes: array(range(2 * T)),
  };
  const part = { header: { layer: 5, heads: [2, 3], key_heads: [1] }, arrays };
  return new Layer(/** @type {any} */ (part), SIZES, T, SCALE);
}

export default {
  "a triangle has so many cells before a row"() {
    equal([0, 1, 2, 3, 10].map(triangle), [0, 1, 3, 6, 55]);
  },

  "vectors go by the query head, or by the key head that it reads"() {
    const it = layer();
    equal([it.has(2), it.has(0), it.keyHead(3), it.keyHead(1), it.rotated], [true, false, 1, 0, false]);
    equal(it.vector("q", 3, 1), [8, 9]);
    equal(it.vector("k", 3, 2), [104, 105]);
    equal(it.vector("v", 2, 0), [200, 201]);
    equal(it.valueSize(3, 2), 5);
  },

  "scores are whole rows, weights end at the diagonal"() {
    const it = layer();
    equal(it.score(3, 1, 2), -0.6);
    equal(it.scores(2, 1), [0.4, 0.5, 0.6]);
    equal(it.row(2, 1).length, 2);
    close(
      it.row(3, 2),
      [0, 1, 2].map((j) => it.weight(3, 2, j)),
    );
    equal(it.weight(2, 0, 1), 0);
  },

  "without numbers of its own q·k is the score with the scale taken off"() {
    close(layer().dots(2, 0), [0.2, 0.4, 0.6]);
    close([layer().dot(3, 2, 1)], [-1.6]);
  },

  "another last word changes its query's row and its key's column, and nothing else"() {
    const it = layer();
    const part = {
      header: { heads: [3, 2] },
      arrays: {
        score_column: array([30, 31, 32, 20, 21, 22]),
        score_row: array([33, 34, 32, 23, 24, 22]),
        pattern_row: array([0.1, 0.2, 0.7, 0.3, 0.3, 0.4]),
      },
    };
    const other = it.withLast(/** @type {any} */ (part));
    equal(
      [0, 1, 2].map((i) => [...other.scores(2, i)]),
      [
        [0.1, 0.2, 20],
        [0.4, 0.5, 21],
        [23, 24, 22],
      ],
    );
    equal(
      [0, 1, 2].map((i) => other.score(3, i, 2)),
      [30, 31, 32],
    );
    equal(other.row(3, 2), [0.1, 0.2, 0.7]);
    equal(other.row(2, 1), it.row(2, 1));
    equal(it.score(2, 0, 2), 0.3);
  },

  "a row without its first token adds up to 1 again"() {
    const it = layer();
    const row = it.row(2, 2);
    const rest = row[1] + row[2];
    close(shownRow(it, 2, 2, { unscaled: false, hide: true }), [0, row[1] / rest, row[2] / rest]);
    equal(shownRow(it, 2, 0, { unscaled: false, hide: true }), [0]);
  },

  "a row without the scale is the softmax of q·k"() {
    const e = [1.4, 1.6, 1.8].map(Math.exp);
    const sum = e[0] + e[1] + e[2];
    close(
      shownRow(layer(), 2, 2, { unscaled: true, hide: false }),
      e.map((x) => x / sum),
    );
  },

  "the strongest key is not the first one if there is another"() {
    equal([[1], [0.9, 0.1], [0.8, 0.05, 0.15], [0, 0.5, 0.5]].map(strongest), [0, 1, 2, 1]);
  },

  "rows with a choice count, the first has none"() {
    const it = layer();
    close([sinkShare(it, 2)], [(it.weight(2, 1, 0) + it.weight(2, 2, 0)) / 2]);
    const { mean, sharp, rows } = sharpness(it, 2, false);
    close([mean], [(it.weight(2, 1, 1) + it.weight(2, 2, 2)) / 2]);
    equal([sharp, rows], [0, 2]);
    equal(sharpness(it, 2, true).mean > mean, true);
  },
};
