// What the parts hold, by the names of the field. Numbers are the trace's own, float32; what is worked out here from
// them (a row without the first token, a softmax without the scale) is in 64-bit arithmetic.

/**
 * @typedef {import("../kit/wire.js").Payload} Payload
 *
 * @typedef {object} Sizes
 * @property {number} n_layer
 * @property {number} n_head
 * @property {number} n_kv_head
 * @property {number} d_head
 * @property {number} d_model
 * @property {number} vocab_size
 */

/** Cells before row i of a lower triangle that is kept row after row. @param {number} i */
export const triangle = (i) => (i * (i + 1)) / 2;

/** One layer's numbers. */
export class Layer {
  /**
   * @param {Payload} part
   * @param {Sizes} sizes
   * @param {number} T
   * @param {number} scale
   */
  constructor({ header, arrays }, sizes, T, scale) {
    /** @type {number} */
    this.layer = header.layer;
    /** @type {number[]} heads whose numbers are here: all, or one of a very long text */
    this.heads = header.heads;
    /** @type {number[]} */
    this.keyHeads = header.key_heads;
    this.scale = scale;
    this.T = T;
    this.d = sizes.d_head;
    this.share = sizes.n_head / sizes.n_kv_head;
    this.rotated = "q_pre" in arrays;
    /** @private @type {Record<string, Float32Array>} */
    this.values = Object.fromEntries(
      Object.entries(arrays).map(([name, array]) => [name, /** @type {Float32Array} */ (array.data)]),
    );
  }

  /** Are the head's numbers here? @param {number} head */
  has(head) {
    return this.heads.includes(head);
  }

  /** The key head that a query head reads. @param {number} head */
  keyHead(head) {
    return Math.floor(head / this.share);
  }

  /**
   * A vector of d_head numbers. name: q, q_pre, z (by head); k, k_pre, v (by the key head it reads).
   * @param {"q" | "q_pre" | "z" | "k" | "k_pre" | "v"} name
   * @param {number} head
   * @param {number} token
   */
  vector(name, head, token) {
    const byKey = name[0] === "k" || name === "v";
    const at = byKey ? this.keyHeads.indexOf(this.keyHead(head)) : this.heads.indexOf(head);
    const start = (at * this.T + token) * this.d;
    return this.values[name].subarray(start, start + this.d);
  }

  /** q·k times the scale, before the mask. @param {number} head @param {number} i @param {number} j */
  score(head, i, j) {
    return this.values.scores[(this.heads.indexOf(head) * this.T + i) * this.T + j];
  }

  /** Row i of the scores, over all tokens, the future included. @param {number} head @param {number} i */
  scores(head, i) {
    const start = (this.heads.indexOf(head) * this.T + i) * this.T;
    return this.values.scores.subarray(start, start + this.T);
  }

  /**
   * q·k: its own numbers where they came, else a score with the scale taken off again.
   * @param {number} head
   * @param {number} i
   * @param {number} j
   */
  dot(head, i, j) {
    return this.dots(head, i)[j];
  }

  /** q·k of row i, over all tokens. @param {number} head @param {number} i @returns {ArrayLike<number>} */
  dots(head, i) {
    const start = (this.heads.indexOf(head) * this.T + i) * this.T;
    if (this.values.dot) return this.values.dot.subarray(start, start + this.T);
    return Float64Array.from(this.scores(head, i), (score) => score / this.scale);
  }

  /** The model's weight; 0 for the future. @param {number} head @param {number} i @param {number} j */
  weight(head, i, j) {
    return j > i ? 0 : this.values.pattern[this.heads.indexOf(head) * triangle(this.T) + triangle(i) + j];
  }

  /** Row i of the pattern, over the tokens it may see. @param {number} head @param {number} i */
  row(head, i) {
    const start = this.heads.indexOf(head) * triangle(this.T) + triangle(i);
    return this.values.pattern.subarray(start, start + i + 1);
  }

