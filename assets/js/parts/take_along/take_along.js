// Take along: the run as a trace file, the walk as one page, and the way back in for a trace file.

import { fill, h } from '../../core/elements/dom.js';
import { save, slug } from '../../core/elements/save.js';
import { explain } from '../../core/errors.js';
import { modelOf } from '../../maths/models.js';
import { around } from '../words/around.js';
import { comparison, taking as words } from '../words/export.js';
import { ribbon } from '../words/page.js';
import { figureList } from './figures.js';

const LARGEST = 8 * 1024 ** 2;

/** @param {Payload.RunAnswer} run */
const nameOf = (run, ending) => `token-by-token-${slug(run.recipe.prompt)}.${ending}`;
const titleOf = (stage) => ribbon[stage]?.title ?? around[stage]?.title ?? stage;

/**
 * @param {HTMLElement} place
 * @param {Page.Ctx} ctx
 */
export function mountTakeAlong(place, ctx) {
  const { store, runner } = ctx;
  const said = h('p', { class: 'take-said', role: 'status', hidden: true });
  const file = h('input', {
    type: 'file',
    accept: '.json,application/json',
    class: 'visually-hidden',
    tabindex: '-1',
    'aria-label': words.open,
    onchange: () => file.files[0] && open(file.files[0]),
  });
  const item = (name, hint, onclick) =>
    h(
      'button',
      {
        type: 'button',
        class: 'take-item',
        onclick: () => {
          menu.open = false;
          onclick();
        },
      },
      h('strong', {}, name),
      h('span', { class: 'dim' }, hint),
    );
  const figures = figureList(ctx, say);
  // A recorded walk has been taken along already: it has figures and tables, and no server to make the rest.
  const live = ctx.files.modules.length > 0;
  const list = h(
    'div',
    { class: 'take-list' },
    live && [
      item(words.trace, words.traceHint, saveTrace),
      item(words.walk, words.walkHint, saveWalk),
      item(words.open, `${words.openHint}, ${words.dropped}`, () => file.click()),
    ],
    figures.element,
  );
  const summary = h(
    'summary',
    { class: 'take-summary', title: words.title },
    h('span', { 'aria-hidden': 'true' }, '⤓'),
    h('span', { class: 'label' }, ` ${words.title}`),
  );
  const menu = h('details', { class: 'take-menu' }, summary, list);
  place.append(menu, file);
  let busy = null;

  menu.addEventListener('toggle', () => menu.open && figures.show());
  menu.addEventListener('keydown', (event) => {
    if (event.key !== 'Escape') return;
    menu.open = false;
    summary.focus();
  });
  document.addEventListener('click', ({ target }) => {
    if (!menu.contains(/** @type {Node} */ (target))) menu.open = false;
  });

  function say(...content) {
    said.hidden = !content.length;
    const close = h('button', { type: 'button', class: 'quiet', onclick: () => say() }, words.close);
    fill(said, content.length && [h('span', { class: 'take-words' }, content), close]);
  }

  function saveTrace() {
    const { run } = store.state;
    if (!run) return;
    runner.job('run_file', { n_steps: run.steps.length }, ({ document: made }) => {
      const blob = new Blob([JSON.stringify(made, null, 1)], { type: 'application/json' });
      const name = nameOf(run, 'trace.json');
      save(blob, name);
      say(words.saved(name, blob.size));
    });
  }

  async function saveWalk() {
    const { run } = store.state;
    if (!run || busy) return;
    const mine = new AbortController();
    busy = mine;
    const began = performance.now();
    const end = runner.own(() => mine.abort());
    const tell = (stage, done, total) =>
      end.tell(stage ? words.recording(titleOf(stage), done, total) : words.packing, done / total, began);
    try {
      const { recordWalk } = await ctx.load('./export/standalone.js');
      const blob = await recordWalk(ctx, { tell, signal: mine.signal });
      const name = nameOf(run, 'html');
      save(blob, name);
      end.done();
      say(words.saved(name, blob.size));
    } catch (error) {
      end.done();
      say(mine.signal.aborted ? words.stopped : explain(error));
    } finally {
      busy = null;
    }
  }

  async function open(chosen) {
    const { size } = chosen;
    if (size > LARGEST) return say(words.tooLarge(size, LARGEST));
    let made;
    try {
      made = JSON.parse(await chosen.text());
    } catch {
      return say(words.notJson);
    } finally {
      file.value = '';
    }
    say();
    // The file's own model is opened where it names one; else it is held against the one that is shown.
    const named = modelOf(made?.recipe ?? {});
    const on = { ...store.state.recipe, ...(Object.values(named).some(Boolean) ? named : {}), forced: [] };
    /** @param {Payload.OpenedRun} openedRun */
    const heard = ({ recipe, n_steps: nSteps, comparison: found }) => {
      if (!found) return;
      store.set({ draft: recipe });
      runner.start(recipe, nSteps);
      say(h('strong', {}, `${words.compared}: `), comparison(found).join(' '));
    };
    return runner.job('open_run_file', { document: made }, heard, () => {}, on);
  }

  if (!live) return said;
  window.addEventListener('dragover', (event) => {
    if ([...event.dataTransfer.types].includes('Files')) event.preventDefault();
  });
  window.addEventListener('drop', (event) => {
    const [dropped] = event.dataTransfer.files;
    if (!dropped) return;
    event.preventDefault();
    open(dropped);
  });
  return said;
}
