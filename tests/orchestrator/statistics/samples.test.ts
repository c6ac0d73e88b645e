/** Statistics of one sample, or of groups of them, against SciPy and diptest (fixtures/samples.py). */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { bootstrapWords } from '../../../orchestrator/statistics/bootstrap-words.ts';
import { medianIntervals, resamplerOf } from '../../../orchestrator/statistics/bootstrap.ts';
import type { Groups } from '../../../orchestrator/statistics/bootstrap.ts';
import { dip, dipTester } from '../../../orchestrator/statistics/dip.ts';
import { falseDiscovery } from '../../../orchestrator/statistics/false-discovery.ts';
import { hodgesLehmann, MOST_PAIRED } from '../../../orchestrator/statistics/hodges-lehmann.ts';
import { intraclassCorrelation } from '../../../orchestrator/statistics/intraclass-correlation.ts';
import { bandwidthOf, kernelDensity } from '../../../orchestrator/statistics/kernel-density.ts';
import { trend } from '../../../orchestrator/statistics/trend.ts';
import { randomStream, streamName } from '../../../schemas/random.ts';

interface Reference {
  samples: { values: number[]; hodgesLehmann: number; trimmed: number; bandwidth: number; at: number[]; density: number[] }[];
  dips: { values: number[]; dip: number; p: number }[];
  falseDiscovery: { p: number[]; adjusted: number[] };
  intraclass: { groups: number[][]; icc: number }[];
  trends: { order: number[]; values: number[]; slope: number; p: number }[];
  intervals: { dataSets: number[][][]; interval: [number, number] }[];
}

// the file is ours, made by the script beside it
const reference = JSON.parse(readFileSync(new URL('fixtures/samples.json', import.meta.url), 'utf8')) as Reference;

function expectRelative(got: number | null | undefined, expected: number): void {
  expect(Math.abs(got! - expected), `${got} for ${expected}`).toBeLessThanOrEqual(1e-9 * Math.abs(expected));
}

const name = streamName('uniform samples');
const testDip = dipTester((sample) => {
  const stream = randomStream(sample, name);
  return (index) => stream.uniform(index);
});

describe('against SciPy', () => {
  test.each(reference.samples)('location and bandwidth of $values.length values', ({ values, bandwidth, ...expected }) => {
    const sorted = Float64Array.from(values);
    expectRelative(hodgesLehmann(sorted), expected.hodgesLehmann);
    expectRelative(bandwidthOf(sorted), bandwidth);
  });

  test.each(reference.samples)('density of $values.length values', ({ values, at, density }) => {
    const { at: grid, density: ours } = kernelDensity(Float64Array.from(values))!;
    for (const [i, x] of at.entries()) {
      const right = grid.findIndex((point) => point >= x);
      const share = (x - grid[right - 1]!) / (grid[right]! - grid[right - 1]!);
      // a chord of the grid: half its second difference away
      expect(Math.abs(ours[right - 1]! * (1 - share) + ours[right]! * share - density[i]!)).toBeLessThan(2e-3 * Math.max(...ours));
    }
  });

  test.each(reference.dips)('the dip of $values.length values is $dip', ({ values, dip: expected }) => {
    expectRelative(dip(Float64Array.from(values)), expected);
  });

  test.each(reference.dips)('its p is $p', ({ values, p }) => {
    // standard errors of 2000 samples of ours and 20000 of theirs, four times
    expect(Math.abs(testDip(Float64Array.from(values)).p - p)).toBeLessThan(4 * Math.sqrt((p * (1 - p)) / 1800) + 1 / 1000);
  });

  test('p values adjusted for false discoveries', () => {
    const { p, adjusted } = reference.falseDiscovery;
    for (const [i, value] of falseDiscovery(p).entries()) expectRelative(value, adjusted[i]!);
  });

  test.each(reference.intraclass)('intraclass correlation $icc', ({ groups, icc }) => {
    expectRelative(intraclassCorrelation(groups), icc);
  });

  test.each(reference.trends)('drift of $slope a step', ({ order, values, slope, p }) => {
    const found = trend(order, values)!;
    expect(found.slope).toBeCloseTo(slope, 12);
    expectRelative(found.p, p);
  });

  test.each(reference.intervals)('the BCa interval of a median over $dataSets.length data sets', ({ dataSets, interval }) => {
    const [ours] = medianIntervals([Float64Array.from(dataSets.flat(2))], groupsOf(dataSets), bootstrapWords('test'));
    // 1000 resamples: an end of the interval is uncertain by about a tenth of a standard error, which is a quarter of the width
    const tolerance = 0.1 * (interval[1] - interval[0]);
    expect(Math.abs(ours![0] - interval[0])).toBeLessThan(tolerance);
    expect(Math.abs(ours![1] - interval[1])).toBeLessThan(tolerance);
  });
});

function groupsOf(dataSets: readonly (readonly (readonly number[])[])[]): Groups {
  const starts = (sizes: readonly number[]) => {
    const ends = [0];
    for (const size of sizes) ends.push(ends.at(-1)! + size);
    return Int32Array.from(ends);
  };
  return {
    dataSets: starts(dataSets.map((one) => one.flat().length)),
    configurations: starts(dataSets.flat().map(({ length }) => length)),
  };
}

describe('bootstrap', () => {
  test('the interval of one replica is null, and of equal replicas has no width', () => {
    expect(medianIntervals([Float64Array.of(5)], groupsOf([[[5]]]), bootstrapWords('test'))).toEqual([null]);
    expect(medianIntervals([Float64Array.of(5, 5, 5)], groupsOf([[[5, 5]], [[5]]]), bootstrapWords('test'))).toEqual([[5, 5]]);
  });

  test('a resample draws whole data sets, in each as many configurations as it has, in each as many seeds', () => {
    const groups = groupsOf([
      [
        [1, 2, 3],
        [4, 5, 6],
      ],
      [[7]],
      [
        [8, 9],
        [10, 11],
      ],
    ]);
    const weights = new Uint32Array(11);
    const draw = resamplerOf(groups);
    const words = bootstrapWords('test');
    const sum = (from: number, to: number) => weights.subarray(from, to).reduce((total, weight) => total + weight, 0);
    for (let resample = 0; resample < 50; resample++) {
      expect(draw(resample, words, weights)).toBe(sum(0, 11));
      expect(sum(0, 3) % 3).toBe(0);
      expect(sum(0, 6) % 6).toBe(0);
      expect(sum(7, 9) % 2).toBe(0);
      expect(sum(0, 6) / 6 + sum(6, 7) + sum(7, 11) / 4).toBe(3);
    }
  });
});

test('one value, equal values and few groups give what there is, and no more', () => {
  expect(hodgesLehmann(Float64Array.of())).toBeNull();
  expect(hodgesLehmann(Float64Array.of(3))).toBe(3);
  expect(kernelDensity(Float64Array.of(3))).toBeNull();
  expect(kernelDensity(Float64Array.of(3, 3, 3))).toBeNull();
  expect(dip(Float64Array.of(3))).toBe(0.5);
  expect(intraclassCorrelation([[1, 2, 3]])).toBeNull();
  expect(intraclassCorrelation([[1], [2]])).toBeNull();
  expect(trend([1, 2], [1, 2])).toBeNull();
  expect(falseDiscovery([])).toEqual([]);
});

test('quantiles stand for more values than can be paired', () => {
  const many = Float64Array.from({ length: 7 * MOST_PAIRED }, (_, i) => randomStream(1, name).normal(i)).sort();
  expect(Math.abs(hodgesLehmann(many)!)).toBeLessThan(4 / Math.sqrt(many.length));
});
