// The status of the page: current work, its progress, and errors, always as a sentence.

import { fill, h } from '../../core/elements/dom.js';
import { page } from '../words/page.js';

const PATIENCE_MS = 300;

/**
 * @param {HTMLElement} parts
 * @param {Page.Ctx} ctx
 */
export function mountStatus(parts, { store, runner }) {
  const root = parts.appendChild(h('div', { class: 'status', role: 'status', 'aria-live': 'polite' }));
  // Built once and kept: a button that is replaced at every token could not be clicked.
  const bar = h('progress', { max: 1 });
  const message = h('span');
  const stop = h('button', { type: 'button', class: 'quiet', onclick: runner.stop });
  const working = h('div', { class: 'working' }, bar, message, stop);
  /** @type {ReturnType<typeof setTimeout>} */
  let timer = null;

  /** @param {Page.Status} status */
  function progress(status) {
    const known = status.fraction !== null && status.fraction !== undefined;
    if (known) bar.value = status.fraction;
    else bar.removeAttribute('value');
    bar.setAttribute('aria-label', status.message);
    fill(message, status.message);
    // A run is only paused: Next continues it. Other work must be started again.
    fill(stop, status.resumes ? page.pause : page.halt);
    if (!working.isConnected) fill(root, working);
  }

  function show() {
    const { away, status } = store.state;
    clearTimeout(timer);
    if (away) fill(root, h('div', { class: 'working away', role: 'alert' }, page.away));
    else if (status.phase === 'error') {
      const close = h(
        'button',
        { type: 'button', class: 'quiet', onclick: () => store.set({ status: { phase: 'idle' } }) },
        page.dismiss,
      );
      fill(root, h('div', { class: 'refused', role: 'alert' }, h('span', {}, status.message), close));
    } else if (status.phase === 'running') {
      // Shorter work would only flicker.
      const left = PATIENCE_MS - (performance.now() - status.began);
      timer = setTimeout(() => progress(status), Math.max(0, left));
    } else fill(root);
  }

  store.subscribe((_, changed) => (changed.has('status') || changed.has('away')) && show());
}
