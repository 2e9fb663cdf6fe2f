// A live measurement on the current run: its button, its status line, and what it has found so far. All cards that
// measure use this file, so that they start, stop and reset in the same way.

import { append, fill, h } from '../../core/elements/dom.js';
import { shared } from '../words/shared.js';

/**
 * The caller puts `button`, `status` (the status line) and `found` (hidden until there is something) into its card, and
 * calls `update` whenever the page changes.
 * @template {keyof Payload.Jobs} N
 * @param {Page.Ctx} ctx
 * @param {Page.Measurement<N>} options
 */
export function measurement({ store, runner }, { job, args, show, go, stop, onforget = () => {} }) {
  const button = h('button', { type: 'button', class: 'primary', onclick: () => (busy ? runner.stop() : begin()) }, go);
  const status = h('p', { class: 'measure-said', role: 'status' });
  const found = h('div', { class: 'measure-found', hidden: true });
  const refusal = h('p', { class: 'refused', role: 'alert' });
  let busy = false;
  let hasFound = false;
  let of = '';

  /** @param {boolean} working */
  function label(working) {
    busy = working;
    fill(button, busy ? stop : go);
  }

  function begin() {
    of = store.state.run.key;
    hasFound = false;
    fill(status);
    refusal.remove();
    label(true);
    runner.job(job, args(), draw, onEnd);
  }

  /**
   * After a stop, a sentence about it is added to the status line. An error is shown beside the button, unless
   * another panel is open by now.
   * @type {Page.OnEnd}
   */
  function onEnd(kind, message) {
    label(false);
    if (shared.ended[kind] && of === store.state.run.key)
      append(status, ' ', shared[hasFound ? 'ended' : 'nothingYet'][kind]);
    const here = kind === 'error' && button.offsetParent !== null;
    if (here) {
      fill(refusal, message);
      button.after(refusal);
      refusal.scrollIntoView({ block: 'nearest' });
    }
    return here;
  }

  /** @param {Payload.Jobs[N]} news */
  function draw(news) {
    if (of !== store.state.run.key) return;
    const sentence = show(news);
    if (sentence === undefined) return;
    hasFound = true;
    found.hidden = false;
    fill(status, sentence);
  }

  return {
    button,
    status,
    found,
    begin,

    /**
     * Follows another run, and work that was stopped elsewhere.
     * @param {Page.State} state
     */
    update({ run, status: { phase } }) {
      if (busy && phase !== 'running') onEnd('stopped');
      if (!of || of === run.key) return;
      of = '';
      found.hidden = true;
      fill(status);
      refusal.remove();
      onforget();
    },
  };
}
