// What formulas are made of: a line of one, and the numbers that several stages put in.

import { label } from '../../maths/tokens.js';

/**
 * The bytes of one number, by its type.
 * @type {Record<string, number>}
 */
export const BYTES = { float32: 4, float16: 2, bfloat16: 2 };

/** A formula, the same with this run's numbers, and what its letters mean. */
export const line = (formula, numbers, note = '') => ({ formula, numbers, note });

export const quoted = (token) => `“${label(token, 24)}”`;

export const sum = (values) => values.reduce((all, value) => all + value, 0);

/** The numbers that a position adds to the cache: as a product where the layers are alike, else their sum. */
export const kept = ({ cache_layers: layers, n_kv_heads: kv, d_head: d, d_value: v, kv_latent: latent }) => {
  const each = sum(layers.map(([n]) => n));
  const alike = (n) => layers.every(([own]) => own === n);
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

/** True where no layer drops positions that have left its window. */
export const allKept = ({ cache_layers: layers }) => !layers.some(([, window]) => window);
