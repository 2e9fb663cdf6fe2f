// Where the recorder goes: every stage, then every token in the stages that speak of one, every layer, and heads.

import { AROUND, STAGES, positionOf } from '../maths/stops.js';

/** What is asked of one head, and for how many positions it was asked when the copy stood there. */
const PER_HEAD = ['attention_tile', 'attention_position'];

// A stage that asks for nothing at this many values of an axis does not speak of it.
const TRIED = 3;

class Stopped extends Error {}

/**
 * Walks the copy `store`; `keeper` records. `tell(stage, done, total)` says how far it is, `signal` ends it. The
 * selection a stage is left at is the one a reader finds.
 */
export async function visitAll({ store, keeper, run, card, start, tell, signal }) {
  const stages = [...STAGES, ...AROUND];
  const n = run.tokens.length;
  const positions = Array.from({ length: n + Math.max(0, run.steps.length - 1) }, (_, i) => i);
  const steps = run.steps.map((_, i) => i);
  const layers = Array.from({ length: card?.n_layers ?? 0 }, (_, i) => i);
  let done = 0;

  const select = (patch) => ({ selection: { ...store.state.selection, ...patch } });

  async function look(patch, axis, value, ms) {
    if (signal.aborted) throw new Stopped();
    keeper.fresh();
    store.set(patch);
    await keeper.quiet(ms);
    return keeper.end(axis, value);
  }

  /** One axis of a stage: all its values, if one of the first made the stage ask for anything. */
  async function along(stage, axis, values, patch) {
    if (keeper.full()) return;
    let asked = false;
    for (const [place, value] of values.entries()) {
      asked = (await look({ stage, ...patch(value) }, axis, value)) || asked;
      if (place >= TRIED && !asked) return;
    }
  }

  for (const stage of stages) {
    tell(stage, done, stages.length);
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
  await allHeads({ keeper, card, tell, signal });
}

/** The questions of one head, as they were asked, for every other head: the same answers with less walking. */
async function allHeads({ keeper, card, tell, signal }) {
  if (!card) return;
  const asked = [...keeper.keys.keys()]
    .map((key) => [key.slice(0, key.indexOf(' ')), JSON.parse(key.slice(key.indexOf(' ')))])
    .filter(([name, args]) => PER_HEAD.includes(name) && args.layer === 0 && args.head === 0);
  const widest = Math.max(...asked.map(([, args]) => args.n_positions ?? 0));
  const wanted = asked.filter(([name, args]) => name === 'attention_tile' || args.n_positions === widest);
  const templates = [
    ...wanted.filter(([name]) => name === 'attention_tile'),
    ...wanted.filter(([name]) => name !== 'attention_tile').slice(-1),
  ];
  for (let layer = 0; layer < card.n_layers && !keeper.full(); layer += 1) {
    tell('attention', layer, card.n_layers);
    if (signal.aborted) throw new Stopped();
    const heads = Array.from({ length: card.n_heads }, (_, head) => head);
    await Promise.all(
      heads.flatMap((head) => templates.map(([name, args]) => keeper.record(name, { ...args, layer, head }))),
    );
  }
}
