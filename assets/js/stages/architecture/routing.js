// The experts that the router picked for this run's tokens, layer by layer; for a dense model, a note that it has none.

import { checkMark } from '../../charts/check.js';
import { fill, h } from '../../core/elements/dom.js';
import { unpack } from '../../maths/arrays.js';
import { num } from '../../maths/format.js';
import { label, nFed } from '../../maths/tokens.js';
import { measurement } from '../../parts/panel/measurement.js';
import { loadMap } from './charts/load.js';
import { routes } from './charts/routes.js';
import { routing as words } from './words/routing.js';

/**
 * The card in `root`; show(found) decides whether there is a router, update(state, changed) follows run and selection.
 * @param {HTMLElement} root
 * @param {Page.Ctx} ctx
 */
export function routingCard(root, ctx) {
  const { store, select } = ctx;
  const work = measurement(ctx, {
    job: 'routing',
    args: () => ({ position: lastFed(store.state) }),
    show: draw,
    go: words.go,
    stop: words.stop,
    onforget: () => {
      routed = null;
    },
  });
  const choice = h('select', { 'aria-label': words.show, onchange: drawGrid });
  const place = h('div', { class: 'scroll' });
  const readout = h('p', { class: 'kv-readout dim', 'aria-live': 'polite' });
  const table = h('div', { class: 'scroll' });
  const load = h('div', { class: 'scroll' });
  const mark = checkMark(place, table, load);
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
  // Hidden until the architecture is known: the button would move when the diagram above it is drawn.
  const live = h(
    'div',
    { class: 'model-live', hidden: true },
    h('p', { class: 'dim' }, words.note),
    h('div', { class: 'kv-controls' }, work.button),
    work.found,
    work.status,
  );
  const dense = h('p', { class: 'dim', hidden: true }, words.dense);
  root.append(h('h2', {}, words.title), dense, live);
  const grid = routes(place, {
    onpick: (row, column) => select({ layer: routed.layers[row], position: routed.start + column }),
    onpoint,
  });
  /** @type {Page.Routed} */
  let routed = null;

  /**
   * The selected position, or the last one that has been through the model.
   * @param {Page.State} state
   */
  const lastFed = ({ run, selection }) => Math.min(selection.position, nFed(run) - 1);

  /**
   * The experts of a cell with their weights, the largest weight first.
   * @param {number} row
   * @param {number} column
   * @returns {[expert: number, weight: number][]}
   */
  const choices = (row, column) =>
    Array.from({ length: routed.k }, (_, i) => (row * routed.n + column) * routed.k + i).map((at) => [
      routed.experts[at],
      routed.weights[at],
    ]);

  /** @param {Payload.Routing} found */
  function draw(found) {
    const experts = unpack(found.experts);
    const counts = unpack(found.load);
    const [, n, k] = experts.shape;
    const weights = unpack(found.weights).data;
    routed = {
      ...found,
      n,
      k,
      experts: experts.data,
      weights,
      load: counts.data,
      nExperts: counts.shape[1],
      most: weights.reduce((a, b) => Math.max(a, b), 1e-9),
    };
    const previous = choice.value;
    fill(
      choice,
      h('option', { value: 'top' }, words.top),
      Array.from({ length: routed.nExperts }, (_, i) => h('option', { value: i }, words.expert(i))),
    );
    if ([...choice.options].some(({ value }) => value === previous)) choice.value = previous;
    mark.show(found.checks);
    drawGrid();
    drawLoad();
    const busiest = counts.data.reduce((best, value, at) => (value > counts.data[best] ? at : best), 0);
    return words.summary(found, {
      layer: found.layers[Math.floor(busiest / routed.nExperts)],
      expert: busiest % routed.nExperts,
      share: counts.data[busiest] / found.n_positions,
    });
  }

  /** @returns {Page.GridCell} */
  function now() {
    const { layer, position } = store.state.selection;
    const row = Math.max(0, routed.layers.indexOf(layer));
    return [row, Math.max(0, Math.min(routed.n - 1, position - routed.start))];
  }

  function drawGrid() {
    if (!routed) return;
    const one = choice.value === 'top' ? null : Number(choice.value);
    /** @param {number} row @param {number} column */
    const weightOf = (row, column) =>
      one === null ? choices(row, column)[0][1] : (choices(row, column).find(([expert]) => expert === one)?.[1] ?? 0);
    grid.show({
      rows: routed.layers.map(words.layer),
      columns: routed.tokens.map((token) => label(token, 8)),
      at: (row, column) => weightOf(row, column) / routed.most,
      text: (row, column) => (one === null ? choices(row, column)[0][0] : weightOf(row, column) ? one : ''),
      now: now(),
      label: `${words.grid(routed.start, routed.start + routed.n - 1)}. ${words.gridKeys}`,
    });
    onpoint(null);
    const selected = now()[1];
    fill(title, words.position(routed.start + selected));
    fill(
      table,
      byLayer(words.choiceColumns, (row) =>
        choices(row, selected)
          .map(([expert, weight]) => `${expert}: ${num(weight)}`)
          .join(' · '),
      ),
    );
  }

  /**
   * A table of two columns: the layer, and a text about it.
   * @param {string[]} head
   * @param {(row: number) => string} text
   */
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
        routed.layers.map((layer, row) => h('tr', {}, h('th', { scope: 'row' }, layer), h('td', {}, text(row)))),
      ),
    );

  /** @param {Page.GridCell | null} cell */
  function onpoint(cell) {
    const [row, column] = cell ?? now();
    fill(
      readout,
      words.readout(routed.start + column, routed.layers[row], label(routed.tokens[column], 20), choices(row, column)),
    );
  }

  function drawLoad() {
    const { nExperts, load: counts, n_positions: n, k } = routed;
    fill(loadNote, words.loadNote(n, k, nExperts));
    fill(
      loadTable,
      byLayer(words.loadColumns, (row) => counts.slice(row * nExperts, (row + 1) * nExperts).join(' · ')),
    );
    fill(load, loadMap(routed));
  }

  return {
    /** @param {Payload.ArchitectureAnswer} found */
    show(found) {
      const hasRouter = found.kinds.some(({ mlp }) => mlp?.n_experts);
      live.hidden = !hasRouter;
      dense.hidden = hasRouter;
    },
    /** @param {Page.State} state @param {Page.Changes} changed */
    update(state, changed) {
      work.update(state);
      if (routed && changed.has('selection')) drawGrid();
    },
  };
}
