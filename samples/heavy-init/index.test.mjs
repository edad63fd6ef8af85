import assert from 'node:assert/strict';
import { test } from 'node:test';
import handler from './index.mjs';

for (const [n, expected] of [['0', '1'], ['5', '7'], ['100', '190569292'], ['1000', '24061467864032622473692149727991']]) {
  test(`${n} has ${expected} partitions`, () => {
    assert.equal(handler({ params: { n } }).partitions, expected);
  });
}

test('what is no number of the table is refused', () => {
  assert.deepEqual(['-1', '1.5', 'x', '100001'].map((n) => handler({ params: { n } }).status), [400, 400, 400, 400]);
});
