// The text of the line under the token strip.

import { chip } from '../../core/elements/chip.js';
import { num } from '../../maths/format.js';

/** @param {Page.RunToken} token */
const small = (token) => chip(token, { limit: 12 });
/** @param {[Page.RunToken, number][]} pairs */
const listed = (pairs) => pairs.flatMap(([token, weight], i) => [i ? ', ' : '', small(token), ` ${num(weight, 2)}`]);

export const attend = {
  /** @param {number} layer @param {number} head */
  rest: (layer, head) => `Point at a token to see its attention in layer ${layer}, head ${head}.`,
  /**
   * @param {Page.RunToken} token
   * @param {Payload.PositionAnswer} answer
   * @param {Record<'to' | 'by', [Page.RunToken, number][]> & { mark: (kind: 'to' | 'by') => Page.Child }} largest
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
  /** @param {Page.RunToken} token */
  notFed: (token) => [small(token), ' has not been through the model yet: its attention is not known.'],
};
