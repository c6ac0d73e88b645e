/** What the summary says of variance, spikes, modes, need and acceptance, on ensembles that were made to have the answer. */
import { describe, expect, test } from 'vitest';
import { aggregate } from '../../../orchestrator/aggregate/aggregate.ts';
import { tableBuilder } from '../../../orchestrator/aggregate/replica-table.ts';
import { summariseVariance } from '../../../orchestrator/aggregate/variance-summary.ts';
import { intraclassCorrelation } from '../../../orchestrator/statistics/intraclass-correlation.ts';
import type { Lock, Result, Summary } from '../../../schemas/generated/types.ts';
import { summary as validate } from '../../../schemas/generated/validators.js';
import { randomStream } from '../../../schemas/random.ts';
import { fixtureLock, fixtureReplicas } from '../../helpers/ensemble-fixture.ts';
import type { FixtureOptions, FixtureReplica } from '../../helpers/ensemble-fixture.ts';

type Estimate = NonNullable<Result['estimate']>;
const noise = randomStream(3, 'noise of the test');

/** Every replica's estimates changed, everything else as the fixture has it. */
function changed(options: FixtureOptions, change: (replica: FixtureReplica, estimate: Estimate) => Partial<Estimate>): FixtureReplica[] {
  return [...fixtureReplicas(options)].map((replica) => {
    const { estimate } = replica.result;
    return estimate === undefined
      ? replica
      : { ...replica, result: { ...replica.result, estimate: { ...estimate, ...change(replica, estimate) } } };
  });
}

function summaryOf(options: FixtureOptions, replicas: Iterable<FixtureReplica>, lock: Lock = fixtureLock(options)): Summary {
  const { summary } = aggregate({ lock, planned: 1, replicas });
  expect(validate(JSON.parse(JSON.stringify(summary))), JSON.stringify(validate.errors)).toBe(true);
  return summary;
}

const gNaOf =
  (value: (replica: FixtureReplica) => number) =>
  (replica: FixtureReplica, { parameters }: Estimate) => ({
    parameters: { ...parameters, gNa: 120 * Math.exp(value(replica)) },
  });

