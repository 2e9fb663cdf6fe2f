// A quiet second row under the ribbon: what stands around the walk.

import { h } from '../../core/elements/dom.js';
import { AROUND } from '../../maths/stops.js';
import { around } from '../words/around.js';

/**
 * @param {HTMLElement} parts
 * @param {Page.Ctx} ctx
 */
export function mountAround(parts, { store }) {
  const go = (stage) => store.set({ stage, following: false });
  const tabs = AROUND.map((stage) =>
    h(
      'button',
      {
        type: 'button',
        role: 'tab',
        id: `tab-${stage}`,
        'aria-controls': `panel-${stage}`,
        dataset: { stage },
        onclick: () => go(stage),
      },
      around[stage].title,
    ),
  );

  function onkeydown(event) {
    const move = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!move) return;
    event.preventDefault();
    event.stopPropagation();
    const tab = tabs[(tabs.indexOf(event.target) + move + tabs.length) % tabs.length];
    go(tab.dataset.stage);
    tab.focus();
  }

  const name = h('span', { class: 'dim', id: 'around-name' }, around.title);
  parts.append(
    h(
      'nav',
      { class: 'around' },
      name,
      h('div', { role: 'tablist', 'aria-labelledby': 'around-name', onkeydown }, tabs),
    ),
  );
  /** @param {Page.State} state */
  function mark({ stage }) {
    for (const [place, tab] of tabs.entries()) {
      const here = tab.dataset.stage === stage;
      tab.setAttribute('aria-selected', String(here));
      tab.tabIndex = here || (!AROUND.includes(stage) && place === 0) ? 0 : -1;
    }
  }

  mark(store.state);
  store.subscribe((state, changed) => changed.has('stage') && mark(state));
}
