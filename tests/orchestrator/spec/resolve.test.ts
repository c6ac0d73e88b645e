import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { AXES, AXIS_LIMITS } from '../../../orchestrator/spec/axes.ts';
import { DEFAULT_CONFIGURATION } from '../../../orchestrator/spec/defaults.ts';
import { schedule } from '../../../orchestrator/spec/schedules.ts';
import { LoligoError } from '../../../schemas/errors.ts';
import { violationsOf } from '../../../schemas/violations.ts';
import { packageRoot } from '../../../schemas/package-root.ts';
import { SAMPLE_PROBLEM, sampleSweep, sampleUnit } from '../expand/sample-sweep.ts';

function codesOf(action: () => unknown): string[] {
  try {
    action();
    return [];
  } catch (error) {
    if (error instanceof LoligoError) return error.violations.map(({ code, where }) => `${code} ${where}`);
    throw error;
  }
}

describe('a resolved spec', () => {
  test('has every default filled in', () => {
    expect(sampleSweep()).toEqual({
      name: 'sample',
      seed: 1,
      problem: SAMPLE_PROBLEM,
      space: {
        states: 'integrated',
        'network.architecture': 'mlp',
        'network.depth': 2,
        'network.width': 32,
        'network.features': 24,
        'network.frequencies': 'random',
        'network.bandwidthKhz': 0.5,
        'network.scale': 'fixed',
        'network.activation': 'tanh',
        'network.factorisation': 'none',
        'collocation.perSample': 1,
        'collocation.density': 'uniform',
        'loss.data': 1,
        'loss.current': 1,
        'loss.gates': 1,
        'loss.weighting': 'fixed',
        'loss.huberMv': 'off',
        'loss.noise': 'known',
        'initial.gates': 'model',
        replicas: 8,
      },
      sampler: 'grid',
      training: { integrated: schedule('standard', 'integrated'), network: schedule('standard', 'network') },
      accept: { chi2: 'auto', spikes: 'equal' },
      tolerate: { failed: 0, diverged: 0.1 },
      traces: { points: 250, replicas: 2000 },
    });
  });

  test('is a valid lock', () => {
    const lock = { sweep: '0'.repeat(64), resolved: sampleSweep(), engine: 'reference', versions: {}, startedAt: 'now' };
    expect(violationsOf('lock', lock, { code: 'RUN_CORRUPT', root: 'lock' })).toEqual([]);
  });

  test('keeps what the spec says', () => {
    const { seed, accept, space } = sampleSweep({ seed: 0, accept: { chi2: 'off' }, space: { replicas: 3 } });
    expect([seed, accept, space.replicas, space['network.depth']]).toEqual([0, { chi2: 'off', spikes: 'equal' }, 3, 2]);
  });

  test('has stages with every key, the physics weight of Levenberg-Marquardt as a ramp', () => {
    const { training } = sampleSweep({
      training: [
        { optimizer: 'adam', steps: 50, project: false },
        { optimizer: 'levenberg-marquardt', steps: 5, physics: 10 },
      ],
    });
    expect(training.integrated).toEqual([
      { optimizer: 'adam', steps: 50, rate: 3e-3, parameterRate: 20, warmup: 50, physics: 1, project: false },
      { optimizer: 'levenberg-marquardt', steps: 5, physics: [10], tolerance: 1e-3, project: true },
    ]);
  });

  test('keeps a finish beside the stages, and leaves the key out without one', () => {
    const adam = { optimizer: 'adam', steps: 50 } as const;
    const { training, finish } = sampleSweep({ training: [adam, { finish: 'shooting' }] });
    expect(finish).toBe('shooting');
    expect(training).toEqual(sampleSweep({ training: [adam] }).training);
    expect(sampleSweep({ training: [adam] })).not.toHaveProperty('finish');
  });

  test('a list may name a schedule, whose stages of either formulation then stand in its place', () => {
    const adam = { optimizer: 'adam', steps: 50 } as const;
    const { training, finish } = sampleSweep({ training: ['quick', adam, { finish: 'shooting' }] });
    const quick = sampleSweep({ training: 'quick' }).training;
    expect(finish).toBe('shooting');
    expect(training.integrated.slice(0, -1)).toEqual(quick.integrated);
    expect(training.network.slice(0, -1)).toEqual(quick.network);
    expect(training.network.at(-1)).toMatchObject(adam);
  });
});

