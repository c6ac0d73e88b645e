/** A cohort from tasks to results on the reference engine: every way in which a replica can end, and that none takes another with it. */
import { beforeAll, describe, expect, test } from 'vitest';
import { sha256 } from '../../../schemas/content-id.ts';
import { LoligoError } from '../../../schemas/errors.ts';
import type { Result, Stage, Task } from '../../../schemas/generated/types.ts';
import { packageRoot } from '../../../schemas/package-root.ts';
import { parseResult } from '../../../schemas/parse.ts';
import type { Engine } from '../../../worker/engines/engine.ts';
import { createReferenceEngine } from '../../../worker/engines/reference/reference-engine.ts';
import { loadModel } from '../../../worker/models/library.ts';
import { syntheticUnit } from '../../../worker/train/observe.ts';
import { trainCohort, type TrainContext } from '../../../worker/train/train-cohort.ts';
import { taskFixture } from '../../helpers/replica-fixture.ts';

const { model, text } = loadModel('hodgkin-huxley', packageRoot());
const ADAM: Stage = { optimizer: 'adam', steps: 5, rate: 1e-3, parameterRate: 5, warmup: 0, physics: 0, project: false };
const SECOND_ORDER: Stage = { optimizer: 'levenberg-marquardt', steps: 2, physics: [1, 10], tolerance: 0, project: true };

function unit(stimulus = 10) {
  const outcome = syntheticUnit({ stimulus: { step: { amplitude: stimulus } }, durationMs: 3, sampleMs: 0.1, noiseMv: 1 }, 0, model, 1);
  if (outcome.kind !== 'unit') throw new Error('the entry is wrong');
  return outcome.unit;
}

function taskOf(index: number, changes: Partial<Task> = {}): Task {
  const task = taskFixture(index);
  const configuration = { ...task.configuration, 'network.width': 8, 'network.features': 4, 'network.bandwidthKhz': 0.2 };
  const fixed = Object.fromEntries(model.parameters.filter(({ name }) => name !== 'gNa').map(({ name, value }) => [name, value]));
  return { ...task, model: sha256(text), fixed, data: unit(), configuration, training: [ADAM, SECOND_ORDER], tracePoints: 5, ...changes };
}

function contextOf(changes: Partial<TrainContext> = {}): TrainContext {
  return {
    engine: createReferenceEngine(),
    objects: (hash) => {
      if (hash === sha256(text)) return text;
      throw new LoligoError([{ code: 'OBJECT_MISSING', where: hash, rule: 'must be there' }]);
    },
    control: { shouldStop: () => false, progress: () => undefined },
    worker: 'test/1',
    attempts: [1, 2, 3],
    ...changes,
  };
}

/** The reference engine, with one replica's theta spoilt as it opens. */
function spoiling(replica: number): Engine {
  const engine = createReferenceEngine();
  const open: Engine['open'] = (shape, members) =>
    engine.open(
      shape,
      members.map((member, r) => (r === replica ? { ...member, theta: member.theta.map(() => Number.NaN) } : member)),
    );
  return { ...engine, open };
}

/** What does not depend on the clock or the company. */
function numbersOf(result: Result | null | undefined): unknown {
  return { outcome: result?.outcome, steps: result?.steps, estimate: result?.estimate };
}

