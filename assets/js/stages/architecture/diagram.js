// The architecture of this model as a diagram: the residual stream down, what reads it and adds to it beside it.

import { fill, h, svg } from '../../core/elements/dom.js';
import { keepsCache } from '../../maths/models.js';
import { around } from '../../parts/words/around.js';
import { ribbon } from '../../parts/words/page.js';
import { drawBlock, EDGE, GAP, STREAM } from './charts/block.js';
import { drawn, tall } from './charts/flow.js';
import { model as words } from './words/model.js';

const MOST_SQUARES = 64;
const NAMES = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ';

const nameOf = (tab) => (tab === 'routing' ? words.below : (ribbon[tab] ?? around[tab]).title);

/**
 * The card in `root`; show(found) draws it, select(selection) follows the selected layer.
 * @param {HTMLElement} root
 * @param {Page.Ctx} ctx
 */
export function diagramCard(root, ctx) {
  const { store, select } = ctx;
  const kinds = h('div', { class: 'model-kinds' });
  const place = h('div', { class: 'model-flow' });
  const said = h('p', { class: 'measure-said' });
  root.append(h('h2', {}, words.diagram), h('p', { class: 'dim' }, words.diagramNote), kinds, place, said);
  let found = null;
  let layer = 0;
  let width = 0;
  new ResizeObserver(() => found && place.clientWidth !== width && draw()).observe(place);

  const kindAt = () =>
    Math.max(
      0,
      found.kinds.findIndex((kind) => kind.layers.includes(layer)),
    );

  /**
   * A box as charts/flow.js draws it: [title, texts] of the words, and the tab it leads to.
   * @param {string} kind
   * @param {any[]} named
   * @param {Page.StageName | 'routing'} tab
   * @param {object} [more]
   */
  function box(kind, [title, texts], tab, more = {}) {
    const go = () => {
      if (tab === 'routing') return document.getElementById('model-routing').scrollIntoView({ behavior: 'smooth' });
      if (['prefill', 'layers'].includes(tab)) select({ layer });
      return store.set({ stage: tab, following: false });
    };
    const known = texts.filter(Boolean);
    return {
      kind,
      title,
      texts: known,
      label: [title, ...known, words.opens(nameOf(tab))].join(', '),
      go,
      ...more,
    };
  }

  const normBox = (norm) => box('norm', words.norm(norm.kind), 'layers');
  const mixerBox = (mixer) =>
    mixer.kind === 'attention'
      ? box(
          'attention',
          words.mixer(mixer),
          'prefill',
          keepsCache(found.card) ? { inside: [box('cache', words.cacheBox(mixer, found.card), 'cache')] } : {},
        )
      : box('state', words.mixer(mixer), 'layers');

  function mlpBox(mlp) {
    const shown = Math.min(mlp.n_experts, MOST_SQUARES);
    const more = mlp.n_experts
      ? { inside: [box('router', words.router(mlp), 'routing', { squares: [shown, Math.min(mlp.n_chosen, shown)] })] }
      : {};
    return box('mlp', words.mlp(mlp), 'layers', more);
  }

  /** What a block does, in order: {norm} on the stream, or {shared, columns} beside it. */
  function steps(kind) {
    const at = (...places) => kind.norms.filter(({ place: where }) => places.includes(where)).map(normBox);
    const several = kind.mixers.length > 1;
    const mixers = kind.mixers.map((mixer) => [
      ...(several ? [] : at('before mixer')),
      mixerBox(mixer),
      ...(several ? [] : at('after mixer')),
    ]);
    const mlp = kind.mlp ? [[...at('before mlp'), mlpBox(kind.mlp), ...at('after mlp')]] : [];
    const shared = [...at('before both'), ...(several ? at('before mixer') : [])];
    const onStream = (name) => at(name).map((norm) => ({ norm }));
    if (kind.parallel)
      return [...onStream('start'), { shared, columns: [...mixers, ...mlp] }, ...onStream('stream mlp')];
    const first = mixers.length ? [{ shared, columns: mixers }] : [];
    return [
      ...onStream('start'),
      ...first,
      ...onStream('stream mixer'),
      ...(mlp.length ? [{ shared: [], columns: mlp }] : []),
      ...onStream('stream mlp'),
    ];
  }

  function unplaced({ norms }) {
    const n = norms.filter(({ place: where }) => where === 'unknown').length;
    return n ? words.unknownNorms(n) : '';
  }

  function draw() {
    width = Math.min(680, place.clientWidth);
    if (width < 200) return;
    const { card, embed_norm: embedNorm, final_norm: finalNorm, parameters } = found;
    const learned = parameters.total[parameters.parts.indexOf('positions')] > 0;
    const before = [
      box('text', words.text, 'text'),
      box('tokenizer', words.tokenizer(found), 'tokenize'),
      box('embedding', words.embedding(found), 'embed'),
      learned && box('positions', words.positions(found), 'embed'),
      embedNorm && box('norm', words.embedNorm(embedNorm), 'layers'),
    ].filter(Boolean);
    const after = [
      finalNorm && box('norm', words.finalNorm(finalNorm), 'layers'),
      box('unembedding', words.unembedding(found), 'decode'),
      box('logits', words.logits(found), 'decode'),
      box('next', words.next, 'select'),
    ].filter(Boolean);
    const marks = [];
    let y = 2;
    const stack = (boxes) =>
      boxes.forEach((one) => {
        marks.push(...drawn(one, EDGE / 2, y, width - EDGE));
        y += tall(one, width - EDGE) + GAP;
      });
    stack(before);
    const start = y - GAP;
    const block = found.kinds[kindAt()];
    const titles = {
      title: words.block(block, card.n_layers),
      note: words.blockNote(block),
      unplaced: unplaced(block),
    };
    const [frame, parts, end] = drawBlock(steps(block), { ...titles, stream: words.stream }, y, width);
    marks.push(...parts);
    y = end + GAP;
    stack(after);
    const height = y - GAP + 2;
    const streamEnd = end + GAP;
    // The stream runs from the embedding to what reads it last; before and behind it go ids and scores.
    const line = (from, to, kind) => svg('line', { class: kind, x1: STREAM, x2: STREAM, y1: from, y2: to });
    fill(
      place,
      svg(
        'svg',
        {
          width,
          height,
          viewBox: `0 0 ${width} ${height}`,
          role: 'group',
          'aria-label': words.diagramSaid(found),
          class: 'flow',
        },
        line(10, height - 30, 'flow-ids'),
        frame,
        line(start, streamEnd, 'flow-stream'),
        marks,
      ),
    );
    fill(said, words.diagramSaid(found));
    showKinds(card.n_layers);
  }

  /** Where blocks differ: which layers are of which kind, and a choice of the one that is drawn. */
  function showKinds(n) {
    kinds.hidden = found.kinds.length === 1;
    if (kinds.hidden) return;
    const now = kindAt();
    const of = (one) => found.kinds.findIndex((kind) => kind.layers.includes(one));
    fill(
      kinds,
      h('p', { class: 'dim' }, words.kinds),
      h(
        'div',
        { class: 'model-kind-list' },
        found.kinds.map((kind, i) =>
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
        Array.from({ length: n }, (_, one) =>
          h(
            'span',
            {
              class: `kind-${of(one) % 4}${one === layer ? ' now' : ''}`,
              title: words.cell(one, NAMES[of(one) % 26]),
              onclick: () => select({ layer: one }),
            },
            one,
          ),
        ),
      ),
    );
  }

  return {
    show(next) {
      found = next;
      layer = Math.min(store.state.selection.layer, found.card.n_layers - 1);
      draw();
    },
    select(selection) {
      if (selection.layer === layer) return;
      layer = selection.layer;
      if (found) draw();
    },
  };
}
