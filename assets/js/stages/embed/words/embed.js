// The words of the panel Embeddings.

import { count, num, pct } from '../../../maths/format.js';

/** @param {number} value */
const power = (value) => num(value, 3);

export const embed = {
  /** @param {number} id */
  id: (id) => `id ${id}`,
  norm: 'norm',
  /** @param {number} axis @param {number} explained */
  component: (axis, explained) => `PC ${axis + 1} · ${pct(explained)}`,
  noCharts: 'The chart library could not be loaded. Reload the page.',
  svg: 'Download as SVG',
  /** @param {string} name @param {number} norm */
  normed: (name, norm) => `${name}, norm ${num(norm, 3)}`,

  /** @param {number} n */
  queryAt: (n) => ` query at ${n} · `,
  /** @param {number} n */
  keyAt: (n) => ` key at ${n}`,
  rows: 'The rows themselves',
  /** @param {number} d */
  rowsNote: (d) =>
    `Each token's id picks its row of the embedding matrix: ${num(d)} numbers, one column each. The bar is the row's norm.`,
  /** @param {number} low @param {number} high */
  rowsRange: (low, high) => `or beyond; 99 % of these numbers lie within, all from ${num(low)} to ${num(high)}`,
  rowsHint: 'Point at a strip to read its numbers; click a token to select it.',
  /** @param {string} name @param {number} index @param {number} value */
  rowsValue: (name, index, value) => `${name} · dimension ${index}: ${value.toPrecision(7)}`,
  /** @param {number} start @param {number} stop @param {number} n */
  rowsWindow: (start, stop, n) => (stop - start < n ? ` Positions ${start} to ${stop - 1} of ${num(n)}.` : ''),
  /** @param {number} value */
  meanNorm: (value) => `mean norm over the whole vocabulary: ${num(value)}`,
  /** @param {string} name */
  allNumbers: (name) => `All numbers of the row of ${name}`,
  /** @param {Payload.BlockInput} found */
  blockInputNote: ({ scale, widened, check }) =>
    check.passed
      ? Math.abs(scale - 1) < 1e-4
        ? `Block 0 receives the row ${widened ? 'through a matrix that makes it as wide as the stream' : 'as it is'}.`
        : `Block 0 receives the row times ${num(scale, 4)}: this model scales its embeddings.`
      : 'Block 0 does not receive the plain row: this model changes it first (for example by a norm).',

  similarity: 'Which tokens of this run are alike',
  similarityNote:
    'Cosine between the rows: 1 points the same way, 0 at a right angle. Click a row to select its token.',
  similarityName: 'Cosine similarity of every pair of tokens',
  similarityHint: 'Point at a cell to read the pair.',
  /** @param {string} a @param {string} b @param {number} value */
  similarityValue: (a, b, value) => `${a} and ${b}: ${value.toFixed(4)}`,
  /** @param {string} name */
  similarityTable: (name) => `Cosine of ${name} with each token, as a table`,
  columns: ['position', 'token', 'cosine'],
  /** @param {number} start @param {number} stop @param {number} n */
  windowed: (start, stop, n) => `Positions ${start} to ${stop - 1} of ${num(n)}.`,

  /** @param {Page.Child} name */
  nearest: (name) => ['Nearest in the vocabulary to ', name],
  /** @param {number} k @param {number} n */
  nearestNote: (k, n) => `The ${k} tokens whose rows have the largest cosine, of all ${num(n)}.`,

  map: 'A map of these tokens',
  two: '2-d',
  three: '3-d',
  /** @param {Payload.EmbedMapAnswer} m */
  mapNote: (m) =>
    `PCA (principal components, by SVD) of ${count(m.tokens.length, 'row')}, centred on their mean: ${m.links.length}${m.links.length < m.n_prompt_all ? ` of ${m.n_prompt_all}` : ''} different tokens of this run and the ${m.links[0].length} nearest vocabulary tokens of each.`,
  /** @param {Payload.EmbedMapAnswer} m @param {boolean} three */
  mapKept: (m, three) => {
    const axes = m.explained.slice(0, three ? 3 : 2);
    const sum = axes.reduce((a, b) => a + b, 0);
    const parts = axes.map((share, i) => `PC ${i + 1} ${pct(share)}`).join(' + ');
    return `These axes keep ${parts} = ${pct(sum)} of the points' variance. In three axes, distances are off by ${pct(m.distance_error)} on average: near here is not always near in the model.`;
  },
  /** @param {Payload.EmbedMapAnswer | null} m */
  mapLabel: (m) => (m ? `Map of ${m.tokens.length} tokens by principal components` : 'Map of tokens'),
  /** @param {string[]} names */
  neighbourOf: (names) => `near ${names.join(', ')}`,

  /** @type {Record<string, string>} */
  position: {
    rope: 'Position: rotated queries and keys (RoPE)',
    learned: 'Position: a learned table',
    other: 'Position: no rotation or table to draw',
  },
  layer: 'Layer',
  head: 'Head',
  /** @param {Payload.RotaryPositions} found */
  rotary: ({ rotation: r, n_layers_verified: n, n_layers: all }) =>
    `Nothing is added to the rows. In each head, ${r.n_rotary === r.d_head ? 'all' : `${r.n_rotary} of`} ${r.d_head} dimensions of a query and a key are taken as ${r.n_rotary / 2} pairs (${
      r.layout === 'halves' ? `dimension i with i + ${r.n_rotary / 2}` : 'neighbours 2i and 2i + 1'
    }${r.first ? `, from dimension ${r.first}` : ''}), and pair i is turned by position × frequency i. Shown by numbers in ${n} of ${all} layers.`,
  /** @param {Payload.Rotation} r */
  scaled: (r) =>
    r.kind === 'default' && r.factor === 1
      ? ''
      : ` Frequencies are of the kind “${r.kind}”${r.factor === 1 ? '' : `, and rotated parts are multiplied by ${num(r.factor, 4)}`}.`,
  angles: 'Angle of every pair at every position',
  anglesName: 'Rotation angle by position and dimension pair',
  anglesHint: 'Point at a cell to read the angle.',
  /**
   * @param {string} name
   * @param {number} position
   * @param {number} pair
   * @param {number} angle
   * @param {number} wavelength
   */
  angleValue: (name, position, pair, angle, wavelength) =>
    `${name} at position ${position} · pair ${pair}: ${((angle * 180) / Math.PI).toFixed(1)}° (one turn every ${power(wavelength)} positions)`,
  angleKey: 'angle, modulo one turn',
  firstPair: 'pair 0: fast',
  /** @param {number} n */
  lastPair: (n) => `pair ${n}: slow`,
  /** @param {Page.Child} name @param {number} position */
  clocks: (name, position) => ['The hands at position ', String(position), ', ', name],
  /** @param {number} i */
  pair: (i) => `pair ${i}`,
  /** @param {number} turned */
  turns: (turned) => `${turned >= 0.01 ? turned.toFixed(2) : turned.toExponential(1)} turns`,
  /** @param {string} text */
  wavelength: (text) => `one in ${text}`,

  dot: 'What it does to a query and a key',
  /** @param {Payload.DotProduct} d */
  dotNote: (d) =>
    `The query of one token and the key of another, as captured in layer ${d.layer}, head ${d.head}${d.kv_head === d.head ? '' : ` (key/value head ${d.kv_head})`}. The curve turns the same two vectors to every other distance; the dot is where they really are.`,
  keyToken: 'Key at position',
  distanceAxis: 'distance: query position − key position',
  scoreAxis: 'score = q · k × scaling',
  dotName: 'Score over distance',
  /** @param {Payload.DotProduct} d */
  dotValue: (d) =>
    `At the real distance ${d.distance} the model's score is ${num(d.score, 5)}, before mask and softmax.`,
  /** @param {number} n */
  beyond: (n) => ` The curve is drawn to distance ${n - 1}.`,
  parts: 'What each pair adds to it',
  /** @param {Payload.DotProduct} d */
  partsNote: (d) =>
    `Left: fast pairs, sensitive to place. Right: slow pairs, hardly turned.${d.unrotated ? ` Dimensions that do not rotate add ${num(d.unrotated)}.` : ''}`,
  /** @param {number[]} values */
  partsLabel: (values) => `Contribution of each pair: ${values.map((v) => num(v, 2)).join(', ')}`,
  /** @param {number} i @param {number} v */
  partValue: (i, v) => `pair ${i}: ${num(v, 4)}`,

  /** @param {Payload.LearnedPositions} l */
  learned: (l) =>
    `Row p${l.offset ? ` + ${l.offset}` : ''} of a table with ${num(l.n_rows)} learned rows is added to the token at position p, before block 0.`,
  /** @param {number} p */
  learnedRow: (p) => `The row added at position ${p}`,
  learnedNorms: 'Norm of the row by position',
  learnedCosine: 'Cosine between the rows of positions',
  /** @param {Payload.LearnedPositions} l */
  everyRow: (l) => (l.step === 1 ? 'Every position is shown.' : `One position in ${l.step} is shown.`),
  /** @param {number} a @param {number} b @param {number} value */
  learnedValue: (a, b, value) => `positions ${a} and ${b}: ${value.toFixed(4)}`,
};
