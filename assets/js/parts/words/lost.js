// The words for what was typed and is not in the model's text as typed.

import { count } from '../../maths/format.js';
import { visible } from '../../maths/tokens.js';

const WHAT = { prompt: 'The prompt', system: 'The system text', text: 'The text' };

/**
 * A text by its beginning.
 * @param {Payload.Lost} lost
 */
const named = ({ what, n, start }) =>
  `${WHAT[what]} (${count(n, 'character')}, “${visible(start).replaceAll('·', ' ')}${[...start].length < n ? '…' : ''}”)`;

/** @type {Record<Payload.Lost['how'], (lost: Payload.Lost) => string>} */
export const lost = {
  dropped: (one) => `${named(one)} is not in what the model sees: this model’s chat template leaves it out.`,
  changed: (one) => `${named(one)} is not in what the model sees as typed: this model’s chat template changes it.`,
  trimmed: ({ what, n }) =>
    `${WHAT[what]} loses ${count(n, 'white-space character')} at its ends: this model’s chat template trims it.`,
  unused: (one) => `${named(one)} is not in what the model sees: the chat template is off.`,
  unknown: ({ n, start }) =>
    `${count(n, 'token')} of the text ${n === 1 ? 'is' : 'are'} ${start}: the vocabulary has no entry for what stood there, and the model does not see it.`,
};
