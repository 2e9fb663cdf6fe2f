// The list of models to learn from: what each shows, its licence and the memory it needs.

import { fill, h } from '../../core/elements/dom.js';
import { models as words } from '../words/models.js';

/**
 * @param {HTMLElement} root
 * @param {(id: string) => void} open called with the chosen model
 */
export function mountList(root, open) {
  const note = h('p', { class: 'dim' });
  const rows = h('ul', { class: 'models-list' });
  const others = h('ul', { class: 'models-list' });
  const othersTitle = h('h3', {}, words.only);
  root.append(h('h3', {}, words.listed), note, rows, othersTitle, others);

  /**
   * @param {string} id
   * @param {Page.Child[]} facts
   */
  const item = (id, ...facts) =>
    h(
      'li',
      { dataset: { model: id } },
      h('div', { class: 'models-item' }, h('strong', {}, id), facts),
      h('button', { type: 'button', 'aria-label': `${words.open} ${id}`, onclick: () => open(id) }, words.open),
    );

  /**
   * @param {Payload.OfferedModel} offered
   * @param {string} dtype
   */
  const row = ({ id, parameters, licence, kinds, shows, gated, memory }, dtype) =>
    item(
      id,
      h(
        'span',
        { class: 'models-kinds' },
        kinds.map((kind) => h('span', {}, kind)),
      ),
      h('span', {}, shows),
      h(
        'span',
        { class: 'dim' },
        [words.size(parameters, memory[dtype]), licence, gated && words.gated].filter(Boolean).join(' · '),
      ),
    );

  return {
    /** @param {Payload.ModelsAnswer} known @param {string} dtype */
    draw(known, dtype) {
      fill(note, words.listedNote(dtype));
      fill(
        rows,
        known.listed.map((model) => row(model, dtype)),
      );
      fill(
        others,
        known.others.map((id) => item(id)),
      );
      othersTitle.hidden = !known.others.length;
    },
  };
}
