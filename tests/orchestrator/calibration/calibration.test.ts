/** Intervals of single data sets, their coverage, and a calibration applied, on ensembles whose errors were made. */
import { describe, expect, test } from 'vitest';
import { aggregate } from '../../../orchestrator/aggregate/aggregate.ts';
import { conditionViolations, calibrationConditions } from '../../../orchestrator/calibration/conditions.ts';
import { checkConditions, type NamedCalibration } from '../../../orchestrator/calibration/named-calibration.ts';
import { renderCalibration } from '../../../orchestrator/report/calibration-section.ts';
import { figureList } from '../../../orchestrator/report/figure.ts';
import type { DataUnit, Lock, Summary } from '../../../schemas/generated/types.ts';
import { summary as validate } from '../../../schemas/generated/validators.js';
import { randomStream } from '../../../schemas/random.ts';
import { fixtureLock, fixtureReplicas } from '../../helpers/ensemble-fixture.ts';
import type { FixtureOptions, FixtureReplica } from '../../helpers/ensemble-fixture.ts';
import { unbalancedTags } from '../../helpers/markup-balance.ts';

const STANDARD_ERROR = 0.02;
const CELLS = 60;
const CURRENT = { mean: 10, sd: 0, change: 0 };

const options = (cells = CELLS, seeds = 2): FixtureOptions => ({
  amplitudes: Array.from({ length: cells }, () => 10),
  truths: Array.from({ length: cells }, (_, k) => ({ gNa: 100 + k, gK: 36, gL: 0.3 })),
  draws: 1,
  seeds,
  accepted: 1,
  traces: false,
});

interface Made {
  /** error of gNa of one data set in standard errors; the same in all its replicas */
  readonly error: (set: number) => number;
  /** how far the two seeds of a data set lie from its middle, hardly when absent */
  readonly apart?: number;
  readonly cells?: number;
  readonly changed?: (replica: FixtureReplica) => FixtureReplica['result'];
}

/** ln gNa = ln truth + error * s -+ apart, with the standard error s. */
function replicasOf({ error, apart = 1e-6, cells = CELLS, changed }: Made): FixtureReplica[] {
  const given = options(cells);
  return [...fixtureReplicas(given)].map((replica, i) => {
    const set = Math.floor(i / 2);
    const gNa = given.truths![set]!.gNa * Math.exp(STANDARD_ERROR * error(set) + (i % 2 === 0 ? apart : -apart));
    const { estimate } = replica.result;
    const standardErrors = { gNa: STANDARD_ERROR * gNa };
    const result = { ...replica.result, estimate: { ...estimate!, parameters: { ...estimate!.parameters, gNa }, standardErrors } };
    return { task: replica.task, result: changed === undefined ? result : changed({ task: replica.task, result }) };
  });
}

const conditionsOf = ({ resolved }: Lock) => calibrationConditions(resolved, () => CURRENT);

function summaryOf(made: Made, calibration?: NamedCalibration): Summary {
  const lock = fixtureLock(options(made.cells));
  const named = calibration === undefined ? {} : { calibration };
  const { summary } = aggregate({ lock, planned: 1, replicas: replicasOf(made), conditions: () => conditionsOf(lock), ...named });
  expect(validate(JSON.parse(JSON.stringify(summary))), JSON.stringify(validate.errors)).toBe(true);
  return summary;
}

const normal = randomStream(5, 'errors of the test');
const others = randomStream(6, 'errors of the test');
const rightError = (set: number): number => normal.normal(set);
const named = ({ sweep, calibration }: Summary): NamedCalibration => ({
  name: sweep.name,
  sweep: sweep.id,
  calibration: { ...calibration!, conditions: calibration!.conditions! },
});

