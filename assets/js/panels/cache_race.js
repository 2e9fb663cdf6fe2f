// The race: the run's own prompt decoded with the cache and without, live.

import { lines, linesKey } from '../charts/lines.js';
import { fill, h } from '../core/dom.js';
import { flops, ms, num } from '../core/format.js';
import { chip } from '../core/tokens.js';
import { cache as words } from '../words/cache.js';

const MOST = 64;
const SERIES = [
  { name: words.with, kind: 'kv-with' },
  { name: words.withoutShort, kind: 'kv-without' },
];

const running = (values) => values.reduce((sums, value) => [...sums, (sums.at(-1) ?? 0) + value], []);

/** The card in `root`; update(state) keeps it in step with the page. */
export function raceCard(root, { store, runner }) {
  const field = h('input', { type: 'number', min: 1, max: MOST, value: 24 });
  const button = h('button', { type: 'button', class: 'primary', onclick: () => (busy ? runner.stop() : begin()) });
  const said = h('p', { class: 'kv-said', role: 'status' });
  const facts = h('dl', { class: 'facts' });
  const answer = h('div', { class: 'segment-row' });
  const table = h('tbody');
  const charts = { time: h('div'), total: h('div'), work: h('div') };
  const found = h(
    'div',
    { class: 'kv-found', hidden: true },
    linesKey(SERIES),
    h('div', { class: 'kv-charts' }, Object.values(charts)),
    facts,
    answer,
    h('details', {}, h('summary', { class: 'dim' }, words.numbers), h('div', { class: 'scroll' }, h('table', { class: 'cache-table' }, h('thead', {}, h('tr', {}, words.raceTable.map((name) => h('th', { scope: 'col' }, name)))), table))),
  );
  root.append(
    h('h2', {}, words.race),
    h('p', { class: 'dim' }, words.raceNote),
    h('div', { class: 'kv-controls' }, h('label', { class: 'number-row' }, words.tokens, field), button),
    said,
    found,
  );
  const drawn = Object.fromEntries(Object.entries(charts).map(([name, place]) => [name, lines(place)]));
  let busy = false;
  let of = '';

  function begin() {
    busy = true;
    of = store.state.run.key;
    fill(said);
    label();
    runner.job('cache_race', { n_tokens: field.valueAsNumber }, show, () => end());
  }

  function end() {
    busy = false;
    label();
  }

  const label = () => fill(button, busy ? words.stop : words.go);

  function show(race) {
    const { steps, n_tokens: asked } = race;
    if (of !== store.state.run.key || !steps.length) return;
    found.hidden = false;
    const n = race.ended ? steps.length : asked;
    const chart = (name, title, format, pick) => drawn[name].show({ title, n, format, axis: words.positions, series: SERIES.map((series, place) => ({ ...series, values: pick(steps, place ? 'full' : 'cached') })) });
    chart('time', words.perToken, ms, (all, way) => all.map((step) => step[`${way}_ms`]));
    chart('total', words.total, ms, (all, way) => running(all.map((step) => step[`${way}_ms`])));
    chart('work', words.flopsChart, flops, (all, way) => all.map((step) => step[`${way}_flops`]));
    fill(facts, words.raceFacts(steps).map(([name, value, note]) => h('div', { class: 'fact' }, h('dt', {}, name), h('dd', {}, h('strong', {}, value), h('span', { class: 'dim' }, note)))));
    fill(answer, steps.map(({ token, equal }) => chip(token, { limit: 16, class: equal ? '' : 'kv-differs' })));
    fill(said, words.raceSaid(race));
    fill(
      table,
      steps.map(({ token, equal, ...step }) =>
        h('tr', {}, h('th', { scope: 'row' }, chip(token, { limit: 14 }), equal ? ' ✓' : ' ✗'), [num(step.n_keys), ms(step.cached_ms), ms(step.full_ms), num(step.max_error, 2)].map((text) => h('td', {}, text))),
      ),
    );
  }

  label();
  return {
    update({ run, status }) {
      if (busy && status.phase !== 'running') end();
      if (of && of !== run.key) {
        of = '';
        found.hidden = true;
        fill(said);
      }
    },
  };
}
