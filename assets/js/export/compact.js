// Makes answers smaller for a recorded walk. Numbers lose digits, but never those that the page shows.

import { base64 } from '../core/server/replay.js';
import { unpack } from '../maths/arrays.js';

export const TOP = 512;

/**
 * The logits of the most likely tokens, and one value for all others that keeps the sum of the exponentials.
 * @param {Payload.LogitsAnswer} answer
 * @returns {Page.RecordedLogits}
 */
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

/**
 * The nearest float16, as its sixteen bits; too large numbers become infinity.
 * @param {number} value
 */
function toHalf(value) {
  const size = Math.min(Math.abs(value), 131_072);
  const sign = value < 0 ? 0x8000 : 0;
  if (size < 2 ** -14) return sign + Math.round(size * 2 ** 24);
  if (size >= 65_520) return sign + 0x7c00;
  asFloat[0] = size;
  // Rounds away thirteen bits of the mantissa; a carry rightly goes into the exponent.
  return sign + ((bits[0] - 0x38000000 + 0x0fff + ((bits[0] >>> 13) & 1)) >>> 13);
}

/**
 * @param {Payload.Packed} packed
 * @returns {Payload.Packed}
 */
function compactArray(packed) {
  if (packed?.dtype !== 'float32') return packed;
  const { data, shape } = unpack(packed);
  return { dtype: 'float16', shape, data: base64(new Uint8Array(Uint16Array.from(data, toHalf).buffer)) };
}

/**
 * An answer as it is kept. Colours and hovered weights are shown with three digits, which float16 has.
 * @template {keyof Payload.Views} N
 * @param {N} name
 * @param {Payload.Views[N]} answer
 * @returns {Page.RecordedAnswer}
 */
export function compact(name, answer) {
  if (name === 'logits') return compactLogits(/** @type {Payload.LogitsAnswer} */ (answer));
  if (name === 'attention_tile') {
    const tile = /** @type {Payload.AttentionTileAnswer} */ (answer);
    return { ...tile, pattern: compactArray(tile.pattern) };
  }
  if (name === 'layers_residual') {
    const stream = /** @type {Payload.ResidualStream} */ (answer);
    return { ...stream, vectors: compactArray(stream.vectors) };
  }
  return answer;
}