describe('the calibration of a run', () => {
  test('holds the interval of each data set, and not of each replica, against its truth', () => {
    // errors of 1, 1, 1, 2, 2, 3 standard errors and so on: 50 % reach to 0.67, 80 % to 1.28, 95 % to 1.96
    const pattern = [0.5, 1, 1.1, 1.5, 1.9, -3];
    const { calibration } = summaryOf({ error: (set) => pattern[set % 6]! });
    const { n, levels, spread, truthRange, spreadAlone80 } = calibration!.parameters['gNa']!;
    expect(n).toBe(CELLS);
    expect([levels['50'].coverage, levels['80'].coverage, levels['95'].coverage]).toEqual([1 / 6, 1 / 2, 5 / 6]);
    expect(spread).toBeGreaterThan(0.5);
    expect([truthRange[0], truthRange[1]].map((value) => Math.round(value))).toEqual([100, 159]);
    expect(spreadAlone80).toBe(0);
    expect(calibration).toMatchObject({ n: CELLS, truths: CELLS, withoutInterval: 0, coverage80: 0.5 });
  });

  test('counts the spread of replicas beside their standard error', () => {
    // b = 1.4826 * 0.04; with it an error of 3 standard errors of 0.02 is 0.96 sigma
    const narrow = summaryOf({ error: () => 3 }).calibration!.parameters['gNa']!;
    const wide = summaryOf({ error: () => 3, apart: 0.04 }).calibration!.parameters['gNa']!;
    expect([narrow.bias.z, wide.bias.z].map((z) => Number(z.toFixed(3)))).toEqual([
      3,
      Number((3 * (STANDARD_ERROR / Math.hypot(STANDARD_ERROR, 1.4826 * 0.04))).toFixed(3)),
    ]);
    expect([narrow.levels['80'].coverage, wide.levels['80'].coverage]).toEqual([0, 1]);
  });

  test('of right intervals has uniform ranks, and hardly a factor', () => {
    const { ranks, levels, bias } = summaryOf({ error: rightError, cells: 100 }).calibration!.parameters['gNa']!;
    expect(ranks.p).toBeGreaterThan(0.05);
    expect(ranks.counts.reduce((a, b) => a + b)).toBe(100);
    expect(levels['80'].factor).toBeLessThan(1.1);
    expect(bias.ci95[0] < 0.05 && bias.ci95[1] > -0.05).toBe(true);
  });

  test('of standard errors that are too small finds the factor, and covers with it where it was not made', () => {
    const { ranks, levels } = summaryOf({ error: (set) => 2 * rightError(set), cells: 200 }).calibration!.parameters['gNa']!;
    expect(ranks.p).toBeLessThan(1e-4);
    expect(ranks.counts[0]! + ranks.counts.at(-1)!).toBeGreaterThan(40);
    expect(levels['80'].coverage).toBeLessThan(0.6);
    expect(Math.abs(levels['80'].factor! - 2)).toBeLessThan(0.3);
    expect(Math.abs(levels['80'].calibrated!.coverage - 0.8)).toBeLessThan(0.06);
  });

  test('tells estimates that are too high: truths have low ranks', () => {
    const { ranks, bias } = summaryOf({ error: (set) => 1.5 + rightError(set) }).calibration!.parameters['gNa']!;
    expect(bias.ci95[0]).toBeGreaterThan(0.5);
    expect(ranks.cumulative[9]!).toBeGreaterThan(0.75 * CELLS);
  });

  test('needs twenty data sets with an interval, and leaves out those without', () => {
    expect(summaryOf({ error: rightError, cells: 19 })).not.toHaveProperty('calibration');
    const rejected = summaryOf({
      error: rightError,
      changed: ({ task, result }) => (task.data.entry < 5 ? { ...result, outcome: { kind: 'stopped', reason: 'chi2' } } : result),
    });
    expect(rejected.calibration).toMatchObject({ n: CELLS - 5, withoutInterval: 5 });
    const undetermined = summaryOf({
      error: rightError,
      changed: ({ task, result }) => (task.data.entry < 5 ? { ...result, estimate: { ...result.estimate!, standardErrors: {} } } : result),
    });
    expect(undetermined.calibration!.parameters['gNa']!.n).toBe(CELLS - 5);
    expect(Object.keys(undetermined.calibration!.parameters)).toEqual(['gNa']);
  });

  test('of one truth in many draws has coverage, but no factor', () => {
    const given: FixtureOptions = { draws: 30, seeds: 2, accepted: 1, traces: false, finish: true };
    const { summary } = aggregate({ lock: fixtureLock(given), planned: 60, replicas: fixtureReplicas(given) });
    const { n, levels } = summary.calibration!.parameters['gNa']!;
    expect([n, summary.calibration!.truths, levels['80'].factor, levels['80'].calibrated]).toEqual([30, 1, null, null]);
  });
});

