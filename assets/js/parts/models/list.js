// The list of models to learn from: what each shows, its licence and what it takes.

import { fill, h } from '../../core/elements/dom.js';
import { models as words } from '../words/models.js';

/** Builds the list inside `root`; `open(id)` is called with the one that was chosen. Returns {draw(known, dtype)}. */
export function mountList(root, open) {
  const note = h('p', { class: 'dim' });
  const rows = h('ul', { class: 'models-list' });
  const others = h('ul', { class: 'models-list' });
  const othersTitle = h('h3', {}, words.only);
  root.append(h('h3', {}, words.listed), note, rows, othersTitle, others);

  const item = (id, ...facts) =>
    h(
      'li',
      { dataset: { model: id } },
      h('div', { class: 'models-item' }, h('strong', {}, id), facts),
      h('button', { type: 'button', 'aria-label': `${words.open} ${id}`, onclick: () => open(id) }, words.open),
    );

  /**
   * @param {Payload.OfferedModel} offeredModel
   * @param {any} dtype
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
    /** @param {Payload.ModelsAnswer} known */
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
