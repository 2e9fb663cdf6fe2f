// The name of the page, the model that runs, and light or dark.

import { h, fill } from '../core/dom.js';
import { num } from '../core/format.js';
import { switchTheme } from '../core/theme.js';
import { page } from '../words/page.js';
import { mountTakeAlong } from './takealong.js';

function summary(card) {
  const millions = num(card.n_parameters / 1e6, 3);
  return `${card.n_layers} layers · ${card.n_heads} heads · d_model ${card.d_model} · ${millions} M parameters · ${card.dtype} on ${card.device}`;
}

export function mountHeader(parts, ctx) {
  const { store } = ctx;
  const model = h('div', { class: 'model' });
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
    fill(model, h('strong', {}, card.model_id.split('/').pop()), h('span', { class: 'dim' }, summary(card)));
    model.title = card.model_id;
  });
}
