import assert from 'node:assert/strict';
import { test } from 'node:test';

import { createAsk } from '../../assets/js/core/ask.js';
import { deferred, settled } from './doubles.js';

/** A question that is answered, or refused, when the test says so. */
function later() {
  const { promise, resolve, reject } = deferred();
  return { resolve, reject, question: () => promise };
}

/** What a place was told, in order. */
function place() {
  const heard = [];
  return {
    heard,
    answered: (answer) => heard.push(answer),
    refused: (error) => heard.push(error.message),
  };
}

test('an answer that comes after a newer question is dropped', async () => {
  const asking = createAsk();
  const { heard, ...told } = place();
  const [first, second] = [later(), later()];
  asking.ask({ key: 'layer 0', ...first, ...told });
  asking.ask({ key: 'layer 1', ...second, ...told });
  second.resolve('of layer 1');
  first.resolve('of layer 0');
  await settled();
  assert.deepEqual(heard, ['of layer 1']);
});

test('a refusal that comes after a newer question is dropped', async () => {
  const asking = createAsk();
  const { heard, ...told } = place();
  const [first, second] = [later(), later()];
  asking.ask({ key: 0, ...first, ...told });
  asking.ask({ key: 1, ...second, ...told });
  first.reject(new Error('no layer 0'));
  second.reject(new Error('no layer 1'));
  await settled();
  assert.deepEqual(heard, ['no layer 1']);
});

test('the same question is asked once, and again when told so or forgotten', async () => {
  const asking = createAsk();
  const { heard, ...told } = place();
  let times = 0;
  const question = () => (times += 1);
  await asking.ask({ key: 'a', question, ...told });
  await asking.ask({ key: 'a', question, ...told });
  assert.deepEqual(heard, [1]);
  await asking.ask({ key: 'a', again: true, question, ...told });
  asking.forget();
  await asking.ask({ key: 'a', question, ...told });
  assert.deepEqual(heard, [1, 2, 3]);
});

test('without a key every question is asked', async () => {
  const asking = createAsk();
  const { heard, ...told } = place();
  await asking.ask({ question: () => 'one', ...told });
  await asking.ask({ question: () => 'two', ...told });
  assert.deepEqual(heard, ['one', 'two']);
});

test('going back to a question that was overtaken asks it again', async () => {
  const asking = createAsk();
  const { heard, ...told } = place();
  const [first, second, third] = [later(), later(), later()];
  asking.ask({ key: 'a', ...first, ...told });
  asking.ask({ key: 'b', ...second, ...told });
  asking.ask({ key: 'a', ...third, ...told });
  first.resolve('old a');
  second.resolve('b');
  await settled();
  assert.deepEqual(heard, []);
  third.resolve('new a');
  await settled();
  assert.deepEqual(heard, ['new a']);
});

test('what is under way does not count after a drop, and does after a forget', async () => {
  const asking = createAsk();
  const { heard, ...told } = place();
  const [dropped, forgotten] = [later(), later()];
  asking.ask({ key: 'a', ...dropped, ...told });
  asking.drop();
  dropped.resolve('dropped');
  await settled();
  asking.ask({ key: 'a', ...forgotten, ...told });
  asking.forget();
  forgotten.resolve('forgotten');
  await settled();
  assert.deepEqual(heard, ['forgotten']);
});

test('a mistake while an answer is drawn is told like a refusal', async () => {
  const asking = createAsk();
  const { heard, refused } = place();
  const answered = () => {
    throw new Error('cannot be drawn');
  };
  await asking.ask({ question: () => 'found', answered, refused });
  assert.deepEqual(heard, ['cannot be drawn']);
});

test('a question of several answers hears when it is overtaken', async () => {
  const asking = createAsk();
  const { heard, ...told } = place();
  const rows = [];
  const first = later();
  const question = async (isNewest) => {
    for (const row of [1, 2, 3]) {
      rows.push(row);
      if (row === 2) await first.question();
      if (!isNewest()) return null;
    }
    return 'all rows';
  };
  asking.ask({ key: 'a', question, ...told });
  asking.ask({ key: 'b', question: () => 'b', ...told });
  first.resolve();
  await settled();
  assert.deepEqual(rows, [1, 2]);
  assert.deepEqual(heard, ['b']);
});
