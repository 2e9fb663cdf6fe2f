// The words of the Layers panel.

import { ms, num, pct } from '../../../maths/format.js';

const rowName = (row) => (row === 0 ? 'embedding' : `layer ${row - 1}`);

export const layers = {
  notFed: (token) => [
    token,
    ' has not been through the model yet: it goes in when the next token is asked for. What you see is the position before it.',
  ],
  source: (note) =>
    `Positions ${note.start}–${note.stop - 1} of ${num(note.n_positions)} were forwarded once more to see inside the layers${note.forwarded > note.stop - note.start ? `, from the first position on (${num(note.forwarded)} in all)` : ''}: ${ms(note.seconds * 1000)}. Other positions: select one.`,

  lens: 'Logit lens: what the model would say if it ended here',
  lensNote:
    'Each column is a position, each row the stream after one layer. Final norm and unembedding are laid on it, and the likeliest next token is written in the cell. The top row is the model’s own output.',
  lensLabel: (column, row) =>
    `Logit lens. Selected: position ${column}, ${rowName(row)}. Arrow keys move. The table below has this position’s numbers.`,
  colour: 'Colour',
  modes: {
    rank: { name: 'rank of the next token', key: 'rank of the token that really follows, on a logarithmic scale' },
    target: { name: 'its probability', key: 'probability of the token that really follows' },
    top: { name: 'top probability', key: 'probability of the token in the cell' },
    entropy: { name: 'entropy', key: 'entropy: how undecided the distribution is' },
  },
  legend: (mode, vocabulary) =>
    ({
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
    })[mode],
  axisInput: 'input ↓',
  axisNext: 'next ↑',
  embedding: 'embed',
  rowName,
  loading: (done, all) => `${done} of ${all} rows …`,
  earlier: 'Earlier positions',
  later: 'Later positions',
  lensWaits: 'Each layer’s stream goes through the final norm and the unembedding: its rows appear as they are done.',
  hoverLens: 'Point at a cell to read it; click to select its position and layer.',
  cell: (row) => `After ${row === 0 ? 'the embedding' : rowName(row)}, at `,
  cellEntropy: (bits) => `entropy ${num(bits, 3)} bits`,
  cellFollows: '· really follows: ',
  cellTarget: (rank, probability) => ` rank ${num(rank)}, ${pct(probability)}`,
  lensTable: (token) => ['All rows at ', token],
  lensColumns: ['row', 'likeliest', 'probability', 'entropy, bits', 'rank of the next token', 'its probability'],

  stream: 'Residual stream',
  streamAt: (token, position) => ['Residual stream at ', token, ` (position ${position})`],
  streamNote: (parallel) =>
    parallel
      ? 'A layer reads the stream and adds what its attention and its MLP make of it, both from the same reading.'
      : 'A layer reads the stream, adds what its attention makes of it, and then what its MLP makes of that.',
  noAttention:
    'This model has no attention that is known here: what is called attn_out is what it has in its place (a mixer) adds.',
  streamAxis: 'length of the vector (logarithmic)',
  layerAxis: 'layer',
  series: { post: 'resid_post', attn: 'attn_out', mlp: 'mlp_out' },
  streamLabel: (layer, post, attn, mlp) =>
    `Lengths in every layer. Layer ${layer}: resid_post ${num(post)}, attn_out ${num(attn)}${Number.isNaN(mlp) ? '' : `, mlp_out ${num(mlp)}`}.`,
  vectors: (layer, width) => `Layer ${layer}: ${num(width)} numbers each`,
  signs: { resid_pre: '', attn_out: '+', resid_mid: '=', mlp_out: '+', resid_post: '=' },
  reach: (reach) => `colours reach ±${num(reach, 2)}, which 98 % of the numbers are within`,
  factor: (attn, mlp) =>
    `This model multiplies what it adds: attention by ${num(attn)}, MLP by ${num(mlp)}; the factor is in the numbers here.`,
  streamTable: 'The lengths as a table',
  streamColumns: ['layer', 'resid_pre', 'attn_out', 'resid_mid', 'mlp_out', 'resid_post', '|sum − resid_post|'],

  why: (token, position) => ['What pushed ', token, ` at position ${position}`],
  whyAgainst: (token, against, position) => [
    'What pushed ',
    token,
    ' rather than ',
    against,
    ` at position ${position}`,
  ],
  whyNote:
    'The logit is a sum: the stream is a sum of parts, and with the final norm’s scale held at what it is here, norm and unembedding are linear. Up is for the token, down against it.',
  token: 'Token',
  against: 'compared with',
  nobody: 'nothing',
  another: 'another token',
  anotherSaid: 'compared with another token: its text',
  firstOf: (names) =>
    `That text is ${names.length} tokens, ${names
      .slice(0, 4)
      .map((name) => `“${name}”`)
      .join(', ')}${names.length > 4 ? ', …' : ''}: the first is compared.`,
  itself: (name) => `“${name}” is the token itself: there is no difference to take apart.`,
  follows: (token) => `${token} (follows)`,
  parts: (a) => [
    ['embedding', a.embedding],
    ['attention', a.attention_total],
    ['MLP', a.mlp_total],
    ['biases', a.constant],
  ],
  total: (a) => (a.against ? 'difference of the logits' : a.softcap ? 'logit before the softcap' : 'logit'),
  own: (value) => `the model’s own: ${num(value, 6)}`,
  shares: 'By layer',
  sharesLabel: (layer, attn, mlp) =>
    `What each layer adds to the logit. Layer ${layer}: attention ${num(attn)}, MLP ${Number.isNaN(mlp) ? 'none' : num(mlp)}.`,
  kinds: { attn: 'attention', mlp: 'MLP', other: 'embedding, biases' },
  slots: { embedding: 'emb', biases: 'bias' },
  embeddingSaid: (share) => `embedding ${num(share)}`,
  biasesSaid: (share) => `biases ${num(share)}`,
  sharesSaid: (layer, attn, mlp) =>
    `layer ${layer}: attention ${num(attn, 3)}${Number.isNaN(mlp) ? '' : `, MLP ${num(mlp, 3)}`}`,
  heads: 'By head',
  headAxis: 'head',
  headsLabel: (layer, head, share) => `What each head adds to the logit. Layer ${layer}, head ${head}: ${num(share)}.`,
  headSaid: (layer, head, share) => `layer ${layer}, head ${head}: ${num(share, 3)}`,
  without: (reason) => `Heads are not shown: ${reason}.`,
  largest: 'Largest parts',
  /** @param {Payload.LogitShare} layersShare */
  part: ({ kind, layer, head }) =>
    ({
      embedding: 'embedding',
      mlp: `MLP ${layer}`,
      attention: `attention ${layer}`,
      head: `layer ${layer} head ${head}`,
    })[kind],

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
    'What it writes is its direction times its activation: the tokens are those whose logits that raises and lowers most.',
  neuronColumns: (gated, token) => [
    'neuron',
    'activation',
    ...(gated ? ['gate', 'up'] : ['input']),
    'direction',
    ['effect on ', token],
    'raises',
    'lowers',
  ],
  by: (token, amount) => `${token}: ${amount > 0 ? '+' : ''}${num(amount, 3)}`,
};
