import assert from 'node:assert/strict';
import { test } from 'node:test';

import { read, write } from '../../assets/js/core/state/link.js';
import { complete } from '../../assets/js/maths/recipe.js';

const PLACE = { stage: 'prefill', step: 3, selection: { position: 7, layer: 23, head: 4 } };

/** Writes an address and reads it again. */
function roundTrip(recipe, base = '') {
  const address = write({ recipe, ...PLACE }, base);
  const url = new URL(address, 'http://localhost/');
  return { address, ...read(url) };
}

const RECIPES = {
  'a plain prompt': { prompt: 'The Eiffel Tower is in the city of' },
  'every setting': {
    prompt: 'a',
    chat: true,
    system: 'Be brief.',
    max_new_tokens: 12,
    sampling: {
      do_sample: true,
      temperature: 0.7,
      top_k: 40,
      top_p: 0.95,
      seed: 4294967295,
      repetition_penalty: 1.1,
      presence_penalty: -0.5,
      frequency_penalty: 0.25,
      min_p: 0.05,
      typical_p: 0.9,
    },
    forced: [
      [0, 42],
      [3, 7042],
    ],
    stop: ['\n\n', 'a&b=c#d'],
    model: 'org/name',
    revision: 'main',
    device: 'cpu',
    dtype: 'bfloat16',
  },
  'text that an address could swallow': { prompt: ' +&=%#?\n\t"<script>🚀 مرحبا\u202e' },
  'a prompt too long for a request line': { prompt: 'é & '.repeat(3000) },
};

for (const [name, sparse] of Object.entries(RECIPES))
  test(`an address brings back the recipe and the place: ${name}`, () => {
    const { recipe, place } = roundTrip(complete(sparse));
    assert.deepEqual(complete(recipe), complete(sparse));
    assert.deepEqual(place, PLACE);
  });

test('a long prompt goes behind the #, which is not sent to the server', () => {
  const { address } = roundTrip(complete(RECIPES['a prompt too long for a request line']));
  assert.ok(address.indexOf('#') < 1000);
});

test('defaults are left out, and parameters of the host stay', () => {
  const { address } = roundTrip(complete({ prompt: 'a' }), '?__theme=dark&old=1');
  assert.equal(address, '?__theme=dark&p=a&n=40&at=prefill.3.7.23.4');
});

test('an address without a prompt has no recipe, and one with a bad place has no place', () => {
  const readAddress = (search, hash = '') => read({ search, hash });
  assert.deepEqual(readAddress(''), { recipe: null, place: null });
  for (const at of ['nowhere.1.2.3.4', 'prefill.1.2.3', 'prefill.-1.2.3.4', 'prefill.1.2.3.x', 'prefill', ''])
    assert.equal(readAddress(`?p=a&at=${at}`).place, null, at);
});

test('a text that is not a number stays as it was written, so that the server can quote it', () => {
  const { recipe } = read({ search: '?p=a&temperature=hot&top_k=&forced=1.x_2', hash: '' });
  assert.equal(recipe.sampling.temperature, 'hot');
  assert.equal(recipe.sampling.top_k, '');
  assert.deepEqual(recipe.forced, [[1, 'x'], [2]]);
});
