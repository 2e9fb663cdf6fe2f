// The words of the panel Text.

import { count, ms, parameters } from '../../../maths/format.js';
import { median, ownItl, reusedCount } from '../../../maths/times.js';
import { firstToken } from '../../../parts/words/shared.js';

/** @param {Payload.CardAnswer} card */
const parametersNote = ({ n_active: active, n_parameters: all }) =>
  active < all
    ? `parameters, of which a token passes through ${parameters(active)}`
    : 'parameters, all used for every token';

/** @param {number[]} itl */
const betweenTokens = (itl) => [
  'between tokens (ITL), median',
  itl.length ? ms(median(itl)) : '–',
  'one forward pass over one position + select',
];

export const text = {
  question: 'What the model is given',
  answer: 'What it made of it',
  figures: 'This run in figures',
  /** @param {Pick<Page.State, 'run' | 'card'>} state */
  facts: ({ run, card }) => [
    firstToken(run),
    betweenTokens(ownItl(run)),
    ['prompt', count(run.tokens.length, 'token'), `${count([...run.text_in].length, 'character')}`],
    [
      'answer',
      count(run.steps.length, 'token'),
      `${run.stop.kind ? run.stop.detail : 'not finished'}${reusedCount(run) ? `; ${reusedCount(run)} taken over` : ''}`,
    ],
    ['model', card ? parameters(card.n_parameters) : '–', card ? parametersNote(card) : ''],
  ],
  none: 'Nothing has been generated yet: press Next.',
};
