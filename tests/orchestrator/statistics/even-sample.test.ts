import { expect, test } from 'vitest';
import { evenSample } from '../../../orchestrator/statistics/even-sample.ts';

test.each([
  [11, 10],
  [1000, 10],
  [12_345, 678],
])('of %i rows %i are taken, one from each stretch', (count, most) => {
  const positions = evenSample(count, most);
  expect(positions).toHaveLength(most);
  for (const [i, position] of positions.entries()) {
    expect(position).toBeGreaterThanOrEqual(Math.floor((i * count) / most));
    expect(position).toBeLessThan(Math.floor(((i + 1) * count) / most));
  }
});

test('fewer than asked for are all taken', () => {
  expect([...evenSample(3, 5)]).toEqual([0, 1, 2]);
});

test.each([2, 7, 8, 10, 16])('of rows that come in turns of %i every one is taken as often', (period) => {
  const counts = new Int32Array(period);
  for (const position of evenSample(1000 * period, 1000)) counts[position % period]! += 1;
  for (const count of counts) expect(Math.abs(count - 1000 / period)).toBeLessThanOrEqual(4);
});
