// The words of the Prefill panel.

import { bytes, count, ms, num } from '../../../maths/format.js';
import { hasAttention } from '../../../maths/models.js';
import { firstToken } from '../../../parts/words/shared.js';

/** @param {number} start @param {number} stop */
const span = (start, stop) => (stop - start === 1 ? `${start}` : `${start}–${stop - 1}`);

export const prefill = {
  /** @param {Pick<Page.State, 'run' | 'card'> & { cache?: Payload.KVCacheRecord & { prompt_bytes: number } }} now */
  facts: ({ run, card, cache }) =>
    [
      ['positions, in one forward pass', num(run.prefill.n_tokens), 'every layer works on all of them at once'],
      hasAttention(card)
        ? [
            'layers × heads',
            card ? `${card.n_layers} × ${card.n_heads}` : '–',
            card && card.n_kv_heads !== card.n_heads
              ? `${card.n_kv_heads} key/value heads, each shared by ${card.n_heads / card.n_kv_heads}`
              : '',
          ]
        : ['layers', num(card.n_layers), 'no attention'],
      ['forward pass', ms(run.prefill.forward_ms), `${ms(run.prefill.forward_ms / run.prefill.n_tokens)} a position`],
      firstToken(run),
      hasAttention(card) && [
        'written to the KV cache',
        card?.uncached ? 'nothing' : cache ? bytes(cache.prompt_bytes) : '–',
        card?.uncached
          ? 'each step takes all positions again'
          : cache
            ? `${bytes(cache.bytes_per_token)} more with each token`
            : '',
      ],
    ].filter(Boolean),

  heads: 'All heads',
  /** @param {number} block @param {string} rule */
  headsNote: (block, rule) =>
    block > 1 ? `Each dot is the ${rule} of ${block} × ${block} weights.` : 'Each dot is one weight.',
  /** @param {number} layers @param {number} heads @param {number} layer @param {number} head */
  headsLabel: (layers, heads, layer, head) =>
    `Thumbnails of the attention maps of ${layers} layers by ${heads} heads. Selected: layer ${layer}, head ${head}. Arrow keys move the selection.`,
  /** @param {number} layer @param {number} head @param {number | null} kv */
  headName: (layer, head, kv) => `layer ${layer}, head ${head}${kv === null ? '' : `, reads key/value head ${kv}`}`,
  /** @param {number} done @param {number} all */
  loading: (done, all) => `${done} of ${all} layers …`,
  /** @param {number} group */
  kvGroup: (group) => `KV ${group}`,

  scores: {
    label: 'Sort by ',
    byLayer: 'layer',
    /** @type {Record<Page.ScoreName, string>} */
    names: {
      previous: 'attention to previous token',
      first: 'attention to first token (sink)',
      own: 'attention to itself',
      induction: 'induction',
      entropy: 'entropy',
      distance: 'mean distance',
    },
    largest: 'largest first',
    smallest: 'smallest first',
    list: 'Heads in the order of the score. Arrow keys move the selection.',
    /** @type {Record<Page.ScoreName, string>} */
    meaning: {
      previous: 'Weight of each query on the token before it: mean of a[i, i−1].',
      first: 'Weight of each query on the first token, the attention sink of many heads: mean of a[i, 0].',
      own: 'Weight of each query on its own token: mean of a[i, i].',
      induction:
        'Weight on what followed an earlier occurrence of the query’s token: sum of a[i, j+1] over j with token j = token i and j+1 < i, as a mean over such i.',
      entropy: 'How widely each query spreads its weight: mean of −Σ a[i, k] · log₂ a[i, k], in bits. 0 is one key.',
      distance: 'How far back each query looks: mean of Σ a[i, k] · (i − k), in tokens.',
    },
    /** @param {Page.ScoreName} name @param {number} n @param {number} repeats */
    over: (name, n, repeats) =>
      name === 'induction'
        ? `${count(repeats, 'position')} of ${num(n)} ${repeats === 1 ? 'has' : 'have'} one.`
        : `Queries i = 1 to ${num(n - 1)}; position 0 sees only itself.`,
    /** @type {Partial<Record<Page.ScoreName, string>>} */
    none: {
      induction:
        'No token of this prompt has an earlier occurrence with something in between, so no head has an induction score here.',
    },
    one: 'A single position sees only itself: there is nothing to measure.',
    /** @param {Page.ScoreName} name @param {number} value */
    value: (name, value) =>
      name === 'entropy'
        ? `${value.toFixed(2)} bits`
        : name === 'distance'
          ? `${num(value, 3)} tokens`
          : value.toFixed(value < 0.0995 ? 3 : 2),
    /**
     * @param {Page.ScoreName} name
     * @param {number} layer
     * @param {number} head
     * @param {number} value
     */
    spokenName: (name, layer, head, value) =>
      `layer ${layer}, head ${head}: ${prefill.scores.names[name]} ${prefill.scores.value(name, value)}`,
    /** @param {number} done @param {number} all */
    loading: (done, all) => `measured ${done} of ${all} layers …`,
  },

  /** @param {number} layer @param {number} head */
  map: (layer, head) => `Layer ${layer}, head ${head}`,
  mapNote:
    'Each row is a token that looks back (query); each column a token it looks at (key). A row adds up to 1, or to less where the head has a sink.',
  /** @param {number} layer @param {number} head @param {Page.MapWindow} window */
  mapLabel: (layer, head, window) =>
    `Attention map of layer ${layer}, head ${head}: queries ${span(window.q0, window.q1)} by keys ${span(window.k0, window.k1)}. Up and down select a query. The lists beside it have the weights of the selected token.`,
  scope: { label: 'Positions', prompt: 'prompt', all: 'prompt + answer' },
  rule: { label: 'block shows the', max: 'max', mean: 'mean' },
  /** @param {number} block @param {Page.BlockRule} rule */
  block: (block, rule) =>
    `Each cell is the ${rule} of ${block} × ${block} weights, 0 above the diagonal included. Drag a rectangle to see exact weights.`,
  /** @param {number} n */
  exact: (n) => (n > 8 ? 'Each cell is one weight. Drag a rectangle to zoom in.' : 'Each cell is one weight.'),
  rounded: ' A map of this size is sent in float16: its numbers are rounded to three digits.',
  reset: 'Show all',
  maskKey: 'causal mask: a token cannot see what comes after it',
  scaleKey: 'weight (colour by its square root)',
  hover: 'Point at a cell to read its weight; click to select its query.',
  /** @param {Page.Child} query @param {Page.Child} key @param {number} weight */
  cell: (query, key, weight) => [query, ' → ', key, `: ${num(weight, 4)}`],
  /** @param {Page.Child} query @param {Page.Child} key */
  cellMasked: (query, key) => [query, ' cannot see ', key, ': it comes later'],
  /** @param {Page.MapCell} cell @param {Page.BlockRule} rule @param {number} weight */
  cellBlock: (cell, rule, weight) =>
    `queries ${span(...cell.queries)} → keys ${span(...cell.keys)}: ${rule} ${num(weight, 3)}`,

  /** @param {Page.Child} token */
  attendsTo: (token) => ['What ', token, ' attends to'],
  /** @param {Page.Child} token */
  attendedBy: (token) => ['Who attends to ', token],
  /** @param {number} listed @param {number} all @param {number} part @param {number} total */
  attendsRest: (listed, all, part, total) =>
    listed < all
      ? `The ${listed} largest of ${num(all)} weights, together ${num(part, 3)}; the whole row adds up to ${num(total, 6)}.`
      : `The row adds up to ${num(total, 6)}.`,
  /** @param {number} listed @param {number} queries @param {number} total */
  attendedRest: (listed, queries, total) =>
    `${listed < queries ? `The ${listed} largest of ${num(queries)} weights` : count(queries, 'token')}; all that can see it give it ${num(total, 3)} together.`,
  notFed:
    'This token has not been through the model yet: it goes in when the next one is asked for. Until then nothing is known of its attention.',

  cache: 'KV cache',
  /**
   * @param {Payload.KVCacheRecord} cache
   * @param {Payload.RunAnswer} run
   */
  cacheNote: (cache, run) =>
    `Prefill wrote the keys and values of ${count(run.tokens.length, 'position')} in every attention layer at once` +
    (cache.n_positions > run.tokens.length
      ? `; decoding then added ${count(cache.n_positions - run.tokens.length, 'position')}, one at a time.`
      : '; decoding adds one position at a time.'),
  /** @param {number} n */
  cacheAll: (n) => `Show all ${n} layers`,
  cacheFew: 'Show first and last',
  /** @param {Payload.KVCacheRecord} cache */
  cacheGqa: (cache) =>
    `With one key/value head for each of the ${cache.n_heads} query heads it would be ${bytes(cache.bytes_without_sharing)}: sharing saves ${bytes(cache.bytes_without_sharing - cache.bytes)}.`,
  /** @param {number} layers @param {number} prompt @param {number} added */
  cachePicture: (layers, prompt, added) =>
    `KV cache: ${layers} layers by ${prompt} prompt positions, written at once by prefill, and ${added} positions added by decoding.`,
  /** @param {Payload.CardAnswer} card */
  cacheNone: (card) =>
    card?.uncached ? `No KV cache is used here: ${card.uncached}.` : 'This model keeps no keys and values.',
  cachePrompt: 'written by prefill',
  cacheAdded: 'added by decoding',

  check: {
    running: 'A second forward pass is running …',
    loaded: 'at load',
    here: 'this run',
    /** @param {number} seconds */
    took: (seconds) => `A second pass over this run's tokens took ${ms(seconds * 1000)}.`,
  },
};
