/** The statistics of the study of real cells, on fits made up by hand. */
import { expect, test } from 'vitest';
import { cv, summariseFits } from './cell-statistics.mjs';

type Fit = Parameters<typeof summariseFits>[0][number];

function fit(spike: number, width: number, seed: number, gNa: number, changes: Partial<Fit> = {}): Fit {
  const finished = { parameters: { gNa }, rmseMv: 1, spikes: 1, atBound: [], shares: { foot: 1 } };
  return {
    spike,
    width,
    seed,
    outcome: 'converged',
    reason: null,
    observed: { spikes: 1 },
    reconstructionMv: 0.5,
    yardstickMv: 0.8,
    heldOut: null,
    network: finished,
    finished,
    ...changes,
  };
}

test('spread across spikes, seeds and networks are told apart', () => {
  const seeds = [fit(0, 16, 1, 90), fit(0, 16, 2, 110), fit(0, 24, 3, 90), fit(0, 24, 4, 110)];
  const networks = [fit(1, 16, 1, 190), fit(1, 16, 2, 190), fit(1, 24, 3, 210), fit(1, 24, 4, 210)];
  const { gNa } = summariseFits([...seeds, ...networks], ['gNa']).parameters;
  expect(gNa?.values).toEqual([100, 200]);
  expect(gNa?.cvSpikes).toBeCloseTo(Math.SQRT1_2 / 1.5, 12);
  // 90 and 110 twice, 190 twice, 210 twice
  expect(gNa?.cvSeeds).toBeCloseTo((0 + (20 * Math.SQRT1_2) / 100) / 2, 12);
  // of the first spike the networks agree, of the second they do not: the median lies between
  expect(gNa?.cvNetworks).toBeCloseTo((0 + (20 * Math.SQRT1_2) / 200) / 2, 12);
});

test('a replica that was refused counts in the misfit, and in no spread', () => {
  const refused = fit(0, 16, 2, 1000, {
    outcome: 'stopped',
    reason: 'spikes',
    heldOut: { rmseMv: 100, coincidence: 0, observed: 5, simulated: 0 },
    finished: { parameters: { gNa: 1000 }, rmseMv: 30, spikes: 0, atBound: ['gNa'], shares: { foot: 0 } },
  });
  const failed = fit(0, 16, 3, 0, { outcome: 'stopped', reason: 'simulation-failed', finished: null });
  const summary = summariseFits([fit(0, 16, 1, 100), refused, failed], ['gNa']);
  expect(summary).toMatchObject({
    accepted: 1,
    replicas: 3,
    finished: { rmseMv: 15.5, right: 1 / 3 },
    reasons: { spikes: 1, 'simulation-failed': 1 },
    atBound: {},
    heldOut: null,
    shares: { foot: 0.5 },
  });
  expect(summary.parameters['gNa']).toMatchObject({ median: 100, cvSpikes: null, cvSeeds: null });
});

test('the coefficient of variation is that of the sample', () => {
  expect(cv([1, 3])).toBeCloseTo(Math.SQRT2 / 2, 12);
  expect(cv([5])).toBeNull();
});
