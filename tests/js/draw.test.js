import assert from 'node:assert/strict';
import { test } from 'node:test';

import { beginning, likeliest, tokenAtDraw } from '../../assets/js/maths/draw.js';

// The likeliest first; of equals, the smaller id first: 1 [0, .4), 0 [.4, .6), 3 [.6, .8), 2 [.8, 1).
const SHARES = [0.2, 0.4, 0.2, 0.2];

test('tokens lie side by side, the likeliest first; of equals, the smaller id first', () => {
  assert.deepEqual(likeliest(SHARES, 4), [1, 0, 2, 3]);
  assert.deepEqual(likeliest(SHARES, 2), [1, 0]);
  assert.deepEqual(
    [0, 1, 2, 3].map((id) => Number(beginning(SHARES, id).toFixed(9))),
    [0.4, 0, 0.6, 0.8],
  );
});

test('a number falls on the token whose interval holds it; the beginning is inside, the end outside', () => {
  for (const [draw, id] of [
    [0, 1],
    [0.39, 1],
    [0.41, 0],
    [0.61, 2],
    [0.81, 3],
    [0.999999, 3],
  ])
    assert.equal(tokenAtDraw(SHARES, draw), id, `draw ${draw}`);
});

test('a token without a share is never drawn, even if rounding leaves the sum below 1', () => {
  assert.deepEqual(likeliest([0, 0.9999999, 0], 3), [1]);
  assert.equal(tokenAtDraw([0, 0.9999999, 0], 0.99999999), 1);
});

test('the token that a number falls on begins at or before it', () => {
  let state = 1;
  const next = () => (state = (state * 48271) % 2147483647) / 2147483647;
  for (let trial = 0; trial < 200; trial += 1) {
    const weights = Array.from({ length: 12 }, next);
    const sum = weights.reduce((a, b) => a + b);
    const shares = weights.map((weight) => weight / sum);
    const draw = next();
    const id = tokenAtDraw(shares, draw);
    const start = beginning(shares, id);
    assert.ok(start <= draw + 1e-12 && draw < start + shares[id] + 1e-12);
  }
});
