import assert from 'node:assert/strict';
import { test } from 'node:test';

import { createAsk } from '../../assets/js/core/ask.js';
import { deferred, flush } from './doubles.js';

/** A question whose answer or error the test controls. */
function later() {
  const { promise, resolve, reject } = deferred();
  return { resolve, reject, question: () => promise };
}

/** Callbacks that record what they receive, in order. */
function place() {
  const received = [];
  return {
    received,
    onanswer: (answer) => received.push(answer),
    onerror: (error) => received.push(error.message),
  };
}

test('an answer that comes after a newer question is dropped', async () => {
  const asking = createAsk();
  const { received, ...callbacks } = place();
  const [first, second] = [later(), later()];
  asking.ask({ key: 'layer 0', ...first, ...callbacks });
  asking.ask({ key: 'layer 1', ...second, ...callbacks });
  second.resolve('of layer 1');
  first.resolve('of layer 0');
  await flush();
  assert.deepEqual(received, ['of layer 1']);
});

test('a refusal that comes after a newer question is dropped', async () => {
  const asking = createAsk();
  const { received, ...callbacks } = place();
  const [first, second] = [later(), later()];
  asking.ask({ key: 0, ...first, ...callbacks });
  asking.ask({ key: 1, ...second, ...callbacks });
  first.reject(new Error('no layer 0'));
  second.reject(new Error('no layer 1'));
  await flush();
  assert.deepEqual(received, ['no layer 1']);
});

test('the same question is asked once, and again when requested or forgotten', async () => {
  const asking = createAsk();
  const { received, ...callbacks } = place();
  let times = 0;
  const question = () => (times += 1);
  await asking.ask({ key: 'a', question, ...callbacks });
  await asking.ask({ key: 'a', question, ...callbacks });
  assert.deepEqual(received, [1]);
  await asking.ask({ key: 'a', again: true, question, ...callbacks });
  asking.forget();
  await asking.ask({ key: 'a', question, ...callbacks });
  assert.deepEqual(received, [1, 2, 3]);
});

test('without a key every question is asked', async () => {
  const asking = createAsk();
  const { received, ...callbacks } = place();
  await asking.ask({ question: () => 'one', ...callbacks });
  await asking.ask({ question: () => 'two', ...callbacks });
  assert.deepEqual(received, ['one', 'two']);
});

test('going back to a question that was overtaken asks it again', async () => {
  const asking = createAsk();
  const { received, ...callbacks } = place();
  const [first, second, third] = [later(), later(), later()];
  asking.ask({ key: 'a', ...first, ...callbacks });
  asking.ask({ key: 'b', ...second, ...callbacks });
  asking.ask({ key: 'a', ...third, ...callbacks });
  first.resolve('old a');
  second.resolve('b');
  await flush();
  assert.deepEqual(received, []);
  third.resolve('new a');
  await flush();
  assert.deepEqual(received, ['new a']);
});

test('a pending answer is ignored after a drop, but not after a forget', async () => {
  const asking = createAsk();
  const { received, ...callbacks } = place();
  const [dropped, forgotten] = [later(), later()];
  asking.ask({ key: 'a', ...dropped, ...callbacks });
  asking.drop();
  dropped.resolve('dropped');
  await flush();
  asking.ask({ key: 'a', ...forgotten, ...callbacks });
  asking.forget();
  forgotten.resolve('forgotten');
  await flush();
  assert.deepEqual(received, ['forgotten']);
});

test('a mistake while an answer is drawn is reported like a refusal', async () => {
  const asking = createAsk();
  const { received, onerror } = place();
  const onanswer = () => {
    throw new Error('cannot be drawn');
  };
  await asking.ask({ question: () => 'found', onanswer, onerror });
  assert.deepEqual(received, ['cannot be drawn']);
});

test('a question with several answers learns when it is overtaken', async () => {
  const asking = createAsk();
  const { received, ...callbacks } = place();
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
  asking.ask({ key: 'a', question, ...callbacks });
  asking.ask({ key: 'b', question: () => 'b', ...callbacks });
  first.resolve();
  await flush();
  assert.deepEqual(rows, [1, 2]);
  assert.deepEqual(received, ['b']);
});
