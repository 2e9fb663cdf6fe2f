// The names of a model's parts, by the kinds that the server gives them.

import { num } from '../../../maths/format.js';

/** @type {Record<string, string>} */
export const MIXERS = {
  attention: 'Attention',
  'delta rule': 'Linear attention',
  'linear attention': 'Linear attention',
  wkv: 'Linear attention',
  recurrence: 'Recurrent mixer',
  'state space': 'State-space mixer',
  convolution: 'Short convolution',
};
/** @type {Record<string, string>} */
export const MIXER_NOTES = {
  'delta rule': 'a state of fixed size, by the delta rule',
  'linear attention': 'a state of fixed size',
  wkv: 'a state of fixed size that decays (WKV)',
  recurrence: 'a state of fixed size, gated',
  'state space': 'a state of fixed size',
  convolution: 'sees only the last few positions',
};
/** @type {Record<string, string>} */
export const HEADS = {
  MHA: 'multi-head (MHA)',
  GQA: 'grouped-query (GQA)',
  MQA: 'multi-query (MQA)',
  MLA: 'multi-head latent (MLA)',
};
/** @type {Record<string, string>} */
export const POSITIONS = {
  rope: 'RoPE',
  alibi: 'ALiBi',
  learned: 'learned positions',
  sinusoidal: 'sinusoidal positions',
  '': 'no position signal',
};
/** @type {[RegExp, string][]} */
const ACTIVATIONS = [
  [/silu|swish/i, 'SiLU'],
  [/newgelu|gelu_new|gelutanh|pytorch_tanh|bloomgelu|fastgelu|gelu_fast/i, 'GELU (tanh)'],
  [/quickgelu/i, 'QuickGELU'],
  [/gelu/i, 'GELU'],
  [/relusquared|relu2/i, 'ReLU²'],
  [/relu/i, 'ReLU'],
];

/** @param {string} name */
const activation = (name) => ACTIVATIONS.find(([pattern]) => pattern.test(name))?.[1] ?? name;
/** @type {Record<string, string>} */
const GATES = {
  SiLU: 'SwiGLU: gated, SiLU',
  GELU: 'GeGLU: gated, GELU',
  'GELU (tanh)': 'GeGLU: gated, GELU (tanh)',
  ReLU: 'ReGLU: gated, ReLU',
  '': 'gated',
};

/** @param {string} name */
const gate = (name) => GATES[name] ?? `gated, ${name}`;

/**
 * Writes an MLP's activation, for each kind of MLP.
 * @type {Record<string, (name: string) => string>}
 */
export const activations = {
  gated: (name) => gate(activation(name)),
  plain: (name) => ['plain', activation(name)].filter(Boolean).join(', '),
  other: activation,
};
/** @param {Payload.Mixer} m */
export const windowOf = (m) => (m.window ? `${m.chunked ? 'chunks' : 'sliding window'} of ${num(m.window)}` : '');

/** @param {Payload.Rope} rope */
const scaling = ({ type, factor }) => (factor ? `scaled by ${type} × ${num(factor)}` : `of the kind “${type}”`);
/** @param {Payload.Rope} rope */
export const ropeText = (rope) =>
  [
    `θ ${num(rope.theta)}`,
    rope.type === 'default' ? 'not scaled' : scaling(rope),
    rope.kind && `in layers of ${rope.kind.replaceAll('_', ' ')}`,
  ]
    .filter(Boolean)
    .join(', ');

/**
 * Numbers of layers as short as possible: 0–3, 5, 7.
 * @param {number[]} layers
 */
export function ranges(layers) {
  /** @type {[from: number, to: number][]} */
  const runs = [];
  for (const layer of layers) {
    if (runs.length && runs.at(-1)[1] === layer - 1) runs.at(-1)[1] = layer;
    else runs.push([layer, layer]);
  }
  const text = runs.map(([from, to]) => (from === to ? `${from}` : `${from}–${to}`));
  return text.length > 7 ? `${text.slice(0, 5).join(', ')} … ${text.at(-1)}` : text.join(', ');
}
