// The header: the page's name, the current model, help, projector mode, and light or dark.

import { h, fill } from '../../core/elements/dom.js';
import { switchProjector, switchTheme } from '../../core/elements/theme.js';
import { mountTakeAlong } from '../take_along/take_along.js';
import { help } from '../words/help.js';
import { models as words } from '../words/models.js';
import { page } from '../words/page.js';
import { mountHelp } from './help.js';

/**
 * @param {string} name
 * @param {string} sign
 * @param {() => void} onclick
 */
const icon = (name, sign, onclick) =>
  h('button', { class: 'icon', type: 'button', title: name, 'aria-label': name, onclick }, sign);

/**
 * @param {HTMLElement} parts
 * @param {Page.Ctx} ctx
 * @param {(() => void) | null} openModels opens the choice of models, which a recorded walk does not have
 */
export function mountHeader(parts, ctx, openModels) {
  const { store } = ctx;
  const overlay = mountHelp(parts);
  const choice = { type: 'button', 'aria-haspopup': 'dialog', title: words.change, onclick: openModels };
  const model = h(
    openModels ? 'button' : 'div',
    { class: 'model', ...(openModels ? choice : {}) },
    openModels && words.choose,
  );
  const take = h('div', { class: 'take' });
  parts.append(
    h(
      'header',
      { class: 'top' },
      h('div', { class: 'brand' }, h('h1', {}, page.title), h('p', { class: 'tagline' }, page.tagline)),
      model,
      take,
      h(
        'div',
        { class: 'icons' },
        icon(help.open, '?', overlay.open),
        icon(help.projector, 'Aa', switchProjector),
        icon(page.theme, '◐', switchTheme),
      ),
    ),
  );
  parts.append(mountTakeAlong(take, ctx));
  store.subscribe(({ card }, changed) => {
    if (!changed.has('card') || !card) return;
    const name = h(
      'strong',
      {},
      card.model_id.split('/').pop(),
      openModels && h('span', { class: 'more', 'aria-hidden': true }, ' ▾'),
    );
    fill(model, name, h('span', { class: 'dim' }, words.summary(card)));
    model.title = openModels ? `${card.model_id}: ${words.change}` : card.model_id;
  });
}
