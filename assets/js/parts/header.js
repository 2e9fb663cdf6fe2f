// The name of the page, the model that runs, and light or dark.

import { h, fill } from '../core/dom.js';
import { num } from '../core/format.js';
import { switchTheme } from '../core/theme.js';
import { models as words } from '../words/models.js';
import { page } from '../words/page.js';
import { mountTakeAlong } from './takealong.js';

function summary(card) {
  const millions = num(card.n_parameters / 1e6, 3);
  return `${card.n_layers} layers · ${card.n_heads} heads · d_model ${card.d_model} · ${millions} M parameters · ${card.dtype} on ${card.device}`;
}

/** The header; `openModels` opens the choice of models, which a recorded walk has not. */
export function mountHeader(parts, ctx, openModels) {
  const { store } = ctx;
  const choice = { type: 'button', 'aria-haspopup': 'dialog', title: words.change, onclick: openModels };
  const model = h(openModels ? 'button' : 'div', { class: 'model', ...(openModels ? choice : {}) }, openModels && words.choose);
  const take = h('div', { class: 'take' });
  parts.append(
    h(
      'header',
      { class: 'top' },
      h('div', { class: 'brand' }, h('h1', {}, page.title), h('p', { class: 'tagline' }, page.tagline)),
      model,
      take,
      h('button', { class: 'icon', type: 'button', title: page.theme, 'aria-label': page.theme, onclick: switchTheme }, '◐'),
    ),
  );
  parts.append(mountTakeAlong(take, ctx));
  store.subscribe(({ card }, changed) => {
    if (!changed.has('card') || !card) return;
    const name = h('strong', {}, card.model_id.split('/').pop(), openModels && h('span', { class: 'more', 'aria-hidden': true }, ' ▾'));
    fill(model, name, h('span', { class: 'dim' }, summary(card)));
    model.title = openModels ? `${card.model_id}: ${words.change}` : card.model_id;
  });
}
