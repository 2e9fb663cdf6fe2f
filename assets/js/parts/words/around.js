// The panels beside the walk: the title of each, and a sentence on what it shows.

import { count, ms, num } from '../../maths/format.js';
import { hasAttention, keepsCache } from '../../maths/models.js';

/** @type {Record<Page.AroundStage, { title: string, sentence: (moment: Page.Moment) => string }>} */
export const around = {
  model: {
    title: 'Model',
    sentence: ({ card }) =>
      card
        ? `${card.model_id.split('/').pop()}: ${num(card.n_parameters)} parameters in ${count(card.n_layers, 'block')} and what stands before and behind them. Every box leads to where it is at work.`
        : 'What this model is made of.',
  },
  branches: {
    title: 'Branches',
    sentence: ({ branches, card }) =>
      `Every run of this prompt is a branch: ${count(branches.list.length, 'branch').replace('branchs', 'branches')} so far. They share a beginning${keepsCache(card) ? ', and the KV cache of it' : ''}.`,
  },
  cache: {
    title: 'KV cache',
    sentence: ({ run, card, now }) => {
      if (!hasAttention(card))
        return `This model keeps no keys and values: ${count(run.tokens.length, 'position')} left a state of fixed size in each layer, which each later step goes on from.`;
      if (card?.uncached)
        return `No KV cache is used here: ${card.uncached}. Each step takes all positions again${now?.index > 0 ? `: ${num(now.token.position)} at step ${now.index}, in ${ms(now.forward_ms)}` : ''}.`;
      return now?.index > 0 && !now.reused
        ? `The prefill wrote keys and values of ${count(run.tokens.length, 'position')} at once. Since then each step adds one position and reads all those before it: ${ms(now.forward_ms)} at step ${now.index}.`
        : `The prefill writes the keys and values of ${count(run.tokens.length, 'position')} at once, so that each later step has only one position to compute.`;
    },
  },
  latency: {
    title: 'Latency',
    sentence: ({ run }) =>
      run.ttft_ms === null || run.reused_positions
        ? 'How long each token took, where the time went, and what this machine allows.'
        : `The first token came after ${ms(run.ttft_ms)}; what follows says where the time went, and what this machine allows.`,
  },
  batching: {
    title: 'Batching',
    sentence: ({ run }) =>
      `This run had the model to itself: ${count(run.steps.length, 'token')}, one row in each pass. Servers decode many requests in one pass, because a pass reads the weights it needs once, however many rows it computes.`,
  },
  speculative: {
    title: 'Speculative decoding',
    sentence: ({ run }) =>
      `Plain decoding made ${count(run.steps.length, 'token')} in as many forward passes. A draft that guesses ahead lets the model verify several tokens in one pass.`,
  },
  whatif: {
    title: 'What if',
    sentence: ({ run }) =>
      `This run fed ${count(run.tokens.length, 'prompt token')} to this model on this machine. The formulas that say what that takes at best say it for other machines, other models and more users too. All of that is estimated; what this run itself took stands beside it, measured, once this machine’s limits are known.`,
  },
  compare: {
    title: 'Compare',
    sentence: ({ run }) =>
      `This run is one model’s answer in ${count(run.steps.length, 'token')}. Another model cuts the same prompt into its own tokens, and gives its own probabilities.`,
  },
};
