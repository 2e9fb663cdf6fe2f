// One panel a stage, loaded when the stage is first opened.

import { h, notice } from '../../core/elements/dom.js';
import { AROUND, STAGES } from '../../maths/stops.js';
import { shared } from '../words/shared.js';
import { mountDepths } from './depths.js';

/**
 * The module of each stage's panel.
 * @type {Record<Page.StageName, string>}
 */
const PANELS = {
  text: 'text/text',
  tokenize: 'tokens/tokenize',
  embed: 'embed/embed',
  prefill: 'attention/prefill',
  layers: 'layers/layers',
  decode: 'decode/decode',
  select: 'decode/select',
  detokenize: 'tokens/detokenize',
  model: 'architecture/model',
  branches: 'decode/branches',
  cache: 'cache/cache',
  latency: 'latency/latency',
  batching: 'batching/batching',
  speculative: 'speculative/speculative',
  whatif: 'latency/whatif',
  compare: 'compare/compare',
};

/**
 * @param {HTMLElement} root
 * @param {Page.Ctx} ctx
 */
export function mountPanels(root, ctx) {
  /** @type {Map<Page.StageName, { place: HTMLElement, panel: Page.Panel | null, depths: Page.Panel | null }>} */
  const places = new Map();
  /** @type {Map<Page.StageName, Page.Changes>} what has changed since a panel was last updated */
  const pending = new Map();
  /** @type {Page.Card} */
  let builtFor = null;

  const everything = () => new Set(/** @type {(keyof Page.State)[]} */ (Object.keys(ctx.store.state)));

  /** @param {Page.StageName} stage */
  async function open(stage) {
    const place = h('section', {
      class: `panel panel-${stage}`,
      id: `panel-${stage}`,
      role: 'tabpanel',
      'aria-labelledby': `tab-${stage}`,
    });
    root.append(place);
    places.set(stage, { place, panel: null, depths: null });
    const here = places.get(stage);
    try {
      const module = await ctx.load(`./stages/${PANELS[stage]}.js`);
      here.panel = module.mount(place, ctx);
      here.depths = mountDepths(place, ctx, stage, module.formulas);
    } catch (error) {
      console.error(error);
      notice(place, shared.noPanel);
    }
    refresh(ctx.store.state, everything());
  }

  /**
   * The model has changed: panels that were built from the sizes of the last one are removed.
   * @param {Page.Card} card
   */
  function reset(card) {
    builtFor = card;
    root.replaceChildren();
    places.clear();
    pending.clear();
  }

  /**
   * @param {Page.State} state
   * @param {Page.Changes} changed
   */
  function refresh(state, changed) {
    if (state.card !== builtFor) reset(state.card);
    for (const stage of [...STAGES, ...AROUND]) {
      const news = pending.get(stage) ?? everything();
      changed.forEach((key) => news.add(key));
      pending.set(stage, news);
    }
    if (!state.run) return;
    if (!places.has(state.stage)) open(state.stage);
    for (const [stage, { place, panel, depths }] of places) {
      place.hidden = stage !== state.stage;
      if (place.hidden || !panel) continue;
      const news = pending.get(stage);
      pending.set(stage, new Set());
      if (!news.size) continue;
      panel.update(state, news);
      depths?.update(state, news);
    }
  }

  ctx.store.subscribe(refresh);
}
