// Light and dark follow Gradio's own switch, a class on the body; projector mode is a second class. Canvases must be
// redrawn when either changes.

import { recall, remember } from '../state/memory.js';

const NAME = 'tbt-theme';
const PROJECTOR = 'tbt-projector';

const has = (/** @type {string} */ name) => document.body.classList.contains(name);

/**
 * Keeps `store.theme` ('light' or 'dark', with ' projector') in step with the page.
 * @param {Page.Store} store
 */
export function watchTheme(store) {
  const requested = new URLSearchParams(location.search).get('__theme');
  const stored = recall(NAME);
  if (stored && !requested) document.body.classList.toggle('dark', stored === 'dark');
  document.body.classList.toggle('projector', recall(PROJECTOR) === 'on');
  const update = () => store.set({ theme: `${has('dark') ? 'dark' : 'light'}${has('projector') ? ' projector' : ''}` });
  new MutationObserver(update).observe(document.body, { attributes: true, attributeFilter: ['class'] });
  update();
}

/** Switches between light and dark, and remembers it in this browser. */
export function switchTheme() {
  document.body.classList.toggle('dark');
  remember(NAME, has('dark') ? 'dark' : 'light');
}

/** Switches the large type for a back row on or off, and remembers it in this browser. */
export function switchProjector() {
  document.body.classList.toggle('projector');
  remember(PROJECTOR, has('projector') ? 'on' : 'off');
}
