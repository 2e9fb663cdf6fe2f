// The words of the line under the token strip.

import { chip } from '../../core/elements/chip.js';
import { num } from '../../maths/format.js';

/** @param {Payload.Token} token */
const small = (token) => chip(token, { limit: 12 });
const listed = (pairs) => pairs.flatMap(([token, weight], i) => [i ? ', ' : '', small(token), ` ${num(weight, 2)}`]);

export const attend = {
  rest: (layer, head) => `Point at a token to see its attention in layer ${layer}, head ${head}.`,
  /**
   * @param {Payload.Token} token
   * @param {any} options
   * @param {any} options
   */
  found: (token, { layer, head }, { to, by, mark }) => [
    `Layer ${layer}, head ${head}: `,
    small(token),
    ' ',
    mark('to'),
    'attends to ',
    listed(to),
    '; ',
    mark('by'),
    by.length ? ['attended by ', listed(by)] : 'nobody attends to it',
  ],
  /** @param {Payload.Token} token */
  notFed: (token) => [small(token), ' has not been through the model yet: its attention is not known.'],
};
