// Each stage on a vocabulary small enough to do by hand: logits are logarithms of shares out of 100.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { DEFAULTS, contextOf, distribution, softmax, stages } from '../../assets/js/maths/sampling.js';

const SHARES = [50, 25, 15, 10];
const LOGITS = SHARES.map(Math.log);
const NOTHING_SEEN = { ids: [], nPrompt: 0 };

const drawn = (settings, context = NOTHING_SEEN, logits = LOGITS) =>
  distribution(logits, { ...DEFAULTS, do_sample: true, ...settings }, context);

function near(actual, expected) {
  assert.equal(actual.length, expected.length);
  actual.forEach((value, i) =>
    assert.ok(Math.abs(value - expected[i]) < 1e-12, `${[...actual]} is not near ${expected}`),
  );
}

test('softmax gives the shares back, also where exp alone would overflow', () => {
  near(softmax(LOGITS), [0.5, 0.25, 0.15, 0.1]);
  near(softmax(LOGITS.map((logit) => logit + 2000)), [0.5, 0.25, 0.15, 0.1]);
});

test('greedy is the likeliest token, whatever the filters say', () => {
  near(distribution(LOGITS, { ...DEFAULTS, temperature: 9, top_k: 4 }, NOTHING_SEEN), [1, 0, 0, 0]);
});

test('greedy respects the penalties', () => {
  near(distribution(LOGITS, { ...DEFAULTS, presence_penalty: 2 }, { ids: [0], nPrompt: 0 }), [0, 1, 0, 0]);
});

test('temperature keeps the order, and the ratio of two shares is taken to the power of 1/T', () => {
  for (const temperature of [0.5, 1, 2]) {
    const shares = drawn({ temperature });
    near([shares[0] / shares[1], shares[1] / shares[3]], [2 ** (1 / temperature), 2.5 ** (1 / temperature)]);
  }
});

test('top-k keeps k tokens, and those that tie with the last of them', () => {
  near(drawn({ top_k: 2 }), [2 / 3, 1 / 3, 0, 0]);
  near(drawn({ top_k: 2 }, NOTHING_SEEN, [50, 25, 25].map(Math.log)), [0.5, 0.25, 0.25]);
  near(drawn({ top_k: 99 }), [0.5, 0.25, 0.15, 0.1]);
});

test('top-p keeps the fewest tokens that reach p, and at least one', () => {
  near(drawn({ top_p: 0.7 }), [2 / 3, 1 / 3, 0, 0]);
  near(drawn({ top_p: 0.76 }), [50 / 90, 25 / 90, 15 / 90, 0]);
  near(drawn({ top_p: 0.01 }), [1, 0, 0, 0]);
});

test('temperature comes before top-p: the filter sees the tempered shares', () => {
  // At T = 2 the shares are proportional to their square roots: 7.07, 5, 3.87, 3.16; the first two reach 0.63, so three are kept.
  const nKept = drawn({ temperature: 2, top_p: 0.7 }).filter((share) => share > 0).length;
  assert.equal(nKept, 3);
});

test('min-p keeps tokens with at least that fraction of the largest share', () => {
  near(drawn({ min_p: 0.3 }), [50 / 90, 25 / 90, 15 / 90, 0]);
});

test('typical-p keeps the tokens whose surprisal is nearest the entropy', () => {
  // Entropy 1.208 nats; surprisals 0.69, 1.39, 1.90, 2.30: the nearest is the second, then the first.
  near(drawn({ typical_p: 0.2 }), [0, 1, 0, 0]);
  near(drawn({ typical_p: 0.5 }), [2 / 3, 1 / 3, 0, 0]);
});

test('presence and frequency count generated tokens alone, repetition the prompt too', () => {
  const context = { ids: [0, 1, 1], nPrompt: 1 };
  const e = Math.exp;
  const scaled = (weights) => weights.map((w) => w / weights.reduce((a, b) => a + b));
  near(drawn({ presence_penalty: 1 }, context), scaled([50, 25 * e(-1), 15, 10]));
  near(drawn({ frequency_penalty: 1 }, context), scaled([50, 25 * e(-2), 15, 10]));
  // Positive logits are divided, negative ones multiplied.
  near(drawn({ repetition_penalty: 2 }, context, [2, -1, 1, 0]), softmax([1, -2, 1, 0]));
});

test('only settings that are switched on are stages, in the order of their use', () => {
  const all = stages(
    LOGITS,
    { ...DEFAULTS, do_sample: true, min_p: 0.1, temperature: 2, presence_penalty: 1 },
    NOTHING_SEEN,
  );
  assert.deepEqual(
    all.map(({ name, setting }) => [name, setting]),
    [
      ['model', null],
      ['presence_penalty', 1],
      ['temperature', 2],
      ['min_p', 0.1],
    ],
  );
  for (const { shares } of all) assert.ok(Math.abs(shares.reduce((a, b) => a + b) - 1) < 1e-12);
});

test('a step is chosen after the prompt and the tokens before it', () => {
  const run = { tokens: [{ id: 7 }, { id: 8 }], steps: [{ token: { id: 1 } }, { token: { id: 2 } }] };
  assert.deepEqual(contextOf(run, 0), { ids: [7, 8], nPrompt: 2 });
  assert.deepEqual(contextOf(run, 1), { ids: [7, 8, 1], nPrompt: 2 });
});
