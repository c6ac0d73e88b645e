/** The summary against a second computation that shares no code with it: plain loops over the replicas. */
import { describe, expect, test } from 'vitest';
import { aggregate } from '../../../orchestrator/aggregate/aggregate.ts';
import { MOST_ROWS } from '../../../orchestrator/aggregate/axis-table.ts';
import { MOST_SHOWN, observationKey } from '../../../orchestrator/aggregate/shown-data.ts';
import { summary as validate } from '../../../schemas/generated/validators.js';
import type { Summary } from '../../../schemas/generated/types.ts';
import { fixtureLock, fixtureReplicas, heldOutLabel, SQUID } from '../../helpers/ensemble-fixture.ts';
import type { FixtureOptions, FixtureReplica } from '../../helpers/ensemble-fixture.ts';

function aggregated(options: FixtureOptions, replicas: Iterable<FixtureReplica> = fixtureReplicas(options), planned = 40) {
  return aggregate({ lock: fixtureLock(options), planned, replicas });
}

const plainMedian = (values: number[]) => {
  const sorted = values.toSorted((a, b) => a - b);
  const half = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2;
};

const typical: FixtureOptions = { amplitudes: [8, 12], draws: 2, seeds: 6, accepted: 0.7 };
const replicas = [...fixtureReplicas(typical)];
const { summary, tables } = aggregated(typical, replicas, 30);
const accepted = replicas.filter(({ result }) => result.outcome.kind === 'converged');
const estimated = replicas.filter(({ result }) => result.estimate !== undefined);

test('the summary is what its schema promises', () => {
  expect(validate(summary), JSON.stringify(validate.errors)).toBe(true);
});

test('medians, spreads and errors of parameters are those of a plain computation', () => {
  for (const name of ['gNa', 'gK', 'gL'] as const) {
    const statistics = summary.parameters[name]!;
    for (const [members, got] of [
      [accepted, statistics],
      [estimated, statistics.unfiltered],
    ] as const) {
      const logs = members.map(({ result }) => Math.log(result.estimate!.parameters[name]!));
      const centre = Math.exp(plainMedian(logs));
      const s = 1.4826 * plainMedian(logs.map((value) => Math.abs(value - Math.log(centre))));
      expect(got.n).toBe(members.length);
      expect(got.median).toBeCloseTo(centre, 9);
      expect(got.mad! / (centre * (Math.exp(s) - 1))).toBeCloseTo(1, 4);
      expect(got.relativeError).toBeCloseTo(centre / SQUID[name] - 1, 9);
      expect(got.ci95![0]).toBeLessThanOrEqual(got.median!);
      expect(got.ci95![1]).toBeGreaterThanOrEqual(got.median!);
    }
    expect(statistics.truth).toBe(SQUID[name]);
  }
});

test('a tied parameter has its distribution beside those that it follows, marked as tied, and changes none of theirs', () => {
  const equation = '2 * gL - 1 mV';
  const lock = fixtureLock(typical);
  const tied = [
    { name: 'gM', unit: 'mS/cm2', positive: true, equation: '0.1 * gNa' },
    { name: 'EL', unit: 'mV', positive: false, equation },
    { name: 'gX', unit: 'mS/cm2', positive: true, equation: 'gNa - gK' },
  ] as const;
  const follow = ({ gNa = NaN, gL = NaN }: Record<string, number>) => ({ gM: 0.1 * gNa, EL: 2 * gL - 1, gX: gNa - 120 });
  const following = replicas.map(({ task, result }) => ({
    task,
    result:
      result.estimate === undefined ? result : { ...result, estimate: { ...result.estimate, tied: follow(result.estimate.parameters) } },
  }));
  const problem: (typeof lock)['resolved']['problem'] = { ...lock.resolved.problem, tied: [...tied] };
  const { summary: own } = aggregate({ lock: { ...lock, resolved: { ...lock.resolved, problem } }, planned: 30, replicas: following });
  expect(validate(own), JSON.stringify(validate.errors)).toBe(true);
  const { gM, EL, gX, ...inferred } = own.parameters;
  expect(inferred).toEqual(summary.parameters);
  expect(gM).toMatchObject({ tied: '0.1 * gNa', scale: 'log', n: accepted.length, unfiltered: { n: estimated.length } });
  expect(gM!.median).toBeCloseTo(0.1 * inferred['gNa']!.median!, 9);
  expect(gM!.ci95![1]).toBeCloseTo(0.1 * inferred['gNa']!.ci95![1], 9);
  expect(EL).toMatchObject({ tied: equation, scale: 'linear', unit: 'mV' });
  expect(EL!.median).toBeCloseTo(plainMedian(accepted.map(({ result }) => 2 * result.estimate!.parameters['gL']! - 1)), 9);
  // a tie that leaves the positive numbers has no logarithm
  expect(gX!.scale).toBe('linear');
});

