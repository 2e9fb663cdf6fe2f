// The BPE merges of the selected piece, replayed from bytes to tokens.

import { chip } from '../../core/elements/chip.js';
import { fill, h } from '../../core/elements/dom.js';
import { hex, promptPosition, visible } from '../../maths/tokens.js';
import { card, createRequest } from '../../parts/panel/card.js';
import { tokenize as words } from './words/tokenize.js';

const PACE = 800;

/**
 * @param {HTMLElement} root
 * @param {Page.Ctx} ctx
 */
export function mountMerges(root, ctx) {
  const ladder = h('ol', { class: 'ladder' });
  const verdict = h('div', { class: 'verdict' });
  const place = h('span', { class: 'dim' });
  const play = button(words.play, () => (timer ? halt() : begin()));
  const controls = h(
    'div',
    { class: 'controls' },
    button(words.first, () => go(0)),
    button(words.step, () => go(at + 1)),
    play,
    button(words.all, () => go(answer.merges.length)),
    place,
  );
  const part = card(words.merges, '', controls, ladder, verdict);
  root.append(part.element);
  /** @type {Payload.MergesAnswer} */
  let answer = null;
  let at = 0;
  /** @type {ReturnType<typeof setInterval>} */
  let timer = null;

  const ask = createRequest(
    ctx,
    'tokenize_merges',
    part,
    (newest) => {
      halt();
      answer = newest;
      at = answer.merges.length;
      controls.hidden = !answer.merges.length;
      fill(part.heading, words.mergesOf(h('span', { class: 'sign', dir: 'auto' }, visible(answer.text))));
      fill(part.note, answer.reason || words.mergesNote(answer));
      draw();
    },
    halt,
  );

  /** @param {string} name @param {() => void} onclick */
  function button(name, onclick) {
    return h('button', { type: 'button', class: 'quiet', onclick }, name);
  }

  /** @param {number} to */
  function go(to) {
    at = Math.max(0, Math.min(to, answer.merges.length));
    if (at === answer.merges.length) halt();
    draw();
    ladder.scrollTop = ladder.scrollHeight;
  }

  function begin() {
    if (at === answer.merges.length) go(0);
    timer = setInterval(() => go(at + 1), PACE);
    fill(play, words.pause);
  }

  function halt() {
    clearInterval(timer);
    timer = null;
    fill(play, words.play);
  }

  /**
   * A part with the bytes it stands for, or with its id.
   * @param {number} index
   * @param {{ fresh?: boolean, ids?: boolean }} look
   */
  function cell(index, { fresh = false, ids = false }) {
    const entry = answer.entries[index];
    const under = ids ? entry.id : entry.bytes.map(hex).join(' ');
    return h(
      'span',
      { class: `stack${fresh ? ' fresh' : ''}` },
      chip(entry, { limit: 40, title: entry.piece }),
      (!entry.partial || ids) && h('span', { class: 'dim' }, under),
    );
  }

  /**
   * @param {Page.Child} name
   * @param {number | null} rank
   * @param {number[]} parts
   * @param {(i: number) => Parameters<typeof cell>[1]} [lookOf]
   */
  function rung(name, rank, parts, lookOf = () => ({})) {
    return h(
      'li',
      {},
      h('span', { class: 'name' }, name, rank !== null && h('span', { class: 'dim' }, words.rank(rank))),
      h(
        'span',
        { class: 'parts' },
        parts.map((index, i) => cell(index, lookOf(i))),
      ),
    );
  }

  function draw() {
    const placeOf = new Map(answer.entries.map((entry, i) => [entry.id, i]));
    const done = at === answer.merges.length;
    fill(
      ladder,
      answer.start.length > 0 && rung(words.atStart, null, answer.start),
      answer.merges
        .slice(0, at)
        .map((merge, i) => rung(words.merge(i + 1), merge.rank, merge.parts, (k) => ({ fresh: k === merge.at }))),
      done &&
        rung(
          words.atEnd,
          null,
          answer.own_ids.map((id) => placeOf.get(id)),
          () => ({ ids: true }),
        ),
    );
    fill(place, words.progress(at, answer.merges.length));
    fill(verdict, done ? comparison() : h('p', { class: 'dim' }, words.unfinished));
  }

  function comparison() {
    if (answer.reason) return null;
    /** @param {string} name @param {number[]} ids */
    const list = (name, ids) => h('div', {}, h('dt', {}, name), h('dd', {}, ids.join(' ')));
    return [
      h('dl', { class: 'tokenizer-parts' }, list(words.replayed, answer.ids), list(words.own, answer.own_ids)),
      h('p', { class: `check${answer.equal ? '' : ' failed'}` }, answer.equal ? words.equal : words.unequal),
    ];
  }

  return {
    /** @param {Page.State} state */
    update(state) {
      const position = promptPosition(state);
      ask({ position }, `${state.run.key}:${position}`);
    },
  };
}
