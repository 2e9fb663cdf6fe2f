// The words of the panel Text again.

import { count, num } from '../../../maths/format.js';

export const detokenize = {
  joined: 'Joined so far',
  answer: 'The answer',
  prompt: 'The prompt, back again',
  /** @param {number} at @param {number} n */
  place: (at, n) => `token ${num(at + 1)} of ${num(n)}`,
  placeName: 'How many tokens are joined',
  /** @param {Payload.TextPart} part */
  state: (part) => {
    const { token, text, waiting } = part;
    if (token.special) return 'A special token is no text: it adds nothing.';
    if (waiting.length)
      return `${count(waiting.length, 'byte')} now ${waiting.length === 1 ? 'waits' : 'wait'}: a character is not complete.`;
    return text ? 'Its bytes are whole characters: they join at once.' : 'It adds nothing.';
  },
  completes: 'It brings the bytes that were waited for.',
  /** @param {number} n */
  full: (n) => `The tokenizer's own text of all ${count(n, 'token')}`,
  running: 'Compared when the answer has stopped growing.',
  /** @param {Payload.Detokenization} d */
  equal: (d) =>
    `✓ equal, and so are ${d.n_checked === d.n_tokens ? `the texts of its first 1 to ${num(d.n_tokens)} tokens` : `${count(d.n_checked, 'text')} on the way there`}`,
  /** @param {Payload.Detokenization} d */
  unequal: (d) =>
    `✗ ${num(d.n_checked - d.n_equal)} of ${count(d.n_checked, 'beginning')} differ: this tokenizer's decoder also tidies spaces, or reads a broken run of bytes otherwise`,
  /** @param {number} n */
  unfinished: (n) =>
    `The last ${n === 1 ? 'byte' : count(n, 'byte')} got no partner: the decoder writes � for ${n === 1 ? 'it' : 'them'}.`,
  blocks: 'Token by token, byte by byte',
  blocksNote:
    'Above, the tokens; in the middle, their bytes; below, the text these bytes are in UTF-8. A character can need the bytes of several tokens: until the last has come, they wait.',
  /** @param {number} start @param {number} stop @param {number} n */
  windowed: (start, stop, n) => `Tokens ${start + 1} to ${stop} of ${num(n)}.`,
  waits: 'waits',
  noText: 'no text',
  nothing: 'No token has been generated yet. Press Next, or look at the prompt.',
  emptyText: 'nothing yet',
  /** @param {string} name */
  select: (name) => `Join up to ${name}`,
};
