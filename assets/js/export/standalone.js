// The walk that is shown, as one file that needs no server.

import { taking as words } from '../parts/words/export.js';
import { TOP } from './compact.js';
import { packed, readModules, readSheets } from './pack.js';
import { createKeeper, openCopy } from './recorder.js';
import { visitAll } from './visits.js';

// A mail takes about 5 MB. In the file three bytes become four letters; modules and shell come on top.
const ROOM = 3_300_000;

const whole = (url) => new URL(url, document.baseURI).href;

/** Records the run of `ctx` and gives the file. Throws when `signal` ends it, or when the run changes meanwhile. */
export async function recordWalk(ctx, { tell, signal }) {
  const { files, store } = ctx;
  const { run, card, selection } = store.state;
  const same = () => {
    if (store.state.run.key !== run.key) throw new Error(words.changed);
  };
  const ask = async (name, args) => {
    same();
    const answer = await ctx.ask(name, args);
    same();
    return answer;
  };
  const example = { id: 'recorded', title: '', note: '', recipe: run.recipe };
  // The copy stands in a frame without an address: its files need whole ones.
  const config = {
    ...files.config,
    css: files.sheets,
    plotly: whole(ctx.plotlyUrl),
    vendor: whole(ctx.vendorUrl),
    examples: [example],
  };
  const keeper = createKeeper(run, ask, ROOM);
  const copy = await openCopy({ main: whole(`${files.base}main.js`), config, line: keeper.line });
  try {
    await keeper.quiet(600);
    const start = { position: run.tokens.length - 1, layer: selection.layer, head: selection.head };
    await visitAll({ store: copy.store, keeper, run, card, start, tell, signal });
  } finally {
    copy.close();
  }
  same();
  tell(null, 1, 1);
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
  const offline = { js: '', css: [], plotly: '', vendor: '', modules: [], examples: [example] };
  const walk = { run, keys: [...keeper.keys], answers: keeper.answers, config: offline, about };
  return packed({ title: `${words.fileTitle}: ${run.recipe.prompt.slice(0, 60)}`, modules, css, walk });
}
