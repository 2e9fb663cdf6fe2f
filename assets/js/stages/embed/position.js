// How this model knows the order of its tokens: rotation, a learned table, or neither.

import { checkMark } from '../../charts/check.js';
import { chip } from '../../core/elements/chip.js';
import { fill, h } from '../../core/elements/dom.js';
import { unpack } from '../../maths/arrays.js';
import { label } from '../../maths/tokens.js';
import { card, contains, createRequest } from '../../parts/panel/card.js';
import { angleMap } from './charts/angles.js';
import { clocks } from './charts/clocks.js';
import { mountDot } from './dot.js';
import { mountLearned } from './learned.js';
import { embed as words } from './words/embed.js';

const CLOCKS = 8;

/**
 * @param {HTMLElement} root
 * @param {Page.Ctx} ctx
 * @param {{ onBlockInput: (found: Payload.BlockInput) => void }} events
 */
export function mountPosition(root, ctx, { onBlockInput }) {
  const mark = checkMark();
  const mapPlace = h('div', { class: 'angles' });
  const readout = h('p', { class: 'readout' }, words.anglesHint);
  const clockTitle = h('h3');
  const faces = h('div', { class: 'clocks' });
  const rotary = h(
    'div',
    { class: 'rotary' },
    h('div', {}, h('h3', {}, words.angles), mapPlace, readout),
    h('div', {}, clockTitle, faces),
  );
  const part = card('', '', rotary);
  part.head.append(mark.element);
  root.append(part.element);
  const learned = mountLearned(part.body, ctx);
  const dot = mountDot(root, ctx);
  const hands = clocks(faces);
  const chart = angleMap(mapPlace, {
    onSelect: (row) => ctx.select({ position: window.start + row }),
    onHover: (cell) => fill(readout, cell ? angleAt(cell) : words.anglesHint),
  });
  /** @type {Page.TokenWindow & { pairs: number, layer: number, data: Page.Numbers, wavelengths: Page.Numbers }} */
  let window = null;
  /** @type {Page.Scene} */
  let now = null;
  let kind = '';

  /** @param {{ row: number, col: number }} cell */
  function angleAt({ row, col }) {
    const position = window.start + row;
    return words.angleValue(
      label(now.tokens[position]),
      position,
      col,
      window.data[row * window.pairs + col],
      window.wavelengths[col],
    );
  }

  const ask = createRequest(ctx, 'embed_positions', part, (answer) => {
    kind = answer.kind;
    fill(part.heading, words.position[kind]);
    rotary.hidden = kind !== 'rope';
    learned.element.hidden = kind !== 'learned';
    dot.element.hidden = kind !== 'rope';
    onBlockInput(answer.block_input);
    mark.show([
      answer.rotary?.rotation.check,
      answer.rotary?.run_check,
      answer.learned?.check,
      answer.block_input.check.passed && answer.block_input.check,
    ]);
    if (kind === 'rope') showRotary(answer.rotary);
    else fill(part.note, kind === 'learned' ? words.learned(answer.learned) : answer.reason);
    if (kind === 'learned') learned.show(answer.learned);
  });

  /** @param {Payload.RotaryPositions} found */
  function showRotary(found) {
    const { data, shape } = unpack(found.angles);
    const wavelengths = unpack(found.wavelengths).data;
    window = {
      run: now.run.key,
      n: found.n_positions,
      start: found.start,
      count: shape[0],
      pairs: shape[1],
      data,
      wavelengths,
      layer: found.rotation.layer,
    };
    fill(part.note, words.rotary(found), words.scaled(found.rotation));
    draw();
  }

  function draw() {
    const { start, count, pairs, data } = window;
    const labels = now.tokens.slice(start, start + count).map((token) => label(token, 10));
    chart.show({ data, rows: count, cols: pairs, labels, selected: now.position - start });
    turn();
  }

  function turn() {
    const { pairs, wavelengths, start } = window;
    const step = Math.max(1, Math.floor(pairs / CLOCKS));
    const some = Array.from({ length: Math.min(CLOCKS, pairs) }, (_, i) => i * step);
    hands.show({ wavelengths, pairs: some, position: now.position });
    chart.mark(now.position - start);
    fill(clockTitle, words.clocks(chip(now.tokens[now.position]), now.position));
  }

  return {
    /** @param {Page.Scene} at @param {Page.Changes} changed @param {Page.Card} modelCard */
    update(at, changed, modelCard) {
      now = at;
      const known = kind === 'rope' && contains(window, now) && window.layer === now.layer;
      if (!known) {
        ask(
          { n: now.n, position: now.position, layer: now.layer },
          [now.run.key, now.n, now.position, now.layer].join(':'),
        );
      } else if (changed.has('theme')) draw();
      else turn();
      if (kind === 'learned' && changed.has('theme')) learned.redraw();
      dot.update(now, changed, modelCard);
    },
  };
}
