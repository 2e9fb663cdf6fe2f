// Text that several parts of the page share.

import { ms, num } from '../../maths/format.js';

/** @type {{ [kind in Page.EndKind]?: string }} */
const ENDED = { stopped: 'You stopped it there.', superseded: 'It was stopped there, for other work was started.' };
/** @type {{ [kind in Page.EndKind]?: string }} */
const NOTHING_YET = {
  stopped: 'You stopped it before there was anything to show.',
  superseded: 'It was stopped before there was anything to show, for other work was started.',
};

export const shared = {
  /** @param {string} name */
  forced: (name) => `forced ${name}`,
  /** @param {string} name */
  forcedTitle: (name) => `${name}: put here, not selected by the model`,
  noPanel: 'This panel could not be opened. Reload the page.',
  /** @param {string} name */
  noFile: (name) => `${name} could not be read. Reload the page.`,
  ended: ENDED,
  nothingYet: NOTHING_YET,
  /** @param {number} n */
  before: (n) => `… ${num(n)} before`,
  /** @param {number} n */
  after: (n) => `${num(n)} more …`,
};

/** The table of what each layer keeps in the KV cache. */
export const cacheTable = {
  columns: ['layer', 'keys', 'values', 'type', 'size'],
  shape: 'shape: batch × key/value heads × positions × dimensions',
  total: 'all layers',
  /** @param {number} window */
  window: (window) => `window ${window}`,
};

/**
 * TTFT as a figure. A run that found its prefill in the KV cache of an earlier run has none of its own.
 * @param {Page.Run} run
 */
export const firstToken = (run) => [
  'time to first token (TTFT)',
  run.reused_positions ? '–' : ms(run.ttft_ms),
  run.reused_positions ? 'the prefill was found in the KV cache of an earlier run' : 'tokenize + prefill + select',
];
