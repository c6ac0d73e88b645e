import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { interval, pDifference, pEquivalence, type Contrast } from '../../../orchestrator/gate/contrast.ts';
import { differencePower, equivalencePower } from '../../../orchestrator/gate/decision-power.ts';
import { difference, trimmedMean, type Location } from '../../../orchestrator/statistics/trimmed-mean.ts';

interface Reference {
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

test('values that are all equal leave no doubt', () => {
  const none = contrastOf(trimmedMean([0, 0, 0], 0)!);
  const some = contrastOf(trimmedMean([0.2, 0.2, 0.2], 0)!);
  expect([pDifference(none), pEquivalence(none, 0.1)]).toEqual([1, 0]);
  expect(pDifference(some)).toBeLessThan(1e-30);
  expect(pEquivalence(some, 0.1)).toBeCloseTo(1, 12);
});
