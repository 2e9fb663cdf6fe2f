// What the core says: of the server, of a run that is being made, of what went wrong, and of a token.

import { count } from '../../maths/format.js';

export const messages = {
  asking: 'Asking the model',
  made: (n) => count(n, 'token'),
  /** How many visitors' runs are made before this one. */
  waiting: (rank) => (rank > 0 ? `Waiting: ${count(rank, 'run')} before yours` : 'Waiting: yours is next'),
  spoken: (position, label, id) => `token ${position}: ${label}, id ${id}`,
  status: (status) => `The server answered with status ${status}.`,
  ownMistake: 'This could not be shown: the page made a mistake. Reload it; its address keeps what you had.',
  notHere: 'This part needs the live page: it was not recorded in this file.',
};
