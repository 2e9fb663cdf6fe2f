// The words for a server that is busy, or away.

import { count } from '../core/format.js';

/** How many visitors' runs are made before this one. */
export const waiting = (rank) => (rank > 0 ? `Waiting: ${count(rank, 'run')} before yours` : 'Waiting: yours is next');

export const lost = {
  away: 'The server does not answer. This page goes on by itself when it is back, and nothing is lost.',
};
