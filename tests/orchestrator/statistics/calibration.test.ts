/** Uniformity, Wilson intervals and inflation factors, against SciPy and ArviZ (fixtures/calibration.py). */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { crossValidatedCovered, halfWidth, inflationFactor } from '../../../orchestrator/statistics/inflation.ts';
import { cumulativeCounts, partCounts, uniformBand, uniformityTest } from '../../../orchestrator/statistics/uniformity.ts';
import { wilsonInterval } from '../../../orchestrator/statistics/wilson-interval.ts';
import { randomStream } from '../../../schemas/random.ts';

interface Reference {
  uniformity: { values: number[]; parts: number; p: number }[];
  bands: { n: number; parts: number; low: number[]; high: number[]; gamma: number; simulatedGamma: number }[];
  wilson: { successes: number; n: number; level: number; interval: [number, number] }[];
  conformal: { errors: number[]; level: number; factor: number }[];
}

// the file is ours, made by the script beside it
const reference = JSON.parse(readFileSync(new URL('fixtures/calibration.json', import.meta.url), 'utf8')) as Reference;

describe('against SciPy and ArviZ', () => {
  test.each(reference.uniformity)('the test of uniformity has p = $p', ({ values, parts, p }) => {
    expect(Math.abs(uniformityTest(values, parts) / p - 1)).toBeLessThan(1e-9);
  });

  test.each(reference.bands)('the band of $n values at $parts parts', ({ n, parts, low, high, gamma, simulatedGamma }) => {
    const band = uniformBand(n, parts);
    expect([[...band.low], [...band.high]]).toEqual([low, high]);
    // 40,000 simulations know a level of 5 % to 0.1 points, and gamma is nearly in proportion
    expect(Math.abs(simulatedGamma / gamma - 1)).toBeLessThan(0.08);
  });

  test.each(reference.wilson)('Wilson interval of $successes of $n', ({ successes, n, level, interval }) => {
    for (const [i, end] of wilsonInterval(successes, n, level).entries()) expect(end).toBeCloseTo(interval[i]!, 12);
  });

  test.each(reference.conformal)('inflation factor $factor at $level', ({ errors, level, factor }) => {
    expect(inflationFactor(errors, level)).toBeCloseTo(factor, 12);
  });
});

test('a value on an edge counts below it, and every value counts once', () => {
  const values = [0, 0.25, 0.2500001, 0.5, 1];
  expect([...partCounts(values, 4)]).toEqual([2, 2, 0, 1]);
  expect([...cumulativeCounts(values, 4)]).toEqual([2, 4, 4]);
});

test('values that pile up in the middle are not uniform, nor are those that crowd at the ends', () => {
  const uniform = randomStream(1, 'uniform values');
  const values = Array.from({ length: 100 }, (_, i) => uniform.uniform(i));
  expect(uniformityTest(values, 20)).toBeGreaterThan(0.05);
  expect(
    uniformityTest(
      values.map((value) => 0.25 + value / 2),
      20,
    ),
  ).toBeLessThan(1e-4);
  expect(
    uniformityTest(
      values.map((value) => Math.round(value)),
      20,
    ),
  ).toBeLessThan(1e-9);
});

test('too few errors have no factor, and errors that are too small none below 1', () => {
  expect(inflationFactor([1, 2, 3], 0.8)).toBeNull();
  expect(inflationFactor([1, 2, 3, 4], 0.8)).toBeCloseTo(4 / halfWidth(0.8), 12);
  expect(inflationFactor(Array(19).fill(0.1), 0.95)).toBe(1);
  expect(crossValidatedCovered([1, 2, 3, 4], [0, 1, 2, 3], 0.8)).toBeNull();
});

test('an error is never counted with a factor that it helped to make', () => {
  // nine small errors and a fold of one huge one: alone it would widen every interval to itself
  const errors = [...Array<number>(9).fill(0.1), 100];
  const folds = errors.map((_, i) => i % 5);
  expect(crossValidatedCovered(errors, folds, 0.8)).toBe(9);
  // in one fold with a small one, whose factor is that of the eight others
  expect(inflationFactor(errors, 0.9)! > 50).toBe(true);
});

test('widened intervals hold the next truth as often as they promise, whatever the errors are', () => {
  // Cauchy-like errors, three times too large: Monte-Carlo error of 400 trials is 2 points
  const normal = randomStream(2, 'errors');
  let at = 0;
  const error = (): number => Math.abs((3 * normal.normal(at++)) / Math.sqrt(0.2 + normal.normal(at++) ** 2));
  let held = 0;
  for (let trial = 0; trial < 400; trial++) {
    const factor = inflationFactor(Array.from({ length: 99 }, error), 0.8)!;
    held += Number(error() <= factor * halfWidth(0.8));
  }
  expect(held / 400).toBeGreaterThan(0.74);
  expect(held / 400).toBeLessThan(0.86);
});
