// What the tests beside this file say. A test file's default export is an object of functions: each is one test, named
// in words, and fails by throwing. test_modules.py runs them.

/** What JSON cannot say, as text. @param {string} _key @param {any} value @returns {any} */
function plain(_key, value) {
  if (ArrayBuffer.isView(value)) return Array.from(/** @type {Float32Array} */ (value), (x) => plain("", x));
  if (value instanceof Map || value instanceof Set) return [...value];
  return (typeof value === "number" && !Number.isFinite(value)) || value === undefined ? String(value) : value;
}

/** The same all the way down. @param {any} found @param {any} expected */
export function equal(found, expected) {
  const [a, b] = [found, expected].map((value) => JSON.stringify(value, plain));
  if (a !== b) throw new Error(`${a} is not ${b}`);
}

/** Numbers that differ by rounding alone. @param {ArrayLike<number>} found @param {ArrayLike<number>} expected */
export function close(found, expected, tolerance = 1e-12) {
  const near = found.length === expected.length && Array.from(found, (x, i) => Math.abs(x - expected[i]) <= tolerance);
  if (!near || near.includes(false)) throw new Error(`${[...Array.from(found)]} is not ${[...Array.from(expected)]}`);
}