describe('resolving refuses', () => {
  test('starts at or below 0 for a positive parameter, in every distribution', () => {
    const starts = [{ uniform: [0, 1] }, { normal: [-1, 1] }, 0] as const;
    const [parameter] = SAMPLE_PROBLEM.infer;
    for (const start of starts) {
      const wrong = { ...parameter, start: start as typeof parameter.start };
      expect(codesOf(() => sampleSweep({}, { ...SAMPLE_PROBLEM, infer: [wrong] }))).toEqual([
        expect.stringMatching(/^SPEC_DISTRIBUTION spec.problem.infer.gNa.start/),
      ]);
    }
  });

  test('the same data under two entries', () => {
    const data: typeof SAMPLE_PROBLEM.data = [sampleUnit(10, 1), { ...sampleUnit(10, 1), entry: 1, label: 'again' }];
    expect(codesOf(() => sampleSweep({}, { ...SAMPLE_PROBLEM, data }))).toEqual(['SPEC_DUPLICATE_DATA spec.problem.data[1]']);
  });

  test('more random configurations than a space without continuous axes has', () => {
    const space = { 'network.width': { choice: [16, 32] }, 'network.depth': { intUniform: [1, 3] } } as const;
    const spec = (random: number): Parameters<typeof sampleSweep>[0] => ({ space: structuredClone(space) as never, sampler: { random } });
    expect(codesOf(() => sampleSweep(spec(6)))).toEqual([]);
    expect(codesOf(() => sampleSweep(spec(7)))).toEqual(['SPEC_INVALID spec.sampler.random']);
  });

  test('a sweep of more replicas than can be counted', () => {
    const space = { 'network.width': { intUniform: [1, 4096] }, 'network.features': { intUniform: [1, 4096] }, replicas: 1_000_000_000 };
    expect(codesOf(() => sampleSweep({ space: space as never }))).toEqual(['SPEC_INVALID spec.space']);
  });
});

describe('the table of axes', () => {
  const schema = JSON.parse(readFileSync(join(packageRoot(), 'schemas/task.schema.json'), 'utf8')) as {
    definitions: { configuration: { properties: Record<string, { minimum?: number; maximum?: number; exclusiveMinimum?: number }> } };
  };
  const { properties } = schema.definitions.configuration;

  test('lists the keys of a configuration', () => {
    // each method has a space of its own
    expect(['method', ...AXES]).toEqual(Object.keys(properties));
  });

  test('has the limits of the task schema', () => {
    const limits = Object.entries(properties).flatMap(([name, { minimum, maximum = Infinity, exclusiveMinimum }]) =>
      minimum === undefined && exclusiveMinimum === undefined
        ? []
        : [[name, exclusiveMinimum === undefined ? { low: minimum, high: maximum } : { low: exclusiveMinimum, high: maximum, open: true }]],
    );
    // a number or "off": its limit stands one level deeper
    expect(AXIS_LIMITS).toEqual({ ...Object.fromEntries(limits), 'loss.huberMv': { low: 0, high: Infinity, open: true } });
  });
});

test('the README lists every axis with its default', () => {
  const readme = readFileSync(join(packageRoot(), 'README.md'), 'utf8');
  const listed = [...readme.matchAll(/^\| `([\w.]+)` +\|.*\| `([^`]+)` +\|$/gm)].map(([, axis, value]) => [axis, value]);
  expect(listed).toEqual([...AXES.map((axis) => [axis, String(DEFAULT_CONFIGURATION[axis])]), ['method', 'pinn']]);
});

test.each(['standard', 'quick'] as const)('the schedule "%s" has complete stages for both kinds of states', (name) => {
  for (const states of ['integrated', 'network'] as const)
    for (const stage of schedule(name, states)) {
      const keys =
        stage.optimizer === 'adam'
          ? ['parameterRate', 'physics', 'project', 'rate', 'steps', 'warmup']
          : ['physics', 'project', 'steps', 'tolerance'];
      expect(Object.keys(stage).toSorted()).toEqual(['optimizer', ...keys].toSorted());
    }
});
