// At the foot of the window: what the page is waiting for, and which requests were cancelled.

import { fill, h } from '../../core/elements/dom.js';
import { looks as words } from '../words/looks.js';

/**
 * @param {HTMLElement} parts
 * @param {Page.Store} store
 * @param {{ stop: () => void, again: () => void }} actions
 */
export function mountLooks(parts, store, { stop, again }) {
  const turning = h('span', { class: 'turning', 'aria-hidden': 'true' });
  const text = h('span');
  const button = h('button', {
    type: 'button',
    class: 'quiet',
    onclick: () => (store.state.looks.slow.length ? stop() : again()),
  });
  const pill = parts.appendChild(h('div', { class: 'looking', role: 'status', hidden: true }, turning, text, button));
  store.subscribe(({ looks: { slow, stopped }, away }, changed) => {
    if (!changed.has('looks') && !changed.has('away')) return;
    pill.hidden = away || !(slow.length || stopped.length);
    turning.hidden = !slow.length;
    fill(text, slow.length ? words.computing(slow) : words.stopped(stopped));
    fill(button, slow.length ? words.stop : words.again);
  });
}
