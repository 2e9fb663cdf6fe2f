// What was typed and is not in the model's text as typed: a line for each.

import { h } from '../../core/elements/dom.js';
import { lost as words } from '../words/lost.js';

/**
 * @param {Pick<Page.Run, 'lost'>} run
 * @returns {HTMLElement[]}
 */
export const lostNotes = ({ lost = [] }) => lost.map((one) => h('p', { class: 'lost-note' }, words[one.how](one)));