test('reconstruction and prediction are medians over accepted replicas', () => {
  const of = (read: (replica: FixtureReplica) => number) => plainMedian(accepted.map(read));
  expect(summary.reconstruction['V']!.rmse).toBeCloseTo(
    of(({ result }) => result.estimate!.network.rmseMv),
    12,
  );
  expect(summary.reconstruction['h']!.rmseToTruth).toBeCloseTo(
    of(({ result }) => result.estimate!.network.rmseToTruth!['h']!),
    12,
  );
  expect(summary.reconstruction['V']!.unit).toBe('mV');
  expect(summary.reconstruction['h']!.rmse).toBeUndefined();
  expect(summary.predictive.rmseMv).toBeCloseTo(
    of(({ result }) => result.estimate!.predictive!.rmseMv),
    12,
  );
  expect(summary.predictive.chi2).toBeCloseTo(
    of(({ result }) => result.estimate!.predictive!.chi2),
    12,
  );
  expect(summary.predictive.spikes).toEqual({ observed: 4, simulated: 4 });
  expect(summary.predictive.n).toBe(accepted.length);
  expect(summary.predictive.unfiltered.n).toBe(estimated.length);
});

test("a finish is summarised with the networks' own estimates and the standard errors, over the same replicas", () => {
  const finished: FixtureOptions = { ...typical, finish: true };
  const { parameters } = aggregated(finished, fixtureReplicas(finished), 24).summary;
  for (const name of ['gNa', 'gK', 'gL']) expect(parameters[name]!.network!.median! / parameters[name]!.median!).toBeCloseTo(0.98, 12);
  expect(parameters['gNa']!.network!.relativeError).toBeCloseTo(parameters['gNa']!.network!.median! / 120 - 1, 12);
  expect(parameters['gNa']!.standardError! / parameters['gNa']!.median!).toBeCloseTo(0.01, 2);
  expect(summary.parameters['gNa']).not.toHaveProperty('network');
});

test('variability is the width of the 95 % band: median over time, then over data units and draws', () => {
  const widths = [0, 1].flatMap((unit) =>
    [0, 1].map((draw) => {
      const traces = accepted
        .filter(({ task }) => task.data.entry === unit && task.draw === draw)
        .map(({ result }) => result.estimate!.traces!.states['n']!);
      return plainMedian(
        traces[0]!.map((_, i) => {
          const sorted = traces.map((trace) => trace[i]!).toSorted((a, b) => a - b);
          const at = (p: number) => {
            const k = Math.floor((sorted.length - 1) * p);
            return sorted[k]! + ((sorted.length - 1) * p - k) * ((sorted[k + 1] ?? sorted[k]!) - sorted[k]!);
          };
          return at(0.975) - at(0.025);
        }),
      );
    }),
  );
  expect(summary.reconstruction['n']!.variability).toBeCloseTo(plainMedian(widths), 12);
});

