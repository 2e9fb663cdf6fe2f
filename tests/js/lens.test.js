// The rows of the logit lens.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { layerOf } from '../../assets/js/maths/lens.js';
import { layers as words } from '../../assets/js/stages/layers/words/layers.js';

test('row 0 is the embedding, and the last of n + 1 rows stands after layer n - 1', () => {
  assert.equal(layerOf(0), null);
  assert.deepEqual([1, 2, 30].map(layerOf), [0, 1, 29]);
  assert.equal(words.rowName(30), 'layer 29');
  assert.equal(words.rowName(0), 'embedding');
});
