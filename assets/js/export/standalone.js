// The current walk as one file that needs no server.

import { taking as words } from '../parts/words/export.js';
import { TOP } from './compact.js';
import { packWalk, readModules, readSheets } from './pack.js';
import { createKeeper, openCopy } from './recorder.js';
import { visitAll } from './visits.js';

// Small enough to mail, about 5 MB: in the file three bytes become four letters, and the modules come on top.
const ROOM = 3_300_000;

const absolute = (/** @type {string} */ url) => new URL(url, document.baseURI).href;

/**
 * Records the current run and returns the file. Throws when `signal` aborts it, or when the run changes meanwhile.
 * @param {Page.Ctx} ctx
 * @param {{ onprogress: Page.RecordingProgress, signal: AbortSignal }} options
 */
export async function recordWalk(ctx, { onprogress, signal }) {
  const { files, store } = ctx;
  const { run, card, selection } = store.state;
  const checkUnchanged = () => {
    if (store.state.run.key !== run.key) throw new Error(words.changed);
  };
  /** @type {Page.Ask} */
  const ask = async (name, args) => {
    checkUnchanged();
    const answer = await ctx.ask(name, args);
    checkUnchanged();
    return answer;
  };
  const example = { id: 'recorded', title: '', note: '', recipe: run.recipe };
  // The copy runs in a frame without an address: the addresses of its files must be absolute.
  const config = {
    ...files.config,
    css: files.sheets,
    plotly: absolute(ctx.plotlyUrl),
    vendor: absolute(ctx.vendorUrl),
    examples: [example],
  };
  const keeper = createKeeper(run, ask, ROOM);
  const copy = await openCopy({ main: absolute(`${files.base}main.js`), config, line: keeper.line });
  try {
    await keeper.quiet(600);
    const start = { position: run.tokens.length - 1, layer: selection.layer, head: selection.head };
    await visitAll({ store: copy.store, keeper, run, card, start, onprogress, signal });
  } finally {
    copy.close();
  }
  checkUnchanged();
  onprogress(null, 1, 1);
  const [modules, css] = await Promise.all([readModules(files.base, files.modules), readSheets(files.sheets)]);
  const views = [...new Set([...keeper.keys.keys()].map((key) => key.split(' ')[0]))].sort();
  const about = {
    model: card.model_id,
    dtype: card.dtype,
    device: card.device,
    kept: keeper.answers.length,
    left: keeper.left.size,
    views,
    top: TOP,
  };
  /** @type {Payload.PageConfig} */
  const offline = { js: '', css: [], plotly: '', vendor: '', modules: [], examples: [example] };
  /** @type {Page.Walk} */
  const walk = { run, keys: [...keeper.keys], answers: keeper.answers, config: offline, about };
  return packWalk({ title: `${words.fileTitle}: ${run.recipe.prompt.slice(0, 60)}`, modules, css, walk });
}