describe('variance shares', () => {
  const options: FixtureOptions = { draws: 3, seeds: 10, widths: [16, 24], accepted: 1, traces: false };
  // population variances: width 0.01, draw 0, seed 0, noise 0.01
  const byWidth = changed(
    options,
    gNaOf(({ task }) => (task.configuration['network.width'] === 16 ? -0.1 : 0.1) + 0.1 * noise.normal(task.index)),
  );

  test('of a full factorial are by ANOVA, over every axis and what is left', () => {
    const { varianceDesign, varianceShares } = summaryOf(options, byWidth);
    expect(varianceDesign).toEqual({ estimator: 'anova', n: 60, axes: { draw: 3, 'network.width': 2, seed: 10 } });
    const { draw, seed, residual, 'network.width': width } = varianceShares!['gNa']!;
    expect(width!.share).toBeGreaterThan(0.35);
    expect(width!.share).toBeLessThan(0.65);
    expect(width!.ci95[0]).toBeGreaterThan(0.2);
    expect(width!.total).toBeGreaterThanOrEqual(width!.share);
    expect(draw!.ci95[0]).toBe(0);
    expect(width!.share + draw!.share + seed!.share + residual!.share).toBeCloseTo(1, 12);
  });

  test('with rejected replicas are by REML, and near those of all', () => {
    const rejected = byWidth.map((replica, i) =>
      i % 7 === 2 ? { ...replica, result: { ...replica.result, outcome: { kind: 'stopped', reason: 'chi2' } as const } } : replica,
    );
    const { varianceDesign, varianceShares } = summaryOf(options, rejected);
    expect(varianceDesign).toMatchObject({ estimator: 'reml', n: 51 });
    const all = summaryOf(options, byWidth).varianceShares!['gNa']!['network.width']!;
    expect(Math.abs(varianceShares!['gNa']!['network.width']!.share - all.share)).toBeLessThan(0.15);
    expect(varianceShares!['gNa']!['network.width']).not.toHaveProperty('total');
  });

  test('noise draws are an axis inside their data sets; an axis of many numbers is cut at its quartiles', () => {
    const many: FixtureOptions = {
      amplitudes: [8, 12],
      draws: 3,
      seeds: 1,
      widths: Array.from({ length: 16 }, (_, i) => 16 + i),
      accepted: 1,
      traces: false,
    };
    const { varianceDesign } = summaryOf(many, fixtureReplicas(many));
    expect(varianceDesign!.axes).toEqual({ data: 2, draw: 6, 'network.width': 4 });
  });

  test('of more data sets than are used keep several noise draws of each, and tell data from draws', () => {
    // population variances: draw 0.01 * 3 / 4 or so, data 0, noise 0.0001
    const many: FixtureOptions = { amplitudes: Array.from({ length: 100 }, () => 10), draws: 4, seeds: 2, accepted: 1, traces: false };
    const byDraw = changed(
      many,
      gNaOf(({ task }) => 0.1 * noise.normal(1000 * Math.floor(task.index / 2)) + 0.01 * noise.normal(task.index)),
    );
    const lock = fixtureLock(many);
    const table = tableBuilder(lock);
    for (const replica of byDraw) table.add(replica);
    const { varianceDesign, varianceShares } = summariseVariance(lock, table.finish());
    expect(varianceDesign!.axes).toEqual({ data: 32, draw: 64, seed: 2 });
    expect(varianceShares!['gNa']!['draw']!.share).toBeGreaterThan(0.6);
    expect(varianceShares!['gNa']!['data']!.share).toBeLessThan(0.35);
  });

  test('seeds that nothing shares are no axis', () => {
    const own = byWidth.map(({ task, result }) => ({ task: { ...task, seed: task.index }, result }));
    expect(summaryOf(options, own).varianceDesign!.axes).toEqual({ draw: 3, 'network.width': 2 });
  });

  test('seeds of one configuration on one data set have no axis, and no shares', () => {
    const single: FixtureOptions = { draws: 1, seeds: 12, accepted: 1, traces: false };
    expect(summaryOf(single, fixtureReplicas(single))).not.toHaveProperty('varianceShares');
  });
});

describe('across spikes', () => {
  const options: FixtureOptions = { amplitudes: [6, 7, 8, 9, 10, 11], draws: 1, seeds: 5, accepted: 1, recorded: true, traces: false };
  const drifting = (given: FixtureOptions) =>
    changed(
      given,
      gNaOf(({ task }) => 0.02 * (task.data.window ?? 0) + 0.001 * noise.normal(task.index)),
    );

  test('estimates that rise from spike to spike have a drift, and differ by spike and not by replica', () => {
    const windows = { ...options, windows: true };
    const { acrossSpikes, varianceDesign } = summaryOf(windows, drifting(windows));
    const { n, cv, icc, drift } = acrossSpikes!['gNa']!;
    expect(n).toBe(6);
    expect(cv).toBeCloseTo(0.02 * Math.sqrt(3.5), 2);
    expect(icc).toBeGreaterThan(0.99);
    expect(drift!.perWindow).toBeCloseTo(0.0202, 3);
    expect(drift!.p).toBeLessThan(0.02);
    expect(varianceDesign!.axes).toEqual({ window: 6, seed: 5 });
  });

  test('a window without an accepted replica keeps its place in the drift', () => {
    const windows = { ...options, windows: true };
    const gap = drifting(windows).map((replica): FixtureReplica => {
      const { window = 0 } = replica.task.data;
      return window < 1 || window > 3
        ? replica
        : { ...replica, result: { ...replica.result, outcome: { kind: 'stopped', reason: 'chi2' } } };
    });
    const { n, drift } = summaryOf(windows, gap).acrossSpikes!['gNa']!;
    expect(n).toBe(3);
    expect(drift!.perWindow).toBeCloseTo(0.0202, 3);
  });

  test('windows of several recordings have no common drift, and data without windows nothing of it', () => {
    const windows = { ...options, windows: true };
    const lock = fixtureLock(windows);
    const { problem } = lock.resolved;
    const [first, ...others] = problem.data;
    const data: typeof problem.data = [first, ...others.map((unit, i) => ({ ...unit, entry: (i + 1) % 2 }))];
    const two = summaryOf(windows, drifting(windows), { ...lock, resolved: { ...lock.resolved, problem: { ...problem, data } } });
    expect(two.acrossSpikes!['gNa']!.drift).toBeNull();
    expect(two.varianceDesign!.axes).toEqual({ data: 2, window: 6, seed: 5 });
    expect(summaryOf(options, fixtureReplicas(options))).not.toHaveProperty('acrossSpikes');
  });
});

