// Numbers as people read them. Rounded for the eye; whoever calculates uses the number itself.

/** @type {Record<string, string>} */
const SUPERSCRIPT = { "-": "⁻", 0: "⁰", 1: "¹", 2: "²", 3: "³", 4: "⁴", 5: "⁵", 6: "⁶", 7: "⁷", 8: "⁸", 9: "⁹" };

export const PERCENT = "\u00a0%"; // on the same line as its number, as everywhere in gptviz

/** @param {string} text */
const minus = (text) => text.replace("-", "−");

/**
 * @param {number} value
 * @param {number} digits after the point
 */
export const fixed = (value, digits) => minus(value.toFixed(digits));

/**
 * As many decimals as it takes to be exact, and at least so many.
 * @param {number} value
 * @param {number} digits
 */
export const exactly = (value, digits) =>
  Number(value.toFixed(digits)) === value ? fixed(value, digits) : minus(String(value));

/**
 * A 32-bit number in as few digits as tell it from all other 32-bit numbers.
 * @param {number} value
 */
export function stored(value) {
  for (let digits = 1; digits < 9; digits++) {
    const text = value.toPrecision(digits);
    if (Math.fround(Number(text)) === value) return significant(value, digits);
  }
  return significant(value, 9);
}

/**
 * Significant digits; very large and very small numbers with a power of ten.
 * @param {number} value
 * @param {number} digits
 */
export function significant(value, digits) {
  const size = Math.abs(value);
  if (value === 0 || (size >= 1e-4 && size < 1e6)) {
    const text = value.toPrecision(digits);
    return minus(text.includes("e") ? String(Number(text)) : text); // 25,000 in two digits is 25000, not 2.5e+4
  }
  const [mantissa, exponent] = value.toExponential(Math.min(digits, 4) - 1).split("e");
  const power = [...exponent.replace("+", "")].map((char) => SUPERSCRIPT[char]).join("");
  return `${minus(mantissa)}·10${power}`;
}

/**
 * A probability. Two decimals, or two digits where that would say 0.00 %.
 * @param {number} p
 */
export function percent(p) {
  const value = 100 * p;
  if (p === 0 || p === 1) return `${value}${PERCENT}`;
  if (value >= 99.995) return `>99.99${PERCENT}`; // 100 % is for what is certain
  return (value >= 0.05 ? value.toFixed(2) : significant(value, 2)) + PERCENT;
}

/**
 * A whole number with its thousands apart.
 * @param {number} value
 * @param {string} language
 */
export const count = (value, language) => value.toLocaleString(language);

/**
 * A probability in few digits: 77 %, 0.2 %, 0.003 %, and "100 %" for exactly 1 only. The twin of `percent` in
 * gptviz/figures/predictions.py.
 * @param {number} p
 * @returns {string}
 */
export function share(p) {
  if (Number.isNaN(p)) return "–";
  if (p < 0) return `−${share(-p)}`;
  const value = 100 * p;
  if (p === 0 || p === 1) return value + PERCENT;
  if (value >= 99.5) {
    return value > 99.9999 ? `> 99.9999${PERCENT}` : `${value.toFixed(4).replace(/\.?0+$/, "")}${PERCENT}`;
  }
  if (value >= 9.95) return value.toFixed(0) + PERCENT;
  if (value >= 0.095) return value.toFixed(1) + PERCENT;
  if (value >= 0.00095) return Number(value.toPrecision(1)) + PERCENT;
  const [digit, exponent] = value.toExponential(0).split("e");
  return `${digit}·10${[...exponent.replace("+", "")].map((char) => SUPERSCRIPT[char]).join("")}${PERCENT}`;
}

/**
 * A probability in at most three digits, for where there is little room.
 * @param {number} p
 */
export function brief(p) {
  const value = 100 * p;
  if (Number.isNaN(p)) return "–";
  if (value > 99.5 && p < 1) return `>99${PERCENT}`;
  if (value > 0 && value < 0.05) return `<0.1${PERCENT}`;
  return (value >= 9.95 || value === 0 ? value.toFixed(0) : value.toFixed(1)) + PERCENT;
}

/**
 * "1 in so many" for a probability given by its natural logarithm, however small: the many.
 * @param {number} log
 * @param {string} language
 */
export function oneIn(log, language) {
  if (-log < Math.log(999_500)) return count(Number(Math.exp(-log).toPrecision(3)), language);
  let power = Math.floor(-log / Math.LN10);
  let mantissa = Math.exp(-log - power * Math.LN10).toPrecision(2);
  if (mantissa === "10") [mantissa, power] = ["1.0", power + 1];
  return `${mantissa}·10${[...String(power)].map((char) => SUPERSCRIPT[char]).join("")}`;
}

/** With its sign, and never −0. @param {number} value @param {number} digits */
export function signed(value, digits) {
  const text = Math.abs(value).toFixed(digits);
  if (Number(text) === 0) return text;
  return (value < 0 ? "−" : "+") + text;
}

/** A whole number as a subscript. @param {number} value */
export const subscript = (value) => [...String(value)].map((digit) => "₀₁₂₃₄₅₆₇₈₉"[Number(digit)]).join("");

/**
 * The beginning of a text, whole characters only.
 * @param {string} text
 * @param {number} most characters
 */
export function cut(text, most) {
  const characters = [...text];
  return characters.length > most ? `${characters.slice(0, most - 1).join("")}…` : text;
}
