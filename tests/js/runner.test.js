import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';

import { createRunner } from '../../assets/js/core/state/runner.js';
import { createStore } from '../../assets/js/core/state/store.js';
import { answer, bridge, card, recipe, flush } from './doubles.js';

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

/** Answers every pending question: the run with `nSteps` tokens, or the card. */
async function reply(nSteps) {
  for (const { name, recipe: request, args, resolve } of server.asks.splice(0))
    resolve(name === 'card' ? card : answer(request, nSteps, args));
  await flush();
}

/** The newest run is made to its end, and the page fetches it. */
async function finishRun(nSteps = 2) {
  const { listen } = server.runs.at(-1);
  listen({ kind: 'run', n_steps: nSteps });
  await reply(nSteps);
  await reply(nSteps);
  listen({ kind: 'done' });
  await flush();
  await reply(nSteps);
  await flush();
}

/** Starts a run and lets it finish. */
async function completeRun(request, nSteps = 2) {
  runner.start(request);
  await finishRun(nSteps);
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
  await flush();
  assert.equal(server.asks[0].args.steps_from, 1);
  await reply(3);
  listen({ kind: 'done' });
  await flush();
  await reply(3);
  assert.deepEqual(
    store.state.run.steps.map((step) => step.index),
    [0, 1, 2],
  );
  assert.equal(store.state.status.phase, 'idle');
  assert.equal(store.state.selection.position, 1, 'the last token of the prompt');
});

test('an error of the run is shown as it is, and the current run stays', async () => {
  await completeRun(recipe('a'));
  const before = store.state.run;
  runner.start(recipe('b'));
  server.runs.at(-1).listen({ kind: 'error', error: 'The prompt is too long.' });
  assert.deepEqual(store.state.status, { phase: 'error', message: 'The prompt is too long.' });
  assert.equal(store.state.run, before);
});

test('a replaced run shows nothing any more, not even its failure', async () => {
  runner.start(recipe('old'));
  server.runs[0].listen({ kind: 'run', n_steps: 1 });
  const [late] = server.asks.splice(0);
  runner.start(recipe('new'));
  late.reject(new Error('The old one failed.'));
  await flush();
  assert.equal(store.state.status.phase, 'running');
  server.runs[0].listen({ kind: 'error', error: 'The old one failed.' });
  assert.equal(store.state.status.phase, 'running');
  await finishRun(1);
  assert.equal(store.state.run.recipe.prompt, 'new');
  assert.equal(store.state.status.phase, 'idle');
});

test('the failure of a fetch is shown as the failure of its run', async () => {
  runner.start(recipe('a'));
  server.runs[0].listen({ kind: 'run', n_steps: 1 });
  server.asks[0].reject(new Error('This run is no longer in memory.'));
  await flush();
  assert.deepEqual(store.state.status, { phase: 'error', message: 'This run is no longer in memory.' });
});

test('a server that has come back and does not have the run yet does not end it', async () => {
  runner.start(recipe('a'));
  const { listen } = server.runs[0];
  listen({ kind: 'run', n_steps: 1 });
  server.asks.splice(0)[0].reject(Object.assign(new Error('The model is starting.'), { reason: 'starting' }));
  await flush();
  assert.equal(store.state.status.phase, 'running');
  await finishRun(1);
  assert.equal(store.state.run.steps.length, 1);
  assert.equal(store.state.status.phase, 'idle');
});

test('an evicted run is made again once for all callers, and the page stays as it is', async () => {
  await completeRun(recipe('a'));
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

test('Stop during a restore ends it as stopped, so that the next view restores again', async () => {
  await completeRun(recipe('a'));
  const waiting = assert.rejects(runner.restore(), { reason: 'stopped' });
  runner.stop();
  await waiting;
  const runs = server.runs.length;
  const later = runner.restore();
  assert.equal(server.runs.length, runs + 1, 'it is requested again');
  server.runs.at(-1).listen({ kind: 'done' });
  await later;
});

test('a view whose run is gone waits for the run that is being made, and does not replace it', async () => {
  await completeRun(recipe('a'));
  runner.start(recipe('b'));
  const runs = server.runs.length;
  const waiting = runner.restore();
  assert.equal(server.runs.length, runs, 'nothing else is requested');
  await finishRun(1);
  await waiting;
  assert.equal(store.state.run.recipe.prompt, 'b');
});

for (const [how, act, reason] of [
  ['Stop', () => runner.stop(), { reason: 'stopped' }],
  ['its failure', () => server.runs.at(-1).listen({ kind: 'error', error: 'Too long.' }), { message: 'Too long.' }],
]) {
  test(`${how} ends the wait for a run that is being made`, async () => {
    await completeRun(recipe('a'));
    runner.start(recipe('b'));
    const waiting = assert.rejects(runner.restore(), reason);
    act();
    await waiting;
  });
}

test('a restore that another run replaces does not end that run', async () => {
  await completeRun(recipe('a'));
  const waiting = assert.rejects(runner.restore());
  const restoring = server.runs.at(-1);
  runner.start(recipe('b'));
  await waiting;
  restoring.listen({ kind: 'done' });
  await flush();
  assert.equal(store.state.status.phase, 'running');
});

test('a job reports its results, its end, and its replacement', async () => {
  await completeRun(recipe('a'));
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
  await flush();
  await reply(2);
  const { stage, step, selection } = store.state;
  assert.deepEqual(
    { stage, step, selection },
    { stage: 'layers', step: 1, selection: { position: 3, layer: 1, head: 1 } },
  );
});
