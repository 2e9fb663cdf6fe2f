// At the foot of the window: what a view is waiting for, and what was stopped.

import { fill, h } from '../../core/elements/dom.js';
import { looks as words } from '../words/looks.js';

/**
 * @param {any} parts
 * @param {Page.Store} store
 * @param {any} options
 */
export function mountLooks(parts, store, { stop, again }) {
  const turning = h('span', { class: 'turning', 'aria-hidden': 'true' });
  const said = h('span');
  const button = h('button', {
    type: 'button',
    class: 'quiet',
    onclick: () => (store.state.looks.slow.length ? stop() : again()),
  });
  const pill = parts.appendChild(h('div', { class: 'looking', role: 'status', hidden: true }, turning, said, button));
  store.subscribe(({ looks: { slow, stopped }, away }, changed) => {
    if (!changed.has('looks') && !changed.has('away')) return;
    pill.hidden = away || !(slow.length || stopped.length);
    turning.hidden = !slow.length;
    fill(said, slow.length ? words.computing(slow) : words.stopped(stopped));
    fill(button, slow.length ? words.stop : words.again);
  });
}
