// The architecture of this model as a diagram: the residual stream downward, and beside it the parts that read it and add to it.

import { fill, h, svg } from '../../core/elements/dom.js';
import { keepsCache } from '../../maths/models.js';
import { around } from '../../parts/words/around.js';
import { ribbon } from '../../parts/words/page.js';
import { drawBlock, EDGE, GAP, STREAM } from './charts/block.js';
import { drawBox, heightOf } from './charts/flow.js';
import { kindsList } from './kinds.js';
import { model as words } from './words/model.js';

const MOST_SQUARES = 64;
const TABS = { ...around, ...ribbon };

/** @param {Page.StageName | 'routing'} tab */
const nameOf = (tab) => (tab === 'routing' ? words.below : TABS[tab].title);

/**
 * The card in `root`; show(found) draws it, select(selection) follows the selected layer.
 * @param {HTMLElement} root
 * @param {Page.Ctx} ctx
 */
export function diagramCard(root, ctx) {
  const { store, select } = ctx;
  const kinds = kindsList(select);
  const place = h('div', { class: 'model-flow' });
  const summary = h('p', { class: 'measure-said' });
  root.append(h('h2', {}, words.diagram), h('p', { class: 'dim' }, words.diagramNote), kinds.element, place, summary);
  /** @type {Payload.ArchitectureAnswer} */
  let found = null;
  let layer = 0;
  let width = 0;
  new ResizeObserver(() => found && place.clientWidth !== width && draw()).observe(place);

  /**
   * A box that leads to a tab.
   * @param {string} kind
   * @param {Page.BoxWords} words
   * @param {Page.StageName | 'routing'} tab
   * @param {Pick<Page.FlowBox, 'inside' | 'squares'>} [more]
   * @returns {Page.FlowBox}
   */
  function box(kind, [title, texts], tab, more = {}) {
    const go = () => {
      if (tab === 'routing') {
        document.getElementById('model-routing').scrollIntoView({ behavior: 'smooth' });
        return;
      }
      if (['prefill', 'layers'].includes(tab)) select({ layer });
      store.set({ stage: tab, following: false });
    };
    const lines = texts.filter(Boolean);
    return {
      kind,
      title,
      texts: lines,
      label: [title, ...lines, words.opens(nameOf(tab))].join(', '),
      go,
      ...more,
    };
  }

  /** @param {Payload.NormPlace} norm */
  const normBox = (norm) => box('norm', words.norm(norm.kind), 'layers');
  /** @param {Payload.Mixer} mixer */
  const mixerBox = (mixer) =>
    mixer.kind === 'attention'
      ? box(
          'attention',
          words.mixer(mixer),
          'prefill',
          keepsCache(found.card) ? { inside: [box('cache', words.cacheBox(mixer, found.card), 'cache')] } : {},
        )
      : box('state', words.mixer(mixer), 'layers');

  /** @param {Payload.Mlp} mlp */
  function mlpBox(mlp) {
    const n = Math.min(mlp.n_experts, MOST_SQUARES);
    if (!n) return box('mlp', words.mlp(mlp), 'layers');
    const router = box('router', words.router(mlp), 'routing', { squares: [n, Math.min(mlp.n_chosen, n)] });
    return box('mlp', words.mlp(mlp), 'layers', { inside: [router] });
  }

  /**
   * The steps of a block in their order.
   * @param {Payload.BlockKind} kind
   * @returns {Page.FlowStep[]}
   */
  function steps(kind) {
    /** @param {string[]} places */
    const at = (...places) => kind.norms.filter(({ place: where }) => places.includes(where)).map(normBox);
    const several = kind.mixers.length > 1;
    const mixers = kind.mixers.map((mixer) => [
      ...(several ? [] : at('before mixer')),
      mixerBox(mixer),
      ...(several ? [] : at('after mixer')),
    ]);
    const mlp = kind.mlp ? [[...at('before mlp'), mlpBox(kind.mlp), ...at('after mlp')]] : [];
    const shared = [...at('before both'), ...(several ? at('before mixer') : [])];
    /** @param {string} name */
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

  /** @param {Payload.BlockKind} kind */
  function otherNorms({ norms }) {
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
    /** @type {SVGElement[]} */
    const marks = [];
    let y = 2;
    /** @param {Page.FlowBox[]} boxes */
    const stack = (boxes) =>
      boxes.forEach((one) => {
        marks.push(...drawBox(one, EDGE / 2, y, width - EDGE));
        y += heightOf(one, width - EDGE) + GAP;
      });
    stack(before);
    const start = y - GAP;
    const block = found.kinds[kinds.show(found, layer)];
    const titles = {
      title: words.block(block, card.n_layers),
      note: words.blockNote(block),
      otherNorms: otherNorms(block),
    };
    const [frame, parts, end] = drawBlock(steps(block), { ...titles, stream: words.stream }, y, width);
    marks.push(...parts);
    y = end + GAP;
    stack(after);
    const height = y - GAP + 2;
    const streamEnd = end + GAP;
    // The stream runs from the embedding to its last reader; before and behind it, ids and scores are passed on.
    /** @param {number} from @param {number} to @param {string} kind */
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
          'aria-label': words.diagramSummary(found),
          class: 'flow',
        },
        line(10, height - 30, 'flow-ids'),
        frame,
        line(start, streamEnd, 'flow-stream'),
        marks,
      ),
    );
    fill(summary, words.diagramSummary(found));
  }

  return {
    /** @param {Payload.ArchitectureAnswer} next */
    show(next) {
      found = next;
      layer = Math.min(store.state.selection.layer, found.card.n_layers - 1);
      draw();
    },
    /** @param {Page.Selection} selection */
    select(selection) {
      if (selection.layer === layer) return;
      layer = selection.layer;
      if (found) draw();
    },
  };
}
