// The core's sentences: about the server, a run in progress, errors, and tokens.

import { count } from '../../maths/format.js';

export const messages = {
  asking: 'Asking the model',
  /** @param {number} n */
  made: (n) => count(n, 'token'),
  /** @param {number} rank how many runs of other visitors come before this one */
  waiting: (rank) => (rank > 0 ? `Waiting: ${count(rank, 'run')} before yours` : 'Waiting: yours is next'),
  /** @param {number} position @param {string} label @param {number} id */
  spokenName: (position, label, id) => `token ${position}: ${label}, id ${id}`,
  /** @param {number} status */
  status: (status) => `The server answered with status ${status}.`,
  ownMistake: 'This could not be shown: the page made a mistake. Reload it; its address keeps what you had.',
  notHere: 'This part needs the live page: it was not recorded in this file.',
};
