// The small modules: packed arrays, branches, stops, times, tokens, tables as text.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { unpack } from '../../assets/js/maths/arrays.js';
import {
  branchOf,
  divert,
  forcing,
  joint,
  perplexity,
  rootOf,
  tree,
  withBranch,
} from '../../assets/js/maths/branches.js';
import { csv, field } from '../../assets/js/maths/csv.js';
import { readLens } from '../../assets/js/maths/lens.js';
import { captureChecks, modelKey } from '../../assets/js/maths/models.js';
import { complete } from '../../assets/js/maths/recipe.js';
import * as stops from '../../assets/js/maths/stops.js';
import { median, ownItl, reusedCount } from '../../assets/js/maths/times.js';
import { label, sequence, visible } from '../../assets/js/maths/tokens.js';

const pack = (array, dtype, shape = [array.length]) => ({
  dtype,
  shape,
  data: Buffer.from(array.buffer, array.byteOffset, array.byteLength).toString('base64'),
});

test('packed arrays are unpacked by their type', () => {
  assert.deepEqual([...unpack(pack(Float32Array.of(1.5, -2), 'float32')).data], [1.5, -2]);
  assert.deepEqual([...unpack(pack(Int32Array.of(-1, 70000), 'int32')).data], [-1, 70000]);
  assert.deepEqual([...unpack(pack(Uint8Array.of(0, 255), 'uint8')).data], [0, 255]);
  assert.throws(() => unpack(pack(Uint8Array.of(0), 'int64')), /int64/);
});

test('half floats: each of the 65,536 is decoded as the platform decodes it', () => {
  const bits = Uint16Array.from({ length: 65_536 }, (_, i) => i);
  const ours = unpack(pack(bits, 'float16')).data;
  const view = new DataView(new ArrayBuffer(4));
  bits.forEach((half, i) => {
    // By hand, another way: the bits moved to where a float32 has them, the exponent's bias made up by a product.
    view.setUint32(0, ((half & 0x8000) << 16) | ((half & 0x7fff) << 13));
    const infinite = (half & 0x7c00) === 0x7c00;
    const theirs = infinite
      ? half & 0x3ff
        ? NaN
        : half & 0x8000
          ? -Infinity
          : Infinity
      : view.getFloat32(0) * 2 ** 112;
    assert.ok(Object.is(ours[i], Math.fround(theirs)), `${half}: ${ours[i]} is not ${theirs}`);
  });
});

const step = (id, surprisal = 1) => ({ token: { id }, surprisal, probability: 2 ** -surprisal, forced: false });
const branch = (key, ids, more = {}) => ({
  ...branchOf({
    key,
    recipe: complete({ prompt: 'a' }),
    steps: ids.map((id) => step(id)),
    text: '',
    stop: { kind: 'eos' },
  }),
  ...more,
});

test('branches are a tree that shares its beginning; surprisal adds up along it', () => {
  const [root] = tree([branch('x', [1, 2, 3]), branch('y', [1, 2, 4]), branch('z', [1, 2])]);
  assert.deepEqual([root.tokens.map(({ id }) => id), root.upto], [[1, 2], 2]);
  assert.deepEqual(
    root.leaves.map(({ key }) => key),
    ['z'],
  );
  assert.deepEqual(
    root.children.map(({ tokens, upto }) => [tokens[0].id, upto]),
    [
      [3, 3],
      [4, 3],
    ],
  );
});

test('perplexity is 2 to the mean surprisal, and a token of probability 0 makes it infinite', () => {
  assert.equal(perplexity({ tokens: [step(1, 2), step(2, 4)] }), 8);
  assert.equal(joint([step(1), { id: 2 }]), Infinity);
});

test('a branch keeps the name that a visitor gave it, and its rank in beam search', () => {
  const named = [branch('x', [1], { name: 'mine', beam: true })];
  const [replaced] = withBranch(named, branch('x', [1, 2]));
  assert.deepEqual([replaced.name, replaced.beam, replaced.tokens.length], ['mine', true, 2]);
});

test('another token replaces those from its step onwards; earlier choices stay', () => {
  const run = {
    recipe: complete({
      prompt: 'a',
      max_new_tokens: 3,
      forced: [
        [0, 9],
        [2, 8],
      ],
    }),
  };
  assert.deepEqual(divert(run, 1, [5, 6, 7]).forced, [
    [0, 9],
    [1, 5],
    [2, 6],
    [3, 7],
  ]);
  assert.equal(divert(run, 1, [5, 6, 7]).max_new_tokens, 4);
  assert.deepEqual(forcing(run.recipe, [4, 4]).forced, [
    [0, 4],
    [1, 4],
  ]);
});

test('a tree belongs to what precedes the answer: prompt, template, system, model', () => {
  const recipe = complete({ prompt: 'a' });
  assert.equal(rootOf(recipe), rootOf({ ...recipe, max_new_tokens: 9, forced: [[0, 1]] }));
  for (const other of [{ prompt: 'b' }, { chat: true }, { system: 's' }, { dtype: 'float16' }])
    assert.notEqual(rootOf(recipe), rootOf({ ...recipe, ...other }));
  assert.equal(modelKey({}), modelKey({ model: '', revision: '', device: '', dtype: '' }));
});

