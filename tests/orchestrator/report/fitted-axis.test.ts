import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { leftMargin, logTicks, tickText } from '../../../orchestrator/report/fitted-axis.ts';

test('the margin of an upright axis grows with its longest number, which would run into the label', () => {
  const linear = (low: number, high: number): number => leftMargin({ log: false, low, high });
  expect(linear(110, 130)).toBe(66);
  expect(linear(0.29998, 0.30002)).toBe(28 + 7 * '0.30002'.length);
  expect(linear(17_990, 18_010)).toBe(28 + 7 * '18,010'.length);
  expect(leftMargin({ log: true, low: 0.00001, high: 0.1 })).toBe(28 + 7 * '0.0001'.length);
});

test('numbers of a logarithmic axis are written out where they have room', () => {
  expect([0.00001, 0.3, 100_000, 3e8, 1e18, 1e-9].map(tickText)).toEqual(['1e-5', '0.3', '100000', '3e8', '1e18', '1e-9']);
});

describe('ticks of a logarithmic axis', () => {
  test('are the round numbers that have room', () => {
    expect(logTicks(2.1, 8.4)).toEqual([3, 5, 7]);
    expect(logTicks(3, 24)).toEqual([3, 5, 7, 10, 20]);
    expect(logTicks(0.001, 3)).toEqual([0.001, 0.01, 0.1, 1]);
    expect(logTicks(1e-9, 10)).toEqual([1e-8, 1e-6, 1e-4, 0.01, 1]);
  });

  test('never touch, lie on the axis, and are two at least', () => {
    fc.assert(
      fc.property(
        fc.double({ min: -12, max: 8, noNaN: true }),
        fc.double({ min: Math.log10(4), max: 14, noNaN: true }),
        (from, decades) => {
          const [low, high] = [10 ** from, 10 ** (from + decades)];
          const ticks = logTicks(low, high);
          expect(ticks.length).toBeGreaterThanOrEqual(2);
          expect(ticks[0]).toBeGreaterThanOrEqual(low);
          expect(ticks.at(-1)).toBeLessThanOrEqual(high);
          const apart = ticks.slice(1).map((tick, i) => Math.log10(tick / ticks[i]!) / decades);
          expect(Math.min(...apart)).toBeGreaterThan(0.159);
        },
      ),
    );
  });
});
