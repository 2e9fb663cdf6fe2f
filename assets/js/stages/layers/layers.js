// Layers: one position through the network: what the model would predict after each layer, and what each part added.

import { hasAny } from '../../core/state/store.js';
import { chip } from '../../core/elements/chip.js';
import { fill, h } from '../../core/elements/dom.js';
import { nFed, sequence } from '../../maths/tokens.js';
import { attributionCard } from './attribution.js';
import { lensCard } from './lens.js';
import { neuronsCard } from './neurons.js';
import { residualCard } from './residual.js';
import { layers as words } from './words/layers.js';

export { layers as formulas } from './words/formulas.js';

/**
 * @param {HTMLElement} root
 * @param {Page.Ctx} ctx
 * @returns {Page.Panel}
 */
export function mount(root, ctx) {
  const hint = h('p', { class: 'dim', hidden: true });
  const cards = [lensCard, residualCard, attributionCard, neuronsCard].map((make) => {
    const place = h('div', { class: 'card' });
    return { place, card: make(place, ctx) };
  });
  root.append(hint, ...cards.map(({ place }) => place));

  /** @param {Page.State} state @param {Page.Changes} changed */
  function update(state, changed) {
    const { run, card, selection } = state;
    if (!hasAny(changed, ['run', 'card', 'selection', 'theme', 'stage'])) return;
    const tokens = sequence(run);
    const last = nFed(run) - 1;
    const position = Math.min(selection.position, last);
    hint.hidden = position === selection.position;
    if (!hint.hidden) fill(hint, words.notFed(chip(tokens[selection.position])));
    /** @type {Page.LayersScene} */
    const now = { run, card, tokens, position, layer: selection.layer, head: selection.head, length: tokens.length };
    for (const { card: part } of cards) part.update(now, changed.has('theme'));
  }

  return { update };
}