describe('modes', () => {
  const options: FixtureOptions = { draws: 2, seeds: 40, accepted: 1, traces: false };
  const upper = ({ task }: FixtureReplica) => task.index % 3 === 0;
  const twoModes = (chi2Of: (replica: FixtureReplica) => number) =>
    changed(options, (replica, estimate) => ({
      ...gNaOf((one) => (upper(one) ? 0.5 : 0) + 0.05 * noise.normal(one.task.index))(replica, estimate),
      predictive: { ...estimate.predictive!, chi2: chi2Of(replica) },
    }));

  test('of equal chi2 are a degeneracy, of unequal chi2 local optima', () => {
    const equal = summaryOf(
      options,
      twoModes(() => 1),
    ).modes!;
    expect(equal['gNa']).toMatchObject({ kind: 'degeneracy', modes: [{ n: 53 }, { n: 27 }] });
    expect(equal['gNa']!.modes[1]!.median / equal['gNa']!.modes[0]!.median).toBeCloseTo(Math.exp(0.5), 1);
    expect(equal['gNa']!.q).toBeLessThan(0.01);
    expect(equal['gK']).toMatchObject({ modes: [] });
    const unequal = summaryOf(
      options,
      twoModes((replica) => (upper(replica) ? 1.05 : 1)),
    );
    expect(unequal.modes!['gNa']).toMatchObject({ kind: 'optima', modes: [{ chi2: 1 }, { chi2: 1.05 }] });
    // of few samples that count the same difference is no evidence
    const lock = structuredClone(fixtureLock(options));
    for (const unit of lock.resolved.problem.data) unit.counted = 50;
    const few = summaryOf(
      options,
      twoModes((replica) => (upper(replica) ? 1.05 : 1)),
      lock,
    );
    expect(few.modes!['gNa']).toMatchObject({ kind: 'degeneracy' });
  });

  test('of different data sets are neither', () => {
    const byDraw = changed(
      options,
      gNaOf(({ task }) => 0.5 * task.draw + 0.05 * noise.normal(task.index)),
    );
    expect(summaryOf(options, byDraw).modes!['gNa']).toMatchObject({ kind: 'data' });
  });
});

