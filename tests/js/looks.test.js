import assert from 'node:assert/strict';
import { test } from 'node:test';

import { createBridge, Refused } from '../../assets/js/core/server/bridge.js';
import { watchLooks } from '../../assets/js/core/server/looks.js';
import { deferred, settled } from './doubles.js';

const stopped = () => new Refused({ error: '', reason: 'stopped' });

test('a look that was stopped is asked again when the visitor wants it, and whoever waits gets that answer', async () => {
  const states = [];
  const { watch, again } = watchLooks((looks) => states.push(looks));
  const answers = [Promise.reject(stopped()), Promise.resolve('here')];
  const waiting = watch('lens', () => answers.shift());
  await settled();
  assert.deepEqual(states.at(-1), { slow: [], stopped: ['lens'] });
  again();
  assert.equal(await waiting, 'here');
  assert.deepEqual(states.at(-1), { slow: [], stopped: [] });
});

test('a newer question of a name takes the place of the one that was stopped', async () => {
  const states = [];
  const { watch } = watchLooks((looks) => states.push(looks));
  watch('lens', () => Promise.reject(stopped()));
  await settled();
  assert.equal(await watch('lens', async () => 'newer'), 'newer');
  assert.deepEqual(states.at(-1).stopped, []);
});

test('any other failure is the look’s own', async () => {
  const { watch } = watchLooks(() => {});
  await assert.rejects(
    watch('lens', () => Promise.reject(new Refused({ error: 'no', reason: 'refused' }))),
    { message: 'no', reason: 'refused' },
  );
});

test('what takes longer than a moment is told, and no more once it is here', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const states = [];
  const { watch } = watchLooks((looks) => states.push(looks));
  const { promise, resolve } = deferred();
  const waiting = watch('lens', () => promise);
  t.mock.timers.tick(299);
  assert.deepEqual(states, []);
  t.mock.timers.tick(1);
  assert.deepEqual(states, [{ slow: ['lens'], stopped: [] }]);
  resolve(1);
  await waiting;
  assert.deepEqual(states.at(-1), { slow: [], stopped: [] });
});

/** A host whose looks the test answers, and whose runs it drives. */
function host() {
  const looks = [];
  const runs = [];
  const halted = [];
  return {
    looks,
    runs,
    halted,
    look(request) {
      const { promise, resolve } = deferred();
      looks.push({ ...JSON.parse(request), answer: (value) => resolve(JSON.stringify(value)) });
      return promise;
    },
    run(request, hear) {
      runs.push({ request, hear });
      return () => {};
    },
    halt: (id) => halted.push(id),
    back: async () => {},
  };
}

test('equal looks are one request, and a refused one is asked anew', async () => {
  const server = host();
  const bridge = createBridge(server);
  const recipe = { prompt: 'a' };
  const both = [bridge.look('lens', recipe, { position: 1 }), bridge.look('lens', recipe, { position: 1 })];
  assert.equal(server.looks.length, 1);
  server.looks[0].answer({ error: 'no', reason: 'evicted' });
  for (const each of both) await assert.rejects(each, { message: 'no', reason: 'evicted' });
  bridge.look('lens', recipe, { position: 1 });
  assert.equal(server.looks.length, 2);
});

test('stopped looks end here at once and are halted on the server', async () => {
  const server = host();
  const bridge = createBridge(server);
  const waiting = assert.rejects(bridge.look('lens', { prompt: 'a' }), { reason: 'stopped' });
  bridge.stopLooks();
  await waiting;
  assert.deepEqual(server.halted, [server.looks[0].id]);
});

test('a line that breaks in mid-run is taken up again with the same request', async () => {
  const server = host();
  const bridge = createBridge(server);
  const heard = [];
  bridge.run({ prompt: 'a' }, 4, (standing) => heard.push(standing.kind));
  await server.runs[0].hear({ lost: true });
  assert.deepEqual({ ...server.runs[1].request, id: 0 }, { ...server.runs[0].request, id: 0 });
  await server.runs[0].hear({ text: '{"kind":"done"}' });
  await server.runs[1].hear({ text: '{"kind":"run","n_steps":1}' });
  await server.runs[1].hear({ text: '{"kind":"done"}' });
  assert.deepEqual(heard, ['run', 'done']);
});

test('only the newest run is heard, and the one before it is halted', async () => {
  const server = host();
  const bridge = createBridge(server);
  const heard = [];
  bridge.run({ prompt: 'a' }, 4, () => heard.push('a'));
  bridge.run({ prompt: 'b' }, 4, () => heard.push('b'));
  await server.runs[0].hear({ text: '{"kind":"run"}' });
  await server.runs[1].hear({ queued: 2 });
  assert.deepEqual(heard, ['b']);
  assert.deepEqual(server.halted, [server.runs[0].request.id]);
});
