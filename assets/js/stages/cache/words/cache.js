// The words of the KV cache panel.

import { bytes, count, every, flops, ms, num } from '../../../maths/format.js';
import { median } from '../../../maths/times.js';
import { label } from '../../../maths/tokens.js';

/** @param {number} value */
const times = (value) => `${num(value, 3)} times`;

/**
 * The sizes of a layer's key and value; as one number where they are equal.
 * @param {Payload.LayerCache} layer
 */
const dimensions = ({ key_shape: k, value_shape: v }) => (k[3] === v[3] ? `${k[3]}` : `(${k[3]} + ${v[3]})`);

/**
 * The bytes that a token adds, as a product where the layers are alike, else as a sum.
 * @param {Payload.KVCacheRecord} cache
 * @param {number} latent
 */
function product({ layers, bytes_per_token: each }, latent) {
  const [{ key_shape: k, value_shape: v, dtype, bytes: size }] = layers;
  const numbers = k[1] * (k[3] + v[3]);
  const a_number = size / (numbers * k[2]);
  if (each !== layers.length * numbers * a_number) return `keys and values of all layers that still grow, in ${dtype}`;
  if (latent) return `layers · latent vector, in ${dtype}`;
  return k[3] === v[3]
    ? `2 · layers · heads · dimensions, in ${dtype}`
    : `layers · heads · (key + value dimensions), in ${dtype}`;
}

