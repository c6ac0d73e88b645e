import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { interval, pDifference, pEquivalence, type Contrast } from '../../../orchestrator/gate/contrast.ts';
import { differencePower, equivalencePower } from '../../../orchestrator/gate/decision-power.ts';
import { holm } from '../../../orchestrator/statistics/holm.ts';
import { normalProbability } from '../../../orchestrator/statistics/normal-probability.ts';
import { upperQuantile, upperTail } from '../../../orchestrator/statistics/student-t.ts';
import { difference, trimmedMean, type Location } from '../../../orchestrator/statistics/trimmed-mean.ts';

interface Reference {
  tails: { t: number; df: number; p: number }[];
  quantiles: { p: number; df: number; t: number }[];
  normal: { z: number; p: number }[];
  trimmed: { values: number[]; trim: number; mean: number; standardError: number; kept: number }[];
  twoSamples: { before: number[]; after: number[]; trim: number; t: number; p: number }[];
  equivalence: { values: number[]; tolerance: number; p: number; pDifference: number; ci95: [number, number] }[];
  differencePower: { shift: number; df: number; critical: number; power: number }[];
  equivalencePower: { shift: number; tolerance: number; df: number; critical: number; power: number }[];
}

// the file is ours, made by the script beside it
const reference = JSON.parse(readFileSync(new URL('fixtures/gate-statistics.json', import.meta.url), 'utf8')) as Reference;

function relativeError(value: number | undefined, expected: number): number {
  return Math.abs(value! / expected - 1);
}

function contrastOf({ mean, variance, df }: Location): Contrast {
  return { shift: mean, standardError: Math.sqrt(variance), df, units: 2, replicas: 2 };
}

describe('against SciPy', () => {
  test.each(reference.tails)('the tail of t beyond $t with $df degrees of freedom', ({ t, df, p }) => {
    expect(relativeError(upperTail(t, df), p)).toBeLessThan(1e-9);
  });

  test.each(reference.quantiles)('the t that is exceeded with $p at $df', ({ t, df, p }) => {
    expect(upperQuantile(p, df)).toBeCloseTo(t, 8);
  });

  test.each(reference.normal)('the normal probability of $z', ({ z, p }) => expect(normalProbability(z)).toBeCloseTo(p, 15));

  test.each(reference.trimmed)(
    'the mean of $values.length values, $trim cut off at each end',
    ({ values, trim, mean, standardError, kept }) => {
      const location = trimmedMean(values, trim)!;
      expect(relativeError(location.mean, mean)).toBeLessThan(1e-12);
      expect(relativeError(Math.sqrt(location.variance), standardError)).toBeLessThan(1e-12);
      expect(location.df).toBe(kept - 1);
    },
  );

  test.each(reference.twoSamples)('two samples, $trim cut off at each end', ({ before, after, trim, t, p }) => {
    const contrast = contrastOf(difference(trimmedMean(before, trim)!, trimmedMean(after, trim)!));
    expect(relativeError(contrast.shift / contrast.standardError, t)).toBeLessThan(1e-12);
    expect(relativeError(pDifference(contrast), p)).toBeLessThan(1e-10);
  });

  test.each(reference.equivalence)('two one-sided tests within $tolerance', ({ values, tolerance, p, ci95, ...expected }) => {
    const contrast = contrastOf(trimmedMean(values, 0)!);
    expect(relativeError(pEquivalence(contrast, tolerance), p)).toBeLessThan(1e-10);
    expect(relativeError(pDifference(contrast), expected.pDifference)).toBeLessThan(1e-10);
    const [low, high] = interval(contrast, 0.95);
    expect(relativeError(low, ci95[0])).toBeLessThan(1e-10);
    expect(relativeError(high, ci95[1])).toBeLessThan(1e-10);
  });

  test.each(reference.differencePower)('the power of a test of $shift standard errors', ({ shift, df, critical, power }) => {
    expect(differencePower(shift, df, critical)).toBeCloseTo(power, 6);
  });

  test.each(reference.equivalencePower)(
    'the power of equivalence within $tolerance standard errors',
    ({ shift, tolerance, df, critical, power }) => {
      expect(equivalencePower(shift, tolerance, df, critical)).toBeCloseTo(power, 4);
    },
  );
});

test('p values are adjusted as by R: p.adjust(p, "holm")', () => {
  const adjusted: [number[], number[]][] = [
    [
      [0.01, 0.04, 0.03, 0.005],
      [0.03, 0.06, 0.06, 0.02],
    ],
    [
      [0.2, 0.001, 0.9, 0.05, 0.02],
      [0.4, 0.005, 0.9, 0.15, 0.08],
    ],
  ];
  for (const [p, expected] of adjusted) expect(holm(p).map((value) => Number(value.toPrecision(14)))).toEqual(expected);
  expect(holm([])).toEqual([]);
});

test('values that are all equal leave no doubt', () => {
  const none = contrastOf(trimmedMean([0, 0, 0], 0)!);
  const some = contrastOf(trimmedMean([0.2, 0.2, 0.2], 0)!);
  expect([pDifference(none), pEquivalence(none, 0.1)]).toEqual([1, 0]);
  expect(pDifference(some)).toBeLessThan(1e-30);
  expect(pEquivalence(some, 0.1)).toBeCloseTo(1, 12);
  expect(trimmedMean([1], 0)).toBeUndefined();
});
