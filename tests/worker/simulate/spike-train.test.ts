import { describe, expect, test } from 'vitest';
import fc from 'fast-check';
import { coincidenceFactor, coincidenceWindowMs, timingErrors } from '../../../worker/simulate/spike-train.ts';

const train = fc.array(fc.double({ min: 0, max: 1000, noNaN: true }), { maxLength: 40 }).map((times) => times.toSorted((a, b) => a - b));

describe('coincidence factor', () => {
  test('equal trains score one', () => {
    expect(coincidenceFactor([5, 20, 35, 49], [5, 20, 35, 49], 50)).toBeCloseTo(1, 12);
  });

  test('the formula of Kistler et al. is followed for a hand-made case', () => {
    // 4 observed, 3 simulated in 100 ms, 2 coincidences: nu = 0.03 / ms, expected 2 * 0.03 * 2 * 4 = 0.48, norm 1 - 0.12
    expect(coincidenceFactor([10, 30, 50, 70], [11, 32, 80], 100)).toBeCloseTo((2 - 0.48) / 3.5 / 0.88, 12);
  });

  test('a lag of just the window counts, and more does not', () => {
    expect(coincidenceFactor([10], [12], 1000)).toBeGreaterThan(0.9);
    expect(coincidenceFactor([10], [12.001], 1000)).toBeLessThan(0);
    expect(coincidenceFactor([10], [12.001], 1000, 3)).toBeGreaterThan(0.9);
  });

  test('one spike answers one spike only', () => {
    expect(coincidenceFactor([10], [9, 9.5, 10, 10.5], 1000)).toBeLessThan(0.5);
  });

  test('no spike on either side has no score, and no spike on one side scores zero', () => {
    expect(coincidenceFactor([], [], 50)).toBeNull();
    expect(coincidenceFactor([10], [], 50)).toBe(0);
    expect(coincidenceFactor([], [10], 50)).toBe(0);
  });

  test('spikes so dense that chance alone matches them all have no score', () => {
    expect(coincidenceFactor([1, 2], [1, 2], 8)).toBeNull();
  });

  test('independent Poisson trains score zero on average', () => {
    let sum = 0;
    const repeats = 400;
    let state = 1;
    const uniform = () => (state = (state * 48271) % 2147483647) / 2147483647;
    const poisson = () => Array.from({ length: 40 }, () => 2000 * uniform()).toSorted((a, b) => a - b);
    for (let i = 0; i < repeats; i++) sum += coincidenceFactor(poisson(), poisson(), 2000) ?? NaN;
    // one-to-one pairing makes a few coincidences fewer than the formula expects at this rate
    expect(Math.abs(sum / repeats)).toBeLessThan(0.02);
  });

  test('the score never exceeds one and is one only for trains that coincide throughout', () => {
    fc.assert(
      fc.property(train, train, (a, b) => {
        const score = coincidenceFactor(a, b, 10_000) ?? 0;
        expect(score).toBeLessThanOrEqual(1 + 1e-12);
        expect(score < 1 - 1e-9 || a.length === b.length).toBe(true);
      }),
    );
  });
});

describe('times of spikes', () => {
  test('the window is 2 ms, or a tenth of the median interval where that is less', () => {
    expect(coincidenceWindowMs([[]])).toBe(2);
    expect(coincidenceWindowMs([[5]])).toBe(2);
    expect(coincidenceWindowMs([[0, 50, 100]])).toBe(2);
    expect(coincidenceWindowMs([[0, 10, 20, 100]])).toBeCloseTo(1, 12);
  });

  test('no interval spans two stretches', () => {
    expect(coincidenceWindowMs([[0, 10], [10_000, 10_010], [20_000]])).toBeCloseTo(1, 12);
  });

  test('the error of an observed spike is its distance to the nearest simulated one', () => {
    expect(timingErrors([10, 20, 30], [9, 21.5, 80])).toEqual([1, 1.5, 8.5]);
    expect(timingErrors([10], [3, 30])).toEqual([7]);
    expect(timingErrors([10], [])).toEqual([]);
    expect(timingErrors([], [10])).toEqual([]);
  });

  test('errors are those of a search through all pairs', () => {
    const all = (a: readonly number[], b: readonly number[]): number[] =>
      b.length === 0 ? [] : a.map((one) => Math.min(...b.map((other) => Math.abs(other - one)))).toSorted((x, y) => x - y);
    fc.assert(
      fc.property(train, train, (a, b) => {
        expect(timingErrors(a, b)).toEqual(all(a, b));
      }),
    );
  });
});
