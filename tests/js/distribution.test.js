import * as sampling from "../../gptviz/views/output/distribution.js";
import { close, equal } from "./check.js";

const { drawer, penalised, randomNumbers, sortIds } = sampling;

const LOGITS = Float32Array.from([1, 3, 2, 3, -1]);
const NONE = { temperature: 1, top_k: null, top_p: null, min_p: null, repetition_penalty: null };

/** @param {Partial<import("../../gptviz/views/output/distribution.js").Options>} options */
function distribution(options, logits = LOGITS) {
  return sampling.distribution(logits, sortIds(logits), { ...NONE, ...options });
}

/** All probabilities, by id. @param {import("../../gptviz/views/output/distribution.js").Distribution} from */
const probabilities = (from) => Array.from(from.order.toSorted(), from.probability);

/** @param {number[]} values */
function softmax(values) {
  const e = values.map(Math.exp);
  const sum = e.reduce((a, b) => a + b);
  return e.map((x) => x / sum);
}

export default {
  "ids go by their logit, equal ones by their number"() {
    equal(sortIds(LOGITS), [1, 3, 2, 0, 4]);
  },

  "at temperature 1 it is the softmax"() {
    const found = distribution({});
    const expected = softmax([...LOGITS]);
    close(probabilities(found), expected);
    close([found.entropy], [-expected.reduce((sum, p) => sum + p * Math.log2(p), 0)]);
    close([found.rest(2)], [expected[2] + expected[0] + expected[4]]);
  },

  "logits are divided by the temperature"() {
    close(probabilities(distribution({ temperature: 0.5 })), softmax([...LOGITS].map((x) => x / 0.5)));
    close(probabilities(distribution({ temperature: Infinity })), Array(5).fill(1 / 5));
    close([distribution({ temperature: Infinity }).entropy], [Math.log2(5)]);
  },

  "temperature 0 takes the first of the likeliest"() {
    const greedy = distribution({ temperature: 0 });
    equal(probabilities(greedy), [0, 1, 0, 0, 0]);
    equal([greedy.entropy, greedy.kept, greedy.rest(1)], [0, 1, 0]);
  },

  "top-k keeps what is equal to the last that it keeps"() {
    equal(distribution({ top_k: 1 }).kept, 2);
    equal(distribution({ top_k: 3 }).kept, 3);
    equal(distribution({ top_k: 99 }).kept, 5);
    const found = distribution({ top_k: 1 });
    close(probabilities(found), [0, 0.5, 0, 0.5, 0]);
    equal([0, 1, 2, 3, 4].map(found.keeps), [false, true, false, true, false]);
  },

  "top-p keeps a token while those before it hold less than p"() {
    const p = softmax([...LOGITS]);
    equal(distribution({ top_p: p[1] - 1e-6 }).kept, 1);
    equal(distribution({ top_p: p[1] + 1e-6 }).kept, 2);
    equal(distribution({ top_p: 1 }).kept, 5);
    equal(distribution({ top_p: 1e-9 }).kept, 1);
    const one = distribution({ top_p: 1e-9 });
    equal([one.keeps(1), one.keeps(3)], [true, false]);
  },

  "min-p keeps what is at least so much of the likeliest"() {
    equal(distribution({ min_p: Math.exp(-1) - 1e-9 }).kept, 3);
    equal(distribution({ min_p: 1 }).kept, 2);
  },

  "a filter takes from what the one before it left, and the rest adds up to 1"() {
    const found = distribution({ top_k: 3, top_p: 0.9, min_p: 0.5 });
    equal(
      found.stages.map(({ name, kept }) => [name, kept]),
      [
        ["temperature", 5],
        ["top_k", 3],
        ["top_p", 3],
        ["min_p", 2],
      ],
    );
    close([probabilities(found).reduce((a, b) => a + b)], [1]);
  },

  "a penalty divides what is above 0, multiplies what is below, and keeps the order right"() {
    const { logits, order } = penalised(LOGITS, sortIds(LOGITS), [1, 4], 2);
    equal(logits, [1, 1.5, 2, 3, -2]);
    equal(order, [3, 2, 1, 0, 4]);
    equal(penalised(LOGITS, sortIds(LOGITS), [1], 1).logits === LOGITS, true);
    equal(penalised(LOGITS, sortIds(LOGITS), [], 2).logits === LOGITS, true);
  },

  "a penalised order is the order of the penalised logits"() {
    const random = randomNumbers(7);
    for (let round = 0; round < 200; round++) {
      const values = Float32Array.from({ length: 20 }, () => Math.round(8 * random() - 4));
      const seen = [0, 1, 2].map(() => Math.floor(20 * random()));
      const { logits, order } = penalised(values, sortIds(values), seen, 0.5 + 2 * random());
      const ids = [...logits.keys()].sort((a, b) => logits[b] - logits[a] || a - b);
      equal(order, ids);
    }
  },

  "a very large vocabulary loses no small probability"() {
    const logits = Float32Array.from({ length: 50_000 }, (_, i) => (i ? -12 : 0));
    const found = distribution({}, logits);
    const weight = 49_999 * Math.exp(-12);
    close([found.rest(1), found.probability(0)], [weight / (1 + weight), 1 / (1 + weight)]);
  },

  "random numbers are those of mulberry32"() {
    const random = randomNumbers(1);
    close([random(), random(), random()], [0.6270739405881613, 0.002735721180215478, 0.5274470399599522], 1e-15);
    const [one, other] = [randomNumbers(2), randomNumbers(2)];
    equal([one(), one()], [other(), other()]);
  },

  "draws follow the distribution and never take what was removed"() {
    const found = distribution({ top_k: 3 });
    const draw = drawer(found, randomNumbers(3));
    const counts = [0, 0, 0, 0, 0];
    const n = 20_000;
    for (let i = 0; i < n; i++) counts[draw()]++;
    equal([counts[0], counts[4]], [0, 0]);
    for (const [id, count] of counts.entries()) {
      const p = found.probability(id);
      close([count / n], [p], 5 * Math.sqrt((p * (1 - p)) / n));
    }
  },
};
