// Text, normalised text, pieces and tokens, one under another, around the selected piece.

import { chip } from '../../core/elements/chip.js';
import { fill, h } from '../../core/elements/dom.js';
import { promptPosition, visible } from '../../maths/tokens.js';
import { card, createRequest } from '../../parts/panel/card.js';
import { tokenize as words } from './words/tokenize.js';

/**
 * @param {HTMLElement} root
 * @param {Page.Ctx} ctx
 */
export function mountPath(root, ctx) {
  const parts = h('dl', { class: 'tokenizer-parts' });
  const rows = h('table', { class: 'path' });
  const scroll = h('div', { class: 'scroll' }, rows);
  const after = h('p', { class: 'dim' });
  const equal = h('p', { class: 'check' });
  const part = card(words.path, '', parts, scroll, after, equal);
  root.append(part.element);
  /** @type {Page.State} */
  let now = null;
  /** @type {Payload.Path & { run: string }} */
  let answer = null;

  const ask = createRequest(ctx, 'tokenize_path', part, (newest) => {
    answer = { ...newest, run: now.run.key };
    draw();
  });

  /** @param {Payload.Piece} piece @param {number} position */
  const inPiece = (piece, position) => position >= piece.first && position < piece.stop;

  /** @param {(piece: Payload.Piece) => Page.Child} make */
  function cells(make) {
    const position = promptPosition(now);
    return answer.pieces.map((piece) => h('td', { class: inPiece(piece, position) ? 'selected' : null }, make(piece)));
  }

  /** @param {keyof typeof words.pathRows} name @param {Page.Child} content */
  function row(name, content) {
    return h(
      'tr',
      {},
      h('th', { scope: 'row' }, words.pathRows[name], h('span', { class: 'dim' }, words.rowNotes[name])),
      content,
    );
  }

  /** @param {string} text @param {Page.Props} [props] */
  const sign = (text, props) => h('span', { class: 'sign', dir: 'auto', ...props }, text || '∅');

  /** @param {Payload.Piece} piece */
  function pick(piece) {
    const text = visible(piece.text || piece.written);
    const onclick = () => ctx.select({ position: piece.first });
    return h(
      'button',
      { type: 'button', class: 'sign', dir: 'auto', 'aria-label': words.selectPiece(text), onclick },
      text,
    );
  }

  /** @param {Payload.Piece} piece */
  function tokensOf(piece) {
    return now.run.tokens.slice(piece.first, piece.stop).map((token) =>
      h(
        'button',
        {
          type: 'button',
          class: `stack${token.position === now.selection.position ? ' selected' : ''}`,
          onclick: () => ctx.select({ position: token.position }),
        },
        chip(token, { limit: 24 }),
        h('span', { class: 'dim' }, token.id),
      ),
    );
  }

  function draw() {
    const unchanged = h('td', { colspan: answer.pieces.length, class: 'none dim' }, h('span', {}, words.noNormalizer));
    fill(
      parts,
      words.parts(answer).map(([name, value]) => h('div', {}, h('dt', {}, name), h('dd', {}, value))),
    );
    fill(
      rows,
      row('text', cells(pick)),
      row('normalized', answer.normalizer.length ? cells((piece) => sign(visible(piece.normalized))) : unchanged),
      row(
        'written',
        cells((piece) => sign(piece.written, { class: `sign${piece.added ? ' added' : ''}` })),
      ),
      row(
        'tokens',
        cells((piece) => h('div', { class: 'made' }, tokensOf(piece))),
      ),
    );
    const letters = answer.pieces.some((piece) => piece.written.includes('Ġ'));
    fill(after, words.piecesWindow(answer), ' ', letters && words.letters);
    fill(equal, words.piecesEqual(answer));
    equal.classList.toggle('failed', answer.n_equal !== answer.n_pieces);
    const selected = rows.querySelector('td.selected');
    if (selected) scroll.scrollLeft = selected.offsetLeft - scroll.clientWidth / 2 + selected.offsetWidth / 2;
  }

  return {
    /** @param {Page.State} state */
    update(state) {
      now = state;
      const { run, selection } = state;
      const position = promptPosition(state);
      fill(part.note, position < selection.position ? words.generated(selection.position) : '');
      part.note.hidden = position === selection.position;
      // Among the pieces on screen only the mark moves; near an edge, the window moves too.
      const at = answer?.run === run.key ? answer.pieces.findIndex((piece) => inPiece(piece, position)) : -1;
      const isInner =
        at >= 0 &&
        (at >= 2 || answer.pieces[0].index === 0) &&
        (at < answer.pieces.length - 2 || answer.pieces.at(-1).index === answer.n_pieces - 1);
      if (isInner) draw();
      else ask({ position }, `${run.key}:${position}`);
    },
  };
}
