// At the foot of the window: what the page is waiting for, and which requests were cancelled.

import { fill, h } from '../../core/elements/dom.js';
import { requests as words } from '../words/requests.js';

/**
 * @param {HTMLElement} parts
 * @param {Page.Store} store
 * @param {{ stop: () => void, again: () => void }} actions
 */
export function mountRequests(parts, store, { stop, again }) {
  const turning = h('span', { class: 'turning', 'aria-hidden': 'true' });
  const text = h('span');
  const button = h('button', {
    type: 'button',
    class: 'quiet',
    onclick: () => (store.state.requests.slow.length ? stop() : again()),
  });
  const pill = parts.appendChild(h('div', { class: 'looking', role: 'status', hidden: true }, turning, text, button));
  store.subscribe(({ requests: { slow, cancelled }, away }, changed) => {
    if (!changed.has('requests') && !changed.has('away')) return;
    pill.hidden = away || !(slow.length || cancelled.length);
    turning.hidden = !slow.length;
    fill(text, slow.length ? words.computing(slow) : words.stopped(cancelled));
    fill(button, slow.length ? words.stop : words.again);
  });
}
