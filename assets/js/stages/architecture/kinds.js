// Where the blocks of a model differ: a choice of the kind that is drawn, and the kind of each layer.

import { fill, h } from '../../core/elements/dom.js';
import { model as words } from './words/model.js';

const NAMES = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ';

/** @param {Page.Ctx['select']} select */
export function kindsList(select) {
  const element = h('div', { class: 'model-kinds' });

  return {
    element,

    /**
     * Draws the kinds of blocks, and returns the index of the kind of `layer`.
     * @param {Payload.ArchitectureAnswer} found
     * @param {number} layer
     */
    show({ kinds, card }, layer) {
      /** @param {number} one */
      const kindOf = (one) => kinds.findIndex((kind) => kind.layers.includes(one));
      const now = Math.max(0, kindOf(layer));
      element.hidden = kinds.length === 1;
      if (element.hidden) return now;
      fill(
        element,
        h('p', { class: 'dim' }, words.kinds),
        h(
          'div',
          { class: 'model-kind-list' },
          kinds.map((kind, i) =>
            h(
              'button',
              {
                type: 'button',
                class: `kind-${i % 4}`,
                'aria-pressed': String(i === now),
                onclick: () => select({ layer: kind.layers[0] }),
              },
              h('strong', {}, words.kindButton(NAMES[i % 26], kind)),
              h('span', { class: 'dim' }, words.kindOf(kind)),
            ),
          ),
        ),
        h(
          'div',
          { class: 'model-cells', 'aria-hidden': 'true' },
          Array.from({ length: card.n_layers }, (_, one) =>
            h(
              'span',
              {
                class: `kind-${kindOf(one) % 4}${one === layer ? ' now' : ''}`,
                title: words.cell(one, NAMES[kindOf(one) % 26]),
                onclick: () => select({ layer: one }),
              },
              one,
            ),
          ),
        ),
      );
      return now;
    },
  };
}
