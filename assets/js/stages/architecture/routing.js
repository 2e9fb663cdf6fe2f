// Which experts this run's tokens were sent to, layer by layer; for a dense model a line that says there are none.

import { checkMark } from '../../charts/check.js';
import { fill, h, svg } from '../../core/elements/dom.js';
import { unpack } from '../../maths/arrays.js';
import { num } from '../../maths/format.js';
import { fed, label } from '../../maths/tokens.js';
import { measurement } from '../../parts/panel/measurement.js';
import { routes } from './charts/routes.js';
import { routing as words } from './words/routing.js';

/**
 * The card in `root`; show(found) says whether there is a router, update(state, changed) follows run and selection.
 * @param {HTMLElement} root
 * @param {Page.Ctx} ctx
 */
export function routingCard(root, ctx) {
  const { store, select } = ctx;
  const work = measurement(ctx, {
    job: 'routing',
    args: () => ({ position: lastFed(store.state) }),
    show: heard,
    go: words.go,
    stop: words.stop,
    onforget: () => {
      shown = null;
    },
  });
  const choice = h('select', { 'aria-label': words.show, onchange: draw });
  const place = h('div', { class: 'scroll' });
  const readout = h('p', { class: 'kv-readout dim', 'aria-live': 'polite' });
  const mark = checkMark();
  const table = h('div', { class: 'scroll' });
  const load = h('div', { class: 'scroll' });
  const loadNote = h('p', { class: 'dim' });
  const title = h('summary');
  const loadTable = h('div', { class: 'scroll' });
  work.found.append(
    h(
      'div',
      { class: 'kv-controls' },
      h('label', { class: 'number-row' }, words.show, choice),
      h('span', { class: 'dim' }, words.shade, ' ', words.gridKeys),
      mark.element,
    ),
    place,
    readout,
    h('details', {}, title, table),
    h('h3', {}, words.load),
    loadNote,
    load,
    h('details', {}, h('summary', {}, words.asNumbers), loadTable),
  );
  // Hidden until the architecture is known: a button that stands here would move when the diagram above is drawn.
  const live = h(
    'div',
    { class: 'model-live', hidden: true },
    h('p', { class: 'dim' }, words.note),
    h('div', { class: 'kv-controls' }, work.button),
    work.found,
    work.said,
  );
  const dense = h('p', { class: 'dim', hidden: true }, words.dense);
  root.append(h('h2', {}, words.title), dense, live);
  const grid = routes(place, {
    onpick: (row, column) => select({ layer: shown.layers[row], position: shown.start + column }),
    onpoint,
  });
  let shown = null;

  /** The last position that has been through the model, or the selected one before it. */
  const lastFed = ({ run, selection }) => Math.min(selection.position, fed(run) - 1);

  /** [expert, weight] pairs of a place, the largest weight first. */
  const choices = (row, column) =>
    Array.from({ length: shown.k }, (_, i) => (row * shown.n + column) * shown.k + i).map((at) => [
      shown.experts[at],
      shown.weights[at],
    ]);

  function heard(found) {
    const experts = unpack(found.experts);
    const counts = unpack(found.load);
    const [, n, k] = experts.shape;
    const weights = unpack(found.weights).data;
    shown = {
      ...found,
      n,
      k,
      experts: experts.data,
      weights,
      load: counts.data,
      nExperts: counts.shape[1],
      most: weights.reduce((a, b) => Math.max(a, b), 1e-9),
    };
    const kept = choice.value;
    fill(
      choice,
      h('option', { value: 'top' }, words.top),
      Array.from({ length: shown.nExperts }, (_, i) => h('option', { value: i }, words.expert(i))),
    );
    if ([...choice.options].some(({ value }) => value === kept)) choice.value = kept;
    mark.show(found.checks);
    draw();
    drawLoad();
    const busiest = counts.data.reduce((best, value, at) => (value > counts.data[best] ? at : best), 0);
    return words.said(found, {
      layer: found.layers[Math.floor(busiest / shown.nExperts)],
      expert: busiest % shown.nExperts,
      share: counts.data[busiest] / found.n_positions,
    });
  }

  function now() {
    const { layer, position } = store.state.selection;
    const row = Math.max(0, shown.layers.indexOf(layer));
    return [row, Math.max(0, Math.min(shown.n - 1, position - shown.start))];
  }

  function draw() {
    if (!shown) return;
    const one = choice.value === 'top' ? null : Number(choice.value);
    const weightOf = (row, column) =>
      one === null ? choices(row, column)[0][1] : (choices(row, column).find(([expert]) => expert === one)?.[1] ?? 0);
    grid.show({
      rows: shown.layers.map(words.layer),
      columns: shown.tokens.map((token) => label(token, 8)),
      at: (row, column) => weightOf(row, column) / shown.most,
      text: (row, column) => (one === null ? choices(row, column)[0][0] : weightOf(row, column) ? one : ''),
      now: now(),
      label: `${words.grid(shown.start, shown.start + shown.n - 1)}. ${words.gridKeys}`,
    });
    onpoint(null);
    const selected = now()[1];
    fill(title, words.position(shown.start + selected));
    fill(
      table,
      byLayer(words.choiceColumns, (row) =>
        choices(row, selected)
          .map(([expert, weight]) => `${expert}: ${num(weight)}`)
          .join(' · '),
      ),
    );
  }

  /** A table of two columns: the layer, and what `text(row)` says of it. */
  const byLayer = (head, text) =>
    h(
      'table',
      { class: 'cache-table' },
      h(
        'thead',
        {},
        h(
          'tr',
          {},
          head.map((name) => h('th', { scope: 'col' }, name)),
        ),
      ),
      h(
        'tbody',
        {},
        shown.layers.map((layer, row) => h('tr', {}, h('th', { scope: 'row' }, layer), h('td', {}, text(row)))),
      ),
    );

  function onpoint(cell) {
    const [row, column] = cell ?? now();
    fill(
      readout,
      words.readout(shown.start + column, shown.layers[row], label(shown.tokens[column], 20), choices(row, column)),
    );
  }

  /** Layers × experts: how often each was picked. */
  function drawLoad() {
    const { layers, nExperts, load: counts, n_positions: n, k } = shown;
    const [wide, tall, left, top] = [Math.max(8, Math.min(26, Math.floor(760 / nExperts))), 18, 62, 18];
    const most = counts.reduce((a, b) => Math.max(a, b), 1);
    fill(loadNote, words.loadNote(n, k, nExperts));
    const cells = layers.flatMap((layer, row) =>
      Array.from({ length: nExperts }, (_, expert) => {
        const value = counts[row * nExperts + expert];
        return svg(
          'rect',
          {
            class: 'route',
            x: left + expert * wide,
            y: top + row * tall,
            width: wide - 1,
            height: tall - 1,
            style: { '--shade': `${Math.round(6 + 74 * (value / most))}%` },
          },
          svg('title', {}, words.loadCell(layer, expert, value, value / n)),
        );
      }),
    );
    const names = layers.map((layer, row) =>
      svg('text', { class: 'route-layer', x: left - 8, y: top + row * tall + 13 }, words.layer(layer)),
    );
    const step = wide < 16 ? 8 : 1;
    const numbers = Array.from({ length: Math.ceil(nExperts / step) }, (_, i) =>
      svg('text', { class: 'route-number', x: left + (i * step + 0.5) * wide, y: 13 }, i * step),
    );
    fill(
      loadTable,
      byLayer(words.loadColumns, (row) => counts.slice(row * nExperts, (row + 1) * nExperts).join(' · ')),
    );
    fill(
      load,
      svg(
        'svg',
        {
          class: 'routes',
          width: left + nExperts * wide,
          height: top + layers.length * tall,
          role: 'img',
          'aria-label': words.loadNote(n, k, nExperts),
        },
        numbers,
        cells,
        names,
      ),
    );
  }

  return {
    show(found) {
      const routed = found.kinds.some(({ mlp }) => mlp?.n_experts);
      live.hidden = !routed;
      dense.hidden = routed;
    },
    update(state, changed) {
      work.update(state);
      if (shown && changed.has('selection')) draw();
    },
  };
}
