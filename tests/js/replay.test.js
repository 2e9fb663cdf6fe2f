import assert from 'node:assert/strict';
import { test } from 'node:test';

import { base64, createReplay, keyOf } from '../../assets/js/core/server/replay.js';
import { unpack } from '../../assets/js/maths/arrays.js';
import { recipe } from './doubles.js';

const ASKED = recipe('a');
const RUN = {
  key: 'k',
  recipe: ASKED,
  tokens: [{ id: 1 }, { id: 2 }],
  steps: [{ index: 0 }, { index: 1 }, { index: 2 }],
};
const LOGITS = { step: 0, size: 5, ids: [3, 1], logits: [7, 6], rest: -2 };

function replay(missing) {
  const keys = new Map([
    [keyOf('card', {}), 0],
    [keyOf('logits', { step: 0 }), 1],
  ]);
  return createReplay({ run: RUN, keys, answers: [{ n_layers: 30 }, LOGITS] }, missing);
}

const look = async (line, name, args = {}) => JSON.parse(await line.look(JSON.stringify({ name, args })));

test('the key of a question does not depend on the order of its arguments', () => {
  assert.equal(keyOf('x', { b: 1, a: { d: 2, c: [3, 1] } }), keyOf('x', { a: { c: [3, 1], d: 2 }, b: 1 }));
  assert.notEqual(keyOf('x', { a: [1, 2] }), keyOf('x', { a: [2, 1] }));
});

test('recorded questions are answered, and others are refused with a reason', async () => {
  assert.deepEqual(await look(replay(), 'card'), { ok: { n_layers: 30 } });
  assert.equal((await look(replay(), 'lens', { position: 1 })).reason, 'recorded');
  assert.deepEqual(
    await look(
      replay((name) => ({ ok: name })),
      'lens',
    ),
    { ok: 'lens' },
  );
});

test('only the rest of the run is sent that the page does not have', async () => {
  const { ok } = await look(replay(), 'run', { tokens_from: 1, steps_from: 2 });
  assert.deepEqual(
    [ok.tokens, ok.steps, ok.n_tokens, ok.n_steps, ok.tokens_from, ok.steps_from],
    [[{ id: 2 }], [{ index: 2 }], 2, 3, 1, 2],
  );
});

test('partly recorded logits are expanded to the whole vocabulary', async () => {
  const { ok } = await look(replay(), 'logits', { step: 0 });
  assert.deepEqual([...unpack(ok.logits).data], [-2, 6, -2, 7, -2]);
});

test('base64 agrees with the platform’s, also for more bytes than one call can take', () => {
  const bytes = Uint8Array.from({ length: 100_000 }, (_, i) => (i * 7) % 256);
  assert.equal(base64(bytes), Buffer.from(bytes).toString('base64'));
});

test('its own recipe runs; any other is refused with a sentence', async () => {
  const receive = (asked) =>
    new Promise((resolve) => {
      const received = [];
      replay().run({ id: 'one', ...asked }, ({ text }) => {
        received.push(JSON.parse(text));
        if (['done', 'error'].includes(received.at(-1).kind)) resolve(received);
      });
    });
  assert.deepEqual(
    (await receive({ recipe: { ...ASKED } })).map(({ kind }) => kind),
    ['run', 'done'],
  );
  const [refused] = await receive({ recipe: recipe('b') });
  assert.equal(refused.kind, 'error');
  assert.match(refused.error, /live page/);
});
