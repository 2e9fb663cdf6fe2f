// What a visitor reads of an error.

import { messages } from './words/messages.js';

/**
 * The sentence that an error was made with. A mistake of the page's own has JavaScript's words, which say nothing to a visitor.
 * @param {Error} error
 * @returns {string}
 */
export function explain(error) {
  if (error.name === 'Error') return error.message;
  console.error(error);
  return messages.ownMistake;
}