export const cache = {
  /**
   * @param {Page.CacheScene & { card: Page.Card }} scene
   * @returns {Page.Fact[]}
   */
  facts: ({ cache: c, costs, run, card }) => [
    [
      'positions in the cache',
      num(c.n_positions),
      c.n_positions > run.tokens.length
        ? `${run.tokens.length} by prefill, ${c.n_positions - run.tokens.length} by decoding`
        : 'all by prefill',
    ],
    ['layers', num(c.layers.length), 'each keeps its own keys and values'],
    card?.kv_latent
      ? [
          'one latent vector of',
          dimensions(c.layers[0]),
          `in place of keys and values; all ${c.n_heads} query heads unfold theirs from it`,
        ]
      : [
          'key/value heads × dimensions',
          `${c.n_kv_heads} × ${dimensions(c.layers[0])}`,
          c.n_heads > c.n_kv_heads ? `shared by ${c.n_heads} query heads` : 'one for each query head',
        ],
    ['a token adds', bytes(c.bytes_per_token), product(c, card?.kv_latent)],
    ['in the cache now', bytes(c.bytes), 'the sum of the tensors’ own bytes'],
    [
      'weights of the model',
      bytes(costs.parameter_bytes),
      `as much as ${num(Math.round(costs.parameter_bytes / Math.max(1, c.bytes_per_token)))} positions of cache`,
    ],
  ],
  layers: 'Every layer: shape, type and bytes of its tensors',
  /** @param {Payload.CardAnswer} card */
  none: (card) =>
    card?.uncached
      ? `No KV cache is used here: ${card.uncached}. Each step takes all positions again.`
      : 'This model keeps no keys and values, so there is no KV cache to show.',

  grid: 'Positions × layers',
  gridNote:
    'A cell is the key and the value of one position in one layer. The prefill fills all columns of the prompt at once; each decoding step adds one.',
  prompt: 'written by prefill',
  added: 'added by decoding',
  now: 'written in this step',
  empty: 'not written yet',
  /** @param {number} k */
  bins: (k) => `Too many positions for one column each: a column stands for ${k} positions.`,
  /** @param {number} step */
  step: (step) => (step ? `step ${step}` : 'prefill'),
  stepLabel: 'Step of decoding',
  fillIt: 'Watch it fill',
  hover: 'Point at a cell; click to select its position and layer.',
  /** @param {number} layer @param {number | string} position @param {Page.Child} token @param {number} size */
  cell: (layer, position, token, size) => [
    `layer ${layer}, position ${position} `,
    token,
    `: key and value, ${bytes(size)}`,
  ],
  /** @param {number} layer @param {number | string} position */
  cellEmpty: (layer, position) => `layer ${layer}, position ${position}: not written yet`,
  /** @param {number} layer @param {number | string} position */
  cellGone: (layer, position) => `layer ${layer}, position ${position}: outside the layer’s window, no longer kept`,
  /** @param {number} layers @param {number} prompt @param {number} filled @param {number} all */
  picture: (layers, prompt, filled, all) =>
    `KV cache: ${layers} layers by ${all} positions; ${filled} are written, ${prompt} of them by prefill.`,

  /** @param {number} step */
  stepTitle: (step) => (step ? `What step ${step} does` : 'What the prefill does'),
  /** @param {Page.Child} token @param {number} position */
  feeds: (token, position) => ['Feeds ', token, ` at position ${position}.`],
  /** @param {number} n */
  feedsAll: (n) => [`Feeds ${every(n, 'position')} of the prompt.`],
  reads: 'reads from the cache',
  /** @param {number} n */
  readsNote: (n) => `keys and values of ${count(n, 'position')}`,
  weights: 'reads of the weights',
  weightsNote: 'blocks and head, once for each pass',
  computes: 'computes',
  /** @param {number} n */
  computesNote: (n) => `${count(n, 'position')} through all layers`,
  without: 'without the cache',
  /** @param {number} n @param {number} ratio */
  withoutNote: (n, ratio) => `${count(n, 'position')} again: ${times(ratio)} as much`,
  same: 'the same: nothing has been computed before',
  formula:
    'By formula: 2 · weights for each position (the unembedding once), and 4 · layers · heads · dimensions for each pair of positions, the pairs that the causal mask hides included. The roofline in Latency leaves those out, as the least that a prefill can do.',

  sizes: 'How large it would be otherwise',
  sizesNote:
    'By arithmetic, not measured: from this model’s shape, and from the published configs of other models in the type they are published in.',
  context: 'at a context of',
  /** @param {number} n */
  thisRun: (n) => `${num(n)} (this run)`,
  window: 'window',
  /** @param {string} name */
  here: (name) => `This model (${name})`,
  others: 'Other models',
  asIs: 'as it is',
  columns: ['', 'a token adds', 'the whole cache'],
  /** @param {Payload.CacheShape} shape */
  heads: ({ n_heads: h, n_kv_heads: kv, d_head: d, d_value: v, latent, n_layers: l, layers }) => {
    if (layers.length)
      return `${count(l, 'layer')} that keep ${num(Math.min(...layers.map(([n]) => n)))} to ${num(Math.max(...layers.map(([n]) => n)))} numbers of a position`;
    if (latent) return `${count(l, 'layer')}, one vector of ${latent}`;
    return `${count(l, 'layer')} × ${kv} of ${h} × ${v && v !== d ? `(${d} + ${v})` : d}`;
  },
  /** @param {Payload.CacheShape} shape */
  windowed: ({ window, windowed_layers: w, n_layers: l }) =>
    window ? `window ${num(window)}${w < l ? ` in ${w} of ${l} layers` : ''}` : '',
  /** @param {number} context */
  ends: (context) => `its context ends at ${num(context)}`,
  kinds:
    'MHA: a key/value head for each query head. GQA: one for a group of them. MQA: one for all. Window: a layer forgets what is further back. Latent: one compressed vector in place of keys and values.',

  race: 'With and without the cache',
  raceNote:
    'Your prompt, decoded twice in turn with the same settings: once with the cache, once with a pass over all positions for each token.',
  go: 'Decode both ways',
  stop: 'Stop',
  tokens: 'tokens',
  with: 'with the cache',
  withoutShort: 'without',
  perToken: 'time per token',
  total: 'time in all',
  flopsChart: 'work per token, by formula',
  positions: 'token',
  /**
   * @param {Payload.RaceStepAnswer[]} steps
   * @returns {Page.Fact[]}
   */
  raceFacts: (steps) => {
    const last = steps.at(-1);
    const equal = steps.filter((s) => s.equal).length;
    const cached = steps.reduce((all, s) => all + s.cached_flops, 0);
    const full = steps.reduce((all, s) => all + s.full_flops, 0);
    return [
      [
        'same token',
        `${equal} of ${steps.length} ${equal === steps.length ? '✓' : '✗'}`,
        'both choose from the same ids before',
      ],
      [
        'largest difference of a logit',
        num(Math.max(...steps.map((s) => s.max_error)), 2),
        `the largest logit is ${num(Math.max(...steps.map((s) => s.largest_logit)), 3)}`,
      ],
      ['work, by formula', flops(cached), `${flops(full)} without the cache`],
      ['the last step computes', count(last.n_new, 'position'), `${num(last.n_keys)} without the cache`],
      ['the last step reads', bytes(last.cached_bytes), `${bytes(last.full_bytes)} of weights without the cache`],
    ];
  },
  /** @param {Payload.RaceAnswer} race */
  raceSummary: (race) => {
    const { steps, ended } = race;
    if (steps.length < 2) return 'The first token comes from the prefill, which is the same pass both ways.';
    const later = steps.slice(1);
    const cached = median(later.map((s) => s.cached_ms));
    const full = median(later.map((s) => s.full_ms));
    const equal = steps.every((s) => s.equal);
    return (
      `After the prefill a token took ${ms(cached)} with the cache and ${ms(full)} without (medians of ${count(later.length, 'token')}): ${times(full / cached)} as long. ` +
      (equal
        ? 'Every token was the same. '
        : 'Some tokens differ: in this number type the rounding decides close calls. ') +
      (ended === 'time' ? 'The time for one measurement was spent, so it stopped here.' : '')
    );
  },
  raceTable: ['token', 'positions', 'with', 'without', 'largest difference'],
  /** @param {number} n */
  free: (n) =>
    n
      ? `The ${count(n, 'token')} you chose in this run ${n === 1 ? 'is' : 'are'} left out here: each side makes its own choice every time.`
      : '',
  numbers: 'The numbers',

  variant: 'A cache that forgets, or rounds',
  variantNote:
    'Beside the full cache: one that keeps only the newest positions, or one that stores 8-bit floats (transformers’ QuantizedCache, fp8). The prompt is read whole by both; from the first new token on, the other cache has only what it kept.',
  /** @param {string[]} names */
  missing: (names) =>
    `${names.join(' and ')}, the other backends of QuantizedCache, ${names.length > 1 ? 'are' : 'is'} not installed here, so not offered.`,
  kindWindow: 'window of',
  kindWindowUnit: 'positions',
  sinks: 'of them the first',
  kindFp8: '8-bit floats',
  compare: 'Compare',
  fullCache: 'Full cache',
  /** @type {Record<string, string>} */
  otherCache: { window: 'Window', fp8: '8-bit floats' },
  drift: 'largest difference of a logit, while the texts are the same',
  /** @param {number} size */
  holds: (size) => `holds ${bytes(size)}`,
  /** @param {Payload.Variant} found */
  variantSummary: (found) => {
    const { steps, first_different: at, kind, bytes: all, other_bytes: less } = found;
    const name = kind === 'window' ? 'the window' : '8-bit floats';
    const drifts = steps.map((s) => s.drift).filter((d) => d !== null);
    const size = `The cache takes ${bytes(less)} in place of ${bytes(all)}. `;
    if (!drifts.length) return '';
    const upto = `the logits differed by up to ${num(Math.max(...drifts), 3)}`;
    if (at === null) return `${size}All ${count(steps.length, 'token')} are the same so far; ${upto}.`;
    const [one, other] = [steps[at].token, steps[at].other].map((token) => `“${label(token, 20)}”`);
    return `${size}The answers part at token ${at + 1}: ${one} with the full cache, ${other} with ${name}. Up to there ${upto}.`;
  },
};
