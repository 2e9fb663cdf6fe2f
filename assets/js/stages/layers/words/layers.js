// The words of the Layers panel.

import { ms, num, pct } from '../../../maths/format.js';
import { layerOf } from '../../../maths/lens.js';

/** @param {number} row */
const rowName = (row) => {
  const layer = layerOf(row);
  return layer === null ? 'embedding' : `layer ${layer}`;
};

export const layers = {
  /** @param {Page.Child} token */
  notFed: (token) => [
    token,
    ' has not been through the model yet: it goes in when the next token is asked for. What you see is the position before it.',
  ],
  /** @param {Payload.WindowNote} note */
  source: (note) =>
    `Positions ${note.start}–${note.stop - 1} of ${num(note.n_positions)} were forwarded once more to see inside the layers${note.forwarded > note.stop - note.start ? `, from the first position on (${num(note.forwarded)} in all)` : ''}: ${ms(note.seconds * 1000)}. Other positions: select one.`,

  lens: 'Logit lens: what the model would say if it ended here',
  lensNote:
    'Each column is a position, each row the stream after one layer. Final norm and unembedding are laid on it, and the likeliest next token is written in the cell. The top row is the model’s own output.',
  /** @param {number} column @param {number} row */
  lensLabel: (column, row) =>
    `Logit lens. Selected: position ${column}, ${rowName(row)}. Arrow keys move. The table below has this position’s numbers.`,
  colour: 'Colour',
  modes: {
    rank: { name: 'rank of the next token', key: 'rank of the token that really follows, on a logarithmic scale' },
    target: { name: 'its probability', key: 'probability of the token that really follows' },
    top: { name: 'top probability', key: 'probability of the token in the cell' },
    entropy: { name: 'entropy', key: 'entropy: how undecided the distribution is' },
  },
  /**
   * The marks on the colour scale of each mode: a place from 0 to 1, and its text.
   * @param {number} vocabulary
   * @returns {Record<'rank' | 'target' | 'top' | 'entropy', [number, string][]>}
   */
  legend: (vocabulary) => ({
    rank: [
      [1, '1'],
      [1 - Math.log(10) / Math.log(vocabulary), '10'],
      [1 - Math.log(1000) / Math.log(vocabulary), '1,000'],
      [0, num(vocabulary)],
    ],
    target: [
      [0, '0 %'],
      [0.25, '25 %'],
      [0.5, '50 %'],
      [1, '100 %'],
    ],
    top: [
      [0, '0 %'],
      [0.25, '25 %'],
      [0.5, '50 %'],
      [1, '100 %'],
    ],
    entropy: [
      [0, '0'],
      [0.5, `${num(Math.log2(vocabulary) / 2, 2)} bits`],
      [1, `${num(Math.log2(vocabulary), 3)} bits`],
    ],
  }),
  axisInput: 'input ↓',
  axisNext: 'next ↑',
  embedding: 'embed',
  rowName,
  /** @param {number} done @param {number} all */
  loading: (done, all) => `${done} of ${all} rows …`,
  earlier: 'Earlier positions',
  later: 'Later positions',
  lensWaits: 'Each layer’s stream goes through the final norm and the unembedding: its rows appear as they are done.',
  hoverLens: 'Point at a cell to read it; click to select its position and layer.',
  /** @param {number} row */
  cell: (row) => `After ${row === 0 ? 'the embedding' : rowName(row)}, at `,
  /** @param {number} bits */
  cellEntropy: (bits) => `entropy ${num(bits, 3)} bits`,
  cellFollows: '· really follows: ',
  /** @param {number} rank @param {number} probability */
  cellTarget: (rank, probability) => ` rank ${num(rank)}, ${pct(probability)}`,
  /** @param {Page.Child} token */
  lensTable: (token) => ['All rows at ', token],
  lensColumns: ['row', 'likeliest', 'probability', 'entropy, bits', 'rank of the next token', 'its probability'],

  stream: 'Residual stream',
  /** @param {Page.Child} token @param {number} position */
  streamAt: (token, position) => ['Residual stream at ', token, ` (position ${position})`],
  /** @param {boolean} parallel */
  streamNote: (parallel) =>
    parallel
      ? 'A layer reads the stream and adds what its attention and its MLP make of it, both from the same reading.'
      : 'A layer reads the stream, adds what its attention makes of it, and then what its MLP makes of that.',
  noAttention:
    'This model has no attention that is known here: what is called attn_out is what it has in its place (a mixer) adds.',
  streamAxis: 'length of the vector (logarithmic)',
  layerAxis: 'layer',
  series: { post: 'resid_post', attn: 'attn_out', mlp: 'mlp_out' },
  /** @param {number} layer @param {number} post @param {number} attn @param {number} mlp */
  streamLabel: (layer, post, attn, mlp) =>
    `Lengths in every layer. Layer ${layer}: resid_post ${num(post)}, attn_out ${num(attn)}${Number.isNaN(mlp) ? '' : `, mlp_out ${num(mlp)}`}.`,
  /** @param {number} layer @param {number} width */
  vectors: (layer, width) => `Layer ${layer}: ${num(width)} numbers each`,
  /** @type {Record<string, string>} */
  signs: { resid_pre: '', attn_out: '+', resid_mid: '=', mlp_out: '+', resid_post: '=' },
  /** @param {number} reach */
  reach: (reach) => `colours reach ±${num(reach, 2)}, which 98 % of the numbers are within`,
  /** @param {number} attn @param {number} mlp */
  factor: (attn, mlp) =>
    `This model multiplies what it adds: attention by ${num(attn)}, MLP by ${num(mlp)}; the factor is in the numbers here.`,
  streamTable: 'The lengths as a table',
  streamColumns: ['layer', 'resid_pre', 'attn_out', 'resid_mid', 'mlp_out', 'resid_post', '|sum − resid_post|'],

  /** @param {Page.Child} token @param {number} position */
  why: (token, position) => ['What pushed ', token, ` at position ${position}`],
  /** @param {Page.Child} token @param {Page.Child} against @param {number} position */
  whyAgainst: (token, against, position) => [
    'What pushed ',
    token,
    ' rather than ',
    against,
    ` at position ${position}`,
  ],
  whyNote:
    'The logit is a sum: the stream is a sum of parts, and with the final norm’s scale held at what it is here, norm and unembedding are linear. Up is for the token, down against it. This is the direct effect: what a part changes through later layers is not counted. Only differences between logits change probabilities, so compare with another token to see what decided.',
  token: 'Token',
  against: 'compared with',
  nobody: 'nothing',
  another: 'another token',
  anotherLabel: 'compared with another token: its text',
  /** @param {string[]} names */
  firstOf: (names) =>
    `That text is ${names.length} tokens, ${names
      .slice(0, 4)
      .map((name) => `“${name}”`)
      .join(', ')}${names.length > 4 ? ', …' : ''}: the first is compared.`,
  /** @param {string} name */
  itself: (name) => `“${name}” is the token itself: there is no difference to take apart.`,
  /** @param {string} token */
  follows: (token) => `${token} (follows)`,
  /** @param {Payload.AttributionAnswer} found @returns {[string, number][]} */
  parts: (found) => [
    ['embedding', found.embedding],
    ['attention', found.attention_total],
    ['MLP', found.mlp_total],
    ['biases', found.constant],
  ],
  /** @param {Pick<Payload.AttributionAnswer, 'against' | 'softcap'>} found */
  total: (found) => (found.against ? 'difference of the logits' : found.softcap ? 'logit before the softcap' : 'logit'),
  /** @param {number} value */
  own: (value) => `the model’s own: ${num(value, 6)}`,
  shares: 'By layer',
  /** @param {number} layer @param {number} attn @param {number} mlp */
  sharesLabel: (layer, attn, mlp) =>
    `What each layer adds to the logit. Layer ${layer}: attention ${num(attn)}, MLP ${Number.isNaN(mlp) ? 'none' : num(mlp)}.`,
  kinds: { attn: 'attention', mlp: 'MLP', other: 'embedding, biases' },
  slots: { embedding: 'emb', biases: 'bias' },
  /** @param {number} share */
  embeddingShare: (share) => `embedding ${num(share)}`,
  /** @param {number} share */
  biasesShare: (share) => `biases ${num(share)}`,
  /** @param {number} layer @param {number} attn @param {number} mlp */
  layerShares: (layer, attn, mlp) =>
    `layer ${layer}: attention ${num(attn, 3)}${Number.isNaN(mlp) ? '' : `, MLP ${num(mlp, 3)}`}`,
  heads: 'By head',
  headAxis: 'head',
  /** @param {number} layer @param {number} head @param {number} share */
  headsLabel: (layer, head, share) => `What each head adds to the logit. Layer ${layer}, head ${head}: ${num(share)}.`,
  /** @param {number} layer @param {number} head @param {number} share */
  headShare: (layer, head, share) => `layer ${layer}, head ${head}: ${num(share, 3)}`,
  /** @param {string} reason */
  without: (reason) => `Heads are not shown: ${reason}.`,
  largest: 'Largest parts',
  /** @param {Payload.LogitShare} share */
  part: ({ kind, layer, head }) =>
    /** @type {Record<string, string>} */ ({
      embedding: 'embedding',
      mlp: `MLP ${layer}`,
      attention: `attention ${layer}`,
      head: `layer ${layer} head ${head}`,
    })[kind],

  /** @param {number} layer @param {Page.Child} token */
  neurons: (layer, token) => [`MLP neurons of layer ${layer} at `, token],
  /** @param {Payload.NeuronsAnswer} found */
  neuronsNote: (found) =>
    `The ${found.neurons.length} of ${num(found.n_neurons)} neurons that write most here, by |activation| × length of the direction they write; together ${pct(found.share)} of all. ` +
    (found.function && found.gated
      ? `activation = ${found.function}(gate) × up. `
      : found.function
        ? `activation = ${found.function}(input). `
        : '') +
    (found.n_active < found.n_neurons ? `${num(found.n_active)} are not 0. ` : '') +
    'What it writes is its direction times its activation: the tokens are those whose logits that raises and lowers most directly, without what later layers make of it.',
  /** @param {boolean} gated @param {Page.Child} token @returns {Page.Child[]} */
  neuronColumns: (gated, token) => [
    'neuron',
    'activation',
    ...(gated ? ['gate', 'up'] : ['input']),
    'direction',
    ['effect on ', token],
    'raises',
    'lowers',
  ],
  /** @param {string} token @param {number} amount */
  by: (token, amount) => `${token}: ${amount > 0 ? '+' : ''}${num(amount, 3)}`,
};
