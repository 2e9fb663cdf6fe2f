// The selected position in one head: what it attends to, and what attends to it.

import { createAsk } from '../../core/ask.js';
import { chip, spokenName } from '../../core/elements/chip.js';
import { fill, h, notice } from '../../core/elements/dom.js';
import { explain } from '../../core/errors.js';
import { num } from '../../maths/format.js';
import { prefill as words } from './words/prefill.js';

/**
 * The two lists in `root`.
 * @param {HTMLElement} root
 * @param {Page.Ctx} ctx
 */
export function positionLists(root, { view, select }) {
  const to = h('div', { class: 'weights' });
  const by = h('div', { class: 'weights' });
  root.append(to, by);
  const asking = createAsk();

  /** @param {Page.RunToken} token */
  const small = (token) => chip(token, { limit: 14 });

  /** @param {Page.RunToken} token @param {number} weight @param {string} color */
  function line(token, weight, color) {
    return h(
      'li',
      {},
      h('span', { class: 'place dim' }, token.position),
      chip(token, {
        tag: 'button',
        type: 'button',
        limit: 14,
        'aria-label': spokenName(token),
        dataset: { position: token.position },
        onclick: () => select({ position: token.position }),
      }),
      h(
        'span',
        { class: 'track' },
        h('span', { class: 'bar', style: { width: `${100 * weight}%`, background: `var(${color})` } }),
      ),
      h('span', { class: 'value' }, num(weight, 3)),
    );
  }

  /**
   * @param {HTMLElement} place
   * @param {Page.Child} title
   * @param {Payload.LargestWeights} largest
   * @param {Page.RunToken[]} tokens
   * @param {string} color
   * @param {Page.Child} note
   */
  function list(place, title, { positions, weights }, tokens, color, note) {
    const lines = positions.map((position, i) => tokens[position] && line(tokens[position], weights[i], color));
    fill(place, h('h3', {}, title), h('ol', {}, lines), h('p', { class: 'dim' }, note));
  }

  /**
   * @param {Payload.PositionAnswer} answer
   * @param {Page.RunToken[]} tokens
   * @param {number} position
   * @param {number} n
   */
  function show({ attends_to: row, attended_by: column }, tokens, position, n) {
    const token = tokens[position];
    const listed = row.weights.reduce((sum, weight) => sum + weight, 0);
    list(
      to,
      words.attendsTo(small(token)),
      row,
      tokens,
      '--c-key',
      words.attendsRest(row.positions.length, position + 1, listed, row.total),
    );
    list(
      by,
      words.attendedBy(small(token)),
      column,
      tokens,
      '--c-query',
      words.attendedRest(column.positions.length, n - position, column.total),
    );
  }

  return {
    /** @param {Page.AttentionScene} now */
    update({ tokens, selection: { position, layer, head }, n }) {
      /** @param {string} message */
      const refuse = (message) => {
        notice(to, message);
        fill(by);
      };
      if (!tokens[position] || position >= n) {
        asking.drop();
        refuse(words.notFed);
        return;
      }
      asking.ask({
        question: () => view('attention_position', { layer, head, position, n_positions: n }),
        onanswer: (answer) => show(answer, tokens, position, n),
        onerror: (error) => refuse(explain(error)),
      });
    },
  };
}
