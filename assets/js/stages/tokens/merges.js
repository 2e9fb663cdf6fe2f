// The BPE merges of the selected piece, replayed from bytes to tokens.

import { chip } from '../../core/elements/chip.js';
import { fill, h } from '../../core/elements/dom.js';
import { hex, promptPosition, visible } from '../../maths/tokens.js';
import { asker, card } from '../../parts/panel/card.js';
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
    button(words.all, () => go(found.merges.length)),
    place,
  );
  const part = card(words.merges, '', controls, ladder, verdict);
  root.append(part.element);
  let found = null;
  let at = 0;
  let timer = null;

  const ask = asker(
    ctx,
    'tokenize_merges',
    part,
    (answer) => {
      halt();
      found = answer;
      at = found.merges.length;
      controls.hidden = !found.merges.length;
      fill(part.heading, words.mergesOf(h('span', { class: 'sign', dir: 'auto' }, visible(found.text))));
      fill(part.said, found.reason || words.mergesNote(found));
      draw();
    },
    halt,
  );

  function button(name, onclick) {
    return h('button', { type: 'button', class: 'quiet', onclick }, name);
  }

  function go(to) {
    at = Math.max(0, Math.min(to, found.merges.length));
    if (at === found.merges.length) halt();
    draw();
    ladder.scrollTop = ladder.scrollHeight;
  }

  function begin() {
    if (at === found.merges.length) go(0);
    timer = setInterval(() => go(at + 1), PACE);
    fill(play, words.pause);
  }

  function halt() {
    clearInterval(timer);
    timer = null;
    fill(play, words.play);
  }

  /** A part with the bytes it stands for. */
  function cell(index, { fresh = false, ids = false } = {}) {
    const entry = found.entries[index];
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
   * @param {(place: number) => Page.Props} [looks]
   */
  function rung(name, rank, parts, looks = () => ({})) {
    return h(
      'li',
      {},
      h('span', { class: 'name' }, name, rank !== null && h('span', { class: 'dim' }, words.rank(rank))),
      h(
        'span',
        { class: 'parts' },
        parts.map((index, i) => cell(index, looks(i))),
      ),
    );
  }

  function draw() {
    const place_of = new Map(found.entries.map((entry, i) => [entry.id, i]));
    const done = at === found.merges.length;
    fill(
      ladder,
      found.start.length > 0 && rung(words.atStart, null, found.start),
      found.merges
        .slice(0, at)
        .map((merge, i) => rung(words.merge(i + 1), merge.rank, merge.parts, (k) => ({ fresh: k === merge.at }))),
      done &&
        rung(
          words.atEnd,
          null,
          found.own_ids.map((id) => place_of.get(id)),
          () => ({ ids: true }),
        ),
    );
    fill(place, words.progress(at, found.merges.length));
    fill(verdict, done ? comparison() : h('p', { class: 'dim' }, words.unfinished));
  }

  function comparison() {
    if (found.reason) return null;
    const list = (name, ids) => h('div', {}, h('dt', {}, name), h('dd', {}, ids.join(' ')));
    return [
      h('dl', { class: 'tokenizer-parts' }, list(words.replayed, found.ids), list(words.own, found.own_ids)),
      h('p', { class: `check${found.equal ? '' : ' failed'}` }, found.equal ? words.equal : words.unequal),
    ];
  }

  return {
    update(state) {
      const position = promptPosition(state);
      ask({ position }, `${state.run.key}:${position}`);
    },
  };
}
