/** Ties of a spec from its resolution to a replica's estimate, and a model with calcium on the way through training and the finish. */
import { describe, expect, test } from 'vitest';
import { LoligoError } from '../../../schemas/errors.ts';
import type { Problem, Result, Stage, Synthetic, Task } from '../../../schemas/generated/types.ts';
import { packageRoot } from '../../../schemas/package-root.ts';
import { parseResult } from '../../../schemas/parse.ts';
import { createReferenceEngine } from '../../../worker/engines/reference/reference-engine.ts';
import { resolveProblem, type ProblemResolution } from '../../../worker/train/resolve-problem.ts';
import { trainCohort } from '../../../worker/train/train-cohort.ts';
import { taskFixture } from '../../helpers/replica-fixture.ts';

const SYNTHETIC: Synthetic = { stimulus: { step: { amplitude: 10 } }, durationMs: 3, noiseMv: 1 };
const PROBLEM: Problem = {
  model: 'hodgkin-huxley',
  infer: ['gNa', 'gL'],
  tied: { gK: '0.3 * gNa' },
  data: [{ synthetic: SYNTHETIC }],
};
const ADAM: Stage = { optimizer: 'adam', steps: 5, rate: 1e-3, parameterRate: 5, warmup: 0, physics: 1, project: false };
const SECOND_ORDER: Stage = { optimizer: 'levenberg-marquardt', steps: 2, physics: [1, 10], tolerance: 0, project: true };

function resolve(changes: Partial<Problem> = {}): Promise<ProblemResolution> {
  return resolveProblem({ ...PROBLEM, ...changes }, { folder: packageRoot(), seed: 1 });
}

async function messagesOf(changes: Partial<Problem>): Promise<string[]> {
  const found = await resolve(changes).catch((error: unknown) => error);
  return found instanceof LoligoError ? found.violations.map(({ where, rule, got }) => `${where}: ${rule}; got ${got}`) : [];
}

async function trained({ problem, objects }: ProblemResolution, changes: Partial<Task>): Promise<Result> {
  const base = taskFixture(0);
  const task: Task = {
    ...base,
    model: problem.model.object,
    // one at least is inferred
    infer: problem.infer.map(({ name, range }) => ({ name, start: Math.sqrt(Math.abs(range[0] * range[1])) })) as [
      Task['infer'][0],
      ...Task['infer'],
    ],
    fixed: problem.fixed,
    data: problem.data[0],
    training: [ADAM, SECOND_ORDER],
    ...changes,
    configuration: {
      ...base.configuration,
      'network.width': 8,
      'network.features': 4,
      'network.bandwidthKhz': 0.2,
      ...changes.configuration,
    },
  };
  const control = { shouldStop: () => false, progress: () => undefined };
  const context = {
    engine: createReferenceEngine(),
    objects: (hash: string) => objects.get(hash)!,
    control,
    worker: 'test',
    attempts: [1],
  };
  const [result] = await trainCohort([task], context);
  return parseResult(JSON.parse(JSON.stringify(result)));
}

describe('a problem with a tie', () => {
  test('holds the tied parameter neither inferred nor fixed, and says what it follows', async () => {
    const { problem, objects, model, notes } = await resolve();
    expect(problem.tied).toEqual([{ name: 'gK', unit: 'mS/cm2', positive: true, equation: '0.3 * gNa' }]);
    expect(Object.keys(problem.fixed)).toEqual(['ENa', 'EK', 'EL', 'C']);
    expect(objects.get(problem.model.object)).toContain('gK: 0.3 * gNa');
    expect(model.parameters.map(({ name }) => name)).not.toContain('gK');
    expect(notes).toEqual(['gK is tied: it is 0.3 * gNa in every replica']);
    expect((await resolve({ tied: { gK: '0.31 * gNa' } })).problem.model.object).not.toBe(problem.model.object);
  });

  test('makes synthetic data by the tie, unless the truth says otherwise, which it notes', async () => {
    const truthOf = async (parameters: Record<string, number>) => {
      const { problem, notes } = await resolve({ data: [{ synthetic: { ...SYNTHETIC, parameters } }] });
      const { source } = problem.data[0];
      return { gK: source.kind === 'synthetic' ? source.parameters['gK'] : undefined, note: notes.at(-1) };
    };
    expect(await truthOf({ gNa: 100 })).toEqual({ gK: 30, note: 'gK is tied: it is 0.3 * gNa in every replica' });
    expect(await truthOf({ gNa: 100, gK: 20 })).toEqual({ gK: 20, note: 'synthetic 1: made with gK = 20, where the tie gives 30' });
  });

  test('is refused where the tied parameter is inferred or fixed too, or the tie is wrong', async () => {
    const rule = 'a parameter is inferred, fixed or tied, one of the three; got gK, tied to 0.3 * gNa';
    expect(await messagesOf({ infer: ['gNa', 'gK'] })).toEqual([`spec.problem.infer: ${rule}`]);
    expect(await messagesOf({ fixed: { gK: 30 } })).toEqual([`spec.problem.fixed.gK: ${rule}`]);
    expect(await messagesOf({ tied: { gK: 'EK' } })).toEqual(['spec.problem.tied.gK: must have the unit mS/cm2; got mV']);
  });

  test('gives each estimate the tied parameter beside the inferred ones', async () => {
    const { estimate } = await trained(await resolve(), {});
    expect(Object.keys(estimate!.parameters)).toEqual(['gNa', 'gL']);
    expect(estimate!.tied!['gK']).toBeCloseTo(0.3 * estimate!.parameters['gNa']!, 10);
  });

  test('without ties nothing is said of them', async () => {
    const { tied: _, ...untied } = PROBLEM;
    const plain = await resolveProblem(untied, { folder: packageRoot(), seed: 1 });
    expect(plain.problem).not.toHaveProperty('tied');
    expect((await trained(plain, {})).estimate).not.toHaveProperty('tied');
  });
});

test('a model with calcium trains as a network of states and is finished by shooting, its calcium reported from the start', async () => {
  const resolution = await resolve({ model: 'wang-adapting', infer: ['gNa', 'gAHP'], tied: { gK: '0.4 * gNa' } });
  const configuration = { ...taskFixture(0).configuration, states: 'network' as const };
  const { estimate, outcome } = await trained(resolution, { configuration, finish: 'shooting' });
  expect(outcome.kind).toBe('stopped');
  expect(Object.keys(estimate!.initial)).toEqual(['V', 'h', 'n', 'Ca']);
  expect(estimate!.initial['Ca']).toBeGreaterThan(0);
  expect(Object.keys(estimate!.network.rmseToTruth!)).toContain('Ca');
  expect(estimate!.tied!['gK']).toBeCloseTo(0.4 * estimate!.parameters['gNa']!, 10);
});
