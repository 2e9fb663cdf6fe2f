// The words of small parts that stand in many places.

import { num } from '../core/format.js';

export const shared = {
  checked: (check) => `checked: error ${num(check.error, 2)}`,
  checks: (worst, n) => `${worst.name}, max error ${num(worst.error, 2)}; ${n} checks`,
  check: ({ passed, name, error, tolerance }) => `${passed ? '✓' : '✗'} ${name}: error ${num(error, 2)}, allowed ${num(tolerance, 2)}`,
  notMade: 'nothing to check here',
  without: ({ name }) => `– ${name}: not checked`,
  spoken: (position, label, id) => `token ${position}: ${label}, id ${id}`,
  forced: (spoken) => `forced ${spoken}`,
  forcedTitle: (spoken) => `${spoken}: put here, not selected by the model`,
  normed: (spoken, norm) => `${spoken}, norm ${num(norm, 3)}`,
  noPanel: 'This panel could not be opened. Reload the page.',
  ownMistake: 'This could not be shown: the page made a mistake. Reload it; its address keeps what you had.',
  noCharts: 'The chart library could not be loaded. Reload the page.',
  noFile: (name) => `${name} could not be read. Reload the page.`,
  ended: { stopped: 'You stopped it there.', superseded: 'It was stopped there, for other work was started.' },
  nothingYet: { stopped: 'You stopped it before there was anything to show.', superseded: 'It was stopped before there was anything to show, for other work was started.' },
  svg: 'Download as SVG',
  status: (status) => `The server answered with status ${status}.`,
  before: (n) => `… ${num(n)} before`,
  after: (n) => `${num(n)} more …`,
};
