import { describe, expect, test } from 'vitest';
import { DEFAULT_CONFIGURATION } from '../../../../orchestrator/spec/defaults.ts';
import { contentId, sha256 } from '../../../../schemas/content-id.ts';
import type { Networkless, Result, Task } from '../../../../schemas/generated/types.ts';
import { parseResult } from '../../../../schemas/parse.ts';
import { packageRoot } from '../../../../schemas/package-root.ts';
import { loadModel } from '../../../../worker/models/library.ts';
import { estimateCohort } from '../../../../worker/train/networkless.ts';
import { syntheticUnit } from '../../../../worker/train/observe.ts';
import type { SyntheticCell } from '../../../../worker/train/truths.ts';

const { model, text } = loadModel('hodgkin-huxley', packageRoot());
const TRUTH: Readonly<Record<string, number>> = { gNa: 120, gK: 36, gL: 0.3, ENa: 50, EK: -77, EL: -54.387, C: 1 };
const SHOOTING: Networkless = {
  kind: 'shooting',
  starts: 3,
  from: { gNa: { logUniform: [60, 240] }, gK: { logUniform: [18, 72] }, gL: { logUniform: [0.15, 0.6] } },
};

function taskOf(
  method: Networkless,
  starts: Record<string, number>,
  entry: Partial<SyntheticCell> = {},
  changes: Partial<Task> = {},
): Task {
  const unit = syntheticUnit({ stimulus: { step: { amplitude: 10 } }, durationMs: 30, noiseMv: 1, ...entry }, 0, model, 1);
  if (unit.kind !== 'unit') throw new Error('the entry is wrong');
  const infer = Object.entries(starts).map(([name, start]) => ({ name, start }));
  const fixed = Object.fromEntries(Object.entries(TRUTH).filter(([name]) => starts[name] === undefined));
  return {
    sweep: contentId('sweep'),
    index: 0,
    replica: contentId({ method, starts }),
    shape: contentId(method).slice(0, 16),
    model: sha256(text),
    infer: infer as Task['infer'],
    fixed,
    data: unit.unit,
    draw: 0,
    configuration: { ...DEFAULT_CONFIGURATION, method: method.kind },
    training: [],
    method,
    accept: { chi2: 'auto', spikes: 'equal' },
    seed: 7,
    tracePoints: 50,
    ...changes,
  };
}

function estimate(task: Task, shouldStop = () => false): Result | null {
  const [result] = estimateCohort([task], {
    objects: () => text,
    control: { shouldStop, progress: () => undefined },
    worker: 'test',
    attempts: [1],
  });
  return result!;
}

function errors(result: Result | null): Record<string, number> {
  const parameters = result!.estimate!.parameters;
  return Object.fromEntries(Object.entries(parameters).map(([name, value]) => [name, value / TRUTH[name]! - 1]));
}

const STARTS = { gNa: 200, gK: 20, gL: 0.5 };

describe('regression', () => {
  test('finds the conductances of data without noise to a percent, whatever the first guess', () => {
    const found = errors(estimate(taskOf({ kind: 'regression' }, STARTS, { noiseMv: 0, durationMs: 50 })));
    for (const error of Object.values(found)) expect(Math.abs(error)).toBeLessThan(0.01);
  });

  test('finds them under noise of 1 mV to a few percent, with V smoothed to half the noise', () => {
    const result = estimate(taskOf({ kind: 'regression' }, STARTS, { durationMs: 50 }));
    expect(Math.abs(errors(result)['gNa']!)).toBeLessThan(0.08);
    expect(Math.abs(errors(result)['gK']!)).toBeLessThan(0.08);
    expect(result!.estimate!.network.rmseToTruth!['V']).toBeLessThan(0.5);
    expect(Object.keys(result!.estimate!.standardErrors!)).toEqual(['gNa', 'gK', 'gL']);
  });

  test('finds a parameter that is not linear in the balance, and a potential', () => {
    const starts = { gNa: 200, C: 1.3, EK: -85 };
    const found = errors(
      estimate(
        taskOf({ kind: 'regression' }, starts, {
          noiseMv: 0,
          durationMs: 50,
          stimulus: { sine: { amplitude: 8, frequencyHz: 60, offset: 8 } },
        }),
      ),
    );
    for (const error of Object.values(found)) expect(Math.abs(error)).toBeLessThan(0.02);
  });
});

