// Numbers as people read them: the rules that gptviz/numbers.py has too, function by function. Rounded for the eye
// (halves away from zero); whoever calculates uses the number itself.
//
// Everywhere: a minus sign and not a hyphen, never one before zero; thousands set apart; "–" where there is no number,
// and the percent sign on the same line as what it belongs to.

const NONE = "–";
const PERCENT = "\u00a0%";
/** @type {Record<string, string>} */
const RAISED = { "-": "⁻", 0: "⁰", 1: "¹", 2: "²", 3: "³", 4: "⁴", 5: "⁵", 6: "⁶", 7: "⁷", 8: "⁸", 9: "⁹" };

/** @param {number} exponent */
const powerOfTen = (exponent) => `10${[...String(exponent)].map((char) => RAISED[char]).join("")}`;

/**
 * So many digits after the point.
 * @param {number} value
 * @param {number} digits
 */
export function fixed(value, digits) {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? NONE : value < 0 ? "−∞" : "∞";
  const text = Math.abs(value).toFixed(digits);
  return (value < 0 && Number(text) ? "−" : "") + text.replace(/\B(?<!\.\d*)(?=(\d{3})+(?!\d))/g, ",");
}

/**
 * The same with its sign, whichever it is.
 * @param {number} value
 * @param {number} digits
 */
export function signed(value, digits) {
  const text = fixed(Math.abs(value), digits);
  return /[1-9∞]/.test(text) ? (value < 0 ? "−" : "+") + text : text;
}

/** A whole number. @param {number} value */
export const count = (value) => fixed(value, 0);

/**
 * As many decimals as it takes to be exact, and at least so many.
 * @param {number} value
 * @param {number} digits
 */
export function exactly(value, digits) {
  while (digits < 20 && Number(value.toFixed(digits)) !== value) digits++;
  return fixed(value, digits);
}

/**
 * So many significant digits, but all that stand before the point; very large and very small numbers with a power of
 * ten, and four digits at most.
 * @param {number} value
 * @param {number} digits
 */
export function significant(value, digits) {
  if (value === 0 || !Number.isFinite(value)) return fixed(value, 0);
  const exponent = Number(value.toExponential(digits - 1).split("e")[1]);
  if (exponent >= -4 && exponent < 6) return fixed(value, Math.max(0, digits - 1 - exponent));
  const [mantissa, power] = Math.abs(value)
    .toExponential(Math.min(digits, 4) - 1)
    .split("e");
  return `${value < 0 ? "−" : ""}${mantissa}·${powerOfTen(Number(power))}`;
}

/**
 * A 32-bit number in as few digits as tell it from all other 32-bit numbers.
 * @param {number} value
 */
export function stored(value) {
  let digits = 1;
  while (digits < 9 && Math.fround(Number(value.toPrecision(digits))) !== value) digits++;
  return significant(value, digits);
}

/**
 * A probability: 77 %, 0.2 %, 0.003 %, 4·10⁻⁷ %; "100 %" is for what is certain.
 * @param {number} share
 * @param {number} [digits] after the point, for shares that are compared or added up
 * @returns {string}
 */
export function percent(share, digits) {
  const value = 100 * share;
  if (Number.isNaN(value)) return NONE;
  if (digits !== undefined) return fixed(value, digits) + PERCENT;
  if (value < 0) return `−${percent(-share)}`;
  if (Math.abs(value - 100) <= 0.5) {
    const text = value.toFixed(4).replace(/\.?0+$/, "");
    return (text === "100" && value < 100 ? ">99.9999" : text) + PERCENT;
  }
  return (value >= 0.095 ? fixed(value, value >= 9.95 ? 0 : 1) : significant(value, 1)) + PERCENT;
}

/**
 * A probability in at most three digits, for where there is little room.
 * @param {number} share
 */
export function brief(share) {
  const value = 100 * share;
  if (value >= 99.5 && value < 100) return `>99${PERCENT}`;
  if (value > 0 && value < 0.05) return `<0.1${PERCENT}`;
  return percent(share, value > 0 && value < 9.95 ? 1 : 0);
}

/**
 * "1 in so many" for a probability given by its natural logarithm, however small: the many.
 * @param {number} log
 */
export function oneIn(log) {
  if (-log < Math.log(999_500)) return exactly(Number(Math.exp(-log).toPrecision(3)), 0);
  const power = Math.floor(-log / Math.LN10);
  const [mantissa, more] = Math.exp(-log - power * Math.LN10)
    .toExponential(1)
    .split("e");
  return `${mantissa}·${powerOfTen(power + Number(more))}`;
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
