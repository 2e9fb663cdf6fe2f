// The words of the model card: its diagram, its parameters and its facts.

import { bytes, count, num, pct } from '../../../maths/format.js';

const MIXERS = {
  attention: 'Attention',
  'delta rule': 'Linear attention',
  'linear attention': 'Linear attention',
  wkv: 'Linear attention',
  recurrence: 'Recurrent mixer',
  'state space': 'State-space mixer',
  convolution: 'Short convolution',
};
const MIXER_NOTES = {
  'delta rule': 'a state of fixed size, by the delta rule',
  'linear attention': 'a state of fixed size',
  wkv: 'a state of fixed size that decays (WKV)',
  recurrence: 'a state of fixed size, gated',
  'state space': 'a state of fixed size',
  convolution: 'sees only the last few positions',
};
const HEADS = {
  MHA: 'multi-head (MHA)',
  GQA: 'grouped-query (GQA)',
  MQA: 'multi-query (MQA)',
  MLA: 'multi-head latent (MLA)',
};
const POSITIONS = {
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

const activation = (name) => ACTIVATIONS.find(([pattern]) => pattern.test(name))?.[1] ?? name;
const gate = (name) =>
  ({
    SiLU: 'SwiGLU: gated, SiLU',
    GELU: 'GeGLU: gated, GELU',
    'GELU (tanh)': 'GeGLU: gated, GELU (tanh)',
    ReLU: 'ReGLU: gated, ReLU',
    '': 'gated',
  })[name] ?? `gated, ${name}`;
const gated = {
  gated: (name) => gate(activation(name)),
  plain: (name) => ['plain', activation(name)].filter(Boolean).join(', '),
  other: activation,
};
const vision = (m) => (m.window ? `${m.chunked ? 'chunks' : 'sliding window'} of ${num(m.window)}` : '');

const scaling = ({ type, factor }) => (factor ? `scaled by ${type} × ${num(factor)}` : `of the kind “${type}”`);
const turning = (rope) =>
  [
    `θ ${num(rope.theta)}`,
    rope.type === 'default' ? 'not scaled' : scaling(rope),
    rope.kind && `in layers of ${rope.kind.replaceAll('_', ' ')}`,
  ]
    .filter(Boolean)
    .join(', ');

/** Numbers of layers in as few words as can be: 0–3, 5, 7. */
export function ranges(layers) {
  const runs = [];
  for (const layer of layers) {
    if (runs.length && runs.at(-1)[1] === layer - 1) runs.at(-1)[1] = layer;
    else runs.push([layer, layer]);
  }
  const text = runs.map(([from, to]) => (from === to ? `${from}` : `${from}–${to}`));
  return text.length > 7 ? `${text.slice(0, 5).join(', ')} … ${text.at(-1)}` : text.join(', ');
}

export const model = {
  diagram: 'What it is made of',
  diagramNote:
    'Read from this model’s own modules; heads and the places of norms from a short pass. The purple line is the residual stream: each part reads it and adds to it (+). Choose a box to see it at work.',
  diagramSaid: (found) => {
    const { kinds, card } = found;
    const alike = kinds.length === 1 ? 'all put together alike' : `of ${kinds.length} kinds`;
    return `${card.model_id} has ${count(card.n_layers, 'block')}, ${alike}. The stream is ${num(card.d_model)} wide.`;
  },
  stream: 'residual stream',
  opens: (tab) => `opens ${tab}`,
  below: 'the routing below',
  kinds: 'Blocks differ. Show:',
  kindOf: (kind) =>
    [
      ...kind.mixers.map((m) =>
        [MIXERS[m.kind], m.heads, vision(m) || (m.heads && 'all positions')].filter(Boolean).join(' '),
      ),
      kind.mlp && (kind.mlp.n_experts ? 'experts' : 'MLP'),
    ]
      .filter(Boolean)
      .join(' + '),
  layers: (layers) => `layer${layers.length > 1 ? 's' : ''} ${ranges(layers)}`,
  kindButton: (name, kind) => `${name}: ${model.layers(kind.layers)}`,
  cell: (layer, name) => `layer ${layer}: kind ${name}`,
  block: (kind, n) => (kind.layers.length === n ? `Block × ${n}` : `Block × ${kind.layers.length} of ${n}`),
  blockNote: (kind) => `${model.layers(kind.layers)} · ${num(kind.n_parameters)} parameters each`,
  parallel: 'side by side',
  unknownNorms: (n) => `${count(n, 'norm')} inside that could not be placed`,

  text: ['Text', ['what the model is asked to go on with']],
  tokenizer: (found) => ['Tokenizer', [found.card.tokenizer_kind, `${num(found.facts.n_tokens)} tokens`]],
  embedding: ({ card, facts }) => [
    'Embedding',
    [
      `${num(card.n_vocab)} × ${num(card.d_embed)}`,
      'one row a token',
      card.d_embed !== card.d_model && `then a matrix to ${num(card.d_model)}`,
      facts.embed_scale !== 1 && `rows × ${num(facts.embed_scale)}`,
    ],
  ],
  positions: ({ card }) => ['+ learned positions', [`one row of ${num(card.d_model)} a position`]],
  norm: (kind) => [kind, []],
  embedNorm: (kind) => [`${kind} of the embedding`, []],
  finalNorm: (kind) => [`Final ${kind}`, []],
  mixer: (m) => [
    MIXERS[m.kind],
    m.kind === 'attention'
      ? [
          HEADS[m.heads],
          m.heads === 'MHA' || m.heads === 'MLA' ? count(m.n_heads, 'head') : `${count(m.n_heads, 'query head')}`,
          m.heads !== 'MHA' && m.heads !== 'MLA' && count(m.n_kv_heads, 'KV head'),
          `d_head ${m.d_head}${m.d_value !== m.d_head ? `, values ${m.d_value}` : ''}`,
          m.latent > 0 && `keys and values through ${num(m.latent)} numbers`,
          m.position === 'rope' && m.rotated < 1 ? `RoPE on ${pct(m.rotated)} of a head` : POSITIONS[m.position],
          vision(m) || 'sees all earlier positions',
          m.qk_norm && 'norm of q and k',
          m.sinks && 'sinks',
          m.softcap > 0 && `scores capped at ±${num(m.softcap)}`,
        ]
      : [MIXER_NOTES[m.kind], m.module],
  ],
  cacheBox: (m, card) => [
    'KV cache',
    [
      card.kv_latent
        ? `one vector of ${num(card.kv_latent)} numbers a position, in place of keys and values`
        : m.window && !m.chunked
          ? `keys and values of the last ${num(m.window)} positions at most`
          : 'keys and values of all positions',
    ],
  ],
  mlp: (mlp) => [
    mlp.n_experts ? 'Mixture of experts' : 'MLP',
    [
      gated[mlp.kind](mlp.activation),
      mlp.d_hidden > 0 && `${num(mlp.d_hidden)} neurons${mlp.n_experts ? ' an expert' : ''}`,
      mlp.d_shared > 0 && `shared expert of ${num(mlp.d_shared)}`,
    ],
  ],
  router: (mlp) => ['Router', [`${mlp.n_chosen} of ${count(mlp.n_experts, 'expert')} for each token`]],
  unembedding: ({ card, facts }) => [
    'Unembedding',
    [
      card.tied_embeddings
        ? 'tied: the embedding’s own matrix'
        : `${num(card.d_embed)} × ${num(card.n_vocab)}, its own matrix`,
      facts.logit_softcap > 0 && `logits capped at ±${num(facts.logit_softcap)}`,
    ],
  ],
  logits: ({ card }) => ['Logits → probabilities', [`${num(card.n_vocab)} scores`, 'softmax']],
  next: ['Next token', ['chosen by the sampling settings', 'goes back in as input']],

  parameters: 'Parameters',
  parametersNote: 'Counted from the model’s own tensors, a tied one once.',
  parts: {
    embedding: 'Embedding',
    positions: 'Positions',
    attention: 'Attention',
    state: 'State mixers',
    mlp: 'MLP',
    experts: 'Experts',
    shared: 'Shared experts',
    router: 'Router',
    norms: 'Norms',
    unembedding: 'Unembedding',
    other: 'Other',
  },
  all: 'All parameters',
  columns: ['part', 'one block', 'whole model', 'share', 'bytes'],
  active: 'for one token',
  total: 'sum',
  tied: 'tied to the embedding',
  span: (from, to) => (from === to ? num(from) : `${num(from)}–${num(to)}`),
  sum: (ours, theirs) =>
    `${ours === theirs ? '✓' : '✗'} The parts sum to ${num(ours)}; the model’s own count over its tensors is ${num(theirs)}.`,
  parametersSaid: (table, largest) =>
    `The largest part: ${model.parts[largest.part]}, ${pct(largest.value / table.model_total)} of all parameters.`,
  activeSaid: (active, total) =>
    `A token passes through ${num(active)} of them (${pct(active / total)}): of the experts only as many as the router picks.`,

  facts: 'Facts',
  factsNote: 'From the config, the tokenizer and the files; nothing is added.',
  unsaid: 'its files do not say',
  factRows: ({ card, facts }) => [
    ['model', card.model_id],
    ['revision', card.revision],
    ['family', card.family],
    ['licence', facts.licence ? `${facts.licence} (${facts.licence_from})` : model.unsaid],
    ['weights', `${card.dtype} on ${card.device}, ${bytes(facts.bytes)} with buffers`],
    ['longest sequence', card.context ? count(card.context, 'position') : 'no limit in its config'],
    ['positions', facts.rope.length ? `RoPE, ${facts.rope.map(turning).join('; ')}` : ''],
    [
      'vocabulary',
      card.n_vocab === facts.n_tokens
        ? `${num(card.n_vocab)} tokens`
        : `${num(facts.n_tokens)} tokens, ${num(card.n_vocab)} rows`,
    ],
    ['tokenizer', card.tokenizer_kind],
    ['chat template', card.has_chat_template ? 'yes' : 'no'],
    ['BOS', facts.bos || 'none'],
    ['EOS', facts.eos.join(', ') || card.eos_token_ids.map((id) => `id ${id}`).join(', ') || 'none'],
    ['embeddings', card.tied_embeddings ? 'input and output tied' : 'input and output apart'],
  ],
  checks: 'Checked when it was loaded',
};
