// Puts the page together: store, bridge, the fixed parts, and one panel a stage.

import { h, notice } from './core/elements/dom.js';
import { watchTheme } from './core/elements/theme.js';
import { createBridge } from './core/server/bridge.js';
import { createChannel } from './core/server/channel.js';
import { watchLooks } from './core/server/looks.js';
import { fitFrame } from './core/state/frame.js';
import { keepBranches } from './core/state/keeper.js';
import { keepLink, read } from './core/state/link.js';
import { createRunner } from './core/state/runner.js';
import { createStore } from './core/state/store.js';
import { completed } from './maths/recipe.js';
import { AROUND, STAGES } from './maths/stops.js';
import { mountModels } from './parts/models/picker.js';
import { mountHeader } from './parts/page/header.js';
import { mountLooks } from './parts/page/looks.js';
import { mountStatus } from './parts/page/status.js';
import { mountTerms } from './parts/page/terms.js';
import { mountDepths } from './parts/panel/depths.js';
import { mountAsk } from './parts/prompt/prompt.js';
import { mountFigureButton } from './parts/take_along/figures.js';
import { mountRecorded } from './parts/take_along/recorded.js';
import { mountAround } from './parts/walk/around.js';
import { mountAttend } from './parts/walk/attend.js';
import { mountPlayer } from './parts/walk/player.js';
import { mountRibbon } from './parts/walk/ribbon.js';
import { mountStrip } from './parts/walk/strip.js';
import { shared } from './parts/words/shared.js';

/** Where the panel of each stage is. */
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
function mountPanels(root, ctx) {
  const places = new Map();
  const told = new Map();
  /** @type {Payload.CardAnswer} */
  let built = null;

  async function open(stage) {
    const place = h('section', {
      class: `panel panel-${stage}`,
      id: `panel-${stage}`,
      role: 'tabpanel',
      'aria-labelledby': `tab-${stage}`,
    });
    root.append(place);
    const here = { place, panel: null, depths: null };
    places.set(stage, here);
    try {
      const module = await ctx.load(`./stages/${PANELS[stage]}.js`);
      here.panel = module.mount(place, ctx);
      here.depths = mountDepths(place, ctx, stage, module.formulas);
    } catch (error) {
      console.error(error);
      notice(place, shared.noPanel);
    }
    refresh(ctx.store.state, new Set(Object.keys(ctx.store.state)));
  }

  /**
   * Another model: what a panel has built from the last one's sizes goes with it.
   * @param {Page.Card} card
   */
  function reset(card) {
    built = card;
    root.replaceChildren();
    places.clear();
    told.clear();
  }

  /**
   * @param {Page.State} state
   * @param {Set<string> | Page.Changed} changed
   */
  function refresh(state, changed) {
    if (state.card !== built) reset(state.card);
    for (const stage of [...STAGES, ...AROUND]) {
      const waiting = told.get(stage) ?? new Set(Object.keys(state));
      changed.forEach((key) => waiting.add(key));
      told.set(stage, waiting);
    }
    if (!state.run) return;
    if (!places.has(state.stage)) open(state.stage);
    for (const [stage, { place, panel, depths }] of places) {
      place.hidden = stage !== state.stage;
      if (place.hidden || !panel) continue;
      const news = told.get(stage);
      told.set(stage, new Set());
      if (!news.size) continue;
      panel.update(state, news);
      depths?.update(state, news);
    }
  }

  ctx.store.subscribe(refresh);
}

/**
 * A module; when the server is away just then, again once it is back (a browser remembers that an address failed).
 * @param {string} path
 * @param {Page.Line} line
 */
async function load(path, line) {
  try {
    return await import(path);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    await line.back();
    return import(`${path}?again=${Date.now()}`);
  }
}

/** Our style sheets, as links: Gradio would rewrite the selectors of what it is given as css. */
function dress(base, sheets) {
  const loaded = sheets.map((path) => {
    const link = h('link', { rel: 'stylesheet', href: base + path });
    document.head.append(link);
    return new Promise((resolve) => {
      link.onload = resolve;
      link.onerror = resolve;
    });
  });
  return Promise.all(loaded);
}

/**
 * Where the page's own files are, for whoever takes them along.
 * @param {string} base
 * @param {Payload.PageConfig} config
 * @returns {Page.Files}
 */
