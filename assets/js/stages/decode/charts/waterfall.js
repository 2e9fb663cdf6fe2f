// The sampler stage by stage: the shares of the likeliest tokens and of all others, and how much each setting moved.

import { chip } from '../../../core/elements/chip.js';
import { fill, h } from '../../../core/elements/dom.js';
import { likeliest } from '../../../maths/draw.js';
import { pct } from '../../../maths/format.js';
import { select as words } from '../words/decode.js';

const WIDEST = 84;

// A smaller sum of shares is rounding.
const ROUNDING = 1e-12;

/** @param {Float64Array} a @param {Float64Array} b */
const massMoved = (a, b) => a.reduce((sum, share, i) => sum + Math.abs(share - b[i]), 0) / 2;
/** @param {Float64Array} shares */
const countAlive = (shares) => shares.reduce((n, share) => n + (share > 0 ? 1 : 0), 0);

/** @param {number} share @param {number} widest @param {number} before the share one stage earlier */
function cell(share, widest, before) {
  if (share === 0) return h('td', { class: before > 0 ? 'gone now' : 'gone' }, before > 0 ? '✕' : '');
  return h('td', {}, bar(share, widest), h('span', { class: 'value' }, pct(share)));
}

/** @param {number} share @param {number} widest */
const bar = (share, widest) =>
  h('span', { class: 'bar', style: { width: `${Math.max(1, (WIDEST * share) / widest)}px` } });

/**
 * Draws `stages` into a table: the `k` likeliest tokens of the first and of the last stage, and the step's own.
 * @param {HTMLTableElement} table
 * @param {Page.Stage[]} stages
 * @param {Page.Step} step
 * @param {Map<number, Page.Token>} tokens by id
 * @param {number} k
 */
export function waterfall(table, stages, step, tokens, k) {
  const [first, last] = [stages[0].shares, stages.at(-1).shares];
  const ids = new Set([...likeliest(first, k), ...likeliest(last, k), step.token.id]);
  const rows = [...ids]
    .filter((id) => tokens.has(id))
    .sort((a, b) => first[b] - first[a] || a - b)
    .map((id) => ({ id, token: tokens.get(id) }));
  const others = stages
    .map(({ shares }) => 1 - rows.reduce((sum, { id }) => sum + shares[id], 0))
    .map((share) => (share < ROUNDING ? 0 : share));
  const widest = Math.max(...others, ...stages.flatMap(({ shares }) => rows.map(({ id }) => shares[id])));

  const heads = stages.map(({ name, setting, shares }, i) =>
    h(
      'th',
      { scope: 'col' },
      h('span', { class: 'name' }, words.stageRow[name]),
      setting !== null && h('span', { class: 'setting' }, String(setting)),
      h('span', { class: 'dim' }, words.kept(countAlive(shares))),
      h('span', { class: 'dim' }, i ? words.moved(massMoved(shares, stages[i - 1].shares)) : words.start),
    ),
  );
  const body = rows.map(({ id, token }) =>
    h(
      'tr',
      { class: id === step.token.id ? 'selected' : '' },
      h('th', { scope: 'row' }, chip(token, { limit: 14 })),
      stages.map(({ shares }, i) => cell(shares[id], widest, i ? stages[i - 1].shares[id] : 1)),
    ),
  );
  const rest = h(
    'tr',
    { class: 'rest' },
    h('th', { scope: 'row', class: 'dim' }, words.others),
    others.map((share) => h('td', {}, share > 0 && bar(share, widest), h('span', { class: 'value' }, pct(share)))),
  );
  fill(table, h('thead', {}, h('tr', {}, h('th', {}), heads)), h('tbody', {}, body, rest));
}
