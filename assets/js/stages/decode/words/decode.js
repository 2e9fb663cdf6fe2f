// The words of the panels Probabilities and Selected token.

import { count, num, pct } from '../../../maths/format.js';
import { hasAttention } from '../../../maths/models.js';

export const decode = {
  /** @param {string} token */
  title: (token) => `What may follow ${token}`,
  top: 'show the top',
  columns: ['token', 'id', 'logit', 'probability'],
  /** @param {number} k @param {number} n */
  caption: (k, n) =>
    `The ${k} most likely of ${num(n)} tokens, by the model's own probability (softmax of the logits).`,
  preview: 'The outlined bars preview the settings above; press Run to sample with them.',
  drawnFrom: 'The outlined bars are what the token was drawn from, after the settings of this run.',
  exact: 'computed in this page from all logits of this step',
  /** @param {number} n */
  rest: (n) => `all other ${num(n)} tokens`,
  entropy: 'entropy',
  entropyNote: 'bits: how open the choice is; 0 is certain',
  surprisal: 'surprisal',
  surprisalNote: 'bits: how unexpected the selected token was',
  rank: 'rank',
  /** @param {number} n */
  rankNote: (n) => `of ${num(n)}`,
  selected: 'selected',
  forward: 'forward pass',
  /** @param {number} index @param {number} n */
  forwardNote: (index, n) => (index === 0 ? `prefill, ${n} positions` : '1 position'),
  along: 'Surprisal and entropy along the answer',
  alongNote:
    'Filled: the surprisal of the selected token. Outlined: the entropy, which is the surprisal to be expected there. Both in bits; click one to see its step.',
  /** @param {number} step @param {string} text */
  alongLabel: (step, text) => `step ${step + 1}, ${text}`,
  /** @param {string} token @param {number | null} surprisal @param {number} entropy */
  alongOne: (token, surprisal, entropy) => `${token}: surprisal ${num(surprisal)} bits, entropy ${num(entropy)} bits`,
  none: 'Nothing has been decoded yet. Press Next: the first token is selected from the prefill’s own logits.',
  /** @param {string} name */
  atLoad: (name) => `${name} (at load)`,
  checkSoftmax: 'softmax again',
  /** @param {number} n */
  checkSoftmaxHow: (n) =>
    `the softmax of all ${num(n)} logits of this step, done again in this page in double precision; largest difference over the listed tokens`,
  checkSum: 'all tokens together',
  checkSumHow:
    'the listed tokens and the remainder, which the server summed, against 1; the 7 digits that travel round each',
};

const CHOSEN_BY = {
  greedy: 'greedy: the largest logit wins',
  penalised: 'greedy: the largest score after the penalties wins',
  draw: 'drawn by the seed',
  forced: 'forced, not selected',
};

export const select = {
  /** @param {number} id */
  id: (id) => `id ${id}`,
  /** @param {number} id @param {keyof typeof CHOSEN_BY} how @param {number} share */
  chosen: (id, how, share) => `id ${id} · ${CHOSEN_BY[how]} · ${pct(share)} by the model itself`,
  /** @param {number} n */
  tied: (n) =>
    `${count(n, 'token')} tied for the largest score, to the last bit; greedy takes the one with the smallest id.`,
  /** @param {number} kept @param {number} k */
  tiedTopK: (kept, k) =>
    k === 1
      ? `${count(kept, 'token')} tied for the largest score, to the last bit. Top-k keeps them all, as in transformers, and the seed draws among them: this is not greedy.`
      : `Top-k keeps ${count(kept - k, 'token')} more than k = ${k}: their score is that of the last one, to the last bit, as in transformers.`,
  stages: 'From the model’s probabilities to the draw',
  stagesNote:
    'Each column is one stage of the sampler, applied to all tokens of the vocabulary, in the order of transformers; presence and frequency penalties, which it does not have, follow its repetition penalty. Every filter keeps at least one token.',
  noStages:
    'No setting changes the model’s probabilities in this run. Open the sampling settings and move one: the stages appear here at once.',
  tryOut: 'Try temperature 1.3, top-k 20, top-p 0.9',
  previewing:
    'A preview of the settings above, computed in this page from all logits of this step. Press Run to decode with them.',
  /** @type {Partial<Record<Page.Stage['name'], string>>} */
  stageRow: {
    model: 'model',
    repetition_penalty: 'repetition penalty',
    presence_penalty: 'presence penalty',
    frequency_penalty: 'frequency penalty',
    temperature: 'temperature',
    top_k: 'top-k',
    top_p: 'top-p',
    min_p: 'min-p',
    typical_p: 'typical-p',
  },
  start: 'softmax of the logits',
  /** @param {number} n */
  kept: (n) => count(n, 'token'),
  /** @param {number} p */
  moved: (p) => `moved ${pct(p)}`,
  draw: 'The draw',
  /** @param {number} u @param {number} seed @param {number} position */
  drawNote: (u, seed, position) =>
    `The seed ${seed} and position ${position} give the number ${num(u, 5)}. The tokens lie side by side, most likely first, each as wide as its probability; the number falls on the selected one.`,
  /** @param {number} u @param {string} name */
  previewDraw: (u, name) => `With these settings the same number, ${num(u, 5)}, would fall on ${name}.`,
  noDraw: 'No number has been drawn for this step with this seed. Press Run to draw one.',
  /** @param {number} u @param {string} name */
  spokenDraw: (u, name) => `the number ${num(u, 5)} falls on ${name}`,
  greedyNote:
    'Greedy draws nothing: the token with the largest score is taken every time. Choose “Sample” in the sampling settings to let chance in.',
  forcedNote: 'This token was forced, so nothing was drawn here.',
  back: 'And back to the input',
  /** @param {number} n @param {Page.Card} card */
  backNote: (n, card) =>
    `The token's id becomes the next input. ${card?.uncached ? `No KV cache is used here, so the next forward pass takes this position and the ${num(n)} before it again.` : `${hasAttention(card) ? `The KV cache already holds the ${num(n)} positions before it` : `The state of each layer already stands for the ${num(n)} positions before it`}, so the next forward pass takes this one position alone.`}`,
  /** @param {string} detail */
  ended: (detail) => `Decoding ended here: ${detail}.`,
  others: 'all others',
};
