/** Spike-aligned variability, the physics gap, dependence of estimates and groups, each against a second computation from the results themselves. */
import { describe, expect, test } from 'vitest';
import { aggregate } from '../../../orchestrator/aggregate/aggregate.ts';
import { evenCourse } from '../../../orchestrator/aggregate/even-course.ts';
import { traceSample } from '../../../orchestrator/aggregate/trace-sample.ts';
import { robustCorrelation } from '../../../orchestrator/statistics/robust-correlation.ts';
import type { Traces } from '../../../schemas/generated/types.ts';
import { spikeFeatures } from '../../../worker/simulate/spike-features.ts';
import { fixtureLock, fixtureReplicas } from '../../helpers/ensemble-fixture.ts';
import type { FixtureReplica } from '../../helpers/ensemble-fixture.ts';

const options = { draws: 2, seeds: 6, widths: [16, 24], accepted: 0.8 };
const replicas = [...fixtureReplicas(options)];
const accepted = replicas.filter(({ result }) => result.outcome.kind === 'converged');
const questions: string[] = [];

function aggregated(inOrder: readonly FixtureReplica[]) {
  return aggregate({
    lock: fixtureLock(options),
    planned: 24,
    replicas: inOrder,
    spikeMeter: spikeFeatures,
    groupBy: ['network.width', 'draw'],
    informationAt: ({ data, draw, parameters, statesAt }) => {
      questions.push(`${data} ${draw} ${Object.keys(parameters).join(' ')} ${Object.keys(statesAt(0)).join(' ')}`);
      return (x, y) => (x === 'gNa' && y === 'gK' ? 0.9 : undefined);
    },
  });
}

const { summary, tables } = aggregated(replicas);

const plainMedian = (values: readonly number[]): number => {
  const sorted = values.toSorted((a, b) => a - b);
  return (sorted[(sorted.length - 1) >> 1]! + sorted[sorted.length >> 1]!) / 2;
};
const spread = (values: readonly number[]): number =>
  1.482602218505602 * plainMedian(values.map((value) => Math.abs(value - plainMedian(values))));

describe('spikes', () => {
  const spikes = accepted.map(({ result }) => spikeFeatures(Float64Array.from(result.estimate!.traces!.states['V']!), 0.2));
  const count = spikes[0]!.length;

  test('are measured one by one: spread over the replicas on one spike, median over spikes', () => {
    expect(count).toBeGreaterThan(2);
    expect(summary.spikeShape).toMatchObject({ spikes: count, replicas: accepted.length });
    for (const name of ['peakMv', 'halfWidthMs', 'thresholdMv', 'ahpMv'] as const) {
      const perSpike = Array.from({ length: count }, (_, k) => spikes.map((own) => own[k]![name]).filter(Number.isFinite));
      const known = perSpike.filter((values) => values.length > 0);
      const { median, spread: found, acrossSpikes } = summary.spikeShape!.network[name];
      expect(median).toBeCloseTo(plainMedian(known.map(plainMedian)), 6);
      expect(found).toBeCloseTo(plainMedian(known.map(spread)), 6);
      expect(acrossSpikes).toBeCloseTo(spread(known.map(plainMedian)), 6);
    }
    const onsets = Array.from({ length: count }, (_, k) => spread(spikes.map((own) => own[k]!.onsetMs)));
    expect(summary.spikeShape!.network.onsetMs).toMatchObject({ median: null, acrossSpikes: null });
    expect(summary.spikeShape!.network.onsetMs.spread).toBeCloseTo(plainMedian(onsets), 6);
  });

  test('are laid over each other at their onset, and the median of what is left on one spike is nothing', () => {
    const { tMs, network, deviation, courses, onsetsMs } = tables.spikes!;
    expect(courses).toBeGreaterThan(accepted.length * (count - 1));
    const onset = tMs.findIndex((t) => t >= 0);
    const thresholds = summary.spikeShape!.network.thresholdMv.median!;
    expect(Math.abs(network.median[onset]! - thresholds)).toBeLessThan(6);
    expect(Math.max(...network.median)).toBeCloseTo(summary.spikeShape!.network.peakMv.median!, -1);
    const typical = plainMedian([...network.high95].map((high, i) => high - network.low95[i]!));
    for (const value of deviation.network.median) expect(Math.abs(value)).toBeLessThan(typical);
    expect([...onsetsMs.keys()]).toHaveLength(2);
  });

  test('are in no summary where nobody measures them', () => {
    const without = aggregate({ lock: fixtureLock(options), planned: 24, replicas });
    expect(without.summary.spikeShape).toBeUndefined();
    expect(without.tables.spikes).toBeUndefined();
  });
});

