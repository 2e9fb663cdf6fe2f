// A card for one step of a head's computation, and the bars in it.

import { checkMark } from '../../charts/check.js';
import { fill, h } from '../../core/elements/dom.js';
import { num } from '../../maths/format.js';

/**
 * A numbered card.
 * @param {number} step
 * @param {string} [size]
 */
export function stepCard(step, size = '') {
  const title = h('h3');
  const body = h('div', { class: 'step-body' });
  const note = h('span', { class: 'dim' });
  const mark = checkMark(body);
  const element = h(
    'article',
    { class: `step ${size}` },
    h('header', {}, h('span', { class: 'step-number', 'aria-hidden': 'true' }, step), title),
    body,
    h('footer', {}, note, mark.element),
  );
  return {
    element,
    body,
    /** @param {string} text */
    name: (text) => fill(title, text),
    /**
     * Shows a check, or why there is none.
     * @param {Page.Check | null} made
     * @param {string} [reason]
     */
    check(made, reason = '') {
      fill(note, made ? '' : reason);
      mark.show(made ? [made] : []);
    },
  };
}

/**
 * @param {Page.Child} name
 * @param {number} weight
 * @param {string} color
 * @param {string} [value]
 */
export function stepBar(name, weight, color, value = num(weight, 3)) {
  const width = `${100 * Math.min(1, Math.abs(weight))}%`;
  return h(
    'li',
    {},
    name,
    h('span', { class: 'track' }, h('span', { class: 'bar', style: { width, background: `var(${color})` } })),
    h('span', { class: 'value' }, value),
  );
}
