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

test('a question is named by its name and arguments, in whatever order they stand', () => {
  assert.equal(keyOf('x', { b: 1, a: { d: 2, c: [3, 1] } }), keyOf('x', { a: { c: [3, 1], d: 2 }, b: 1 }));
  assert.notEqual(keyOf('x', { a: [1, 2] }), keyOf('x', { a: [2, 1] }));
});

test('what was recorded is answered, and what was not says so', async () => {
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

test('the run comes from where the page has it', async () => {
  const { ok } = await look(replay(), 'run', { tokens_from: 1, steps_from: 2 });
  assert.deepEqual(
    [ok.tokens, ok.steps, ok.n_tokens, ok.n_steps, ok.tokens_from, ok.steps_from],
    [[{ id: 2 }], [{ index: 2 }], 2, 3, 1, 2],
  );
});

test('logits that were kept in part are laid out over the whole vocabulary', async () => {
  const { ok } = await look(replay(), 'logits', { step: 0 });
  assert.deepEqual([...unpack(ok.logits).data], [-2, 6, -2, 7, -2]);
});

test('bytes go to base64 as the platform writes it, more than a call can take at once', () => {
  const bytes = Uint8Array.from({ length: 100_000 }, (_, i) => (i * 7) % 256);
  assert.equal(base64(bytes), Buffer.from(bytes).toString('base64'));
});

test('its own recipe runs, any other is refused in words', async () => {
  const hear = (asked) =>
    new Promise((resolve) => {
      const heard = [];
      replay().run({ id: 'one', ...asked }, ({ text }) => {
        heard.push(JSON.parse(text));
        if (['done', 'error'].includes(heard.at(-1).kind)) resolve(heard);
      });
    });
  assert.deepEqual(
    (await hear({ recipe: { ...ASKED } })).map(({ kind }) => kind),
    ['run', 'done'],
  );
  const [refused] = await hear({ recipe: recipe('b') });
  assert.equal(refused.kind, 'error');
  assert.match(refused.error, /live page/);
});