test('each stop of the walk is found by its place', () => {
  const run = { tokens: [{}, {}, {}], steps: [{}, {}] };
  assert.equal(stops.length(run), 10);
  const seen = Array.from({ length: stops.length(run) }, (_, place) => stops.at(place, run));
  assert.deepEqual(
    seen.map(({ stage }) => stage),
    ['text', 'tokenize', 'embed', 'prefill', 'layers', 'decode', 'select', 'decode', 'select', 'detokenize'],
  );
  seen.forEach((stop, place) => assert.equal(stops.index({ step: 0, ...stop }, run), place));
  // The first token is made at the last position of the prompt, and takes the one after it.
  assert.deepEqual([seen[5].position, seen[6].position], [2, 3]);
});

test('the room for more tokens is limited by the page or by the context', () => {
  const run = { tokens: Array(10), steps: Array(4) };
  assert.equal(stops.room(run, { context: 16, limits: { max_new_tokens: 256 } }, 40), 2);
  assert.equal(stops.room(run, { context: 0, limits: { max_new_tokens: 6 } }, 40), 2);
  assert.equal(stops.room(run, { context: 12, limits: { max_new_tokens: 6 } }, 40), 0);
});

test('latencies cover only the tokens that this run generated itself', () => {
  const run = { itl_ms: [1, 2, 3], steps: [{ reused: true }, { reused: true }, {}, {}] };
  assert.deepEqual([ownItl(run), reusedCount(run)], [[2, 3], 2]);
  assert.deepEqual([median([3, 1, 2]), median([4, 1, 2, 3])], [2, 2.5]);
});

test('white space, control characters and direction marks are made visible', () => {
  assert.equal(visible(' a\n\t\r\u00a0'), '·a↵⇥␍⍽');
  assert.equal(visible('\u0000\u001b\u007f'), '␀␛␡');
  assert.equal(visible('\u202eabc\u200b'), '⟨202E⟩abc⟨200B⟩');
});

test('a part of a character is shown by its bytes, and a long text is cut by signs, not by halves of them', () => {
  assert.equal(label({ partial: true, bytes: [0xf0, 0x9f], text: '\ufffd' }), 'F0 9F');
  assert.equal(label({ text: '🚀🚀🚀🚀' }, 3), '🚀🚀…');
  assert.equal(label({ text: '' }), '∅');
  assert.deepEqual(sequence({ tokens: [{ id: 1 }], steps: [step(2)] }), [{ id: 1 }, { id: 2 }]);
  assert.deepEqual(sequence(null), []);
});

test('a token never becomes a formula in a spreadsheet, and a number stays one', () => {
  assert.equal(field('=1+1'), `"'=1+1"`);
  assert.equal(field('@SUM(A1)'), `"'@SUM(A1)"`);
  assert.equal(field('-1.5'), '-1.5');
  assert.equal(field('12.5 %'), '12.5 %');
  assert.equal(field('say "hi", you'), '"say ""hi"", you"');
  assert.equal(csv([['a', 'b\n']]), '\ufeffa,"b\n"\r\n');
});

test('the lens is read row by row until it is whole', async () => {
  const tile = (row) => ({
    row_start: row,
    row_stop: row + 1,
    n_rows: 2,
    vocabulary: 9,
    note: { start: 4 },
    top_ids: pack(Int32Array.of(row, 7), 'int32', [1, 2, 1]),
    top_probability: pack(Float32Array.of(0.5, 0.25), 'float32'),
    entropy: pack(Float32Array.of(1, 2), 'float32'),
    target: pack(Int32Array.of(3, -1), 'int32'),
    target_probability: pack(Float32Array.of(0.125, NaN), 'float32'),
    target_rank: pack(Int32Array.of(5, 0), 'int32'),
    texts: { [row]: 'x', 7: '\ufffd' },
    partial: { 7: [240] },
    special: [row],
    checks: row ? [{ name: 'lens' }] : [],
  });
  const requests = [];
  const states = [];
  for await (const found of readLens(async (args) => {
    requests.push(args);
    return tile(args.row_start);
  }, 6))
    states.push([found.done, [...found.ids], [...found.top], found.tokens.get(7).bytes, found.checks.length]);
  assert.deepEqual(requests, [
    { position: 6, row_start: 0 },
    { position: 6, row_start: 1 },
  ]);
  assert.deepEqual(states, [
    [1, [0, 7, 0, 0], [0.5, 0.25, NaN, NaN], [240], 0],
    [2, [0, 7, 1, 7], [0.5, 0.25, 0.5, 0.25], [240], 1],
  ]);
});

test("a check of the model's file does not turn its maps off", () => {
  const names = ['captured = eager', "row sums = eager's", 'weights give the output', 'cached = full'];
  const file = ["tokens = llama.cpp's", "probabilities = llama.cpp's", 'header: every value used'];
  const checks = [...names, ...file, 'weights: each has a place'].map((name) => ({ name }));
  assert.deepEqual(
    captureChecks({ checks }).map(({ name }) => name),
    names,
  );
  assert.deepEqual(captureChecks(null), []);
});
