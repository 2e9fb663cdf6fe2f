// Where the time of a prefill and of a decoding step goes, part by part.

import { splitBar } from '../../charts/split.js';
import { fill, h } from '../../core/elements/dom.js';
import { measurement } from '../../parts/panel/measurement.js';
import { latency as words } from './words/latency.js';

/** @param {[name: string, seconds: number]} part */
const part = ([name, value]) => ({ name: words.parts[name], kind: name, value });

/**
 * @param {HTMLElement} root
 * @param {Page.Ctx} ctx
 */
export function splitCard(root, ctx) {
  const work = measurement(ctx, { job: 'stage_times', args: () => ({}), show, go: words.splitGo, stop: words.stop });
  const bars = h('div', { class: 'splits' });
  work.found.append(bars);
  root.append(
    h('h2', {}, words.split),
    h('p', { class: 'dim' }, words.splitNote),
    h('div', { class: 'kv-controls' }, work.button),
    bars.parentNode,
    work.status,
  );

  /** @param {Payload.StageTimes} times */
  function show(times) {
    /** @type {[string, number][]} */
    const before = [['tokenize', times.tokenize]];
    /** @type {[string, number]} */
    const select = ['sampling', times.sampling];
    /** @type {[string, number]} */
    const after = ['detokenize', times.detokenize];
    fill(
      bars,
      splitBar(
        words.prefill(times.prefill.n_new),
        [...before, ...times.prefill.parts, select].map(part),
        words.seconds,
      ),
      splitBar(words.decode, [...times.decode.parts, select, after].map(part), words.seconds),
    );
    return words.splitSummary(times);
  }

  return work;
}
