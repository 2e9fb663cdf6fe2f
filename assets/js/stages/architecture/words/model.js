// The words of the panel Model: its diagram, its parameters and its facts.

import { bytes, count, num, pct } from '../../../maths/format.js';
import { activations, HEADS, MIXER_NOTES, MIXERS, POSITIONS, ranges, ropeText, windowOf } from './names.js';

export const model = {
  diagram: 'What it is made of',
  diagramNote:
    'Read from this model’s own modules; heads and the places of norms from a short pass. The purple line is the residual stream: each part reads it and adds to it (+). Choose a box to see it at work.',
  /** @param {Payload.ArchitectureAnswer} found */
  diagramSummary: (found) => {
    const { kinds, card } = found;
    const alike = kinds.length === 1 ? 'all put together alike' : `of ${kinds.length} kinds`;
    return `${card.model_id} has ${count(card.n_layers, 'block')}, ${alike}. The stream is ${num(card.d_model)} wide.`;
  },
  stream: 'residual stream',
  /** @param {string} tab */
  opens: (tab) => `opens ${tab}`,
  below: 'the routing below',
  kinds: 'Blocks differ. Show:',
  /** @param {Payload.BlockKind} kind */
  kindOf: (kind) =>
    [
      ...kind.mixers.map((m) =>
        [MIXERS[m.kind], m.heads, windowOf(m) || (m.heads && 'all positions')].filter(Boolean).join(' '),
      ),
      kind.mlp && (kind.mlp.n_experts ? 'experts' : 'MLP'),
    ]
      .filter(Boolean)
      .join(' + '),
  /** @param {number[]} layers */
  layers: (layers) => `layer${layers.length > 1 ? 's' : ''} ${ranges(layers)}`,
  /** @param {string} name @param {Payload.BlockKind} kind */
  kindButton: (name, kind) => `${name}: ${model.layers(kind.layers)}`,
  /** @param {number} layer @param {string} name */
  cell: (layer, name) => `layer ${layer}: kind ${name}`,
  /** @param {Payload.BlockKind} kind @param {number} n */
  block: (kind, n) => (kind.layers.length === n ? `Block × ${n}` : `Block × ${kind.layers.length} of ${n}`),
  /** @param {Payload.BlockKind} kind */
  blockNote: (kind) => `${model.layers(kind.layers)} · ${num(kind.n_parameters)} parameters each`,
  parallel: 'side by side',
  /** @param {number} n */
  unknownNorms: (n) => `${count(n, 'norm')} inside that could not be placed`,

  /** @type {Page.BoxWords} */
  text: ['Text', ['what the model is asked to go on with']],
  /** @param {Payload.ArchitectureAnswer} found @returns {Page.BoxWords} */
  tokenizer: (found) => ['Tokenizer', [found.card.tokenizer_kind, `${num(found.facts.n_tokens)} tokens`]],
  /** @param {Payload.ArchitectureAnswer} found @returns {Page.BoxWords} */
  embedding: ({ card, facts }) => [
    'Embedding',
    [
      `${num(card.n_vocab)} × ${num(card.d_embed)}`,
      'one row a token',
      card.d_embed !== card.d_model && `then a matrix to ${num(card.d_model)}`,
      facts.embed_scale !== 1 && `rows × ${num(facts.embed_scale)}`,
    ],
  ],
  /** @param {Payload.ArchitectureAnswer} found @returns {Page.BoxWords} */
  positions: ({ card }) => ['+ learned positions', [`one row of ${num(card.d_model)} a position`]],
  /** @param {string} kind @returns {Page.BoxWords} */
  norm: (kind) => [kind, []],
  /** @param {string} kind @returns {Page.BoxWords} */
  embedNorm: (kind) => [`${kind} of the embedding`, []],
  /** @param {string} kind @returns {Page.BoxWords} */
  finalNorm: (kind) => [`Final ${kind}`, []],
  /** @param {Payload.Mixer} m @returns {Page.BoxWords} */
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
          windowOf(m) || 'sees all earlier positions',
          m.qk_norm && 'norm of q and k',
          m.sinks && 'sinks',
          m.softcap > 0 && `scores capped at ±${num(m.softcap)}`,
        ]
      : [MIXER_NOTES[m.kind], m.module],
  ],
  /** @param {Payload.Mixer} m @param {Payload.ModelCard} card @returns {Page.BoxWords} */
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
  /** @param {Payload.Mlp} mlp @returns {Page.BoxWords} */
  mlp: (mlp) => [
    mlp.n_experts ? 'Mixture of experts' : 'MLP',
    [
      activations[mlp.kind](mlp.activation),
      mlp.d_hidden > 0 && `${num(mlp.d_hidden)} neurons${mlp.n_experts ? ' an expert' : ''}`,
      mlp.d_shared > 0 && `shared expert of ${num(mlp.d_shared)}`,
    ],
  ],
  /** @param {Payload.Mlp} mlp @returns {Page.BoxWords} */
  router: (mlp) => ['Router', [`${mlp.n_chosen} of ${count(mlp.n_experts, 'expert')} for each token`]],
  /** @param {Payload.ArchitectureAnswer} found @returns {Page.BoxWords} */
  unembedding: ({ card, facts }) => [
    'Unembedding',
    [
      card.tied_embeddings
        ? 'tied: the embedding’s own matrix'
        : `${num(card.d_embed)} × ${num(card.n_vocab)}, its own matrix`,
      facts.logit_softcap > 0 && `logits capped at ±${num(facts.logit_softcap)}`,
    ],
  ],
  /** @param {Payload.ArchitectureAnswer} found @returns {Page.BoxWords} */
  logits: ({ card }) => ['Logits → probabilities', [`${num(card.n_vocab)} scores`, 'softmax']],
  /** @type {Page.BoxWords} */
  next: ['Next token', ['chosen by the sampling settings', 'goes back in as input']],

  parameters: 'Parameters',
  parametersNote: 'Counted from the model’s own tensors, a tied one once.',
  /** @type {Record<string, string>} */
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
  /** @param {number} from @param {number} to */
  span: (from, to) => (from === to ? num(from) : `${num(from)}–${num(to)}`),
  /** @param {number} ours @param {number} theirs */
  sum: (ours, theirs) =>
    `${ours === theirs ? '✓' : '✗'} The parts sum to ${num(ours)}; the model’s own count over its tensors is ${num(theirs)}.`,
  /** @param {Payload.PartsTable} table @param {{ part: string, value: number }} largest */
  largestPart: (table, largest) =>
    `The largest part: ${model.parts[largest.part]}, ${pct(largest.value / table.model_total)} of all parameters.`,
  /** @param {number} active @param {number} total */
  activePart: (active, total) =>
    `A token passes through ${num(active)} of them (${pct(active / total)}): of the experts only as many as the router picks.`,

  facts: 'Facts',
  factsNote: 'From the config, the tokenizer and the files; nothing is added.',
  licenceUnknown: 'its files do not say',
  /** @param {Payload.ArchitectureAnswer} found */
  factRows: ({ card, facts }) => [
    ['model', card.model_id],
    ['revision', card.revision],
    ['family', card.family],
    ['licence', facts.licence ? `${facts.licence} (${facts.licence_from})` : model.licenceUnknown],
    ['weights', `${card.dtype} on ${card.device}, ${bytes(facts.bytes)} with buffers`],
    ['longest sequence', card.context ? count(card.context, 'position') : 'no limit in its config'],
    ['positions', facts.rope.length ? `RoPE, ${facts.rope.map(ropeText).join('; ')}` : ''],
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
