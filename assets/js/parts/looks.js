// At the foot of the window: what a view is waiting for.

import { fill, h } from '../core/dom.js';
import { looking } from '../words/looks.js';

export function mountLooks(parts, store) {
  const said = h('span');
  const pill = parts.appendChild(h('div', { class: 'looking', role: 'status', hidden: true }, h('span', { class: 'turning', 'aria-hidden': 'true' }), said));
  store.subscribe(({ looks, away }, changed) => {
    if (!changed.has('looks') && !changed.has('away')) return;
    pill.hidden = away || !looks.length;
    if (!pill.hidden) fill(said, looking(looks));
  });
}
