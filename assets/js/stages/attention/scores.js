// Heads by what they do on this run: the scores of all heads, fetched a few layers at a time, and their order.

import { unpack } from '../../maths/arrays.js';
import { prefill as words } from './words/prefill.js';

/** All heads' scores of the first `n` positions: {name: [{layer, head, value}]} and `n_repeats`. `wanted()` false ends it. */
export async function loadScores({ view, wanted, onProgress, card, n }) {
  const found = { scores: {}, n_repeats: 0 };
  let start = 0;
  while (start < card.n_layers) {
    const piece = await view('head_scores', { layer_start: start, n_positions: n });
    if (!wanted()) return null;
    found.n_repeats = piece.n_repeats;
    for (const [name, packed] of Object.entries(piece.scores)) {
      const { data, shape } = unpack(packed);
      found.scores[name] ??= [];
      data.forEach((value, i) =>
        found.scores[name].push({ layer: start + Math.floor(i / shape[1]), head: i % shape[1], value }),
      );
    }
    start = piece.layer_stop;
    onProgress(start);
  }
  return found;
}

/**
 * The heads that have a score, largest first or smallest first; equal scores stay in the order of layers.
 * @param {{ scores: {}; n_repeats: number; }} of
 * @param {string} name
 * @param {any} largestFirst
 */
export function ranked({ scores }, name, largestFirst) {
  const sign = largestFirst ? -1 : 1;
  return scores[name]
    .filter(({ value }) => !Number.isNaN(value))
    .sort((a, b) => sign * (a.value - b.value))
    .map(({ layer, head, value }) => ({
      layer,
      head,
      score: words.scores.value(name, value),
      spoken: words.scores.spoken(name, layer, head, value),
    }));
}
