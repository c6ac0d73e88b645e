/** Tails of t and normal, and trimmed means, against SciPy (fixtures/locations.py). */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { holm } from '../../../orchestrator/statistics/holm.ts';
import { normalProbability } from '../../../orchestrator/statistics/normal-probability.ts';
import { upperQuantile, upperTail } from '../../../orchestrator/statistics/student-t.ts';
import { trimmedMean } from '../../../orchestrator/statistics/trimmed-mean.ts';

interface Reference {
  tails: { t: number; df: number; p: number }[];
  quantiles: { p: number; df: number; t: number }[];
  normal: { z: number; p: number }[];
  trimmed: { values: number[]; trim: number; mean: number; standardError: number; kept: number }[];
}

// the file is ours, made by the script beside it
const reference = JSON.parse(readFileSync(new URL('fixtures/locations.json', import.meta.url), 'utf8')) as Reference;

function relativeError(value: number | undefined, expected: number): number {
  return Math.abs(value! / expected - 1);
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

test('one value has no mean with a standard error', () => {
  expect(trimmedMean([1], 0)).toBeUndefined();
});
