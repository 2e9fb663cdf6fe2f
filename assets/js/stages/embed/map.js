// The map of this run's tokens among their neighbours, flat or in three dimensions.

import { fill, h } from '../../core/elements/dom.js';
import { unpack } from '../../maths/arrays.js';
import { card, createRequest } from '../../parts/panel/card.js';
import { tokenMap } from './charts/token_map.js';
import { embed as words } from './words/embed.js';

/**
 * @param {HTMLElement} root
 * @param {Page.Ctx} ctx
 */
export function mountMap(root, ctx) {
  const place = h('div', { class: 'map-place' });
  const keptNote = h('p', { class: 'dim' });
  const part = card(words.map, '', place, keptNote);
  root.append(part.element);
  const buttons = [words.two, words.three].map((name, i) =>
    h('button', { type: 'button', class: 'quiet', onclick: () => switchTo(i === 1) }, name),
  );
  part.head.append(h('div', { class: 'switch', role: 'group' }, buttons));
  const chart = tokenMap(place, ctx.plotlyUrl, (position) => ctx.select({ position }));
  let three = false;
  /** @type {Page.TokenMap} */
  let found = null;
  /** @type {Page.Scene} */
  let now = null;

  const ask = createRequest(ctx, 'embed_map', part, (answer) => {
    const { data, shape } = unpack(answer.components);
    found = { ...answer, coordinates: data, n_axes: shape[1], key: `${now.run.key}:${now.n}` };
    draw();
  });

  function draw() {
    buttons.forEach((button, i) => button.setAttribute('aria-pressed', String(three === (i === 1))));
    chart.show(found, { three, position: now.position });
    fill(part.note, words.mapNote(found));
    fill(keptNote, words.mapKept(found, three));
  }

  /** @param {boolean} value */
  function switchTo(value) {
    three = value;
    if (found) draw();
  }

  return {
    /** @param {Page.Scene} at */
    update(at) {
      now = at;
      const key = `${now.run.key}:${now.n}`;
      const known = found?.key === key && found.positions.some((places) => places.includes(now.position));
      if (known) draw();
      else ask({ n: now.n, position: now.position }, `${key}:${now.position}`);
    },
  };
}
