// The logit lens as a heat map, whose rows arrive a few at a time.

import { checkMark } from '../../charts/check.js';
import { createAsk } from '../../core/ask.js';
import { sequential } from '../../core/elements/color.js';
import { fill, h, notice } from '../../core/elements/dom.js';
import { explain } from '../../core/errors.js';
import { layerOf, readLens } from '../../maths/lens.js';
import { label } from '../../maths/tokens.js';
import { lensMap } from './charts/lens_map.js';
import { cellCaption, columnTable } from './lens_text.js';
import { layers as words } from './words/layers.js';

/** @typedef {keyof typeof words.modes} Mode */
const MODES = /** @type {Mode[]} */ (Object.keys(words.modes));

/**
 * The value from 0 to 1 that colours a cell.
 * @type {Record<Mode, (found: Page.Lens, at: number) => number>}
 */
const LEVELS = {
  rank: (found, at) => (found.rank[at] > 0 ? 1 - Math.log(found.rank[at]) / Math.log(found.vocabulary) : 0),
  target: (found, at) => found.target[at] || 0,
  top: (found, at) => found.top[at * found.k],
  entropy: (found, at) => found.entropy[at] / Math.log2(found.vocabulary),
};

/**
 * @param {HTMLElement} root
 * @param {Page.Ctx} ctx
 */
