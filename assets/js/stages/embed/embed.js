// Embeddings and positions: the row of each token, its nearest neighbours, and how the model knows the order.

import { hasAny } from '../../core/state/store.js';
import { h } from '../../core/elements/dom.js';
import { scene } from '../../parts/panel/card.js';
import { mountMap } from './map.js';
import { mountNearest, mountSimilarity } from './near.js';
import { mountPosition } from './position.js';
import { mountRows } from './rows.js';

export { embed as formulas } from './words/formulas.js';

/**
 * @param {HTMLElement} root
 * @param {Page.Ctx} ctx
 * @returns {Page.Panel}
 */
export function mount(root, ctx) {
  const rows = mountRows(root, ctx);
  const columns = h('div', { class: 'columns' });
  root.append(columns);
  const similarity = mountSimilarity(columns, ctx);
  const nearest = mountNearest(columns, ctx);
  const map = mountMap(root, ctx);
  const position = mountPosition(root, ctx, { onBlockInput: (found) => rows.receive(found) });
  /** @type {(keyof Page.State)[]} */
  const watched = ['run', 'selection', 'theme', 'card', 'status'];

  return {
    /** @param {Page.State} state @param {Page.Changes} changed */
    update(state, changed) {
      if (!hasAny(changed, watched)) return;
      const now = scene(state);
      for (const part of [rows, similarity, nearest, map]) part.update(now, changed);
      position.update(now, changed, state.card);
    },
  };
}
