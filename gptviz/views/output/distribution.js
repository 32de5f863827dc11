// From logits to the probabilities that the next token is drawn from: repetition penalty, temperature, top-k, top-p,
// min-p, in that order, as gptviz/sampling.py and transformers have them; in 64-bit arithmetic from 32-bit logits.

/**
 * @typedef {object} Options null switches a filter off
 * @property {number} temperature 0: greedy; Infinity: as if all logits were equal
 * @property {number | null} top_k
 * @property {number | null} top_p
 * @property {number | null} min_p
 * @property {number | null} repetition_penalty
 *
 * @typedef {object} Stage what a step of the pipeline left
 * @property {string} name
 * @property {number} kept how many tokens
 * @property {number} mass of the tempered probability, before anything was removed
 *
 * @typedef {object} Distribution
 * @property {number} temperature
 * @property {number} max the largest logit (after the penalty)
 * @property {number} sum Σ exp((logit - max) / temperature) over the whole vocabulary
 * @property {number} keptSum the same over what the filters kept
 * @property {number} kept how many tokens they kept
 * @property {Uint32Array} order ids, likeliest first
 * @property {Stage[]} stages
 * @property {number} entropy of the final distribution, in bits
 * @property {(id: number) => number} logit after the penalty
 * @property {(id: number) => number} tempered probability before the filters
 * @property {(id: number) => number} probability
 * @property {(id: number) => boolean} keeps whether the filters left it in
 * @property {(leading: number) => number} rest what all but the so many likeliest have together
 */

/** Ids by logit, the largest first; of equal ones the smaller id. @param {Float32Array} logits */
export function sortIds(logits) {
  return Uint32Array.from(logits.keys()).sort((a, b) => logits[b] - logits[a] || a - b);
}

/**
 * What the repetition penalty makes of the logits: those of tokens already in the text are divided by it if above 0,
 * else multiplied.
 * @param {Float32Array} logits
 * @param {Uint32Array} order
 * @param {Iterable<number>} seen
 * @param {number | null} penalty
 */
export function penalised(logits, order, seen, penalty) {
  const ids = new Set(seen);
  if (penalty === null || penalty === 1 || !ids.size) return { logits, order };
  const changed = Float64Array.from(logits);
  for (const id of ids) changed[id] = logits[id] > 0 ? logits[id] / penalty : logits[id] * penalty;
  // All others keep their order: merge the few into the many.
  const few = [...ids].sort((a, b) => changed[b] - changed[a] || a - b);
  const merged = new Uint32Array(order.length);
  let next = 0;
  let at = 0;
  const before = (/** @type {number} */ a, /** @type {number} */ b) => changed[a] - changed[b] || b - a;
  for (const id of order) {
    if (ids.has(id)) continue;
    while (next < few.length && before(few[next], id) > 0) merged[at++] = few[next++];
    merged[at++] = id;
  }
  while (next < few.length) merged[at++] = few[next++];
  return { logits: changed, order: merged };
}

/**
 * @param {Float32Array | Float64Array} logits after the penalty, all finite
 * @param {Uint32Array} order of these
 * @param {Options} options
 * @returns {Distribution}
 */
export function distribution(logits, order, { temperature, top_k, top_p, min_p }) {
  const V = logits.length;
  const max = logits[order[0]];
  const scale = temperature === Infinity ? 0 : 1 / temperature;
  const logit = (/** @type {number} */ id) => logits[id];
  if (temperature === 0) {
    const all = (/** @type {number} */ id) => Number(id === order[0]);
    const stages = [{ name: "temperature", kept: 1, mass: 1 }];
    return {
      temperature,
      max,
      sum: 1,
      keptSum: 1,
      kept: 1,
      order,
      stages,
      entropy: 0,
      logit,
      tempered: all,
      probability: all,
      keeps: (id) => id === order[0],
      rest: () => 0,
    };
  }
  const weights = new Float64Array(V); // by place in the order
  let sum = 0;
  // Small ones first: they would be lost behind large ones.
  for (let place = V - 1; place >= 0; place--) sum += weights[place] = Math.exp((logits[order[place]] - max) * scale);

  const stages = [{ name: "temperature", kept: V, mass: 1 }];
  let kept = V;
  let keptSum = sum;
  const cut = (/** @type {string} */ name, /** @type {number} */ most) => {
    kept = Math.max(1, Math.min(kept, most));
    keptSum = 0;
    for (let place = kept - 1; place >= 0; place--) keptSum += weights[place];
    stages.push({ name, kept, mass: keptSum / sum });
  };
  if (top_k !== null) {
    let most = Math.min(top_k, V);
    const last = logits[order[most - 1]];
    while (most < V && logits[order[most]] === last) most++; // equal to the last that is kept
    cut("top_k", most);
  }
  if (top_p !== null) {
    // A token stays while those before it hold less than p of what is left.
    let before = 0;
    let most = 0;
    while (most < kept && (most === 0 || before < top_p * keptSum)) before += weights[most++];
    cut("top_p", top_p >= 1 ? kept : most);
  }
  if (min_p !== null) {
    let most = 0;
    while (most < kept && weights[most] >= min_p * weights[0]) most++;
    cut("min_p", most);
  }

  let weighted = 0; // Σ e·x, for H = log Σ - Σ e·x / Σ
  for (let place = 0; place < kept; place++) {
    if (weights[place] > 0) weighted += weights[place] * (logits[order[place]] - max) * scale;
  }
  const entropy = Math.max(0, (Math.log(keptSum) - weighted / keptSum) / Math.LN2);
  const weight = (/** @type {number} */ id) => Math.exp((logits[id] - max) * scale);
  // What was removed has ids behind the last kept place.
  const edge = logits[order[kept - 1]];
  const keeps = (/** @type {number} */ id) => logits[id] > edge || (logits[id] === edge && atEdge().has(id));
  let ties = /** @type {Set<number> | null} */ (null);
  const atEdge = () => {
    if (ties) return ties;
    ties = new Set();
    for (let place = kept - 1; place >= 0 && logits[order[place]] === edge; place--) ties.add(order[place]);
    return ties;
  };
  return {
    temperature,
    max,
    sum,
    keptSum,
    kept,
    order,
    stages,
    entropy,
    logit,
    keeps,
    tempered: (id) => weight(id) / sum,
    probability: (id) => (keeps(id) ? weight(id) / keptSum : 0),
    rest(leading) {
      let rest = 0; // added up: subtracting the others would leave only rounding
      for (let place = kept - 1; place >= leading; place--) rest += weights[place];
      return rest / keptSum;
    },
  };
}

/**
 * Random numbers from 0 to 1, the same for the same seed (mulberry32, T. Ettinger, public domain).
 * @param {number} seed
 */
export function randomNumbers(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/**
 * A function that draws ids from a distribution.
 * @param {Distribution} from
 * @param {() => number} random
 */
export function drawer(from, random) {
  const { order, kept } = from;
  const sums = new Float64Array(kept);
  let sum = 0;
  for (let place = 0; place < kept; place++) sums[place] = sum += from.probability(order[place]);
  return () => {
    const wanted = random() * sum;
    let [low, high] = [0, kept - 1];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (sums[middle] > wanted) high = middle;
      else low = middle + 1;
    }
    return order[low];
  };
}
