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

const running = (values) => values.reduce((sums, value) => [...sums, (sums.at(-1) ?? 0) + value], []);

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
    race.said,
    race.found,
  );
  const drawn = Object.fromEntries(Object.entries(charts).map(([name, place]) => [name, lines(place)]));

  /** @param {Payload.RaceAnswer} state */
  function show(state) {
    const { steps, n_tokens: asked } = state;
    if (!steps.length) return undefined;
    const n = state.ended ? steps.length : asked;
    const chart = (name, title, format, pick) =>
      drawn[name].show({
        title,
        n,
        format,
        axis: words.positions,
        series: SERIES.map((series, place) => ({ ...series, values: pick(steps, place ? 'full' : 'cached') })),
      });
    chart('time', words.perToken, ms, (all, way) => all.map((step) => step[`${way}_ms`]));
    chart('total', words.total, ms, (all, way) => running(all.map((step) => step[`${way}_ms`])));
    chart('work', words.flopsChart, flops, (all, way) => all.map((step) => step[`${way}_flops`]));
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
    return `${words.raceSaid(state)} ${words.free(ctx.store.state.run.recipe.forced.length)}`;
  }

  return race;
}
