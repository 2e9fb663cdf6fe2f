// The words of "One head, step by step" in the Prefill panel.

import { count, num } from '../../../maths/format.js';

/** @param {number} first @param {number} last */
const heads = (first, last) => (first === last ? `head ${first}` : `heads ${first}–${last}`);

export const head = {
  title: 'One head, step by step',
  /** @param {number} layer @param {number} index @param {Page.Child} query @param {Page.Child} key */
  lead: (layer, index, query, key) => [
    `Layer ${layer}, head ${index}: how much `,
    query,
    ' (query) takes from ',
    key,
    ' (key), in the numbers of this run.',
  ],
  notFed:
    'This token has not been through the model yet: it goes in when the next one is asked for. Select an earlier one.',
  checking: 'checking against the model’s own pass …',
  /** @param {string} message */
  checkFailed: (message) => `not checked: ${message}`,

  keyLabel: 'Key position',
  /** @param {string} text @param {number} last */
  keyRefused: (text, last) =>
    `The key position is ${text || 'not a number'}; it must be a whole number from 0 to ${last}.`,
  keyLargest: 'Largest weight',
  keyHint: 'Click a cell of the map above or a key in step 3 to choose another key.',

  /** @param {number} group @param {number} kv @param {number} first @param {number} last */
  gqa: (group, kv, first, last) =>
    group === 1
      ? 'Each query head has a key and value head of its own.'
      : `Query ${heads(first, last)} read the same keys and values: key/value head ${kv}.`,
  /** @param {number} index */
  gqaHead: (index) => `query head ${index}`,
  /** @param {number} kv */
  gqaKv: (kv) => `KV ${kv}`,

  /** @param {boolean} rotated */
  pair: (rotated) => (rotated ? 'q × k, dimension by dimension (after RoPE)' : 'q × k, dimension by dimension'),
  q: 'q',
  k: 'k',
  product: 'q × k',
  /** @param {number} i @param {number} q @param {number} k @param {number} product */
  pairHover: (i, q, k, product) => `dimension ${i}: ${num(q, 4)} × ${num(k, 4)} = ${num(product, 4)}`,
  /** @param {number} n */
  pairRest: (n) => `${n} products. Point at a column to read it.`,

  score: 'Sum, scale, mask',
  /** @param {number} n */
  sum: (n) => `sum of the ${n} products`,
  /** @param {number} scaling @param {number} n */
  scale: (scaling, n) =>
    Math.abs(scaling - n ** -0.5) < 1e-6 ? `× 1/√${n} = ${num(scaling, 4)}` : `× ${num(scaling, 4)}`,
  /** @param {number} cap */
  softcap: (cap) => `softcap: ${num(cap)} · tanh(x / ${num(cap)})`,
  bias: 'added by the position bias (ALiBi)',
  scoreName: 'score',
  maskName: 'mask',
  visible: 'the query sees this key',
  /** @type {Record<Payload.PairScore['hidden'], string>} */
  hidden: {
    later: 'the key comes later: score −∞',
    window: 'outside the sliding window: score −∞',
    mask: 'masked: score −∞',
  },
  /** @param {number} first */
  window: (first) => `This layer’s window begins at position ${first}.`,

  softmax: 'Softmax over the keys',
  /** @param {Payload.SoftmaxRow} row @param {number} score @param {string} hidden */
  formula: ({ exponential, denominator, weight, largest }, score, hidden) =>
    hidden
      ? 'e^−∞ = 0, so the weight is 0'
      : `e^(${num(score, 4)} − ${num(largest, 4)}) / ${num(denominator, 4)} = ${num(exponential, 4)} / ${num(denominator, 4)} = ${num(weight, 4)}`,
  /** @param {number} n */
  formulaNote: (n) => `The largest score is taken off first; the divisor adds up ${count(n, 'key')}.`,
  /** @param {number} sink */
  formulaSink: (sink) =>
    `This head’s sink, a learned score of ${num(sink, 4)}, takes part in the sum and in nothing else.`,
  /** @param {number} n */
  rest: (n) => `${count(n, 'other key')}`,
  sink: 'sink',
  /** @param {string} label */
  takeKey: (label) => `Take ${label} as the key`,

  mix: 'Weight × v, summed over all keys: z',
  v: 'v',
  weighted: 'w × v',
  z: 'z',
  entry: 'into W_O',
  mixChanged: 'This model puts z through a gate or a norm; the last strip is what enters W_O.',
  /** @param {number} i @param {number} v @param {number} weighted @param {number} z @param {number} weight */
  mixHover: (i, v, weighted, z, weight) =>
    `dimension ${i}: ${num(weight, 3)} × ${num(v, 4)} = ${num(weighted, 4)}; all keys together ${num(z, 4)}`,
  /** @param {number} weight @param {number} n */
  mixRest: (weight, n) => `w = ${num(weight, 4)}. Each strip has its own scale; ${n} dimensions.`,

  output: 'Through W_O: this head’s part of the output',
  part: 'part',
  whole: 'W_O’s output',
  /** @param {number} i @param {number} part @param {number} whole */
  partHover: (i, part, whole) => `dimension ${i}: ${num(part, 4)} of ${num(whole, 4)} in W_O’s output`,
  /** @param {number} n @param {number} norm */
  partRest: (n, norm) =>
    `${n} dimensions. The part has length ${num(norm, 4)}; W_O’s output is the sum of all heads’ parts and, where there is one, of a bias.`,
  shares: 'How much of W_O’s output lies along each head’s part',
  /** @param {number} index */
  shareHead: (index) => `head ${index}`,
  bias_part: 'bias',
  /** @param {number} norm */
  sharesNote: (norm) =>
    `They add up to 1; a head that works against the sum is negative. W_O’s output has length ${num(norm, 4)}. A norm or a factor of the block may change it before it is added to the stream as attn_out.`,
  /** @param {string} reason */
  noOutput: (reason) => `The head’s part is not shown: ${reason}.`,

  table: 'The numbers as a table',
  dimension: 'dimension',
  /** @param {string} name @param {number} norm */
  strip: (name, norm) =>
    `${name}, as a strip of its dimensions; length ${num(norm, 4)}. Its numbers are in the table below.`,
};
