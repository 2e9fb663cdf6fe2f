// The places that the recorder visits: every stage, every token in the stages about one token, every layer, and heads.

import { AROUND, positionOf, STAGES } from '../maths/stops.js';

/** @typedef {ReturnType<typeof import('./recorder.js').createKeeper>} Keeper */

/**
 * The views of a single head.
 * @type {(keyof Payload.Views)[]}
 */
const PER_HEAD = ['attention_tile', 'attention_position'];

// A stage that requests nothing at this many values of an axis does not depend on it.
const TRIED = 3;

class Stopped extends Error {}

/**
 * Walks the copy through the run while `keeper` records. Each stage is left at the selection that a reader finds.
 * @param {{
 *   store: Page.Store,
 *   keeper: Keeper,
 *   run: Page.Run,
 *   card: Page.Card | null,
 *   start: Page.Selection,
 *   onprogress: Page.RecordingProgress,
 *   signal: AbortSignal,
 * }} options
 */
export async function visitAll({ store, keeper, run, card, start, onprogress, signal }) {
  const stages = [...STAGES, ...AROUND];
  const n = run.tokens.length;
  const positions = Array.from({ length: n + Math.max(0, run.steps.length - 1) }, (_, i) => i);
  const steps = run.steps.map((_, i) => i);
  const layers = Array.from({ length: card?.n_layers ?? 0 }, (_, i) => i);
  let done = 0;

  const select = (/** @type {Partial<Page.Selection>} */ patch) => ({
    selection: { ...store.state.selection, ...patch },
  });

  /**
   * @param {Partial<Page.State>} patch
   * @param {string} axis
   * @param {unknown} value
   * @param {number} [ms]
   */
  async function look(patch, axis, value, ms) {
    if (signal.aborted) throw new Stopped();
    keeper.fresh();
    store.set(patch);
    await keeper.quiet(ms);
    return keeper.end(axis, value);
  }

  /**
   * Visits all values of one axis of a stage, if the stage requests anything at one of the first.
   * @param {Page.StageName} stage
   * @param {string} axis
   * @param {number[]} values
   * @param {(value: number) => Partial<Page.State>} patch
   */
  async function along(stage, axis, values, patch) {
    if (keeper.full()) return;
    let hasAsked = false;
    for (const [place, value] of values.entries()) {
      hasAsked = (await look({ stage, ...patch(value) }, axis, value)) || hasAsked;
      if (place >= TRIED && !hasAsked) return;
    }
  }

  for (const stage of stages) {
    onprogress(stage, done, stages.length);
    keeper.turn();
    await look({ stage, step: 0, ...select(start) }, 'stage', stage, keeper.PATIENT_MS);
    await keeper.record('code', { stage });
    if (stage === 'decode' || stage === 'select') {
      await along(stage, 'step', steps, (step) => ({ step, ...select({ position: positionOf(stage, step, run) }) }));
    } else await along(stage, 'position', positions, (position) => select({ position }));
    if (stage === 'layers') await along(stage, 'layer', layers, (layer) => select({ ...start, layer }));
    store.set(select(start));
    done += 1;
  }
  await allHeads({ keeper, card, onprogress, signal });
}

/**
 * Repeats the requests of one head for every other head, which is quicker than to visit each.
 * @param {Pick<Parameters<typeof visitAll>[0], 'keeper' | 'card' | 'onprogress' | 'signal'>} options
 */
async function allHeads({ keeper, card, onprogress, signal }) {
  if (!card) return;
  /** @typedef {{ layer?: number, head?: number, n_positions?: number }} HeadArgs */
  const requests = [...keeper.keys.keys()]
    .map((key) => {
      const end = key.indexOf(' ');
      return /** @type {[keyof Payload.Views, HeadArgs]} */ ([key.slice(0, end), JSON.parse(key.slice(end))]);
    })
    .filter(([name, args]) => PER_HEAD.includes(name) && args.layer === 0 && args.head === 0);
  const widest = Math.max(...requests.map(([, args]) => args.n_positions ?? 0));
  const chosen = requests.filter(([name, args]) => name === 'attention_tile' || args.n_positions === widest);
  const templates = [
    ...chosen.filter(([name]) => name === 'attention_tile'),
    ...chosen.filter(([name]) => name !== 'attention_tile').slice(-1),
  ];
  for (let layer = 0; layer < card.n_layers && !keeper.full(); layer += 1) {
    onprogress('attention', layer, card.n_layers);
    if (signal.aborted) throw new Stopped();
    const heads = Array.from({ length: card.n_heads }, (_, head) => head);
    await Promise.all(
      heads.flatMap((head) => templates.map(([name, args]) => keeper.record(name, { ...args, layer, head }))),
    );
  }
}
