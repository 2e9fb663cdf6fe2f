// What is sent of a trace file: all that the server reads, and a fraction of the file.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { sentTrace } from '../../assets/js/parts/take_along/sent.js';

const token = (id) => ({ id, text: 'x'.repeat(50), bytes: [1, 2, 3], start: 0, end: 1 });
const step = (id) => ({
  token: token(id),
  candidates: { token_ids: [id, 2], probability: [0.5, 0.25], texts: ['a'.repeat(500), 'b'], logits: [1, 2] },
  cumulative: Array(500).fill(0.1),
});
const TRACE = {
  format: 'token-by-token/run',
  version: 1,
  recipe: { prompt: 'Hi', max_new_tokens: 2 },
  model: { model_id: 'a/b', revision: 'c', n_layers: 2 },
  made_by: { torch: '2' },
  tokens: [token(5)],
  steps: [step(7), step(8)],
  logits: [{ step: 0, sha256: 'ab', top: [1] }],
  text_in: 'long',
};

test('all that the server reads is sent, and nothing else', () => {
  assert.deepEqual(sentTrace(TRACE), {
    format: 'token-by-token/run',
    version: 1,
    recipe: { prompt: 'Hi', max_new_tokens: 2 },
    model: { model_id: 'a/b', revision: 'c' },
    made_by: { torch: '2' },
    tokens: [{ id: 5 }],
    steps: [
      { token: { id: 7 }, candidates: { token_ids: [7, 2], probability: [0.5, 0.25] } },
      { token: { id: 8 }, candidates: { token_ids: [8, 2], probability: [0.5, 0.25] } },
    ],
    logits: [{ step: 0, sha256: 'ab' }],
  });
});

test('the longest run with the usual options fits into a request of 2 MB', () => {
  const candidates = {
    token_ids: Array(50).fill(49_151),
    probability: Array(50).fill(0.0001234567),
  };
  const long = {
    ...TRACE,
    tokens: Array(4096).fill(token(49_151)),
    steps: Array(256).fill({ ...step(49_151), candidates }),
    logits: Array(256).fill({ step: 255, sha256: 'a'.repeat(64) }),
  };
  assert.ok(JSON.stringify(sentTrace(long)).length < 1_000_000);
});

test('what is no trace file is sent as it is, for the server to refuse', () => {
  for (const odd of [null, 5, 'x', [], [TRACE]]) assert.deepEqual(sentTrace(odd), odd);
  const damaged = { ...TRACE, tokens: 5, steps: [null, { token: 3, candidates: [] }], model: 'x', logits: [[]] };
  const sent = sentTrace(damaged);
  assert.deepEqual(
    [sent.tokens, sent.steps, sent.model, sent.logits],
    [5, [null, { token: 3, candidates: [] }], 'x', [[]]],
  );
});
