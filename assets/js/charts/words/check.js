// The text of a check mark.

import { num } from '../../maths/format.js';

export const check = {
  /** @param {Payload.Check} check */
  checked: ({ error }) => `checked: error ${num(error, 2)}`,
  /** @param {Payload.Check} worst @param {number} n */
  checks: (worst, n) => `${worst.name}, max error ${num(worst.error, 2)}; ${n} checks`,
  /** @param {Payload.Check} check */
  check: ({ passed, name, error, tolerance }) =>
    `${passed ? '✓' : '✗'} ${name}: error ${num(error, 2)}, allowed ${num(tolerance, 2)}`,
  notMade: 'nothing to check here',
  off: '. Numbers that fail their check are not shown.',
  /** @param {Payload.Check} check */
  without: ({ name }) => `– ${name}: not checked`,
};
