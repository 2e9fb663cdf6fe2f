// The menu Take along: saves the run as a trace file or the walk as one page, and opens a trace file.

import { fill, h } from '../../core/elements/dom.js';
import { save, slug } from '../../core/elements/save.js';
import { explain } from '../../core/errors.js';
import { modelOf } from '../../maths/models.js';
import { around } from '../words/around.js';
import { comparison, taking as words } from '../words/export.js';
import { ribbon } from '../words/page.js';
import { figureList } from './figures.js';
import { sentTrace } from './sent.js';

const LARGEST = 8 * 1024 ** 2;

/** @type {Record<string, { title: string }>} */
const STAGES = { ...ribbon, ...around };

/**
 * @param {Page.Run} run
 * @param {string} ending
 */
const nameOf = (run, ending) => `token-by-token-${slug(run.recipe.prompt)}.${ending}`;
const titleOf = (/** @type {string} */ stage) => STAGES[stage]?.title ?? stage;

/**
 * @param {HTMLElement} place
 * @param {Page.Ctx} ctx
 */
export function mountTakeAlong(place, ctx) {
  const { store, runner } = ctx;
  const status = h('p', { class: 'take-said', role: 'status', hidden: true });
  /** @type {HTMLInputElement} */
  const file = h('input', {
    type: 'file',
    accept: '.json,application/json',
    class: 'visually-hidden',
    tabindex: '-1',
    'aria-label': words.open,
    onchange: () => file.files[0] && open(file.files[0]),
  });
  /**
   * @param {string} name
   * @param {string} hint
   * @param {() => void} onclick
   */
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
  const figures = figureList(ctx, report);
  // A recorded walk only offers figures and tables: it has no server for the rest.
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
  let isRecording = false;

  menu.addEventListener('toggle', () => menu.open && figures.show());
  menu.addEventListener('keydown', (event) => {
    if (event.key !== 'Escape') return;
    menu.open = false;
    summary.focus();
  });
  document.addEventListener('click', ({ target }) => {
    if (!menu.contains(/** @type {Node} */ (target))) menu.open = false;
  });

  /** @param {Page.Child[]} content */
  function report(...content) {
    status.hidden = !content.length;
    const close = h('button', { type: 'button', class: 'quiet', onclick: () => report() }, words.close);
    fill(status, content.length && [h('span', { class: 'take-words' }, content), close]);
  }

  function saveTrace() {
    const { run } = store.state;
    if (!run) return;
    runner.job('run_file', { n_steps: run.steps.length }, ({ document: made }) => {
      const blob = new Blob([JSON.stringify(made, null, 1)], { type: 'application/json' });
      const name = nameOf(run, 'trace.json');
      save(blob, name);
      report(words.saved(name, blob.size));
    });
  }

  async function saveWalk() {
    const { run } = store.state;
    if (!run || isRecording) return;
    isRecording = true;
    const abort = new AbortController();
    const began = performance.now();
    const work = runner.ownWork(() => abort.abort());
    /** @type {Page.RecordingProgress} */
    const onprogress = (stage, done, total) =>
      work.report(stage ? words.recording(titleOf(stage), done, total) : words.packing, done / total, began);
    try {
      const { recordWalk } = await ctx.load('./export/standalone.js');
      const blob = await recordWalk(ctx, { onprogress, signal: abort.signal });
      const name = nameOf(run, 'html');
      save(blob, name);
      work.done();
      report(words.saved(name, blob.size));
    } catch (error) {
      work.done();
      report(abort.signal.aborted ? words.stopped : explain(error));
    } finally {
      isRecording = false;
    }
  }

  /** @param {File} chosen */
  async function open(chosen) {
    const { size } = chosen;
    if (size > LARGEST) return report(words.tooLarge(size, LARGEST));
    /** @type {Partial<Payload.RunDocument> | null} */
    let trace;
    try {
      trace = JSON.parse(await chosen.text());
    } catch {
      return report(words.notJson);
    } finally {
      file.value = '';
    }
    report();
    // The file's model is opened if the file names one; else it is compared with the current model.
    const model = modelOf(trace?.recipe ?? {});
    /** @type {Page.Recipe} */
    const recipeOfFile = { ...store.state.recipe, ...(Object.values(model).some(Boolean) ? model : {}), forced: [] };
    /** @param {Payload.OpenedRun} opened */
    const onfound = ({ recipe, n_steps: nSteps, comparison: found }) => {
      if (!found) return;
      store.set({ draft: recipe });
      runner.start(recipe, nSteps);
      report(h('strong', {}, `${words.compared}: `), comparison(found).join(' '));
    };
    return runner.job('open_run_file', { document: sentTrace(trace) }, onfound, () => {}, recipeOfFile);
  }

  if (!live) return status;
  window.addEventListener('dragover', (event) => {
    if ([...event.dataTransfer.types].includes('Files')) event.preventDefault();
  });
  window.addEventListener('drop', (event) => {
    const [droppedFile] = event.dataTransfer.files;
    if (!droppedFile) return;
    event.preventDefault();
    open(droppedFile);
  });
  return status;
}
