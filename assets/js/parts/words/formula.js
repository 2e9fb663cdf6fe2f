// The parts of formulas: a line, and the numbers that several stages use.

import { label } from '../../maths/tokens.js';

/**
 * The bytes of one number, by its type.
 * @type {Record<string, number>}
 */
export const BYTES = { float32: 4, float16: 2, bfloat16: 2 };

/**
 * A formula, the same with this run's numbers, and what its letters mean.
 * @param {string} formula
 * @param {string} numbers
 * @returns {Page.Formula}
 */
export const line = (formula, numbers, note = '') => ({ formula, numbers, note });

/** @param {Pick<Page.Token, 'text' | 'partial' | 'bytes'>} token */
export const quote = (token) => `“${label(token, 24)}”`;

/** @param {number[]} values */
export const sum = (values) => values.reduce((all, value) => all + value, 0);

/**
 * How many numbers a position adds to the cache: as a product where the layers are alike, else as their sum.
 * @param {Pick<Page.Card, 'cache_layers' | 'n_kv_heads' | 'd_head' | 'd_value' | 'kv_latent'>} card
 */
export const cachedNumbers = ({ cache_layers: layers, n_kv_heads: kv, d_head: d, d_value: v, kv_latent: latent }) => {
  const each = sum(layers.map(([n]) => n));
  const alike = (/** @type {number} */ n) => layers.every(([own]) => own === n);
  if (latent && alike(latent))
    return { each, formula: 'layers · latent vector', numbers: `${layers.length} · ${latent}` };
  if (latent || !alike(kv * (d + v))) {
    const sizes = Object.entries(Object.groupBy(layers, ([n]) => n)).map(([n, those]) => `${those.length} · ${n}`);
    return { each, formula: '(numbers of a layer, added up)', numbers: `(${sizes.join(' + ')})` };
  }
  if (d === v)
    return { each, formula: '2 · layers · key/value heads · d_head', numbers: `2 · ${layers.length} · ${kv} · ${d}` };
  return {
    each,
    formula: 'layers · key/value heads · (d_head + d_value)',
    numbers: `${layers.length} · ${kv} · (${d} + ${v})`,
  };
};

/**
 * True where no layer drops positions that have left its window.
 * @param {Pick<Page.Card, 'cache_layers'>} card
 */
export const keepsAllPositions = ({ cache_layers: layers }) => !layers.some(([, window]) => window);