describe('a cohort that is trained through', () => {
  const tasks = [taskOf(0), taskOf(1), taskOf(2)];
  let results: (Result | null)[] = [];
  let steps = 0;
  beforeAll(async () => {
    const control = { shouldStop: () => false, progress: (count: number) => void (steps += count) };
    results = await trainCohort(tasks, contextOf({ control }));
  });

  test('has a valid result for each task, in order, with who made it and how often it was tried', () => {
    expect(results.map((result) => parseResult(JSON.parse(JSON.stringify(result))).index)).toEqual([0, 1, 2]);
    const { arithmetic } = createReferenceEngine();
    expect(results[1]).toMatchObject({ replica: tasks[1]!.replica, worker: 'test/1', engine: 'reference', arithmetic, attempts: 2 });
  });

  test('counts the steps of all stages', () => {
    const sum = results.reduce((total, result) => total + result!.steps, 0);
    expect(sum).toBe(steps);
    expect(results[0]!.steps).toBe(5 + 4);
  });

  test('estimates parameters, initial values, scores against data and truth, and keeps traces', () => {
    const { estimate, outcome } = results[0]!;
    expect(['converged', 'stopped']).toContain(outcome.kind);
    expect(estimate!.parameters['gNa']).toBeGreaterThan(0);
    expect(Object.keys(estimate!.initial)).toEqual(['V', 'm', 'h', 'n']);
    expect(Object.keys(estimate!.network.rmseToTruth!)).toEqual(['V', 'm', 'h', 'n']);
    expect(estimate!.traces!.tMs).toHaveLength(5);
    expect(estimate!.predictive!.chi2).toBeGreaterThan(0);
  });

  test('gives each replica the numbers that it has alone', async () => {
    const [alone] = await trainCohort([tasks[1]!], contextOf());
    expect(numbersOf(alone)).toEqual(numbersOf(results[1]));
  });
});

test('no tasks are no results', async () => {
  expect(await trainCohort([], contextOf())).toEqual([]);
});

test('traces are left out where none are asked for', async () => {
  const [result] = await trainCohort([taskOf(0, { tracePoints: 0, training: [ADAM] })], contextOf());
  expect(result!.estimate).not.toHaveProperty('traces');
});

describe('a finish', () => {
  const finished = (changes: Partial<Task> = {}) => taskOf(0, { finish: 'shooting', ...changes });

  test("goes on from the network's estimate, which stays beside its own, and counts its iterations", async () => {
    const [plain] = await trainCohort([taskOf(0)], contextOf());
    const [result] = await trainCohort([finished()], contextOf());
    const { estimate, steps } = parseResult(JSON.parse(JSON.stringify(result)));
    const { shooting, network, parameters, predictive, standardErrors } = estimate!;
    expect(shooting!.outcome).toBe('taken');
    expect(steps).toBe(plain!.steps + shooting!.iterations);
    expect(network.parameters).toEqual(plain!.estimate!.parameters);
    expect(network.initial).toEqual(plain!.estimate!.initial);
    expect(network.chi2).toBe(plain!.estimate!.predictive!.chi2);
    expect(predictive!.chi2).toBeLessThan(network.chi2!);
    expect(parameters).not.toEqual(network.parameters);
    expect(standardErrors!['gNa']).toBeGreaterThan(0);
  });

  test('is stopped as training is', async () => {
    let [asked, limit] = [0, Infinity];
    const control = { shouldStop: () => ++asked > limit, progress: () => undefined };
    await trainCohort([taskOf(0)], contextOf({ control }));
    [limit, asked] = [asked, 0];
    expect(await trainCohort([finished()], contextOf({ control }))).toEqual([null]);
    expect(asked).toBe(limit + 1);
  });
});

test('a replica that diverges says stage, step and term, and leaves the others their numbers', async () => {
  const tasks = [taskOf(0), taskOf(1)];
  const [broken, whole] = await trainCohort(tasks, contextOf({ engine: spoiling(0) }));
  expect(numbersOf(broken)).toEqual({ outcome: { kind: 'diverged', stage: 0, step: 0, term: 'data' }, steps: 0, estimate: undefined });
  const [alone] = await trainCohort([tasks[1]!], contextOf());
  expect(numbersOf(whole)).toEqual(numbersOf(alone));
});

test('a replica whose data cannot be made fails alone, with the code', async () => {
  const data = unit();
  if (data.source.kind !== 'synthetic') throw new Error('the data are synthetic');
  const source = { ...data.source, parameters: { ...data.source.parameters, C: 1e-300 } };
  const [failed, whole] = await trainCohort([taskOf(0, { data: { ...data, source } }), taskOf(1)], contextOf());
  expect(failed).toMatchObject({ outcome: { kind: 'failed', error: { code: 'SPEC_DATA' } }, steps: 0, attempts: 1 });
  expect(whole!.estimate).toBeDefined();
});