test('every planned replica is accepted or left out for a reason', () => {
  const { counts, reasons } = summary;
  expect(counts).toMatchObject({ planned: 30, finished: 24, accepted: accepted.length });
  expect(counts.converged + counts.stopped + counts.diverged + counts.pruned + counts.failed).toBe(counts.finished);
  expect(reasons['unfinished']).toBe(6);
  expect(Object.values(reasons).reduce((a, b) => a + b, counts.accepted)).toBe(counts.planned);
  expect(reasons['stopped/chi2']).toBe(
    replicas.filter(({ result: { outcome } }) => outcome.kind === 'stopped' && outcome.reason === 'chi2').length,
  );
});

test('speed is total steps over total time, and orchestration is told only where it was measured', () => {
  const seconds = replicas.reduce((sum, { result }) => sum + result.seconds, 0);
  const steps = replicas.reduce((sum, { result }) => sum + result.steps, 0);
  expect(summary.speed.replicaStepsPerSecond).toBeCloseTo(steps / seconds, 9);
  expect(summary.speed.coreSecondsPerReplica).toBeCloseTo(seconds / 24, 9);
  expect(summary.speed.orchestrationMsPerReplica).toBeNull();
  const measured = aggregate({ lock: fixtureLock(typical), planned: 24, orchestrationMs: 48, replicas });
  expect(measured.summary.speed.orchestrationMsPerReplica).toBe(2);
});

test('a converged replica without a usable estimate is not accepted, and is told', () => {
  const broken = replicas.map((replica, i) =>
    i === replicas.indexOf(accepted[0]!)
      ? { ...replica, result: { ...replica.result, estimate: { ...replica.result.estimate!, parameters: { gNa: 120, gK: -1, gL: 0.3 } } } }
      : replica,
  );
  const { summary: other } = aggregated(typical, broken, 24);
  expect(other.counts.accepted).toBe(accepted.length - 1);
  expect(other.counts.converged).toBe(accepted.length);
  expect(other.reasons['converged/no-estimate']).toBe(1);
  expect(other.parameters['gNa']!.unfiltered.n).toBe(estimated.length - 1);
});

test('data with several truths give an error per truth, and no common one', () => {
  const options: FixtureOptions = {
    draws: 1,
    seeds: 6,
    amplitudes: [10, 11],
    accepted: 1,
    traces: false,
    truths: [SQUID, { gNa: 80, gK: 30, gL: 0.2 }],
  };
  const { parameters } = aggregated(options, undefined, 12).summary;
  expect(parameters['gNa']!.truth).toBeUndefined();
  expect(parameters['gNa']!.perTruth!.map(({ truth, n }) => [truth, n])).toEqual([
    [80, 6],
    [120, 6],
  ]);
  for (const { truth, median, relativeError } of parameters['gNa']!.perTruth!) expect(relativeError).toBeCloseTo(median! / truth - 1, 9);
  expect(Math.abs(parameters['gNa']!.relativeError!)).toBeLessThan(0.05);
});

test('recordings have neither truth nor error', () => {
  const { summary: cell } = aggregated({ recorded: true, draws: 1, seeds: 3 });
  expect(cell.parameters['gNa']).not.toHaveProperty('truth');
  expect(cell.parameters['gNa']).not.toHaveProperty('relativeError');
  expect(cell.reconstruction['V']).not.toHaveProperty('rmseToTruth');
});

describe.each([
  ['no replica', [] as FixtureReplica[]],
  ['one replica', [accepted[0]!]],
  ['two replicas', accepted.slice(0, 2)],
  ['no accepted replica', replicas.filter((replica) => !accepted.includes(replica))],
  ['only failures', replicas.filter((replica) => !estimated.includes(replica))],
])('%s', (_, few) => {
  const { summary: small } = aggregated(typical, few, few.length);

  test('gives nulls, never NaN, and a valid summary', () => {
    expect(numbersOf(small).every(Number.isFinite)).toBe(true);
    expect(validate(JSON.parse(JSON.stringify(small))), JSON.stringify(validate.errors)).toBe(true);
  });

  test('has an interval and a spread only from two replicas on', () => {
    const { n, ci95, mad, median } = small.parameters['gNa']!;
    expect(ci95 !== null).toBe(n > 1);
    expect(mad !== null).toBe(n > 1);
    expect(median !== null).toBe(n > 0);
  });
});

