import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { bandWidth, ensembleBand } from '../../../orchestrator/aggregate/band.ts';
import { scaledMad } from '../../../orchestrator/statistics/median-absolute-deviation.ts';
import { median, quantile, sortedFinite } from '../../../schemas/sample-quantile.ts';
import { scaleOf } from '../../../orchestrator/aggregate/scale.ts';

interface Reference {
  samples: { values: number[]; quantiles: Record<string, number>; mad: number }[];
}

// the file is ours, made by the script beside it
const reference = JSON.parse(readFileSync(new URL('fixtures/statistics.json', import.meta.url), 'utf8')) as Reference;

describe('against NumPy and SciPy', () => {
  test.each(reference.samples)('quantiles and MAD of $values.length values', ({ values, quantiles, mad }) => {
    const sorted = sortedFinite(values);
    for (const [probability, expected] of Object.entries(quantiles))
      expect(quantile(sorted, Number(probability))).toBeCloseTo(expected, 12);
    expect(scaledMad(sorted)).toBeCloseTo(mad, 12);
  });
});

test('nothing has no quantile, one value has no spread, what is not finite is left out', () => {
  expect(median([])).toBeNull();
  expect(median([NaN, 3, Infinity])).toBe(3);
  expect(scaledMad(Float64Array.of(3))).toBeNull();
});

test('a band is made of quantiles at each time, and its width is the median over time', () => {
  const traces = Array.from({ length: 41 }, (_, i) => [i, 2 * i, 100]);
  const band = ensembleBand(traces);
  expect([...band.low95]).toEqual([1, 2, 100]);
  expect([...band.median]).toEqual([20, 40, 100]);
  expect([...band.high95]).toEqual([39, 78, 100]);
  expect(bandWidth(band)).toBe(38);
  expect(bandWidth(ensembleBand([]))).toBeNull();
  expect(() => ensembleBand([[1], [1, 2]])).toThrow('internal');
});

test('the spread of a positive parameter reaches from the median to the upper edge of its one-sigma range', () => {
  const log = scaleOf({ positive: true });
  expect(log.back(log.forward(120))).toBeCloseTo(120, 12);
  expect(120 + log.spread(0.1, 120)).toBeCloseTo(120 * Math.exp(0.1), 12);
  expect(scaleOf({ positive: false }).spread(3, -60)).toBe(3);
});
