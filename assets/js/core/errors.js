// How an error is explained to the visitor.

import { messages } from './words/messages.js';

/**
 * The error's own sentence. An error of JavaScript itself is a fault of the page: its message would not help a visitor.
 * @param {Error} error
 * @returns {string}
 */
export function explain(error) {
  if (error.name === 'Error') return error.message;
  console.error(error);
  return messages.ownMistake;
}
