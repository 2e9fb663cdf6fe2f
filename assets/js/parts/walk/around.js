// A quiet second row under the ribbon: the panels beside the walk.

import { h } from '../../core/elements/dom.js';
import { AROUND, isWalkStage } from '../../maths/stops.js';
import { around } from '../words/around.js';
import { page } from '../words/page.js';

/**
 * @param {HTMLElement} parts
 * @param {Page.Ctx} ctx
 */
export function mountAround(parts, { store }) {
  const go = (/** @type {Page.AroundStage} */ stage) => store.set({ stage, following: false });
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

  /** @param {KeyboardEvent} event */
  function onkeydown(event) {
    const move = event.key === 'ArrowRight' ? 1 : event.key === 'ArrowLeft' ? -1 : 0;
    if (!move) return;
    event.preventDefault();
    event.stopPropagation();
    const place = tabs.indexOf(/** @type {HTMLButtonElement} */ (event.target));
    const next = (place + move + tabs.length) % tabs.length;
    go(AROUND[next]);
    tabs[next].focus();
  }

  const name = h('span', { class: 'dim', id: 'around-name' }, page.around);
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
      tab.tabIndex = here || (isWalkStage(stage) && place === 0) ? 0 : -1;
    }
  }

  mark(store.state);
  store.subscribe((state, changed) => changed.has('stage') && mark(state));
}
