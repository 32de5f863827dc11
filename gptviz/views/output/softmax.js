// Softmax at a temperature over a whole vocabulary, in 64-bit arithmetic from 32-bit logits.

/**
 * @typedef {object} Softmax
 * @property {number} temperature
 * @property {number} max the largest logit
 * @property {number} sum Σ exp((logit - max) / temperature) over the vocabulary
 * @property {number} entropy in bits
 * @property {number} rest what all words but the leading ones have together
 * @property {(id: number) => number} probability
 */

/**
 * p(id) = exp((logit - max) / T) / Σ. Subtracting the largest logit changes no probability (it multiplies numerator
 * and sum alike) and keeps exp from overflowing. T = 0 is greedy: everything goes to the first leading word.
 *
 * @param {Float32Array} logits [vocab], all finite
 * @param {number} temperature
 * @param {Int32Array} leading ids, likeliest first
 * @returns {Softmax}
 */
export function softmax(logits, temperature, leading) {
  const max = logits[leading[0]];
  if (temperature === 0) {
    const probability = (id) => (id === leading[0] ? 1 : 0);
    return { temperature, max, sum: 1, entropy: 0, rest: 0, probability };
  }
  const weight = (id) => Math.exp((logits[id] - max) / temperature);

  // The leading words are the largest terms: the rest is added up, because subtracting them would leave only noise.
  const smallest = logits[leading[leading.length - 1]];
  const isLeading = new Set(leading);
  let sum = 0;
  let rest = 0;
  let weighted = 0; // Σ exp(x)·x, for the entropy
  for (let id = 0; id < logits.length; id++) {
    const x = (logits[id] - max) / temperature;
    const e = Math.exp(x);
    sum += e;
    if (e > 0) weighted += e * x;
    if (logits[id] < smallest || !isLeading.has(id)) rest += e;
  }
  return {
    temperature,
    max,
    sum,
    // H = -Σ p·log p with log p = x - log Σ
    entropy: Math.max(0, (Math.log(sum) - weighted / sum) / Math.LN2),
    rest: rest / sum,
    probability: (id) => weight(id) / sum,
  };
}
