import assert from 'node:assert/strict';
import { test } from 'node:test';

import { bytes, chance, count, every, flops, ms, num, parameters, pct } from '../../assets/js/maths/format.js';

const table = (name, format, cases) =>
  test(name, () => {
    for (const [value, text] of cases) assert.equal(format(value), text, `${name} of ${value}`);
  });

table('pct', pct, [
  [0.0099999, '1.0 %'],
  [0, '0 %'],
  [0.000001, '<0.001 %'],
  [0.00031, '0.031 %'],
  [0.005, '0.5 %'],
  [0.772, '77.2 %'],
  [0.9994, '99.9 %'],
  [0.9996, '99.96 %'],
  [1, '100.0 %'],
]);

test('a share below 1 is never shown as all of it', () => {
  for (const share of [0.99994, 0.99995, 0.99996, 0.999999, 1 - Number.EPSILON])
    assert.doesNotMatch(pct(share), /^100/);
  assert.equal(pct(0.99996), '>99.99 %');
});

table('ms', ms, [
  [null, '–'],
  [undefined, '–'],
  [0.423, '0.42 ms'],
  [9.94, '9.9 ms'],
  [41.4, '41 ms'],
  [1300, '1.3 s'],
  [65_400, '65 s'],
]);

table('num', num, [
  [null, '–'],
  [0, '0'],
  [49152, '49,152'],
  [3.14159, '3.14'],
  [-0.5, '-0.5'],
  [0.00012, '1.2e-4'],
]);

table('bytes', bytes, [
  [0, '0 B'],
  [1023, '1023 B'],
  [46_080, '45 KiB'],
  [1024 ** 3 * 1.5, '1.5 GiB'],
  [1024 ** 5, '1020 TiB'],
]);

table('flops', flops, [
  [999, '999 FLOP'],
  [269e6, '269 MFLOP'],
  [1.4e12, '1.4 TFLOP'],
]);

table('parameters', parameters, [
  [134_515_008, '135 M'],
  [7_241_732_096, '7.24 B'],
]);

test('one thing and several things', () => {
  assert.deepEqual(
    [count(1, 'token'), count(0, 'token'), count(1234, 'token')],
    ['1 token', '0 tokens', '1,234 tokens'],
  );
  assert.deepEqual([every(1, 'token'), every(5, 'token')], ['the one token', 'all 5 tokens']);
});

test('a probability given in bits is per cent, or a power of ten where per cent say nothing', () => {
  assert.equal(chance(0), '100.0 %');
  assert.equal(chance(1), '50.0 %');
  assert.equal(chance(Infinity), '0 %');
  // 2^-100 = 7.9e-31.
  assert.equal(chance(100), '7.9 × 10⁻³¹');
  // 9.96e-5 rounds to 1.0 × 10⁻⁴, not to 10.0 × 10⁻⁵.
  assert.equal(chance(-Math.log2(9.96e-6)), '1.0 × 10⁻⁵');
});
