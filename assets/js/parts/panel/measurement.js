// A measurement on the run that is shown: its own button, what it says, and what it has found so far.
// One file for all cards that measure live, so that starting, stopping and forgetting are the same everywhere.

import { append, fill, h } from '../../core/elements/dom.js';
import { shared } from '../words/shared.js';

/**
 * `job` names the work, `args()` gives its arguments, `show(found)` draws what has been found so far and gives the
 * sentence to say of it. `go` and `stop` are the button's words. Put `button`, `said` and `found` where they belong
 * (`found` is hidden until there is something), and call `update(state)` with the page.
 * @template {keyof Payload.Jobs} N
 * @param {Page.Ctx} ctx
 * @param {Page.Measurement<N>} options
 */
export function measurement({ store, runner }, { job, args, show, go, stop, onforget = () => {} }) {
  const button = h('button', { type: 'button', class: 'primary', onclick: () => (busy ? runner.stop() : begin()) }, go);
  const said = h('p', { class: 'measure-said', role: 'status' });
  const found = h('div', { class: 'measure-found', hidden: true });
  const wrong = h('p', { class: 'refused', role: 'alert' });
  let busy = false;
  let heardAny = false;
  let of = '';

  function label(working) {
    busy = working;
    fill(button, busy ? stop : go);
  }

  function begin() {
    of = store.state.run.key;
    heardAny = false;
    fill(said);
    wrong.remove();
    label(true);
    runner.job(job, args(), heard, ended);
  }

  /** That it was stopped is said behind what had been found. What went wrong stands beside the button that was pressed, unless another tab is looked at by now. */
  function ended(kind, message) {
    label(false);
    if (shared.ended[kind] && of === store.state.run.key)
      append(said, ' ', shared[heardAny ? 'ended' : 'nothingYet'][kind]);
    const here = kind === 'error' && button.offsetParent !== null;
    if (here) {
      fill(wrong, message);
      button.after(wrong);
      wrong.scrollIntoView({ block: 'nearest' });
    }
    return here;
  }

  /** @param {Payload.Jobs[N]} news */
  function heard(news) {
    if (of !== store.state.run.key) return;
    const sentence = show(news);
    if (sentence === undefined) return;
    heardAny = true;
    found.hidden = false;
    fill(said, sentence);
  }

  return {
    button,
    said,
    found,
    begin,

    /**
     * Another run, or work stopped from elsewhere: what stands here follows.
     * @param {Page.State} state
     */
    update({ run, status }) {
      if (busy && status.phase !== 'running') ended('stopped');
      if (!of || of === run.key) return;
      of = '';
      found.hidden = true;
      fill(said);
      wrong.remove();
      onforget();
    },
  };
}
