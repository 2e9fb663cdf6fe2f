// The heads by what they do on this run: the scores of all heads, fetched a few layers at a time, and their order.

import { unpack } from '../../maths/arrays.js';
import { prefill as words } from './words/prefill.js';

/** @typedef {Page.HeadPlace & { value: number }} Score */
/** @typedef {{ scores: Partial<Record<Page.ScoreName, Score[]>>, n_repeats: number, checks: Page.Check[] }} Scores */

/**
 * The scores of all heads over the first `n` positions; null once `isWanted()` is false.
 * @param {{
 *   view: Page.Ask,
 *   isWanted: () => boolean,
 *   onProgress: (nLayers: number) => void,
 *   card: Page.Card,
 *   n: number,
 * }} options
 * @returns {Promise<Scores | null>}
 */
export async function loadScores({ view, isWanted, onProgress, card, n }) {
  /** @type {Scores} */
  const all = { scores: {}, n_repeats: 0, checks: [] };
  let start = 0;
  while (start < card.n_layers) {
    const piece = await view('head_scores', { layer_start: start, n_positions: n });
    if (!isWanted()) return null;
    all.n_repeats = piece.n_repeats;
    all.checks.push(...piece.checks);
    for (const name of /** @type {Page.ScoreName[]} */ (Object.keys(piece.scores))) {
      const { data, shape } = unpack(piece.scores[name]);
      const list = (all.scores[name] ??= []);
      data.forEach((value, i) => list.push({ layer: start + Math.floor(i / shape[1]), head: i % shape[1], value }));
    }
    start = piece.layer_stop;
    onProgress(start);
  }
  return all;
}

/**
 * The heads that have a score, largest first or smallest first; equal scores stay in the order of layers.
 * @param {Scores} all
 * @param {Page.ScoreName} name
 * @param {boolean} largestFirst
 * @returns {Page.RankedHead[]}
 */
export function rankHeads({ scores }, name, largestFirst) {
  const sign = largestFirst ? -1 : 1;
  return scores[name]
    .filter(({ value }) => !Number.isNaN(value))
    .sort((a, b) => sign * (a.value - b.value))
    .map(({ layer, head, value }) => ({
      layer,
      head,
      score: words.scores.value(name, value),
      spokenName: words.scores.spokenName(name, layer, head, value),
    }));
}
