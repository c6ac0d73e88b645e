import { expect, test } from 'vitest';
import { thinBand, thinItems, thinLine } from '../../../orchestrator/report/thinning.ts';
import { interpolate } from '../../../orchestrator/report/time-course.ts';

test('a thinned line keeps its ends and every extreme', () => {
  const values = Float64Array.from({ length: 10_000 }, (_, i) => Math.sin(i / 50));
  values[4321] = 40;
  values[1234] = -70;
  const kept = thinLine(values, 300);
  expect(kept.length).toBeLessThanOrEqual(301);
  expect(kept).toEqual(kept.toSorted((a, b) => a - b));
  expect(kept).toEqual(expect.arrayContaining([0, 1234, 4321, 9999]));
});

test('what is short is not thinned', () => {
  expect(thinLine([3, 1, 2], 3)).toEqual([0, 1, 2]);
  expect(thinItems(['a', 'b'], 5)).toEqual(['a', 'b']);
  expect(thinBand([0, 1], [2, 3], [4, 5], 2)).toEqual({ t: [0, 1], low: [2, 3], high: [4, 5] });
});

test('a thinned band is nowhere narrower than the band', () => {
  const t = Array.from({ length: 1000 }, (_, i) => i);
  const thin = thinBand(
    t,
    t.map((i) => -i),
    t.map((i) => i),
    100,
  );
  expect(thin.t).toHaveLength(100);
  expect(thin.high[0]).toBe(9);
  expect(thin.low[99]).toBe(-999);
});

test('items are thinned evenly', () => {
  const thin = thinItems([0, 1, 2, 3, 4, 5, 6, 7, 8, 9], 5);
  expect(thin.map((item) => Math.floor(item / 2))).toEqual([0, 1, 2, 3, 4]);
  // not all of the one kind where two kinds take turns
  expect(new Set(thin.map((item) => item % 2)).size).toBe(2);
});

test('values between samples are on the line between them, and constant beyond the ends', () => {
  expect([...interpolate([0, 1, 2], [0, 10, 0], [-1, 0, 0.5, 1, 1.75, 2, 3])]).toEqual([0, 0, 5, 10, 2.5, 0, 0]);
});