function numbersOf(value: unknown): number[] {
  if (typeof value === 'number') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(numbersOf) : [];
}

test('a replica with two results is a bug, and so is a replica of foreign data', () => {
  expect(() => aggregated(typical, [replicas[0]!, replicas[0]!])).toThrow('internal: replica 0 has two results');
  const foreign = { ...replicas[0]!, task: { ...replicas[0]!.task, data: { ...replicas[0]!.task.data, id: 'f'.repeat(64) } } };
  expect(() => aggregated(typical, [foreign])).toThrow('internal');
});

describe('tables for the report', () => {
  test('shown data are spread evenly, have an observation key, and say which ensemble their bands are of', () => {
    const many: FixtureOptions = { amplitudes: [6, 7, 8, 9, 10, 11], draws: 2, seeds: 2, accepted: 0.5 };
    const lock = fixtureLock(many);
    const { tables: shownTables } = aggregated(many);
    expect(shownTables.fittedData).toBe(12);
    expect(shownTables.shown).toHaveLength(MOST_SHOWN);
    expect(shownTables.shown[0]!.key).toBe(observationKey(lock.resolved.problem.data[0].id, 0));
    expect(shownTables.shown.some(({ ensemble }) => ensemble === 'all')).toBe(true);
  });

  test('an axis has a row for each value, and one of many numbers is cut at its quartiles', () => {
    const options: FixtureOptions = { draws: 1, seeds: 3, widths: [16, 24], traces: false };
    const [widths] = aggregated(options).tables.axes;
    expect(widths).toMatchObject({
      axis: 'network.width',
      omitted: 0,
      rows: [
        { label: '16', finished: 3 },
        { label: '24', finished: 3 },
      ],
    });
    const continuous: FixtureOptions = { ...options, widths: Array.from({ length: MOST_ROWS + 8 }, (_, i) => 10 + i) };
    const [cut] = aggregated(continuous).tables.axes;
    expect(cut!.rows).toHaveLength(4);
    expect(cut!.rows.reduce((sum, { finished }) => sum + finished, 0)).toBe(60);
  });

  test('a row of an axis none of whose replicas was accepted is of all that finished', () => {
    const [widths] = aggregated({ draws: 1, seeds: 3, widths: [16, 24], traces: false, accepted: 0 }).tables.axes;
    const [row] = widths!.rows;
    expect(row).toMatchObject({ finished: 3, accepted: 0 });
    expect([row!.parameters['gNa']!.median, row!.rmsError['gNa'], row!.chi2, row!.rmseMv]).toEqual(Array(4).fill(expect.any(Number)));
  });

  test('one configuration and one data set have no axis', () => {
    expect(aggregated({ draws: 1, seeds: 3, traces: false }).tables.axes).toEqual([]);
    expect(tables.axes.map(({ axis }) => axis)).toEqual(['data']);
  });
});

test('a summary survives JSON unchanged', () => {
  // the type says what JSON gives back
  expect(JSON.parse(JSON.stringify(summary)) as Summary).toEqual(summary);
});

