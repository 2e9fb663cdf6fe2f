import assert from 'node:assert/strict';
import { test } from 'node:test';

import { createLogits } from '../../assets/js/core/server/logits.js';
import { base64 } from '../../assets/js/core/server/replay.js';
import { deferred, settled } from './doubles.js';

const packed = (values) => ({
  logits: { dtype: 'float32', shape: [values.length], data: base64(new Uint8Array(Float32Array.from(values).buffer)) },
});

function asked() {
  const questions = [];
  const events = [];
  const get = createLogits(
    (name, args) => {
      const { promise, resolve, reject } = deferred();
      questions.push({ name, args, resolve, reject });
      return promise;
    },
    () => events.push('ready'),
    (error) => events.push(error.message),
  );
  return { questions, events, get };
}

test('logits are asked for once, and there once they have come', async () => {
  const { questions, events, get } = asked();
  assert.equal(get({ key: 'a' }, 0), null);
  assert.equal(get({ key: 'a' }, 0), null);
  assert.equal(questions.length, 1);
  questions[0].resolve(packed([1, 2]));
  await settled();
  assert.deepEqual(events, ['ready']);
  assert.deepEqual([...get({ key: 'a' }, 0)], [1, 2]);
});

test('an answer for another step than the one shown is left out', async () => {
  const { questions, events, get } = asked();
  get({ key: 'a' }, 0);
  get({ key: 'a' }, 1);
  questions[1].resolve(packed([3]));
  await settled();
  questions[0].resolve(packed([1]));
  await settled();
  assert.deepEqual(events, ['ready']);
  assert.deepEqual([...get({ key: 'a' }, 1)], [3]);
});

test('a failure is reported, and the next look asks again instead of waiting for ever', async () => {
  const { questions, events, get } = asked();
  get({ key: 'a' }, 0);
  questions[0].reject(new Error('no longer in memory'));
  await settled();
  assert.deepEqual(events, ['no longer in memory']);
  assert.equal(get({ key: 'a' }, 0), null);
  questions[1].resolve(packed([5]));
  await settled();
  assert.deepEqual([...get({ key: 'a' }, 0)], [5]);
});
