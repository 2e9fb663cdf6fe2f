// The architecture of this model as a diagram: the residual stream down, what reads it and adds to it beside it.

import { drawn, tall } from './charts/flow.js';
import { fill, h, svg } from '../../core/elements/dom.js';
import { keepsCache } from '../../maths/models.js';
import { around } from '../../parts/words/around.js';
import { model as words } from './words/model.js';

const STREAM = 30;
const GAP = 18;
const EDGE = 8;
const MOST_SQUARES = 64;
const NAMES = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ';

/** The card in `root`; show(found) draws it, select(selection) follows the selected layer. */
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

  /** A box as charts/flow.js draws it: [title, texts] of the words, and the tab it leads to. */
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
      label: [title, ...known, words.opens(words.tabs[tab] ?? around[tab].title)].join(', '),
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

  /** One step beside the stream: out of it, through its boxes, and back into it with a +. */
  function beside({ shared, columns }, top) {
    const left = STREAM + 34;
    const across = width - EDGE - 12 - left;
    const each = (across - 10 * (columns.length - 1)) / columns.length;
    const marks = [];
    const line = (...points) =>
      marks.push(svg('path', { class: 'flow-wire', d: `M${points.map((p) => p.join(' ')).join('L')}` }));
    const tip = (x, at) => marks.push(svg('path', { class: 'flow-tip', d: `M${x - 4} ${at - 7}h8l-4 7z` }));
    let y = top + GAP;
    const from = top + 6;
    const middle = left + across / 2;
    const centres = columns.map((_, i) => left + i * (each + 10) + each / 2);
    marks.push(svg('circle', { class: 'flow-dot', cx: STREAM, cy: from, r: 3.5 }));
    if (shared.length) {
      line([STREAM, from], [middle, from], [middle, y]);
      tip(middle, y);
      for (const norm of shared) {
        marks.push(...drawn(norm, left, y, across));
        y += tall(norm, across) + GAP;
      }
      centres.forEach((x) => line([x, y - GAP], [x, y]));
      centres.forEach((x) => tip(x, y));
    } else {
      centres.forEach((x) => line([STREAM, from], [x, from], [x, y]));
      centres.forEach((x) => tip(x, y));
    }
    const bottoms = columns.map((column, i) => {
      let below = y;
      column.forEach((part, place_) => {
        if (place_) {
          line([centres[i], below - GAP], [centres[i], below]);
          tip(centres[i], below);
        }
        marks.push(...drawn(part, left + i * (each + 10), below, each));
        below += tall(part, each) + GAP;
      });
      return below - GAP;
    });
    const join = Math.max(...bottoms) + 14;
    centres.forEach((x, i) => line([x, bottoms[i]], [x, join], [STREAM + 10, join]));
    marks.push(svg('path', { class: 'flow-tip', d: `M${STREAM + 18} ${join - 4}v8l-7 -4z` }));
    marks.push(
      svg(
        'g',
        { class: 'flow-join' },
        svg('circle', { cx: STREAM, cy: join, r: 10 }),
        svg('path', { d: `M${STREAM - 5} ${join}H${STREAM + 5}M${STREAM} ${join - 5}V${join + 5}` }),
      ),
    );
    return [marks, join + 14];
  }

  function block(kind, top) {
    const marks = [];
    let y = top + 46;
    const first = [];
    for (const step of steps(kind)) {
      if (step.norm) {
        marks.push(...drawn(step.norm, EDGE + 10, y, width - 2 * EDGE - 20));
        y += tall(step.norm, width - 2 * EDGE - 20) + 12;
      } else {
        const [made, below] = beside(step, y);
        first.push((y + below) / 2 - 6);
        marks.push(...made);
        y = below;
      }
    }
    const lost = kind.norms.filter(({ place: where }) => where === 'unknown').length;
    if (lost) {
      marks.push(svg('text', { class: 'flow-line', x: STREAM + 34, y: y + 10 }, words.unknownNorms(lost)));
      y += 20;
    }
    marks.push(
      svg(
        'text',
        { class: 'flow-name', transform: `translate(${STREAM - 10} ${first[0] ?? (top + y) / 2}) rotate(-90)` },
        words.stream,
      ),
    );
    const title = words.block(kind, found.card.n_layers);
    const frame = svg(
      'g',
      {},
      svg('rect', { class: 'flow-frame', x: EDGE / 2, y: top, width: width - EDGE, height: y - top, rx: 12 }),
      svg('text', { class: 'flow-title', x: STREAM + 34, y: top + 20 }, title),
      svg('text', { class: 'flow-line', x: STREAM + 34, y: top + 37 }, words.blockNote(kind)),
    );
    return [frame, marks, y];
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
    const [frame, parts, end] = block(found.kinds[kindAt()], y);
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