test('a recording that is not on this machine ends the cohort, not the replica', async () => {
  const data = { ...unit(), source: { kind: 'trace', object: 'f'.repeat(64) } } as const;
  await expect(trainCohort([taskOf(0, { data })], contextOf())).rejects.toMatchObject({ code: 'OBJECT_MISSING' });
});

test('a replica that is stopped has no result, and one that was done before it has none either', async () => {
  let asked = 0;
  const control = { shouldStop: () => ++asked > 7, progress: () => undefined };
  expect(await trainCohort([taskOf(0), taskOf(1)], contextOf({ control }))).toEqual([null, null]);
});

describe('variants', () => {
  const varied = (changes: Partial<Omit<Task['configuration'], `fixed.${string}`>>, rest: Partial<Task> = {}): Task => {
    const task = taskOf(0, rest);
    return { ...task, configuration: { ...task.configuration, ...changes } };
  };

  test('estimated noise is reported, and only where it is estimated', async () => {
    const [estimated, known] = await trainCohort([varied({ 'loss.noise': 'estimated' }), varied({})], contextOf());
    expect(estimated!.estimate!.noiseMv).toBe(estimated!.estimate!.network.rmseMv);
    expect(parseResult(JSON.parse(JSON.stringify(estimated))).estimate!.noiseMv).toBeGreaterThan(0);
    expect(known!.estimate).not.toHaveProperty('noiseMv');
  });

  test('points by the slope of the data, harmonic frequencies and a stage of L-BFGS lead to an estimate at the samples', async () => {
    const lbfgs: Stage = { optimizer: 'lbfgs', steps: 4, physics: [0.1, 1], history: 5, tolerance: 0, project: true };
    const changes = { 'collocation.perSample': 3, 'collocation.density': 'data-slope', 'network.frequencies': 'harmonic' } as const;
    const [result] = await trainCohort([varied(changes, { training: [ADAM, lbfgs] })], contextOf());
    expect(result!.steps).toBe(5 + 8);
    expect(result!.estimate!.traces!.tMs.at(-1)).toBeCloseTo(3, 12);
    expect(Object.keys(result!.estimate!.network.rmseToTruth!)).toEqual(['V', 'm', 'h', 'n']);
  });

  test('a replica that the engine cannot train fails by the name of the variant, and alone', async () => {
    const engine: Engine = { ...createReferenceEngine(), refuses: (_, { noise }) => (noise === 'known' ? null : 'loss.noise: estimated') };
    const [refused, trained] = await trainCohort([varied({ 'loss.noise': 'estimated' }), varied({})], contextOf({ engine }));
    expect(refused).toMatchObject({
      outcome: {
        kind: 'failed',
        error: { code: 'SPEC_UNSUPPORTED', message: 'the engine reference does not train loss.noise: estimated' },
      },
      steps: 0,
    });
    expect(trained!.estimate).toBeDefined();
  });
});

test('the cohort is closed when an engine throws', async () => {
  let closed = false;
  const engine = createReferenceEngine();
  const open: Engine['open'] = async (shape, members) => {
    const cohort = await engine.open(shape, members);
    return {
      size: members.length,
      evaluate: (physics) => cohort.evaluate(physics),
      adam: () => Promise.reject(new Error('internal: broken')),
      levenbergMarquardt: (stage, control) => cohort.levenbergMarquardt(stage, control),
      lbfgs: (stage, control) => cohort.lbfgs(stage, control),
      reconstruct: () => cohort.reconstruct(),
      save: (replica) => cohort.save(replica),
      load: (replica, state) => cohort.load(replica, state),
      close: async () => {
        closed = true;
        await cohort.close();
      },
    };
  };
  await expect(trainCohort([taskOf(0)], contextOf({ engine: { ...engine, open } }))).rejects.toThrow('internal: broken');
  expect(closed).toBe(true);
});
