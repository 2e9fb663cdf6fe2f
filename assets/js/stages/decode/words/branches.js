// The words of forcing a token and of the branches.

import { count, ms, num, pct } from '../../../maths/format.js';
import { keepsCache } from '../../../maths/models.js';

export const force = {
  title: 'Choose another token here',
  /** @param {Payload.CardAnswer} card */
  note: (card) =>
    `Click a row above, or type text: it takes this token’s place, and the model goes on from there.${keepsCache(card) ? ' What was before stays in the KV cache.' : ''}`,
  /** @param {string} token */
  take: (token) => `Take ${token} here instead`,
  type: 'text to put here',
  go: 'Put it here',
  remove: 'Delete this token',
  removeTitle:
    'Keep the other tokens of the answer as they are, without this one; the last one is taken off, and the answer ends before it',
  /** @param {string} token @param {number} n */
  shortened: (token, n) =>
    `“${token}” is taken off: the answer ends after ${count(n, 'token')}. Going on selects the next token anew, with the same settings.`,
  /** @param {number} n @param {number} time @param {number} prefill */
  reused: (n, time, prefill) =>
    `${count(n, 'position')} found in the KV cache in ${ms(time)}; the prefill of this prompt took ${ms(prefill)}.`,
};

export const branches = {
  title: 'Branches of this prompt',
  /** @param {Payload.CardAnswer} card */
  note: (card) =>
    `Each run of this prompt with other settings, another seed or a forced token is a branch. They share the beginning${keepsCache(card) ? ', and the KV cache of it' : ''}. A number is the probability of all tokens up to there.`,
  one: 'There is one branch so far. Take another token on the Probabilities panel, change the seed, or let beam search look.',
  open: 'Open',
  shown: 'shown now',
  compare: 'compare',
  rename: 'name',
  prune: 'Prune',
  /**
   * @param {Page.Branch} branch
   * @param {Record<string, string>} words
   */
  leaf: ({ beam, tokens, stop }, words) =>
    [beam && `beam ${beam.place} of ${beam.of}`, count(tokens.length, 'token'), words[stop]]
      .filter(Boolean)
      .join(' · '),
  compareTitle: 'Two branches side by side',
  perplexity: 'perplexity',
  perplexityNote: 'as if each token had been chosen among this many equally likely ones',
  joint: 'probability of the answer',
  /** @param {string} token @param {number} bits @param {number} p */
  surprisal: (token, bits, p) => `${token}: ${num(bits)} bits (${pct(p)})`,
  shade: 'Darker is more surprising to the model.',
  pick: 'Tick “compare” on two branches to see them side by side.',
  beams: 'Beam search',
  beamsNote:
    'Keeps the best few beginnings at each step and returns the most likely whole answers, by transformers’ own beam search. It goes by the model’s own probabilities: temperature, filters and penalties play no part. Each answer becomes a branch.',
  beamsGo: 'Search',
  beamsCount: 'beams',
  beamsTokens: 'tokens',
  /** @param {number} n @param {number} time */
  beamsDone: (n, time) => `${count(n, 'beam')} found in ${ms(time)}. Each is a branch of the tree now.`,
  /** @param {number} value */
  score: (value) => `mean log-probability ${num(value, 4)}`,
};