describe('a calibration applied to another run', () => {
  const narrow = summaryOf({ error: (set) => 2 * rightError(set), cells: 200 });

  test('widens the intervals of each data set by its factors, and covers truths that did not make them', () => {
    const { calibrated, calibration } = summaryOf({ error: (set) => 2 * others.normal(set) }, named(narrow));
    const { factor } = narrow.calibration!.parameters['gNa']!.levels['80'];
    const { estimate, intervals, n } = calibrated!.dataSets[7]!.parameters['gNa']!;
    expect(n).toBe(2);
    expect(Math.log(intervals['80']![1] / estimate)).toBeCloseTo(1.2815515655446004 * factor! * STANDARD_ERROR, 9);
    expect(calibrated!.dataSets.length).toBe(CELLS);
    expect(calibration!.parameters['gNa']!.levels['80'].coverage).toBeLessThan(0.65);
    expect(calibrated!.coverage!['gNa']!['80'].coverage).toBeGreaterThan(0.7);
    expect(calibrated!.from).toMatchObject({ n: 200, truths: 200 });
  });

  test('says nothing of an estimate beyond the truths that were tried', () => {
    const { calibrated } = summaryOf({ error: (set) => (set === 3 ? -60 : 0) }, named(narrow));
    const of = (set: number) => calibrated!.dataSets[set]!.parameters['gNa']!;
    expect(of(3)).toMatchObject({ outside: true, intervals: { '50': null, '80': null, '95': null } });
    // the estimate of 100 is the least truth itself
    expect(of(0)).toMatchObject({ outside: false });
  });

  test('is drawn and told with the run’s own, in words that do not mix the two intervals up', () => {
    const summary = summaryOf({ error: rightError }, named(narrow));
    const figures = figureList();
    const { markup } = renderCalibration(fixtureLock(options()), summary, figures)!;
    expect(unbalancedTags(markup)).toEqual([]);
    expect(markup).toContain('it is of the median over data sets, and is not');
    expect(figures.all.map(({ name, numbers }) => [name, numbers[0]!.rows.length])).toEqual([['calibration', 20]]);
    const { calibration: _own, ...applied } = summary;
    expect(renderCalibration(fixtureLock(options()), applied, figureList())!.markup).not.toContain('Figure');
  });
});

describe('the conditions of a calibration', () => {
  const lock = fixtureLock(options());
  const made = conditionsOf(lock);
  const changed = (change: Partial<Lock['resolved']>, unit: Partial<DataUnit> = {}, current = CURRENT) => {
    const { problem } = lock.resolved;
    const [first, ...rest] = problem.data.map((one) => ({ ...one, ...unit }));
    const resolved: Lock['resolved'] = { ...lock.resolved, problem: { ...problem, data: [first!, ...rest] }, ...change };
    return conditionViolations(
      calibrationConditions(resolved, () => current),
      made,
    ).map(({ where, got }) => `${where}: ${got}`);
  };

  test('are met by the same problem and network on other data of the kind, whatever the sweep is called', () => {
    expect(changed({ name: 'cell', seed: 9, tolerate: { failed: 1, diverged: 1 } })).toEqual([]);
    expect(changed({}, { sigmaMv: 1.4 }, { mean: 10.5, sd: 0.4, change: 0.3 })).toEqual([]);
  });

  test('are broken by name, by what differs', () => {
    const { problem, space } = lock.resolved;
    expect(changed({ space: { ...space, 'network.width': 32 } })).toEqual(['space.network.width: 32']);
    expect(changed({ problem: { ...problem, fixed: { ...problem.fixed, C: 2 } } })).toEqual(['problem.fixed.C: 2']);
    expect(changed({ finish: 'shooting' })).toEqual(['finish: "shooting"']);
    expect(changed({ accept: { chi2: 'off', spikes: 'equal' } })).toEqual(['accept.chi2: "off"']);
    expect(changed({}, { samples: 251 })).toEqual(['data: samples: 251']);
    expect(changed({}, { sigmaMv: 0.5 })).toEqual(['data: noise: 0.5 mV']);
    expect(changed({}, {}, { mean: 14, sd: 0, change: 0 })).toEqual(['data: mean of the current: 14']);
  });

  test('that are broken refuse the calibration', () => {
    const calibration = named(summaryOf({ error: rightError }));
    expect(() => checkConditions(calibration, made)).not.toThrow();
    expect(() => checkConditions(calibration, { ...made, same: { ...made.same, finish: '"shooting"' } })).toThrow(
      'finish: must be that of the calibration, "none"; got "shooting"',
    );
  });
});
