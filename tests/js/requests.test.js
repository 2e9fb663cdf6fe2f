import assert from 'node:assert/strict';
import { test } from 'node:test';

import { createBridge, Refused } from '../../assets/js/core/server/bridge.js';
import { watchRequests } from '../../assets/js/core/server/requests.js';
import { deferred, flush } from './doubles.js';

const cancelled = () => new Refused({ error: '', reason: 'stopped' });

test('a cancelled request is sent again on demand, and its caller gets the new answer', async () => {
  const states = [];
  const { watch, again } = watchRequests((requests) => states.push(requests));
  const answers = [Promise.reject(cancelled()), Promise.resolve('here')];
  const waiting = watch('lens', () => answers.shift());
  await flush();
  assert.deepEqual(states.at(-1), { slow: [], cancelled: ['lens'] });
  again();
  assert.equal(await waiting, 'here');
  assert.deepEqual(states.at(-1), { slow: [], cancelled: [] });
});

test('a newer request of the same name replaces a cancelled one', async () => {
  const states = [];
  const { watch } = watchRequests((requests) => states.push(requests));
  watch('lens', () => Promise.reject(cancelled()));
  await flush();
  assert.equal(await watch('lens', async () => 'newer'), 'newer');
  assert.deepEqual(states.at(-1).cancelled, []);
});

test('any other failure is passed on to the caller', async () => {
  const { watch } = watchRequests(() => {});
  await assert.rejects(
    watch('lens', () => Promise.reject(new Refused({ error: 'no', reason: 'refused' }))),
    { message: 'no', reason: 'refused' },
  );
});

test('a slow request is reported until its answer arrives', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const states = [];
  const { watch } = watchRequests((requests) => states.push(requests));
  const { promise, resolve } = deferred();
  const waiting = watch('lens', () => promise);
  t.mock.timers.tick(299);
  assert.deepEqual(states, []);
  t.mock.timers.tick(1);
  assert.deepEqual(states, [{ slow: ['lens'], cancelled: [] }]);
  resolve(1);
  await waiting;
  assert.deepEqual(states.at(-1), { slow: [], cancelled: [] });
});

/** A line to a server whose answers and runs the test controls. */
function fakeLine() {
  const requests = [];
  const runs = [];
  const halted = [];
  return {
    requests,
    runs,
    halted,
    look(request) {
      const { promise, resolve } = deferred();
      requests.push({ ...JSON.parse(request), answer: (value) => resolve(JSON.stringify(value)) });
      return promise;
    },
    run(request, receive) {
      runs.push({ request, receive });
      return () => {};
    },
    halt: (id) => halted.push(id),
    back: async () => {},
  };
}

test('equal requests are sent once, and a refused one is sent again', async () => {
  const server = fakeLine();
  const bridge = createBridge(server);
  const recipe = { prompt: 'a' };
  const both = [bridge.look('lens', recipe, { position: 1 }), bridge.look('lens', recipe, { position: 1 })];
  assert.equal(server.requests.length, 1);
  server.requests[0].answer({ error: 'no', reason: 'evicted' });
  for (const each of both) await assert.rejects(each, { message: 'no', reason: 'evicted' });
  bridge.look('lens', recipe, { position: 1 });
  assert.equal(server.requests.length, 2);
});

test('cancelled requests end here at once and are halted on the server', async () => {
  const server = fakeLine();
  const bridge = createBridge(server);
  const waiting = assert.rejects(bridge.look('lens', { prompt: 'a' }), { reason: 'stopped' });
  bridge.cancelRequests();
  await waiting;
  assert.deepEqual(server.halted, [server.requests[0].id]);
});

test('when the line breaks in mid-run, the same request is sent again', async () => {
  const server = fakeLine();
  const bridge = createBridge(server);
  const received = [];
  bridge.run({ prompt: 'a' }, 4, (standing) => received.push(standing.kind));
  await server.runs[0].receive({ lost: true });
  assert.deepEqual({ ...server.runs[1].request, id: 0 }, { ...server.runs[0].request, id: 0 });
  await server.runs[0].receive({ text: '{"kind":"done"}' });
  await server.runs[1].receive({ text: '{"kind":"run","n_steps":1}' });
  await server.runs[1].receive({ text: '{"kind":"done"}' });
  assert.deepEqual(received, ['run', 'done']);
});

test('only the newest run is reported, and the one before it is halted', async () => {
  const server = fakeLine();
  const bridge = createBridge(server);
  const received = [];
  bridge.run({ prompt: 'a' }, 4, () => received.push('a'));
  bridge.run({ prompt: 'b' }, 4, () => received.push('b'));
  await server.runs[0].receive({ text: '{"kind":"run"}' });
  await server.runs[1].receive({ queued: 2 });
  assert.deepEqual(received, ['b']);
  assert.deepEqual(server.halted, [server.runs[0].request.id]);
});
