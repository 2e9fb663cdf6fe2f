// The race: the run's own prompt decoded with the cache and without, live.

import { lines, linesKey } from '../../charts/lines.js';
import { chip } from '../../core/elements/chip.js';
import { fill, h } from '../../core/elements/dom.js';
import { facts } from '../../core/elements/facts.js';
import { flops, ms, num } from '../../maths/format.js';
import { measurement } from '../../parts/panel/measurement.js';
import { cache as words } from './words/cache.js';

const MOST = 64;
const SERIES = [
  { name: words.with, kind: 'kv-with' },
  { name: words.withoutShort, kind: 'kv-without' },
];

/** @param {number[]} values @returns {number[]} */
const running = (values) =>
  values.reduce((sums, value) => [...sums, (sums.at(-1) ?? 0) + value], /** @type {number[]} */ ([]));

/**
 * The card in `root`; update(state) keeps it in step with the page.
 * @param {HTMLElement} root
 * @param {Page.Ctx} ctx
 */
export function raceCard(root, ctx) {
  const field = h('input', { type: 'number', min: 1, max: MOST, value: 24 });
  const figures = h('dl', { class: 'facts' });
  const answer = h('div', { class: 'segment-row' });
  const table = h('tbody');
  const charts = { time: h('div'), total: h('div'), work: h('div') };
  const race = measurement(ctx, {
    job: 'cache_race',
    args: () => ({ n_tokens: field.valueAsNumber }),
    show,
    go: words.go,
    stop: words.stop,
  });
  fill(
    race.found,
    linesKey(SERIES),
    h('div', { class: 'kv-charts' }, Object.values(charts)),
    figures,
    answer,
    h(
      'details',
      {},
      h('summary', { class: 'dim' }, words.numbers),
      h(
        'div',
        { class: 'scroll' },
        h(
          'table',
          { class: 'cache-table' },
          h(
            'thead',
            {},
            h(
              'tr',
              {},
              words.raceTable.map((name) => h('th', { scope: 'col' }, name)),
            ),
          ),
          table,
        ),
      ),
    ),
  );
  root.append(
    h('h2', {}, words.race),
    h('p', { class: 'dim' }, words.raceNote),
    h('div', { class: 'kv-controls' }, h('label', { class: 'number-row' }, words.tokens, field), race.button),
    race.status,
    race.found,
  );
  const time = lines(charts.time);
  const total = lines(charts.total);
  const work = lines(charts.work);

  /** @param {Payload.RaceAnswer} found */
  function show(found) {
    const { steps, n_tokens: requested } = found;
    if (!steps.length) return undefined;
    const n = found.ended ? steps.length : requested;
    const axis = words.positions;
    /** @param {number[][]} values */
    const series = (...values) => SERIES.map((line, place) => ({ ...line, values: values[place] }));
    const cached = steps.map((step) => step.cached_ms);
    const full = steps.map((step) => step.full_ms);
    time.show({ title: words.perToken, n, format: ms, axis, series: series(cached, full) });
    total.show({ title: words.total, n, format: ms, axis, series: series(running(cached), running(full)) });
    work.show({
      title: words.flopsChart,
      n,
      format: flops,
      axis,
      series: series(
        steps.map((step) => step.cached_flops),
        steps.map((step) => step.full_flops),
      ),
    });
    fill(figures, facts(words.raceFacts(steps)));
    fill(
      answer,
      steps.map(({ token, equal }) => chip(token, { limit: 16, class: equal ? '' : 'kv-differs' })),
    );
    fill(
      table,
      steps.map(({ token, equal, ...step }) =>
        h(
          'tr',
          {},
          h('th', { scope: 'row' }, chip(token, { limit: 14 }), equal ? ' ✓' : ' ✗'),
          [num(step.n_keys), ms(step.cached_ms), ms(step.full_ms), num(step.max_error, 2)].map((text) =>
            h('td', {}, text),
          ),
        ),
      ),
    );
    return `${words.raceSummary(found)} ${words.free(ctx.store.state.run.recipe.forced.length)}`;
  }

  return race;
}
