// The rounds as rows of tokens, and one of them in full.

import { chip } from '../../core/elements/chip.js';
import { fill, h } from '../../core/elements/dom.js';
import { num, pct } from '../../maths/format.js';
import { speculative as words } from './words/speculative.js';

/** @param {Payload.JudgedProposal} proposal */
const verdict = ({ accepted, judged }) => (accepted ? 'accepted' : judged ? 'rejected' : 'unjudged');
/** @param {number | null} value */
const share = (value) => (value === null ? '–' : pct(value));

/**
 * The list in `root`; show(found) redraws it and keeps the round that is open; `ondraw()` is called after each redraw.
 * @param {HTMLElement} root
 * @param {() => void} ondraw
 */
export function roundsList(root, ondraw) {
  const rows = h('ol', { class: 'spec-rounds' });
  const detail = h('div', { class: 'spec-detail' });
  root.append(
    h('h3', {}, words.rounds),
    h('p', { class: 'dim' }, words.roundsNote),
    h('div', { class: 'scroll' }, rows),
    detail,
  );
  let open = 0;
  /** @type {Payload.SpeculateAnswer} */
  let answer = null;

  /** @param {Payload.RoundAnswer} round @param {number} place */
  function row(round, place) {
    const tokens = [
      ...round.proposed.map((p) => chip(p.token, { limit: 14, class: `spec-${verdict(p)}` })),
      round.extra && chip(round.extra, { limit: 14, class: `spec-${round.extra_kind}` }),
    ];
    return h(
      'li',
      {},
      h(
        'button',
        {
          type: 'button',
          class: place === open ? 'spec-round open' : 'spec-round',
          'aria-pressed': String(place === open),
          'aria-label': words.roundLabel(place, round),
          onclick: () => pick(place),
        },
        h('span', { class: 'dim' }, words.round(place)),
        h('span', { class: 'segment-row' }, tokens),
        h('span', { class: 'dim' }, round.proposed.length ? words.extra[round.extra_kind] : words.alone),
      ),
    );
  }

  /**
   * min(1, p/q) as a bar, with a mark at the drawn number: a mark inside the bar means accepted.
   * @param {Payload.JudgedProposal} proposal
   */
  function ratio({ accept, draw: number, judged }) {
    const mark =
      judged &&
      number !== null &&
      h('span', { class: 'spec-draw', style: { 'inset-inline-start': `${100 * number}%` } });
    return h(
      'span',
      { class: 'spec-ratio' },
      h('span', { class: 'track' }, h('span', { class: 'bar', style: { width: `${100 * accept}%` } }), mark),
      h('span', { class: 'value' }, num(accept, 3)),
    );
  }

  /** @param {Payload.JudgedProposal} p */
  function line(p) {
    const cells = [
      share(p.by_draft),
      pct(p.by_target),
      pct(p.q),
      pct(p.p),
      ratio(p),
      p.draw === null ? '–' : num(p.draw, 3),
      words[verdict(p)],
    ];
    return h(
      'tr',
      { class: `spec-${verdict(p)}` },
      h('th', { scope: 'row' }, chip(p.token, { limit: 18 })),
      cells.map((cell) => h('td', {}, cell)),
    );
  }

  /** @param {string[]} names @param {HTMLElement[]} lines */
  function table(names, lines) {
    return h(
      'div',
      { class: 'scroll' },
      h(
        'table',
        { class: 'cache-table spec-table' },
        h(
          'thead',
          {},
          h(
            'tr',
            {},
            names.map((name) => h('th', { scope: 'col' }, name)),
          ),
        ),
        h('tbody', {}, lines),
      ),
    );
  }

  /** @param {Payload.ExtraCandidate} candidate @param {boolean} taken */
  function left({ token, share: value, p, q }, taken) {
    const bar = h(
      'span',
      { class: 'spec-ratio' },
      h('span', { class: 'track' }, h('span', { class: 'bar', style: { width: `${100 * value}%` } })),
      h('span', { class: 'value' }, pct(value)),
    );
    return h(
      'tr',
      { class: taken ? 'taken' : '' },
      h('th', { scope: 'row' }, chip(token, { limit: 18 })),
      [pct(p), share(q), bar, taken ? words.taken : ''].map((cell) => h('td', {}, cell)),
    );
  }

  /** @param {Payload.RoundAnswer} round */
  function full(round) {
    const { proposed, extra, extra_kind: kind, extra_draw: number, added_from: from } = round;
    const name = proposed.length ? kind : 'plain';
    return [
      h('h3', {}, words.round(open)),
      proposed.length
        ? [table(words.table, proposed.map(line)), h('p', { class: 'dim' }, words.tableNote)]
        : h('p', { class: 'dim' }, words.none),
      h('p', {}, words.added[name], number !== null && ` ${words.drawnNumber(num(number, 3))}`),
      from.length > 0 &&
        table(
          words.leftTable(kind),
          from.map((item) => left(item, item.token.id === extra?.id)),
        ),
    ];
  }

  /** @param {number} place */
  function pick(place) {
    open = place;
    draw();
  }

  function draw() {
    fill(rows, answer.rounds.map(row));
    fill(detail, full(answer.rounds[open]));
    ondraw();
  }

  return {
    pick,
    open: () => open,
    /** @param {Payload.SpeculateAnswer} found */
    show(found) {
      answer = found;
      open = Math.min(open, found.rounds.length - 1);
      draw();
    },
  };
}