describe('how many would be enough', () => {
  test('what many more replicas then need agrees with what was foretold', () => {
    const spread = 0.06;
    const ofSeeds = (seeds: number) => {
      const options: FixtureOptions = { draws: 1, seeds, accepted: 1, traces: false };
      const replicas = changed(
        options,
        gNaOf(({ task }) => spread * noise.normal(task.index)),
      );
      return summaryOf(options, replicas).replicasNeeded!['gNa']!;
    };
    const foretold = ofSeeds(60);
    expect(foretold.dataSets).toBeNull();
    // 1.96 * 1.2533 standard errors of a mean
    expect(foretold.perDataSet! / (1.96 * 1.2533 * (spread / 0.01)) ** 2).toBeGreaterThan(0.4);
    expect(foretold.perDataSet! / (1.96 * 1.2533 * (spread / 0.01)) ** 2).toBeLessThan(2.5);
    expect(ofSeeds(2 * foretold.perDataSet!).halfWidth).toBeLessThan(0.0115);
  });

  test('where data sets differ, no number of seeds is enough, and more data sets are', () => {
    const options: FixtureOptions = { draws: 8, seeds: 6, accepted: 1, traces: false };
    const replicas = changed(
      options,
      gNaOf(({ task }) => 0.1 * noise.normal(1000 + task.draw) + 0.001 * noise.normal(task.index)),
    );
    const { perDataSet, dataSets, halfWidth } = summaryOf(options, replicas).replicasNeeded!['gNa']!;
    expect(perDataSet).toBeNull();
    expect(dataSets).toBe(Math.ceil(8 * (halfWidth / 0.01) ** 2));
  });
});

test('where data sets differ a little, seeds help as far as their share of the variance goes', () => {
  const options: FixtureOptions = { draws: 8, seeds: 6, accepted: 1, traces: false };
  const logs = (task: { draw: number; index: number }) => 0.009 * noise.normal(1000 + task.draw) + 0.02 * noise.normal(task.index);
  const replicas = changed(
    options,
    gNaOf(({ task }) => logs(task)),
  );
  const { perDataSet, halfWidth } = summaryOf(options, replicas).replicasNeeded!['gNa']!;
  const between = intraclassCorrelation(
    [0, 1, 2, 3, 4, 5, 6, 7].map((draw) => replicas.filter(({ task }) => task.draw === draw).map(({ task }) => logs(task))),
  )!;
  expect(between).toBeGreaterThan(0.02);
  // variance of the mean of a data set's replicas, one replica's being 1
  const varianceOf = (each: number) => between + (1 - between) / each;
  const allowed = varianceOf(6) * (0.01 / halfWidth) ** 2;
  expect(varianceOf(perDataSet!)).toBeLessThanOrEqual(allowed);
  expect(varianceOf(perDataSet! - 1)).toBeGreaterThan(allowed);
});

describe('acceptance', () => {
  const options: FixtureOptions = { draws: 2, seeds: 20, accepted: 0.7, traces: false };
  const replicas = [...fixtureReplicas(options)];
  const estimated = replicas.filter(({ result }) => result.estimate !== undefined);

  test('counts what the filter takes, and what other limits of chi2 would pass', () => {
    const { acceptance, counts, parameters } = summaryOf(options, replicas);
    expect(acceptance!.rejectedShare).toBeCloseTo(1 - counts.accepted / estimated.length, 12);
    const limit = 1 + 3 * Math.sqrt(2 / 501);
    for (const { factor, n } of acceptance!.thresholds) {
      const passing = estimated.filter(({ result }) => result.estimate!.predictive!.chi2 <= (factor ?? Infinity) * limit);
      expect(n).toBe(passing.length);
    }
    expect(acceptance!.thresholds.at(-1)!.medians['gNa']).toBe(parameters['gNa']!.unfiltered.median);
  });

  test('a network closer to the data than their noise has fitted it', () => {
    const close = changed(options, ({ task }, estimate) => ({ network: { ...estimate.network, rmseMv: task.index < 5 ? 0.8 : 0.97 } }));
    const expected = close.slice(0, 5).filter(({ result }) => result.outcome.kind === 'converged').length;
    expect(summaryOf(options, close).acceptance!.belowNoise).toBe(expected);
    expect(expected).toBeGreaterThan(0);
  });
});

test('no statistic depends on the order of arrival', () => {
  const options: FixtureOptions = { amplitudes: [8, 12], draws: 2, seeds: 6, widths: [16, 24], accepted: 0.8, traces: false };
  const replicas = [...fixtureReplicas(options)];
  const text = (given: readonly FixtureReplica[]) => JSON.stringify(summaryOf(options, given));
  expect(text(replicas.toReversed())).toBe(text(replicas));
});
