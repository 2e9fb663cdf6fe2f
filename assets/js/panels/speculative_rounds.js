// The rounds as rows of tokens, and one of them in full.

import { fill, h } from '../core/dom.js';
import { num, pct } from '../core/format.js';
import { chip } from '../core/tokens.js';
import { speculative as words } from '../words/speculative.js';

const verdict = ({ accepted, judged }) => (accepted ? 'accepted' : judged ? 'rejected' : 'unjudged');
const share = (value) => (value === null ? '–' : pct(value));

/** The list in `root`; show(found) redraws it and keeps the round that is open. */
export function roundsList(root) {
  const rows = h('ol', { class: 'spec-rounds' });
  const detail = h('div', { class: 'spec-detail' });
  root.append(h('h3', {}, words.rounds), h('p', { class: 'dim' }, words.roundsNote), h('div', { class: 'scroll' }, rows), detail);
  let open = 0;
  let shown = null;

  function row(round, place) {
    const tokens = [...round.proposed.map((p) => chip(p.token, { limit: 14, class: `spec-${verdict(p)}` })), round.extra && chip(round.extra, { limit: 14, class: `spec-${round.extra_kind}` })];
    return h(
      'li',
      {},
      h('button', { type: 'button', class: place === open ? 'spec-round open' : 'spec-round', 'aria-pressed': String(place === open), 'aria-label': words.roundLabel(place, round), onclick: () => pick(place) },
        h('span', { class: 'dim' }, words.round(place)), h('span', { class: 'segment-row' }, tokens), h('span', { class: 'dim' }, words[round.extra_kind])),
    );
  }

  function line(p) {
    const cells = [share(p.by_draft), pct(p.by_target), pct(p.q), pct(p.p), num(p.accept, 3), p.draw === null ? '–' : num(p.draw, 3), words[verdict(p)]];
    return h('tr', { class: `spec-${verdict(p)}` }, h('th', { scope: 'row' }, chip(p.token, { limit: 18 })), cells.map((text) => h('td', {}, text)));
  }

  function full(round) {
    return [
      h('h3', {}, words.round(open)),
      round.proposed.length
        ? h('div', { class: 'scroll' }, h('table', { class: 'cache-table' }, h('thead', {}, h('tr', {}, words.table.map((name) => h('th', { scope: 'col' }, name)))), h('tbody', {}, round.proposed.map(line))))
        : h('p', { class: 'dim' }, words.none),
      round.proposed.length > 0 && h('p', { class: 'dim' }, words.tableNote),
      round.proposed.length > 0 && h('p', {}, words.added[round.extra_kind]),
      h('div', { class: 'spec-added' }, round.added_from.map(({ token, share: value }) => h('span', { class: token.id === round.extra?.id ? 'taken' : '' }, chip(token, { limit: 16 }), ' ', pct(value)))),
    ];
  }

  function pick(place) {
    open = place;
    draw();
  }

  function draw() {
    fill(rows, shown.rounds.map(row));
    fill(detail, full(shown.rounds[open]));
  }

  return {
    show(found) {
      shown = found;
      open = Math.min(open, found.rounds.length - 1);
      draw();
    },
  };
}
