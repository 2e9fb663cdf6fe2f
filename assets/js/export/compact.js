// What an answer keeps of its numbers in a recorded walk: less than the live page has, and never fewer digits than it shows.

import { base64 } from '../core/server/replay.js';
import { unpack } from '../maths/arrays.js';

export const TOP = 512;
// Colours and hovered weights, shown with three digits: float16 has them.
const HALVED = { attention_tile: 'pattern', layers_residual: 'vectors' };

/** The most likely tokens' logits, and one value for all others that keeps the sum of the exponentials. */
function compactLogits({ step, logits: packed }) {
  const logits = unpack(packed).data;
  const limit = logits.length > TOP ? Float32Array.from(logits).sort()[logits.length - TOP] : -Infinity;
  const ids = [];
  for (let id = 0; id < logits.length && ids.length < TOP; id += 1) if (logits[id] >= limit) ids.push(id);
  const known = new Set(ids);
  const high = ids.reduce((most, id) => Math.max(most, logits[id]), -Infinity);
  let rest = 0;
  logits.forEach((logit, id) => {
    if (!known.has(id)) rest += Math.exp(logit - high);
  });
  const others = logits.length - ids.length;
  return {
    step,
    size: logits.length,
    ids,
    logits: ids.map((id) => Number(logits[id].toPrecision(7))),
    rest: others ? high + Math.log(rest / others) : 0,
  };
}

const bits = new Uint32Array(1);
const asFloat = new Float32Array(bits.buffer);

/** The nearest float16, as its sixteen bits; what is too large becomes infinity. */
function half(value) {
  const size = Math.min(Math.abs(value), 131_072);
  const sign = value < 0 ? 0x8000 : 0;
  if (size < 2 ** -14) return sign + Math.round(size * 2 ** 24);
  if (size >= 65_520) return sign + 0x7c00;
  asFloat[0] = size;
  // Thirteen bits of the mantissa go, rounded; a carry goes into the exponent, as it should.
  return sign + ((bits[0] - 0x38000000 + 0x0fff + ((bits[0] >>> 13) & 1)) >>> 13);
}

function halved(packed) {
  if (packed?.dtype !== 'float32') return packed;
  const { data, shape } = unpack(packed);
  return { dtype: 'float16', shape, data: base64(new Uint8Array(Uint16Array.from(data, half).buffer)) };
}

/** An answer as it is kept. */
export function compacted(name, answer) {
  if (name === 'logits') return compactLogits(answer);
  const part = HALVED[name];
  return part ? { ...answer, [part]: halved(answer[part]) } : answer;
}
