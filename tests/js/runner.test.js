import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';

import { createRunner } from '../../assets/js/core/state/runner.js';
import { createStore } from '../../assets/js/core/state/store.js';
import { answer, bridge, card, recipe, settled } from './doubles.js';

let server;
let store;
let runner;

beforeEach(() => {
  server = bridge();
  store = createStore({
    card: null,
    following: false,
    recipe: null,
    run: null,
    selection: { position: 0, layer: 0, head: 0 },
    stage: 'text',
    status: { phase: 'idle' },
    step: 0,
  });
  runner = createRunner(store, server);
});

/** Answers every question that waits: the run with `made` tokens, or the card. */
async function reply(made) {
  for (const { name, recipe: asked, args, resolve } of server.asks.splice(0))
    resolve(name === 'card' ? card : answer(asked, made, args));
  await settled();
}

/** A whole run, made and shown. */
async function shown(asked, made = 2) {
  runner.start(asked);
  const { listen } = server.runs.at(-1);
  listen({ kind: 'run', n_steps: made });
  await reply(made);
  await reply(made);
  listen({ kind: 'done' });
  await settled();
  await reply(made);
  await settled();
}

test('a run is fetched while it grows: each answer adds the steps that are new', async () => {
  runner.start(recipe('a'));
  const { listen } = server.runs[0];
  listen({ kind: 'run', n_steps: 1 });
  await reply(1);
  await reply(1);
  assert.deepEqual(
    store.state.run.steps.map((step) => step.index),
    [0],
  );
  listen({ kind: 'run', n_steps: 3 });
  await settled();
  assert.equal(server.asks[0].args.steps_from, 1);
  await reply(3);
  listen({ kind: 'done' });
  await settled();
  await reply(3);
  assert.deepEqual(
    store.state.run.steps.map((step) => step.index),
    [0, 1, 2],
  );
  assert.equal(store.state.status.phase, 'idle');
  assert.equal(store.state.selection.position, 1, 'the last token of the prompt');
});

test('an error of the run is shown in its words, and what was shown stays', async () => {
  await shown(recipe('a'));
  const before = store.state.run;
  runner.start(recipe('b'));
  server.runs.at(-1).listen({ kind: 'error', error: 'The prompt is too long.' });
  assert.deepEqual(store.state.status, { phase: 'error', message: 'The prompt is too long.' });
  assert.equal(store.state.run, before);
});

test('nothing of a run is shown once another has taken its place, its failure least of all', async () => {
  runner.start(recipe('old'));
  server.runs[0].listen({ kind: 'run', n_steps: 1 });
  const [late] = server.asks.splice(0);
  runner.start(recipe('new'));
  late.reject(new Error('The old one failed.'));
  await settled();
  assert.equal(store.state.status.phase, 'running');
  server.runs[0].listen({ kind: 'error', error: 'The old one failed.' });
  assert.equal(store.state.status.phase, 'running');
  const { listen } = server.runs[1];
  listen({ kind: 'run', n_steps: 1 });
  await reply(1);
  await reply(1);
  listen({ kind: 'done' });
  await settled();
  await reply(1);
  assert.equal(store.state.run.recipe.prompt, 'new');
  assert.equal(store.state.status.phase, 'idle');
});

test('the failure of a fetch is shown as the failure of its run', async () => {
  runner.start(recipe('a'));
  server.runs[0].listen({ kind: 'run', n_steps: 1 });
  server.asks[0].reject(new Error('This run is no longer in memory.'));
  await settled();
  assert.deepEqual(store.state.status, { phase: 'error', message: 'This run is no longer in memory.' });
});

test('a run that has left memory is made again once, whoever asks, and what is shown stays', async () => {
  await shown(recipe('a'));
  const before = store.state.run;
  const [one, two] = [runner.restore(), runner.restore()];
  assert.equal(server.runs.length, 2);
  server.runs.at(-1).listen({ kind: 'progress', message: 'Prefill: layer', fraction: 0.5 });
  assert.equal(store.state.status.phase, 'running');
  server.runs.at(-1).listen({ kind: 'done' });
  await Promise.all([one, two]);
  assert.equal(store.state.run, before);
  assert.equal(store.state.status.phase, 'idle');
});

for (const [how, act] of [
  ['Stop', () => runner.stop()],
  ['another run', () => runner.start(recipe('b'))],
]) {
  test(`${how} during a restore ends it as stopped, so that the next look restores again`, async () => {
    await shown(recipe('a'));
    const waiting = assert.rejects(runner.restore(), { reason: 'stopped' });
    act();
    await waiting;
    const runs = server.runs.length;
    const later = runner.restore();
    assert.equal(server.runs.length, runs + 1, 'it is asked for anew');
    server.runs.at(-1).listen({ kind: 'done' });
    await later;
  });
}

test('a restore that another run has ended does not call that run done', async () => {
  await shown(recipe('a'));
  const waiting = assert.rejects(runner.restore());
  const restoring = server.runs.at(-1);
  runner.start(recipe('b'));
  await waiting;
  restoring.listen({ kind: 'done' });
  await settled();
  assert.equal(store.state.status.phase, 'running');
});

test('a job reports what it finds, its end, and what took its place', async () => {
  await shown(recipe('a'));
  const found = [];
  const ends = [];
  const begin = () =>
    runner.job(
      'throughput',
      {},
      (item) => found.push(item),
      (end, why) => ends.push([end, why]),
    );
  begin();
  server.runs.at(-1).listen({ kind: 'job', found: 1 });
  server.runs.at(-1).listen({ kind: 'done' });
  begin();
  server.runs.at(-1).listen({ kind: 'error', error: 'no' });
  begin();
  runner.start(recipe('b'));
  begin();
  runner.stop();
  assert.deepEqual(found, [1]);
  assert.deepEqual(ends, [
    ['done', undefined],
    ['error', 'no'],
    ['superseded', undefined],
    ['stopped', undefined],
  ]);
});

test('the place that an address asks for is kept within the run and the model', async () => {
  runner.start(recipe('a'), null, {
    place: { stage: 'layers', step: 99, selection: { position: 99, layer: 99, head: 99 } },
  });
  const { listen } = server.runs[0];
  listen({ kind: 'run', n_steps: 2 });
  await reply(2);
  await reply(2);
  listen({ kind: 'done' });
  await settled();
  await reply(2);
  const { stage, step, selection } = store.state;
  assert.deepEqual(
    { stage, step, selection },
    { stage: 'layers', step: 1, selection: { position: 3, layer: 1, head: 1 } },
  );
});
