// The words of the what-if panel: every value with its formula, its numbers put in.

import { bytes, count, flops, ms, num } from '../../../maths/format.js';

/** @param {number} seconds */
const s = (seconds) => ms(seconds * 1000);
/** @param {number} value */
const rate = (value) => `${bytes(value)}/s`;
/** @param {number} value */
const work = (value) => `${flops(value)}/s`;

/**
 * A KV cache's formula and its numbers: a layer with a window keeps at most as many tokens as the window is wide.
 * @param {Payload.Estimate} estimate
 */
function cacheFormula({ model: { cache }, n_context: n, kv_bytes_per_token: each, cache_bits: bits }) {
  const numbers = `numbers of ${bits} bits`;
  if (!cache.windowed_layers || n <= cache.window)
    return ['tokens × bytes a token', `${num(n)} × ${bytes(each)}, ${numbers}`];
  const full = cache.n_layers - cache.windowed_layers;
  return [
    '(layers × tokens + layers with a window × window) × bytes a token and layer',
    `(${full} × ${num(n)} + ${cache.windowed_layers} × ${num(cache.window)}) × ${bytes(each / cache.n_layers)}, ${numbers}`,
  ];
}

/**
 * What to change when not even one user fits, depending on what fills the memory.
 * @param {Payload.Estimate} e
 */
const noneFits = (e) =>
  e.weights_fit
    ? `Not even one fits: the weights take ${bytes(e.weight_bytes)}, one KV cache ${bytes(e.kv_bytes)}. Take fewer tokens in it, fewer bits for its numbers, or a larger machine.`
    : `The weights alone take ${bytes(e.weight_bytes)}: take fewer bits for them, a smaller model or a larger machine.`;

export const whatif = {
  title: 'What if',
  note: 'Another machine, another model, more users: by formula, from published figures and from this machine’s measured limits. Nothing on this page was measured but what says so; real systems reach a part of these limits.',
  badge: 'estimate',
  machine: 'machine',
  model: 'model',
  bits: 'weights',
  cacheBits: 'numbers in the KV cache',
  /** @param {number} n */
  bit: (n) => `${n} bits`,
  prompt: 'prompt tokens',
  context: 'tokens in each KV cache',
  users: 'users at once',
  measure: 'Measure this machine',
  measureNote: 'Then it stands in the list, and this run beside its own estimate.',
  stop: 'Stop',

  /**
   * [name, value, formula, numbers] of an estimate.
   * @param {Payload.Estimate} e
   */
  rows: (e) => [
    ['weights', bytes(e.weight_bytes), 'parameters × bits / 8', `${num(e.model.n_parameters)} × ${e.weight_bits} / 8`],
    ['KV cache of one user', bytes(e.kv_bytes), ...cacheFormula(e)],
    [
      'memory in all',
      bytes(e.memory_bytes),
      'weights + users × KV cache',
      `${bytes(e.weight_bytes)} + ${num(e.n_users)} × ${bytes(e.kv_bytes)}`,
    ],
    [
      'users that fit',
      num(e.max_users),
      '(0.9 × memory − weights) / KV cache',
      `(0.9 × ${bytes(e.machine.memory_bytes)} − ${bytes(e.weight_bytes)}) / ${bytes(e.kv_bytes)}`,
    ],
    [
      'TTFT, one prompt alone',
      s(e.ttft),
      'the longer of FLOPs / (FLOP/s) and active weights / bandwidth',
      `${flops(e.prefill_flops)} / ${work(e.machine.flops)}, or ${bytes((e.model.n_active * e.weight_bits) / 8)} / ${rate(e.machine.bandwidth)}`,
    ],
    [
      'ITL',
      s(e.itl),
      'the longer of bytes read / bandwidth and 2 × active parameters × users / (FLOP/s)',
      `${s(e.step_reading)} of reading, ${s(e.step_computing)} of computing`,
    ],
    ['throughput', `${num(e.rate, 3)} tokens/s`, 'users / ITL', `${num(e.n_users)} / ${s(e.itl)}`],
  ],
  head: ['', 'estimate', 'formula', 'with these numbers'],
  /** @param {Payload.Estimate} e */
  source: (e) =>
    `${e.machine.name}: ${bytes(e.machine.memory_bytes)}, ${rate(e.machine.bandwidth)}, ${work(e.machine.flops)} (${e.machine.source}). ${e.model.name}: ${num(e.model.n_parameters)} parameters, ${e.model.cache.n_layers} layers.`,
  /** @param {Payload.Estimate} e */
  summary(e) {
    const who = count(e.n_users, 'user');
    if (!e.fits)
      return `${e.model.name} with ${who} of ${count(e.n_context, 'token')} needs ${bytes(e.memory_bytes)}: more than ${e.machine.name} has room for. ${e.max_users ? `${count(e.max_users, 'user')} would fit.` : noneFits(e)}`;
    const limit = e.step_reading >= e.step_computing ? 'memory is the limit' : 'arithmetic is the limit';
    return `At best ${e.machine.name} would give ${e.n_users === 1 ? 'its one user' : `each of ${who}`} a token every ${s(e.itl)} (${limit}), ${num(e.rate, 3)} tokens a second in all; ${e.max_users === 1 ? 'no further one' : `as many as ${num(e.max_users)}`} would fit.`;
  },
  ownTitle: 'How good the formula is: this run',
  ownHead: ['', 'estimate', 'measured in this run', 'measured / estimate'],
  /** @param {Payload.WhatIf} whatIf */
  ownRows: ({ own, measured_ttft: ttft, measured_itl: itl }) => [
    ['TTFT', s(own.ttft), ttft === null ? '–' : s(ttft), ttft === null ? '–' : num(ttft / own.ttft, 2)],
    ['ITL', s(own.itl), itl === null ? '–' : s(itl), itl === null ? '–' : num(itl / own.itl, 2)],
  ],
};
