import assert from 'node:assert/strict';
import { test } from 'node:test';

import { createLogits } from '../../assets/js/core/server/logits.js';
import { base64 } from '../../assets/js/core/server/replay.js';
import { deferred, flush } from './doubles.js';

const packed = (values) => ({
  logits: { dtype: 'float32', shape: [values.length], data: base64(new Uint8Array(Float32Array.from(values).buffer)) },
});

function fakeLogits() {
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

test('logits are requested once, and available once they have arrived', async () => {
  const { questions, events, get } = fakeLogits();
  assert.equal(get({ key: 'a' }, 0), null);
  assert.equal(get({ key: 'a' }, 0), null);
  assert.equal(questions.length, 1);
  questions[0].resolve(packed([1, 2]));
  await flush();
  assert.deepEqual(events, ['ready']);
  assert.deepEqual([...get({ key: 'a' }, 0)], [1, 2]);
});

test('an answer for a step other than the current one is ignored', async () => {
  const { questions, events, get } = fakeLogits();
  get({ key: 'a' }, 0);
  get({ key: 'a' }, 1);
  questions[1].resolve(packed([3]));
  await flush();
  questions[0].resolve(packed([1]));
  await flush();
  assert.deepEqual(events, ['ready']);
  assert.deepEqual([...get({ key: 'a' }, 1)], [3]);
});

test('a failure is reported, and the next call sends the request again', async () => {
  const { questions, events, get } = fakeLogits();
  get({ key: 'a' }, 0);
  questions[0].reject(new Error('no longer in memory'));
  await flush();
  assert.deepEqual(events, ['no longer in memory']);
  assert.equal(get({ key: 'a' }, 0), null);
  questions[1].resolve(packed([5]));
  await flush();
  assert.deepEqual([...get({ key: 'a' }, 0)], [5]);
});
