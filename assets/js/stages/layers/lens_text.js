// The lens in words and numbers: the caption of a cell, and all rows of a position as a table.

import { chip } from '../../core/elements/chip.js';
import { h } from '../../core/elements/dom.js';
import { num, pct } from '../../maths/format.js';
import { layers as words } from './words/layers.js';

/** @param {string} sentence */
const text = (sentence) => h('span', { class: 'said' }, sentence);

/**
 * The likeliest tokens of a cell and how the token that really follows fared; null until the cell has arrived.
 * @param {Page.Lens} found
 * @param {Page.LensCell | null} cell
 * @param {Page.RunToken[]} tokens
 * @returns {Page.Child}
 */
export function cellCaption(found, cell, tokens) {
  if (!cell || cell.row >= found.done) return null;
  const at = cell.row * found.columns + cell.column;
  const likely = Array.from({ length: found.k }, (_, rank) => [
    chip(found.tokens.get(found.ids[at * found.k + rank]), { limit: 14 }),
    text(`${pct(found.top[at * found.k + rank])} `),
  ]);
  const follows = found.tokens.get(found.next[cell.column]);
  return [
    text(words.cell(cell.row)),
    chip(tokens[found.start + cell.column], { limit: 14 }),
    text(': '),
    likely,
    text(words.cellEntropy(found.entropy[at])),
    follows && [
      text(words.cellFollows),
      chip(follows, { limit: 14 }),
      text(words.cellTarget(found.rank[at], found.target[at])),
    ],
  ];
}

/**
 * The rows of one column that have arrived, the last one first.
 * @param {Page.Lens} found
 * @param {Page.LensCell} selected
 */
export function columnTable(found, { row, column }) {
  const rows = Array.from({ length: found.done }, (_, i) => found.done - 1 - i).map((each) => {
    const at = each * found.columns + column;
    const numbers = [
      pct(found.top[at * found.k]),
      num(found.entropy[at]),
      found.rank[at] ? num(found.rank[at]) : '–',
      found.rank[at] ? pct(found.target[at]) : '–',
    ];
    return h(
      'tr',
      { class: each === row ? 'selected' : '' },
      h('th', { scope: 'row' }, words.rowName(each)),
      h('td', {}, chip(found.tokens.get(found.ids[at * found.k]))),
      numbers.map((number) => h('td', { class: 'number' }, number)),
    );
  });
  const head = h(
    'tr',
    {},
    words.lensColumns.map((name) => h('th', { scope: 'col' }, name)),
  );
  return h('table', { class: 'layers-table' }, h('thead', {}, head), h('tbody', {}, rows));
}
