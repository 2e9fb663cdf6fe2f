// The logit lens as a heat map; its rows arrive a few at a time.

import { checkMark } from '../../charts/check.js';
import { createAsk } from '../../core/ask.js';
import { chip } from '../../core/elements/chip.js';
import { sequential } from '../../core/elements/color.js';
import { fill, h, notice } from '../../core/elements/dom.js';
import { explain } from '../../core/errors.js';
import { num, pct } from '../../maths/format.js';
import { readLens } from '../../maths/lens.js';
import { label } from '../../maths/tokens.js';
import { lensMap } from './charts/lens_map.js';
import { layers as words } from './words/layers.js';

const MODES = Object.keys(words.modes);

/** The value from 0 to 1 that colours a cell. */
const LEVELS = {
  rank: (found, at) => (found.rank[at] > 0 ? 1 - Math.log(found.rank[at]) / Math.log(found.vocabulary) : 0),
  target: (found, at) => found.target[at] || 0,
  top: (found, at) => found.top[at * found.k],
  entropy: (found, at) => found.entropy[at] / Math.log2(found.vocabulary),
};

const text = (sentence) => h('span', { class: 'said' }, sentence);

/**
 * @param {HTMLElement} root
 * @param {Page.Ctx} ctx
 */
export function lensCard(root, { view, select, point }) {
  let mode = 'rank';
  let now = null;
  let found = null;
  const asking = createAsk();
  // The run, its length and the position that the window on screen was asked for.
  let asked = {};
  let row = null;
  const said = h('p', { class: 'layers-said' });
  const key = h('div', { class: 'layers-legend dim' });
  const source = h('p', { class: 'dim' });
  const failure = h('div');
  const place = h('div', { class: 'lens-place' });
  const details = h('details', { class: 'layers-details', ontoggle: () => table() });
  const mark = checkMark();
  const buttons = MODES.map((name) =>
    h(
      'button',
      { type: 'button', class: 'quiet', dataset: { mode: name }, onclick: () => choose(name) },
      words.modes[name].name,
    ),
  );
  const nav = [
    h(
      'button',
      { type: 'button', class: 'quiet', 'aria-label': words.earlier, title: words.earlier, onclick: () => page(-1) },
      '‹',
    ),
    h(
      'button',
      { type: 'button', class: 'quiet', 'aria-label': words.later, title: words.later, onclick: () => page(1) },
      '›',
    ),
  ];
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
        h('span', { class: 'lens-nav' }, nav),
      ),
    ),
    h('p', { class: 'dim' }, words.lensNote),
    failure,
    place,
    said,
    key,
    details,
    source,
    mark.element,
  );
  const map = lensMap(place, {
    onHover: (at) => {
      say(at);
      point(at && found ? found.start + at.column : null);
    },
    onSelect: (at) => {
      if (!found) return;
      row = at.row;
      const position = Math.max(0, Math.min(found.start + at.column, found.note.n_positions - 1));
      select({ position, layer: Math.max(0, at.row - 1) });
    },
  });

  const shown = [place, said, key, details, source, ...nav];

  /** The row in the frame: the one that was clicked, as long as the selected layer is still that row's. */
  const rowOf = () => (row !== null && Math.max(0, row - 1) === now.layer ? row : now.layer + 1);

  function choose(name) {
    mode = name;
    draw();
  }

  function page(by) {
    const last = (found?.note.n_positions ?? 1) - 1;
    if (found)
      select({ position: by < 0 ? Math.max(0, found.start - 1) : Math.min(last, found.start + found.columns) });
  }

  function say(at) {
    if (!found || !at || at.row >= found.done) return fill(said, h('span', { class: 'dim' }, words.hoverLens));
    const cell = at.row * found.columns + at.column;
    const likely = Array.from({ length: found.k }, (_, rank) => [
      chip(found.tokens.get(found.ids[cell * found.k + rank]), { limit: 14 }),
      text(`${pct(found.top[cell * found.k + rank])} `),
    ]);
    const follows = found.tokens.get(found.next[at.column]);
    fill(
      said,
      text(words.cell(at.row)),
      chip(now.tokens[found.start + at.column], { limit: 14 }),
      text(': '),
      likely,
      text(words.cellEntropy(found.entropy[cell])),
      follows && [
        text(words.cellFollows),
        chip(follows, { limit: 14 }),
        text(words.cellTarget(found.rank[cell], found.target[cell])),
      ],
    );
  }

  /** The numbers of the selected position, the last row first. */
  function table() {
    if (!details.open || !found) return;
    const column = now.position - found.start;
    const lines = Array.from({ length: found.done }, (_, i) => found.done - 1 - i).map((at) => {
      const cell = at * found.columns + column;
      const numbers = [
        pct(found.top[cell * found.k]),
        num(found.entropy[cell]),
        found.rank[cell] ? num(found.rank[cell]) : '–',
        found.rank[cell] ? pct(found.target[cell]) : '–',
      ];
      return h(
        'tr',
        { class: at === rowOf() ? 'selected' : '' },
        h('th', { scope: 'row' }, words.rowName(at)),
        h('td', {}, chip(found.tokens.get(found.ids[cell * found.k]))),
        numbers.map((number) => h('td', { class: 'number' }, number)),
      );
    });
    const head = h(
      'thead',
      {},
      h(
        'tr',
        {},
        words.lensColumns.map((name) => h('th', { scope: 'col' }, name)),
      ),
    );
    fill(
      details,
      h('summary', { class: 'dim' }, words.lensTable(label(now.tokens[now.position]))),
      h('div', { class: 'scroll' }, h('table', { class: 'layers-table' }, head, h('tbody', {}, lines))),
    );
  }

  function draw() {
    if (!found) return;
    // The map may ask again when the window is another already: these are its own.
    const [held, { tokens }] = [found, now];
    const scale = sequential('--c-resid');
    buttons.forEach((button) => button.setAttribute('aria-pressed', String(button.dataset.mode === mode)));
    nav[0].disabled = found.start === 0;
    nav[1].disabled = found.start + found.columns >= found.note.n_positions;
    const column = now.position - found.start;
    map.show(
      {
        columns: held.columns,
        rows: held.rows,
        scale,
        selected: { row: rowOf(), column },
        input: (col) => tokens[held.start + col],
        next: (col) => held.tokens.get(held.next[col]),
        value: (at, col) => (at < held.done ? LEVELS[mode](held, at * held.columns + col) : undefined),
        token: (at, col) => held.tokens.get(held.ids[(at * held.columns + col) * held.k]),
        rowName: (at) => (at === 0 ? words.embedding : String(at - 1)),
        corner: { input: words.axisInput, next: words.axisNext },
      },
      words.lensLabel(now.position, rowOf()),
    );
    const swatch = (t) => h('span', { class: 'swatch', style: { background: `rgb(${scale(t)})` } });
    fill(
      key,
      h('span', {}, words.modes[mode].key),
      words.legend(mode, found.vocabulary).map(([t, name]) => h('span', {}, swatch(t), name)),
      found.done < found.rows && h('span', {}, words.loading(found.done, found.rows)),
    );
    if (!details.open) fill(details, h('summary', { class: 'dim' }, words.lensTable(label(now.tokens[now.position]))));
    table();
    fill(source, words.source(found.note));
    mark.show(found.checks);
  }

  /** Draws the lens around a position again and again, with more of its rows. */
  async function follow({ position, run }, isNewest) {
    const ask = (args) => view('layers_lens', { ...args, n_steps: run.steps.length });
    for await (const fresh of readLens(ask, position)) {
      if (!isNewest()) return;
      found = fresh;
      fill(failure);
      shown.forEach((part) => {
        part.hidden = false;
      });
      draw();
      say(null);
    }
  }

  function refuse(error) {
    found = null;
    shown.forEach((part) => {
      part.hidden = true;
    });
    mark.show([]);
    notice(failure, explain(error));
  }

  function update(next) {
    now = next;
    const { run, length, position } = now;
    const inside = found && position >= found.start && position < found.start + found.columns;
    const same = asked.run === run.key && asked.length === length;
    if (same && inside) return draw();
    if (same && asked.position === position) return undefined;
    if (asked.run !== run.key) found = null;
    if (!found) fill(said, h('span', { class: 'dim' }, words.lensWaits));
    asked = { run: run.key, length, position };
    return asking.ask({ question: (isNewest) => follow(next, isNewest), refused: refuse });
  }

  return { update };
}
