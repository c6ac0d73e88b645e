import fc from 'fast-check';
import { expect, test } from 'vitest';
import { randomStream, streamName } from '../../schemas/random.ts';
import { median, quantile, sortedFinite } from '../../schemas/sample-quantile.ts';

const name = streamName('quantiles');

function bySorting(values: Iterable<number>): number | null {
  const middle = quantile(sortedFinite(values), 0.5);
  // a zero has no sign
  return middle === null ? null : middle + 0;
}

test('quantiles are linear between order statistics', () => {
  expect([0, 0.25, 0.5, 0.9, 1].map((probability) => quantile([1, 2, 4, 8], probability))).toEqual([
    1,
    1.75,
    3,
    expect.closeTo(6.8, 12),
    8,
  ]);
  expect(quantile([], 0.5)).toBeNull();
});

test('the median is the quantile of the sorted values, whatever their order, and what is not finite is left out', () => {
  fc.assert(
    fc.property(fc.array(fc.double(), { maxLength: 40 }), (values) => {
      expect(median(values)).toBe(bySorting(values));
    }),
  );
  expect(median([NaN, Infinity])).toBeNull();
});

test.each(['scattered', 'equal in part', 'ascending', 'descending'])('so it is of many values that are %s', (kind) => {
  for (const size of [599, 600, 601, 602, 5000, 20_001]) {
    const stream = randomStream(size, name);
    const values = Float64Array.from({ length: size }, (_, i) => stream.normal(i));
    if (kind === 'equal in part') values.forEach((value, i) => (values[i] = Math.round(value)));
    if (kind === 'ascending') values.sort();
    if (kind === 'descending') values.sort().reverse();
    const before = values.slice();
    expect(median(values)).toBe(bySorting(values));
    expect(values).toEqual(before);
  }
});
