// The words of small parts that stand in many places.

import { ms, num } from '../../maths/format.js';

export const shared = {
  forced: (spoken) => `forced ${spoken}`,
  forcedTitle: (spoken) => `${spoken}: put here, not selected by the model`,
  noPanel: 'This panel could not be opened. Reload the page.',
  noFile: (name) => `${name} could not be read. Reload the page.`,
  ended: { stopped: 'You stopped it there.', superseded: 'It was stopped there, for other work was started.' },
  nothingYet: {
    stopped: 'You stopped it before there was anything to show.',
    superseded: 'It was stopped before there was anything to show, for other work was started.',
  },
  before: (n) => `… ${num(n)} before`,
  after: (n) => `${num(n)} more …`,
};

/** The table of what each layer keeps in the KV cache. */
export const cacheTable = {
  columns: ['layer', 'keys', 'values', 'type', 'size'],
  shape: 'shape: batch × key/value heads × positions × dimensions',
  total: 'all layers',
  window: (window) => `window ${window}`,
};

/**
 * TTFT as a figure. A run that found its prefill in an earlier one's KV cache has none of its own.
 * @param {Payload.RunAnswer} run
 */
export const firstToken = (run) => [
  'time to first token (TTFT)',
  run.reused_positions ? '–' : ms(run.ttft_ms),
  run.reused_positions ? 'the prefill was found in the KV cache of an earlier run' : 'tokenize + prefill + select',
];
