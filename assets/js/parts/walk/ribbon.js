// The pipeline as a ribbon: the current stage, what each stage made, and how long it took. It is also the navigation.

import { hasAny } from '../../core/state/store.js';
import { fill, h } from '../../core/elements/dom.js';
import { isWalkStage, positionOf, STAGES } from '../../maths/stops.js';
import { page, ribbon } from '../words/page.js';
import { mountTraveller } from './traveller.js';

/**
 * @param {HTMLElement} parts
 * @param {Page.Ctx} ctx
 */
export function mountRibbon(parts, { store, select }) {
  /** @type {Map<Page.StageName, { tab: HTMLButtonElement; made: HTMLSpanElement; time: HTMLSpanElement; }>} */
  const nodes = new Map();
  const loop = h('span', { class: 'loop' });

  /** @param {Page.WalkStage} stage */
  function go(stage) {
    const { run, step } = store.state;
    const last = Math.max(0, (run?.steps.length ?? 1) - 1);
    const target = stage === 'detokenize' ? last : Math.min(step, last);
    store.set({ stage, step: target, following: false });
    if (['decode', 'select'].includes(stage) && run?.steps.length) select({ position: positionOf(stage, target, run) });
  }

  /** @param {KeyboardEvent} event */
  function onkeydown(event) {
    const move = event.key === 'ArrowRight' ? 1 : event.key === 'ArrowLeft' ? -1 : 0;
    if (!move) return;
    event.preventDefault();
    event.stopPropagation();
    // From a panel beside the walk, which is not among the stages, Right leads to the first of them.
    const place = STAGES.findIndex((one) => one === store.state.stage);
    const stage = STAGES[(place + move + STAGES.length) % STAGES.length];
    go(stage);
    nodes.get(stage).tab.focus();
  }

  for (const [place, stage] of STAGES.entries()) {
    const made = h('span', { class: 'made' });
    const time = h('span', { class: 'time' });
    const tab = h(
      'button',
      {
        type: 'button',
        class: 'node',
        role: 'tab',
        id: `tab-${stage}`,
        'aria-controls': `panel-${stage}`,
        dataset: { stage },
        onclick: () => go(stage),
      },
      h(
        'span',
        { class: 'title' },
        h('span', { class: 'number', 'aria-hidden': 'true' }, place + 1),
        ribbon[stage].title,
      ),
      made,
      time,
    );
    nodes.set(stage, { tab, made, time });
  }

  const list = h(
    'div',
    { class: 'ribbon', style: { '--stages': STAGES.length }, role: 'tablist', 'aria-label': page.title, onkeydown },
    [...nodes.values()].map((n) => n.tab),
    loop,
  );
  const box = parts.appendChild(h('nav', { class: 'ribbon-box', 'aria-label': page.title }, list));
  mountTraveller(box, list, new Map([...nodes].map(([stage, { tab }]) => [stage, tab])), store);

  store.subscribe((state, changed) => {
    if (changed.has('status'))
      for (const [stage, { tab }] of nodes) tab.classList.toggle('working', state.status.work === stage);
    if (!hasAny(changed, ['run', 'card', 'stage', 'step'])) return;
    const now = state.run?.steps[Math.min(state.step, (state.run?.steps.length ?? 1) - 1)];
    for (const stage of STAGES) {
      const { tab, made, time } = nodes.get(stage);
      const here = stage === state.stage;
      tab.setAttribute('aria-selected', String(here));
      // Exactly one tab of the ribbon can be focused, even while a panel beside the walk is open.
      tab.tabIndex = here || (!isWalkStage(state.stage) && stage === STAGES[0]) ? 0 : -1;
      if (!state.run) continue;
      fill(made, ribbon[stage].made({ ...state, now }));
      fill(time, ribbon[stage].time?.({ ...state, now }) ?? '');
    }
    const n = state.run?.steps.length ?? 0;
    fill(loop, page.loop(n));
    if (changed.has('stage') && nodes.has(state.stage)) reveal(nodes.get(state.stage).tab, list);
  });
}

/**
 * @param {HTMLElement} tab
 * @param {HTMLElement} list
 */
function reveal(tab, list) {
  const left = tab.offsetLeft - (list.clientWidth - tab.offsetWidth) / 2;
  list.scrollTo({ left, behavior: 'smooth' });
}