describe('what was not fitted', () => {
  const options: FixtureOptions = { recorded: true, draws: 1, amplitudes: [8, 9], seeds: 20, heldOut: 3, traces: false };
  const all = [...fixtureReplicas(options)];
  const good = all.filter(({ result }) => result.outcome.kind === 'converged');
  const { summary: found, tables: drawn } = aggregated(options, all);

  test('scores are medians over the accepted replicas that have one, stretch by stretch in the order of the spec', () => {
    expect(validate(found), JSON.stringify(validate.errors)).toBe(true);
    expect(found.heldOut!.map(({ label }) => label)).toEqual([0, 1, 2].map(heldOutLabel));
    for (const [k, stretch] of found.heldOut!.entries()) {
      const scores = good.flatMap(({ result }) => result.estimate!.heldOut![k]!.score ?? []);
      expect(stretch.n).toBe(scores.length);
      expect(stretch.failed).toBe(good.length - scores.length);
      expect(stretch.rmseMv).toBeCloseTo(plainMedian(scores.map(({ rmseMv }) => rmseMv)), 12);
      expect(stretch.coincidence).toBeCloseTo(plainMedian(scores.map(({ coincidence }) => coincidence!)), 12);
      expect(stretch.timingMs).toBeCloseTo(plainMedian(scores.map(({ timing }) => timing!.medianMs)), 12);
      expect(stretch.spikes.simulated).toBe(plainMedian(scores.map(({ spikes }) => spikes.simulated)));
    }
    expect(found.heldOut![2]!.failed).toBeGreaterThan(0);
    expect(found.rest).toMatchObject({ n: good.length, failed: 0 });
  });

  test('features that no spike has are left out, and the others are medians', () => {
    expect(Object.keys(found.predictive.features!)).toEqual([
      'thresholdMv',
      'upstrokeMvPerMs',
      'amplitudeMv',
      'halfWidthMs',
      'downstrokeMvPerMs',
    ]);
    const simulated = good.map(({ result }) => result.estimate!.predictive!.features!.simulated.amplitudeMv!);
    expect(found.predictive.features!['amplitudeMv']!.simulated).toBeCloseTo(plainMedian(simulated), 12);
    expect(found.predictive.features!['amplitudeMv']!.observed).toBe(95);
    expect(found.predictive.timingMs).toBeCloseTo(0.1, 12);
  });

  test('bounds are medians, and the spread is counted in them', () => {
    const { standardErrors, ensembleOverBound, weakest } = found.identifiability!;
    expect(standardErrors['gK']).toBeCloseTo(plainMedian(good.map(({ result }) => result.estimate!.bound!.standardErrors['gK']!)), 12);
    expect(ensembleOverBound['gK']).toBeCloseTo(found.parameters['gK']!.mad! / standardErrors['gK']!, 12);
    expect(weakest).toContain('cannot be told from the noise');
  });

  test('a parameter that most replicas leave open has no bound, though the others have one', () => {
    const open = (count: number): FixtureReplica[] =>
      all.map((replica) => {
        const { estimate } = replica.result;
        if (estimate?.bound === undefined || good.indexOf(replica) >= count) return replica;
        const { gL: _, ...standardErrors } = estimate.bound.standardErrors;
        return { ...replica, result: { ...replica.result, estimate: { ...estimate, bound: { ...estimate.bound, standardErrors } } } };
      });
    const of = (count: number) => aggregated(options, open(count)).summary.identifiability!;
    const [few, most] = [of(3), of(Math.ceil(good.length / 2))];
    expect(few.standardErrors['gL']).toBeGreaterThanOrEqual(found.identifiability!.standardErrors['gL']!);
    expect(most.standardErrors['gL']).toBeNull();
    expect(most.ensembleOverBound['gL']).toBeNull();
    expect(most.standardErrors['gK']).toBe(found.identifiability!.standardErrors['gK']);
  });

  test('a stretch is drawn with the replica of median misfit there', () => {
    const [rest, first] = drawn.stretches;
    expect(drawn.stretches).toHaveLength(3);
    expect(rest!.label).toMatch(/rest$/);
    const sorted = good.toSorted((a, b) => a.result.estimate!.heldOut![0]!.score!.rmseMv - b.result.estimate!.heldOut![0]!.score!.rmseMv);
    const typicalOne = sorted[Math.floor((sorted.length - 1) / 2)]!;
    expect(first).toMatchObject({
      label: heldOutLabel(0),
      index: typicalOne.task.index,
      parameters: typicalOne.result.estimate!.parameters,
    });
  });

  test('without any of it the summary says nothing of it', () => {
    expect(summary).not.toHaveProperty('heldOut');
    expect(summary).not.toHaveProperty('rest');
    expect(summary).not.toHaveProperty('identifiability');
    expect(summary.yardstick).toEqual({ kind: 'noise', mv: 1 });
    expect(summary.verdict).toBe('accepted');
  });
});
