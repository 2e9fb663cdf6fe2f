// One sentence in several languages, and how many tokens each takes.

import { fill, h } from '../../core/elements/dom.js';
import { card, createRequest } from '../../parts/panel/card.js';
import { tokenize as words } from './words/tokenize.js';

/**
 * @param {HTMLElement} root
 * @param {Page.Ctx} ctx
 */
export function mountLanguages(root, ctx) {
  const list = h('ul', { class: 'languages' });
  const part = card(words.languages, '', list);
  root.append(part.element);

  const note = h('span');
  const ask = createRequest(ctx, 'tokenize_languages', part, ({ languages }) => {
    const most = Math.max(...languages.map((language) => language.n_tokens));
    fill(note, languages.some((language) => language.n_unknown) ? words.languagesLost : '');
    fill(
      list,
      languages.map((language) => row(language, most)),
    );
  });

  /** @param {Payload.LanguageCount} language @param {number} most */
  function row(language, most) {
    return h(
      'li',
      { class: language.n_unknown > 0 && 'lost' },
      h('span', { class: 'name' }, language.name),
      h(
        'span',
        { class: 'track' },
        h('span', { class: 'bar', style: { width: `${(100 * language.n_tokens) / most}%` } }),
      ),
      h('span', { class: 'value' }, words.languageValue(language)),
      h('span', { class: 'factor' }, words.factor(language.factor)),
      h('p', { class: 'sentence-in', dir: 'auto', lang: language.code }, language.text),
      h('p', { class: 'dim counts' }, words.languageNote(language)),
    );
  }

  return {
    /** @param {Page.State} state */
    update({ card: model }) {
      if (!model) return;
      fill(part.note, words.languagesNote(model.tokenizer_kind), note);
      ask({}, model.model_id);
    },
  };
}
