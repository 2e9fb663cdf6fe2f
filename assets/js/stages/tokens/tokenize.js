// Tokens: what the model sees, how it was cut, each merge, every token, and other languages.

import { hasAny } from '../../core/state/store.js';
import { h } from '../../core/elements/dom.js';
import { mountLanguages } from './languages.js';
import { mountMerges } from './merges.js';
import { mountPath } from './path.js';
import { mountSeen } from './seen.js';
import { mountTable } from './table.js';

export { tokenize as formulas } from './words/formulas.js';

/**
 * @param {HTMLElement} root
 * @param {Page.Ctx} ctx
 * @returns {Page.Panel}
 */
export function mount(root, ctx) {
  const seen = mountSeen(root, ctx);
  const path = mountPath(root, ctx);
  const merges = mountMerges(root, ctx);
  const columns = root.appendChild(h('div', { class: 'tokenize-columns' }));
  const table = mountTable(columns, ctx);
  const languages = mountLanguages(columns, ctx);
  /** @type {(keyof Page.State)[]} */
  const watched = ['run', 'selection', 'card'];

  return {
    update(state, changed) {
      if (!hasAny(changed, watched)) return;
      for (const part of [seen, path, merges, table, languages]) part.update(state);
    },
  };
}