describe('shooting', () => {
  test('keeps the best of its starts, with standard errors and the forward solution as its traces', () => {
    const result = estimate(taskOf(SHOOTING, STARTS));
    expect(result!.engine).toBe('none');
    expect(result!.arithmetic).toMatch(/V8/);
    expect(result).toMatchObject({ outcome: { kind: 'converged' }, estimate: { predictive: { spikes: { observed: 2, simulated: 2 } } } });
    for (const [name, error] of Object.entries(result!.estimate!.standardErrors!))
      expect(Math.abs(result!.estimate!.parameters[name]! - TRUTH[name]!)).toBeLessThan(5 * error);
    expect(result!.estimate!.traces!.simulatedV).toEqual(result!.estimate!.traces!.states['V']);
  });

  test('that has no forward solution from any start is stopped', () => {
    const one: Networkless = { kind: 'shooting', starts: 1, from: {} };
    const result = estimate(taskOf(one, { C: 1 }, { durationMs: 5 }, { fixed: { ...TRUTH, gNa: 1e12 } }));
    expect(result).toMatchObject({ outcome: { kind: 'stopped', reason: 'simulation-failed' } });
  });
});

describe('differential evolution', () => {
  const evolution = { kind: 'differential-evolution', population: 12, generations: 15, polish: true } as const;

  test('ends at the minimum that a polish takes it to', () => {
    const result = estimate(taskOf({ ...evolution, generations: 40 }, { gNa: 60, gK: 20 }, { durationMs: 15 }));
    expect(result!.outcome).toEqual({ kind: 'converged' });
    expect(Math.abs(errors(result)['gNa']!)).toBeLessThan(0.1);
    expect(result!.steps).toBeGreaterThan(12 * 10);
  });

  test('stays within the ranges without a polish, and says how far it still moves', () => {
    const result = estimate(taskOf({ ...evolution, generations: 3, polish: false }, { gNa: 60, EL: -50 }, { durationMs: 10 }));
    const { parameters, stationarity } = result!.estimate!;
    expect(parameters['gNa']).toBeGreaterThan(1);
    expect(parameters['EL']).toBeGreaterThan(-90);
    expect(parameters['EL']).toBeLessThan(-30);
    expect(stationarity).toBeGreaterThan(0);
  });
});

describe('every method', () => {
  const evolution: Networkless = { kind: 'differential-evolution', population: 6, generations: 2, polish: false };
  const methods: readonly Networkless[] = [{ kind: 'regression' }, { ...SHOOTING, starts: 2 }, evolution];

  test.each(methods)('$kind gives the same numbers again, in a result that is valid on the wire', (method) => {
    const [one, two] = [0, 1].map(() => estimate(taskOf(method, STARTS, { durationMs: 20 })));
    expect({ ...one, seconds: 0, cpuSeconds: 0 }).toEqual({ ...two, seconds: 0, cpuSeconds: 0 });
    expect(parseResult(JSON.parse(JSON.stringify(one)))).toEqual(one);
  });

  test.each(methods)('$kind gives nothing when it is interrupted', (method) => {
    let asked = 0;
    expect(estimate(taskOf(method, STARTS, { durationMs: 20 }), () => ++asked > 2)).toBeNull();
  });

  test.each(methods)('$kind fits two segments jointly, each from its own initial state', (method) => {
    const task = taskOf(method, STARTS, { durationMs: 20, noiseMv: 0.2 });
    if (task.data.source.kind !== 'synthetic') throw new Error('not synthetic');
    const samples = task.data.samples;
    const joint: Task = {
      ...task,
      data: {
        ...task.data,
        samples: 2 * samples,
        segments: [0, samples],
        source: { ...task.data.source, furtherStimuli: [{ step: { amplitude: 5 } }] },
      },
    };
    expect(estimate(joint)!.estimate!.furtherInitial).toHaveLength(1);
  });
});
