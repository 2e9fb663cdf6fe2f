// Numbers as people read them: a unit, and only the digits that are significant.

// Made once: the page writes hundreds of numbers at every token, and a new formatter each time is far slower.
const GROUPED = new Intl.NumberFormat('en', { maximumFractionDigits: 6 });

/**
 * @param {number} value
 * @param {number} n
 */
const digits = (value, n) => Number(value.toPrecision(n));

/**
 * Milliseconds: 0.42 ms, 41 ms, 1.3 s.
 * @param {number | null} value
 */
export function ms(value) {
  if (value === null || value === undefined) return '–';
  if (value >= 1000) return `${(value / 1000).toFixed(value >= 10000 ? 0 : 1)} s`;
  return `${value >= 10 ? value.toFixed(0) : digits(value, 2)} ms`;
}

/**
 * A share as per cent: 77.2 %, 0.031 %, <0.001 %.
 * @param {number} value
 */
export function pct(value) {
  const share = value * 100;
  if (share === 0) return '0 %';
  if (share < 0.001) return '<0.001 %';
  // Rounded to 100 %, it would say that nothing else is possible.
  if (share >= 99.995 && value < 1) return '>99.99 %';
  if (share >= 99.95 && value < 1) return `${share.toFixed(2)} %`;
  // 0.9999 % is 1.0 % too.
  return `${share >= 0.995 ? share.toFixed(1) : digits(share, 2)} %`;
}

/**
 * A plain number with n significant digits, grouped.
 * @param {number | null} value
 */
export function num(value, n = 3) {
  if (value === null || value === undefined) return '–';
  if (Number.isInteger(value)) return GROUPED.format(value);
  if (value !== 0 && Math.abs(value) < 1e-3) return value.toExponential(1);
  return GROUPED.format(digits(value, n));
}

/**
 * A number of parameters as in the names of models: 135 M, 7.24 B.
 * @param {number} n
 */
export const parameters = (n) => (n >= 1e9 ? `${num(n / 1e9, 3)} B` : `${num(n / 1e6, 3)} M`);

/**
 * Bytes in the binary units of memory.
 * @param {number} value
 */
export function bytes(value) {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${unit ? digits(value, 3) : value} ${units[unit]}`;
}

/**
 * A number of things: 1 token, 5 tokens.
 * @param {number} n
 * @param {string} noun
 */
export const count = (n, noun) => `${GROUPED.format(n)} ${noun}${n === 1 ? '' : 's'}`;

/**
 * All of them: the one token, all 5 tokens.
 * @param {number} n
 * @param {string} noun
 */
export const every = (n, noun) => (n === 1 ? `the one ${noun}` : `all ${count(n, noun)}`);

/**
 * The joint probability of many tokens, given in bits: per cent as long as that is readable, else a power of ten.
 * @param {number} bits
 */
export function chance(bits) {
  const power = -bits * Math.log10(2);
  if (power > -4 || bits === Infinity) return pct(2 ** -bits);
  // Rounded like the digits: 9.96 is written 10.
  const exponent = Math.floor(power + Math.log10(10 / 9.95));
  const superscript = [...String(-exponent)].map((digit) => '⁰¹²³⁴⁵⁶⁷⁸⁹'[Number(digit)]).join('');
  return `${(10 ** (power - exponent)).toFixed(1)} × 10⁻${superscript}`;
}

/**
 * Floating-point operations in decimal units: 269 MFLOP, 1.4 TFLOP.
 * @param {number} value
 */
export function flops(value) {
  const units = ['FLOP', 'kFLOP', 'MFLOP', 'GFLOP', 'TFLOP', 'PFLOP'];
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${digits(value, 3)} ${units[unit]}`;
}