test('the physics gap is the root mean square of simulated minus network V, median over accepted replicas', () => {
  const gaps = accepted.map(({ result }) => {
    const { states, simulatedV } = result.estimate!.traces!;
    const squares = simulatedV!.map((value, i) => (value - states['V']![i]!) ** 2);
    return Math.sqrt(squares.reduce((a, b) => a + b, 0) / squares.length);
  });
  expect(summary.predictive.physicsGapMv).toBeCloseTo(plainMedian(gaps), 10);
});

test('over the noise draws of one stimulus reconstructions differ more than over replicas on one draw', () => {
  const { variability, simultaneous, overDraws } = summary.reconstruction['V']!;
  expect(overDraws!).toBeGreaterThan(0);
  expect(simultaneous!).toBeGreaterThanOrEqual(variability!);
  expect(tables.variability.map(({ replicas: n }) => n)).toEqual([accepted.length]);
});

test('estimates go together as their logarithms do, beside what the Fisher information says', () => {
  const logs = (name: string) => accepted.map(({ result }) => Math.log(result.estimate!.parameters[name]!));
  const [first] = summary.dependence!;
  expect(first).toEqual({ x: 'gNa', y: 'gK', ...robustCorrelation(logs('gNa'), logs('gK')), fisher: 0.9 });
  expect(summary.dependence!.map(({ x, y }) => `${x} ${y}`)).toEqual(['gNa gK', 'gNa gL', 'gK gL']);
  expect(summary.dependence![1]).not.toHaveProperty('fisher');
  expect(questions[0]).toMatch(/^0 \d gNa gK gL V m h n$/);
});

describe('groups', () => {
  const { groups } = summary;

  test('are the combinations of the axes that were named, each with its own statistics', () => {
    expect(groups!.groups.map(({ values }) => values)).toEqual([
      { 'network.width': '16', draw: '0' },
      { 'network.width': '16', draw: '1' },
      { 'network.width': '24', draw: '0' },
      { 'network.width': '24', draw: '1' },
    ]);
    const own = accepted.filter(({ task }) => task.configuration['network.width'] === 24 && task.draw === 1);
    const logs = own.map(({ result }) => Math.log(result.estimate!.parameters['gK']!));
    expect(groups!.groups[3]).toMatchObject({ finished: 6, accepted: own.length });
    expect(groups!.groups[3]!.parameters['gK']!.median).toBeCloseTo(Math.exp(plainMedian(logs)), 10);
  });

  test('of an axis that the sweep does not have are refused, with those that it has', () => {
    const ask = () => aggregate({ lock: fixtureLock(options), planned: 24, replicas, groupBy: ['netork.width'] });
    expect(ask).toThrow(/--group-by: must name axes of the sweep; got netork\.width\. Did you mean "network\.width"\?/);
  });
});

test('none of it depends on the order of arrival', () => {
  expect(JSON.stringify(aggregated(replicas.toReversed()).summary)).toBe(JSON.stringify(summary));
});

describe('a sample of traces', () => {
  const traces: Traces = { tMs: [], states: {} };
  const all = Array.from({ length: 60 }, (_, index) => ({ replica: ((index * 37) % 101).toString(16).padStart(2, '0'), index, traces }));
  const taken = (entries: typeof all): number[] => {
    const sample = traceSample(10);
    for (const entry of entries) sample.add(entry);
    return [...sample.take().keys()];
  };

  test('is bounded, and the same in any order', () => {
    const expected = all.toSorted((a, b) => (a.replica < b.replica ? -1 : 1)).slice(0, 10);
    expect(taken(all)).toEqual(expected.map(({ index }) => index));
    expect(taken(all.toReversed())).toEqual(taken(all));
  });
});

test('a course on thinned samples is put on an even grid; one with a gap is not', () => {
  const tMs = [0, 0.2, 0.5, 0.7, 1];
  const even = evenCourse(
    tMs,
    tMs.map((t) => 3 * t - 1),
  )!;
  for (const [i, value] of [-1, -0.25, 0.5, 1.25, 2].entries()) expect(even[i]).toBeCloseTo(value, 12);
  expect(evenCourse([0, 1, 2, 3, 4, 5, 30], [0, 0, 0, 0, 0, 0, 0])).toBeUndefined();
});
