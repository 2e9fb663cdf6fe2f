import assert from 'node:assert/strict';
import { test } from 'node:test';

import { createStore } from '../../assets/js/core/state/store.js';
import { flush } from './doubles.js';

test('several changes in one turn are one call, with the names of all that changed', async () => {
  const calls = [];
  const store = createStore({ a: 1, b: 2, c: 3 });
  store.subscribe((state, changed) => calls.push([{ ...state }, [...changed].sort()]));
  store.set({ a: 2 });
  store.set({ b: 3, c: 3 });
  assert.deepEqual(calls, []);
  await flush();
  assert.deepEqual(calls, [[{ a: 2, b: 3, c: 3 }, ['a', 'b']]]);
});

test('setting a value to itself changes nothing', async () => {
  const store = createStore({ a: NaN });
  store.subscribe(() => assert.fail('called'));
  store.set({ a: NaN });
  await flush();
});

test('a change made by a listener reaches all listeners in the next turn', async () => {
  const seen = [];
  const store = createStore({ a: 1, b: 1 });
  store.subscribe((state, changed) => changed.has('a') && store.set({ b: state.a * 10 }));
  store.subscribe((state) => seen.push([state.a, state.b]));
  store.set({ a: 2 });
  await flush();
  assert.deepEqual(seen.at(-1), [2, 20]);
});

test('a listener that throws is reported and does not block the others', async (t) => {
  const consoleError = t.mock.method(console, 'error', () => {});
  const seen = [];
  const store = createStore({ a: 1 });
  store.subscribe(() => {
    throw new Error('mine');
  });
  store.subscribe((state) => seen.push(state.a));
  store.set({ a: 2 });
  await flush();
  store.set({ a: 3 });
  await flush();
  assert.deepEqual(seen, [2, 3]);
  assert.equal(consoleError.mock.callCount(), 2);
});

test('a listener is not called after it has unsubscribed', async () => {
  const store = createStore({ a: 1 });
  const leave = store.subscribe(() => assert.fail('called'));
  leave();
  store.set({ a: 2 });
  await flush();
});
