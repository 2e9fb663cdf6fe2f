// Puts the page together: store, bridge, the fixed parts, and one panel a stage.

import { h } from './core/elements/dom.js';
import { watchTheme } from './core/elements/theme.js';
import { createBridge } from './core/server/bridge.js';
import { createChannel } from './core/server/channel.js';
import { watchRequests } from './core/server/requests.js';
import { fitFrame } from './core/state/frame.js';
import { keepBranches } from './core/state/keeper.js';
import { keepLink, read } from './core/state/link.js';
import { createRunner } from './core/state/runner.js';
import { createStore } from './core/state/store.js';
import { complete } from './maths/recipe.js';
import { mountModels } from './parts/models/picker.js';
import { mountHeader } from './parts/page/header.js';
import { mountRequests } from './parts/page/requests.js';
import { mountStatus } from './parts/page/status.js';
import { mountTerms } from './parts/page/terms.js';
import { mountPanels } from './parts/panel/panels.js';
import { mountAsk } from './parts/prompt/prompt.js';
import { mountFigureButton } from './parts/take_along/figures.js';
import { mountRecorded } from './parts/take_along/recorded.js';
import { mountAround } from './parts/walk/around.js';
import { mountAttend } from './parts/walk/attend.js';
import { mountPlayer } from './parts/walk/player.js';
import { mountRibbon } from './parts/walk/ribbon.js';
import { mountStrip } from './parts/walk/strip.js';

/**
 * Loads a module. If the server is away, loads it again once it is back, under a new address: browsers remember that an
 * address failed.
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

/**
 * Loads our style sheets as links: Gradio would rewrite the selectors of sheets that it is given.
 * @param {string} base
 * @param {string[]} sheets
 */
function loadSheets(base, sheets) {
  const loads = sheets.map((path) => {
    const link = h('link', { rel: 'stylesheet', href: base + path });
    document.head.append(link);
    return new Promise((resolve) => {
      link.onload = resolve;
      link.onerror = resolve;
    });
  });
  return Promise.all(loads);
}

/**
 * Where the page's own files are, for the recorder.
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
 * Starts the page inside `root`. `host` has a line to the server, or the event to make one from.
 * @param {HTMLElement} root
 * @param {Page.Host} host
 * @returns {Promise<Page.Ctx>}
 */
export async function start(root, host) {
  const base = (window.gradio_config?.root ?? '').replace(/\/$/, '');
  await loadSheets(base, host.config.css);
  fitFrame();
  const addressRequest = read(location);
  const store = createStore({
    card: null,
    away: false,
    branches: { root: '', list: [] },
    draft: complete(addressRequest.recipe ?? host.config.examples[0].recipe),
    following: false,
    requests: { slow: [], cancelled: [] },
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
  const { watch, again, forget } = watchRequests((requests) => store.set({ requests }));

  /**
   * Requests a view of the current run. If the server does not have the run, or not yet, it is made again first.
   * @template A
   * @param {(recipe: Page.Recipe) => Promise<A>} request
   */
  async function withRun(request) {
    const { recipe } = store.state;
    try {
      return await request(recipe);
    } catch (error) {
      if (!['evicted', 'starting'].includes(error.reason) || store.state.recipe !== recipe) throw error;
      await runner.restore();
      return request(recipe);
    }
  }

  /** @type {Page.Ctx} */
  const ctx = {
    store,
    runner,
    examples: host.config.examples,
    files: filesOf(base, host.config),
    plotlyUrl: host.config.plotly && base + host.config.plotly,
    vendorUrl: base + host.config.vendor,
    view: (name, args) => watch(name, () => withRun((recipe) => bridge.look(name, recipe, args))),
    ask: (name, args) => watch(name, () => withRun((recipe) => bridge.fresh(name, recipe, args))),
    // For recipes other than the current one, and for questions about the models themselves.
    askOf: (recipe, name, args = {}) => watch(name, () => bridge.fresh(name, recipe, args)),
    load: host.load ?? /** @type {Page.Load} */ ((/** @type {string} */ path) => load(path, line)),
    select: (patch) => store.set({ selection: { ...store.state.selection, ...patch } }),
  };

  const parts = h('div', { class: `page${host.recorded ? ' recorded' : ''}` });
  root.replaceChildren(parts);
  mountHeader(parts, ctx, host.recorded ? null : mountModels(root, ctx));
  if (host.recorded) mountRecorded(parts, host.recorded);
  else mountAsk(parts, ctx);
  // In the keyboard's order these come after Run, on the screen at the foot of the window.
  const dock = parts.appendChild(h('div', { class: 'dock' }));
  mountStatus(dock, ctx);
  mountRequests(dock, store, { stop: bridge.cancelRequests, again });
  mountRibbon(parts, ctx);
  mountAround(parts, ctx);
  const strip = mountStrip(parts, ctx);
  // Panels that paint their tokens on a canvas call this with the hovered one.
  ctx.point = mountAttend(parts, strip, ctx).point;
  mountPlayer(parts, ctx);
  const stage = parts.appendChild(h('div', { class: 'stage', id: 'stage' }));
  mountPanels(stage, ctx);
  mountFigureButton(stage, ctx);

  mountTerms(parts);
  watchTheme(store);
  store.subscribe((state, changed) => {
    if (changed.has('run')) root.dataset.prompt = state.run.recipe.prompt;
    // Cancelled requests were about another run.
    if (changed.has('recipe')) forget();
  });

  /**
   * Shows what an address asks for: its run, then its place in the walk.
   * @param {Page.AddressRequest} addressRequest
   */
  function show({ recipe, place }) {
    if (recipe) store.set({ draft: complete(recipe) });
    runner.start(store.state.draft, null, { place });
  }

  // A recorded walk is one run at one address, and the copy of the page that records it must store nothing.
  keepBranches(store, !host.line);
  if (!host.line) keepLink(store, { onback: show });
  show(addressRequest);
  return ctx;
}