export function lensCard(root, { view, select, point }) {
  /** @type {Mode} */
  let mode = 'rank';
  /** @type {Page.LayersScene} */
  let now = null;
  /** @type {Page.Lens} */
  let found = null;
  /** @type {number | null} */
  let clickedRow = null;
  const asking = createAsk();
  /**
   * The run, its length and the position that the window on screen was requested for.
   * @type {{ run?: string, length?: number, position?: number }}
   */
  let lastRequest = {};
  const caption = h('p', { class: 'layers-said' });
  const key = h('div', { class: 'layers-legend dim' });
  const source = h('p', { class: 'dim' });
  const failure = h('div');
  const place = h('div', { class: 'lens-place' });
  const details = h('details', { class: 'layers-details', ontoggle: () => showTable() });
  const mark = checkMark();
  const buttons = MODES.map((name) =>
    h(
      'button',
      { type: 'button', class: 'quiet', dataset: { mode: name }, onclick: () => choose(name) },
      words.modes[name].name,
    ),
  );
  /** @param {string} name @param {string} sign @param {number} by */
  const pager = (name, sign, by) =>
    h('button', { type: 'button', class: 'quiet', 'aria-label': name, title: name, onclick: () => page(by) }, sign);
  const [earlier, later] = [pager(words.earlier, '‹', -1), pager(words.later, '›', 1)];
  root.append(
    h(
      'div',
      { class: 'card-head' },
      h('h2', {}, words.lens),
      h(
        'div',
        { class: 'controls' },
        h(
          'div',
          { class: 'choice', role: 'group', 'aria-label': words.colour },
          h('span', { class: 'dim' }, words.colour),
          buttons,
        ),
        h('span', { class: 'lens-nav' }, earlier, later),
      ),
    ),
    h('p', { class: 'dim' }, words.lensNote),
    failure,
    place,
    caption,
    key,
    details,
    source,
    mark.element,
  );
  const map = lensMap(place, {
    onHover: (cell) => {
      showCaption(cell);
      point(cell && found ? found.start + cell.column : null);
    },
    onSelect: (cell) => {
      if (!found) return;
      clickedRow = cell.row;
      const position = Math.max(0, Math.min(found.start + cell.column, found.note.n_positions - 1));
      select({ position, layer: Math.max(0, cell.row - 1) });
    },
  });

  // What is hidden while there is no lens to show.
  const parts = [place, caption, key, details, source, earlier, later];

  /** The row in the frame: the clicked one, as long as the selected layer is still the layer of that row. */
  const rowOf = () => (clickedRow !== null && Math.max(0, clickedRow - 1) === now.layer ? clickedRow : now.layer + 1);

  /** @param {Mode} name */
  function choose(name) {
    mode = name;
    draw();
  }

  /** @param {number} by */
  function page(by) {
    if (!found) return;
    const last = found.note.n_positions - 1;
    select({ position: by < 0 ? Math.max(0, found.start - 1) : Math.min(last, found.start + found.columns) });
  }

  /** @param {Page.LensCell | null} cell */
  function showCaption(cell) {
    fill(caption, (found && cellCaption(found, cell, now.tokens)) ?? h('span', { class: 'dim' }, words.hoverLens));
  }

  function showTable() {
    if (!details.open || !found) return;
    const selected = { row: rowOf(), column: now.position - found.start };
    fill(
      details,
      h('summary', { class: 'dim' }, words.lensTable(label(now.tokens[now.position]))),
      h('div', { class: 'scroll' }, columnTable(found, selected)),
    );
  }

  function draw() {
    if (!found) return;
    // Kept in constants, because the map may call these functions again after the next window has replaced this one.
    const [lens, { tokens }] = [found, now];
    const scale = sequential('--c-resid');
    buttons.forEach((button) => button.setAttribute('aria-pressed', String(button.dataset.mode === mode)));
    earlier.disabled = found.start === 0;
    later.disabled = found.start + found.columns >= found.note.n_positions;
    map.show(
      {
        columns: lens.columns,
        rows: lens.rows,
        scale,
        selected: { row: rowOf(), column: now.position - found.start },
        input: (column) => tokens[lens.start + column],
        next: (column) => lens.tokens.get(lens.next[column]),
        value: (row, column) => (row < lens.done ? LEVELS[mode](lens, row * lens.columns + column) : undefined),
        token: (row, column) => lens.tokens.get(lens.ids[(row * lens.columns + column) * lens.k]),
        rowName: (row) => String(layerOf(row) ?? words.embedding),
        corner: { input: words.axisInput, next: words.axisNext },
      },
      words.lensLabel(now.position, rowOf()),
    );
    /** @param {number} t */
    const swatch = (t) => h('span', { class: 'swatch', style: { background: `rgb(${scale(t)})` } });
    fill(
      key,
      h('span', {}, words.modes[mode].key),
      words.legend(found.vocabulary)[mode].map(([t, name]) => h('span', {}, swatch(t), name)),
      found.done < found.rows && h('span', {}, words.loading(found.done, found.rows)),
    );
    if (!details.open) fill(details, h('summary', { class: 'dim' }, words.lensTable(label(now.tokens[now.position]))));
    showTable();
    fill(source, words.source(found.note));
    mark.show(found.checks);
  }

  /**
   * Draws the lens around a position each time more of its rows have arrived.
   * @param {Page.LayersScene} scene
   * @param {() => boolean} isNewest
   */
  async function follow({ position, run }, isNewest) {
    /** @param {Page.Args} args */
    const ask = (args) => view('layers_lens', { ...args, n_steps: run.steps.length });
    for await (const fresh of readLens(ask, position)) {
      if (!isNewest()) return;
      found = fresh;
      fill(failure);
      for (const part of parts) part.hidden = false;
      draw();
      showCaption(null);
    }
  }

  /** @param {Error} error */
  function refuse(error) {
    found = null;
    for (const part of parts) part.hidden = true;
    mark.show([]);
    notice(failure, explain(error));
  }

  /** @param {Page.LayersScene} next */
  function update(next) {
    now = next;
    const { run, length, position } = now;
    const inside = found && position >= found.start && position < found.start + found.columns;
    const same = lastRequest.run === run.key && lastRequest.length === length;
    if (same && inside) return draw();
    if (same && lastRequest.position === position) return undefined;
    if (lastRequest.run !== run.key) found = null;
    if (!found) fill(caption, h('span', { class: 'dim' }, words.lensWaits));
    lastRequest = { run: run.key, length, position };
    return asking.ask({ question: (isNewest) => follow(next, isNewest), onerror: refuse });
  }

  return { update };
}