const filesOf = (base, config) => ({
  base: base + config.js,
  modules: config.modules,
  sheets: config.css.map((path) => base + path),
  config,
});

/**
 * Starts the page inside `root`; `host` says where its files are, and has a line to the server or the event to make one.
 * @param {HTMLElement} root
 * @param {Page.Host} host
 * @returns {Promise<Page.Ctx>}
 */
export async function start(root, host) {
  const base = (window.gradio_config?.root ?? '').replace(/\/$/, '');
  await dress(base, host.config.css);
  fitFrame();
  const asked = read(location);
  const store = createStore({
    card: null,
    away: false,
    branches: { root: '', list: [] },
    draft: completed(asked.recipe ?? host.config.examples[0].recipe),
    following: false,
    looks: { slow: [], stopped: [] },
    recipe: null,
    run: null,
    selection: { position: 0, layer: 0, head: 0 },
    stage: 'text',
    status: { phase: 'idle' },
    step: 0,
    theme: null,
  });
  const line = host.line ?? createChannel(window.gradio_config, host.event, (away) => store.set({ away }));
  const bridge = createBridge(line);
  const runner = createRunner(store, bridge);
  const { watch, again, forget } = watchLooks((looks) => store.set({ looks }));

  /** A look at the run; when the server does not have it, or not yet, it is derived again first. */
  async function restored(look) {
    const { recipe } = store.state;
    try {
      return await look(recipe);
    } catch (error) {
      if (!['evicted', 'starting'].includes(error.reason) || store.state.recipe !== recipe) throw error;
      await runner.restore();
      return look(recipe);
    }
  }

  const ctx = {
    store,
    runner,
    examples: host.config.examples,
    files: filesOf(base, host.config),
    plotlyUrl: host.config.plotly && base + host.config.plotly,
    vendorUrl: base + host.config.vendor,
    view: (name, args) => watch(name, () => restored((recipe) => bridge.look(name, recipe, args))),
    ask: (name, args) => watch(name, () => restored((recipe) => bridge.fresh(name, recipe, args))),
    // For another recipe than the one shown, and for what is asked of the models themselves.
    askOf: (recipe, name, args = {}) => watch(name, () => bridge.fresh(name, recipe, args)),
    load: host.load ?? ((path) => load(path, line)),
    select: (patch) => store.set({ selection: { ...store.state.selection, ...patch } }),
  };

  const parts = h('div', { class: `page${host.recorded ? ' recorded' : ''}` });
  root.replaceChildren(parts);
  mountHeader(parts, ctx, host.recorded ? null : mountModels(root, ctx));
  if (host.recorded) mountRecorded(parts, host.recorded);
  else mountAsk(parts, ctx);
  // In the order of the keyboard beside Run, on the screen at the foot of the window.
  const dock = parts.appendChild(h('div', { class: 'dock' }));
  mountStatus(dock, ctx);
  mountLooks(dock, store, { stop: bridge.stopLooks, again });
  mountRibbon(parts, ctx);
  mountAround(parts, ctx);
  const strip = mountStrip(parts, ctx);
  // Panels whose tokens are painted, not elements, say by it what is pointed at.
  ctx.point = mountAttend(parts, strip, ctx).point;
  mountPlayer(parts, ctx);
  const stage = parts.appendChild(h('div', { class: 'stage', id: 'stage' }));
  mountPanels(stage, ctx);
  mountFigureButton(stage, ctx);

  mountTerms(parts);
  watchTheme(store);
  store.subscribe((state, changed) => {
    if (changed.has('run')) root.dataset.prompt = state.run.recipe.prompt;
    // What was stopped was of another run.
    if (changed.has('recipe')) forget();
  });

  /**
   * Shows what an address asks for: its run, then its place in it.
   * @param {Page.Asked} asked
   */
  function show({ recipe, place }) {
    if (recipe) store.set({ draft: completed(recipe) });
    runner.start(store.state.draft, null, { place });
  }

  // A recorded walk is one run at one address, and a copy of the page that is made for it leaves no trace.
  keepBranches(store, !host.line);
  if (!host.line) keepLink(store, { onback: show });
  show(asked);
  return ctx;
}