  /** How much token j would write through the head, all weight on it. @param {number} head @param {number} j */
  valueSize(head, j) {
    return this.values.value_sizes[this.heads.indexOf(head) * this.T + j];
  }

  /**
   * The layer with another last word: its query's row, and its key's column before the mask.
   * @param {Payload} part
   */
  withLast({ header, arrays }) {
    const { T, heads } = this;
    const other = /** @type {Layer} */ (Object.create(Layer.prototype, Object.getOwnPropertyDescriptors(this)));
    const scores = this.values.scores.slice();
    const dot = this.values.dot?.slice();
    const pattern = this.values.pattern.slice();
    heads.forEach((head, h) => {
      const from = header.heads.indexOf(head) * T;
      for (let i = 0; i < T; i++) {
        scores[(h * T + i) * T + T - 1] = arrays.score_column.data[from + i];
        scores[(h * T + T - 1) * T + i] = arrays.score_row.data[from + i];
        if (dot) {
          dot[(h * T + i) * T + T - 1] = arrays.dot_column.data[from + i];
          dot[(h * T + T - 1) * T + i] = arrays.dot_row.data[from + i];
        }
        pattern[h * triangle(T) + triangle(T - 1) + i] = arrays.pattern_row.data[from + i];
      }
    });
    other.values = { ...this.values, scores, pattern, ...(dot ? { dot } : {}) };
    return other;
  }
}

/**
 * Row i as the reader wants to see it.
 * @param {Layer} layer
 * @param {number} head
 * @param {number} i
 * @param {{unscaled: boolean, hide: boolean}} how unscaled: softmax of q·k itself; hide: without the first token,
 *   the others again adding up to 1 (row 0 has no others, and is empty)
 * @returns {Float32Array | Float64Array} [i + 1]
 */
export function shownRow(layer, head, i, { unscaled, hide }) {
  let row = /** @type {Float32Array | Float64Array} */ (layer.row(head, i));
  if (unscaled) {
    row = Float64Array.from(layer.dots(head, i)).subarray(0, i + 1);
    const largest = row.reduce((a, b) => Math.max(a, b));
    row = row.map((dot) => Math.exp(dot - largest));
    const sum = row.reduce((a, b) => a + b);
    row = row.map((e) => e / sum);
  }
  if (hide && layer.T > 1) {
    let rest = 0;
    for (let j = 1; j < row.length; j++) rest += row[j];
    row = Float64Array.from(row, (weight, j) => (j === 0 || rest === 0 ? 0 : weight / rest));
  }
  return row;
}

/**
 * The key with the largest weight in a row, the first token aside if there is another.
 * @param {ArrayLike<number>} row
 */
export function strongest(row) {
  let best = row.length > 1 ? 1 : 0;
  for (let j = best + 1; j < row.length; j++) if (row[j] > row[best]) best = j;
  return best;
}

/**
 * How much of the weight rests on the first token: the mean over the rows after it; NaN for a text of one token.
 * @param {Layer} layer
 * @param {number} head
 */
export function sinkShare(layer, head) {
  let sum = 0;
  for (let i = 1; i < layer.T; i++) sum += layer.weight(head, i, 0);
  return sum / (layer.T - 1);
}

/**
 * How sharp rows are, with and without the scale: the mean of their largest weights, and how many exceed 0.99. The
 * first row, which has no choice, does not count.
 * @param {Layer} layer
 * @param {number} head
 * @param {boolean} unscaled
 */
export function sharpness(layer, head, unscaled) {
  let mean = 0;
  let sharp = 0;
  for (let i = 1; i < layer.T; i++) {
    const top = Math.max(...shownRow(layer, head, i, { unscaled, hide: false }));
    mean += top / (layer.T - 1);
    sharp += Number(top > 0.99);
  }
  return { mean, sharp, rows: layer.T - 1 };
}
