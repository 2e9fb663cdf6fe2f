// Every token of the run with its id, entry, bytes and offsets; a window of rows around the selection.

import { chip } from '../../core/elements/chip.js';
import { fill, h } from '../../core/elements/dom.js';
import { reveal } from '../../core/elements/scroll.js';
import { hex, label, sequence } from '../../maths/tokens.js';
import { card, contains, createRequest, scene } from '../../parts/panel/card.js';
import { tokenize as words } from './words/tokenize.js';

/**
 * @param {HTMLElement} root
 * @param {Page.Ctx} ctx
 */
export function mountTable(root, ctx) {
  const body = h('tbody');
  const head = h(
    'thead',
    {},
    h(
      'tr',
      {},
      words.columns.map((name) => h('th', { scope: 'col' }, name)),
    ),
  );
  const box = h(
    'div',
    { class: 'token-table', tabindex: '0', role: 'region', 'aria-label': words.table },
    h('table', {}, head, body),
  );
  const part = card(words.table, '', box);
  root.append(part.element);
  /** @type {Page.Scene} */
  let now = null;
  /** @type {Payload.SharesAnswer & { run: string, n: number, count: number }} */
  let window = null;

  const ask = createRequest(ctx, 'tokenize_shares', part, (answer) => {
    window = { ...answer, run: now.run.key, n: now.n, count: answer.shares.length };
    draw();
  });

  /** @param {Payload.Token} token @param {Payload.CharacterShare[]} shares */
  function note(token, shares) {
    const notes = [];
    if (token.special) notes.push(words.special);
    notes.push(...shares.map(words.share));
    if (token.position >= now.run.tokens.length) notes.push(words.generatedNote);
    return notes.join(' · ');
  }

  /** @param {Payload.Token} token @param {Payload.CharacterShare[]} shares */
  function row(token, shares) {
    const pick = () => ctx.select({ position: token.position });
    return h(
      'tr',
      { dataset: { position: token.position }, onclick: pick },
      h(
        'td',
        {},
        h(
          'button',
          { type: 'button', class: 'quiet', 'aria-label': words.selectRow(label(token)), onclick: pick },
          token.position,
        ),
      ),
      h('td', {}, token.id),
      h('th', { scope: 'row' }, chip(token, { limit: 28 })),
      h('td', { class: 'entry' }, token.piece),
      h('td', { class: 'hex' }, token.bytes.map(hex).join(' ')),
      h('td', {}, words.offsets(token)),
      h('td', { class: 'dim' }, note(token, shares)),
    );
  }

  function draw() {
    const { start, count, shares } = window;
    fill(part.note, words.tableNote(start, start + count, now.n));
    fill(
      body,
      sequence(now.run)
        .slice(start, start + count)
        .map((token, i) => row(token, shares[i])),
    );
    mark();
  }

  function mark() {
    for (const element of /** @type {HTMLElement[]} */ ([...body.children])) {
      const selected = Number(element.dataset.position) === now.position;
      element.classList.toggle('selected', selected);
      if (selected) reveal(box, element, head.offsetHeight);
    }
  }

  return {
    /** @param {Page.State} state */
    update(state) {
      now = scene(state);
      if (contains(window, now)) mark();
      else ask({ n: now.n, position: now.position }, `${now.run.key}:${now.n}:${now.position}`);
    },
  };
}
