/** Samples whose V is not known (`correct: { blankMs }`): what every way of fitting makes of them. */
import { describe, expect, test } from 'vitest';
import { DEFAULT_CONFIGURATION } from '../../../orchestrator/spec/defaults.ts';
import { chi2Limit, samplesThatCount } from '../../../schemas/acceptance.ts';
import { contentId, sha256 } from '../../../schemas/content-id.ts';
import type { Networkless, Result, Stage, Task, TraceObject } from '../../../schemas/generated/types.ts';
import { packageRoot } from '../../../schemas/package-root.ts';
import { createReferenceEngine } from '../../../worker/engines/reference/reference-engine.ts';
import { stretchesOf } from '../../../worker/identifiability/stretches.ts';
import { openInformation } from '../../../worker/identifiability/information.ts';
import { loadModel } from '../../../worker/models/library.ts';
import { cramerRao } from '../../../worker/simulate/fisher.ts';
import { simulate } from '../../../worker/simulate/forward.ts';
import { assess } from '../../../worker/train/assess.ts';
import { collocationGrid } from '../../../worker/train/collocation.ts';
import { bridgedVoltage, type Ignored } from '../../../worker/train/ignored.ts';
import { memberOf, shapeOf } from '../../../worker/train/member.ts';
import { estimateCohort } from '../../../worker/train/networkless.ts';
import { observe } from '../../../worker/train/observe.ts';
import { trainCohort } from '../../../worker/train/train-cohort.ts';

const { model, text } = loadModel('hodgkin-huxley', packageRoot());
const SAMPLES = 121;
/** Where a window begins, and after a jump of the current in it. */
const IGNORED: [number, number][] = [
  [0, 2],
  [30, 39],
];
const current = Float64Array.from({ length: SAMPLES }, (_, i) => (i < 30 ? 0 : 10));
const simulated = simulate(model, { parameters: {}, initial: { V: -65 }, current, sampleMs: 0.1 });
if (simulated.kind !== 'done') throw new Error('no solution');
const truth = simulated.states['V']!;

function traceOf(artefactMv: number, ignored: readonly [number, number][] = IGNORED): TraceObject {
  const isIgnored = (i: number) => IGNORED.some(([first, last]) => i >= first && i <= last);
  const voltageMv = Array.from(truth, (mv, i) => mv + (isIgnored(i) ? artefactMv * (1 + Math.sin(i)) : 0.2 * Math.sin(7 * i)));
  return {
    startMs: 0,
    sampleMs: 0.1,
    voltageMv: voltageMv as [number, number],
    current: [...current] as [number, number],
    ignored: [...ignored],
  };
}

function taskOf(trace: TraceObject, changes: Partial<Task> = {}): Task {
  const starts = { gNa: 100, gK: 40, gL: 0.4 };
  return {
    sweep: contentId('sweep'),
    index: 0,
    replica: contentId('replica'),
    shape: '0'.repeat(16),
    model: sha256(text),
    infer: Object.entries(starts).map(([name, start]) => ({ name, start })) as Task['infer'],
    fixed: { ENa: 50, EK: -77, EL: -54.387, C: 1 },
    data: {
      id: contentId('unit'),
      entry: 0,
      label: 'made',
      draws: 1,
      samples: SAMPLES,
      sampleMs: 0.1,
      sigmaMv: 1,
      source: { kind: 'trace', object: contentId(trace) },
    },
    draw: 0,
    configuration: { ...DEFAULT_CONFIGURATION, 'network.width': 4, 'network.features': 3 },
    training: [],
    accept: { chi2: 'off' },
    seed: 7,
    tracePoints: 9,
    ...changes,
  };
}

/** All of a result but its clock. */
async function numbersOf(task: Task, trace: TraceObject): Promise<Pick<Result, 'outcome' | 'steps' | 'estimate'>> {
  const context = {
    engine: createReferenceEngine(),
    objects: (hash: string) => (hash === task.model ? text : JSON.stringify(trace)),
    control: { shouldStop: () => false, progress: () => undefined },
    worker: 'test',
    attempts: [1],
  };
  const [result] = task.method === undefined ? await trainCohort([task], context) : estimateCohort([task], context);
  const { outcome, steps, estimate } = result!;
  return { outcome, steps, ...(estimate === undefined ? {} : { estimate }) };
}

const ADAM: Stage = { optimizer: 'adam', steps: 3, rate: 1e-2, parameterRate: 5, warmup: 0, physics: 1, project: true };
const SECOND_ORDER: Stage = { optimizer: 'levenberg-marquardt', steps: 1, physics: [1], tolerance: 0, project: true };
const steep = { 'collocation.perSample': 2, 'collocation.density': 'data-slope' as const, 'loss.noise': 'estimated' as const };
const network = {
  training: [ADAM, SECOND_ORDER],
  finish: 'shooting' as const,
  configuration: { ...taskOf(traceOf(0)).configuration, ...steep },
};
const methods: Networkless[] = [
  { kind: 'regression' },
  { kind: 'shooting', starts: 2, from: { gNa: { logUniform: [90, 150] } } },
  { kind: 'differential-evolution', population: 5, generations: 2, polish: false },
];

describe('what V is in samples that do not count', () => {
  test.each([
    ['a network with points where V is steep, estimated noise and its finish', network],
    ...methods.map((method): [string, Partial<Task>] => [method.kind, { method }]),
  ])('changes no bit of %s', async (_, changes: Partial<Task>) => {
    const [quiet, wild] = [traceOf(1), traceOf(24)];
    const one = await numbersOf(taskOf(quiet, changes), quiet);
    expect(one.estimate).toBeDefined();
    const other = await numbersOf(taskOf(wild, changes), wild);
    expect(other).toEqual(one);
    // the artefact is not what they are alike without
    const seen = traceOf(24, []);
    expect((await numbersOf(taskOf(seen, changes), seen)).estimate!.parameters).not.toEqual(one.estimate!.parameters);
  });
});

test('the equations are asked there as everywhere', async () => {
  const losses = async (ignored: [number, number][]) => {
    const trace = { ...traceOf(0), voltageMv: [...truth] as [number, number], ignored };
    const task = taskOf(trace);
    const shape = shapeOf(task, model);
    const member = memberOf(task, shape, observe({ data: task.data, draw: 0, model, objects: { trace: () => trace } }));
    const cohort = await createReferenceEngine().open(shape, [member]);
    const [evaluation] = await cohort.evaluate(1);
    await cohort.close();
    return evaluation!.terms;
  };
  const [all, some] = [await losses([]), await losses([[20, 80]])];
  expect(some.current).toBe(all.current);
  expect(some.data).not.toBe(all.data);
});

test('points are not drawn to an artefact', () => {
  const sampling = (artefactMv: number, ignored: Ignored) => ({
    voltageMv: Float64Array.from(traceOf(artefactMv).voltageMv),
    sampleMs: 0.1,
    segments: Int32Array.of(0),
    ignored,
  });
  const near = (artefactMv: number, ignored: Ignored) =>
    collocationGrid(sampling(artefactMv, ignored), 3, 'data-slope').grid.filter((t) => t > 2.9 && t < 4).length;
  expect(near(24, [])).toBeGreaterThan(1.5 * near(24, IGNORED));
});

test('where a value is needed, V lies on a line within its segment', () => {
  const voltageMv = Float64Array.of(9, 1, 9, 9, 4, 9, 9, 7, 8);
  expect(
    Array.from(
      bridgedVoltage({
        voltageMv,
        segments: [0, 5],
        ignored: [
          [0, 0],
          [2, 3],
          [5, 6],
        ],
      }),
    ),
  ).toEqual([1, 1, 2, 3, 4, 7, 7, 7, 8]);
  expect(bridgedVoltage({ voltageMv, segments: [0] })).toBe(voltageMv);
});

test('they tell nothing of the parameters', () => {
  const request = { parameters: {}, infer: ['gNa'], freeInitial: ['V'], current, sampleMs: 0.1, sigmaMv: 1 };
  const error = (counted?: Uint8Array) => {
    const bound = cramerRao(model, counted === undefined ? request : { ...request, counted });
    return bound.kind === 'done' ? bound.standardErrors['gNa']! : NaN;
  };
  const spike = truth.indexOf(Math.max(...truth));
  const withoutSpike = new Uint8Array(SAMPLES).fill(1).fill(0, spike - 10, spike + 30);
  expect(error(withoutSpike)).toBeGreaterThan(1.5 * error());
  expect(error(new Uint8Array(SAMPLES).fill(1))).toBe(error());
});

test('plan asks its information of the others alone', () => {
  const trace = { ...traceOf(0, [[30, 100]]), voltageMv: [...truth] as [number, number] };
  const information = (ignored?: [number, number][]) => {
    const { ignored: _, ...plain } = trace;
    const own = ignored === undefined ? plain : { ...plain, ignored };
    const observation = observe({ data: taskOf(trace).data, draw: 0, model, objects: { trace: () => own } });
    const [stretch] = stretchesOf(observation).stretches;
    const unknown = { name: 'gNa', unit: 'mS/cm2', positive: true, border: 1, priorPrecision: 0, range: [1, 1000] };
    const at = openInformation(
      model,
      [unknown as never],
      stretch!,
    )(Object.fromEntries(model.parameters.map(({ name, value }) => [name, value])));
    return at.kind === 'done' ? at.matrix[0]! : NaN;
  };
  expect(information(trace.ignored as [number, number][])).toBeLessThan(0.7 * information());
});

test('chi2 is held against the limit of the samples that count', () => {
  const trace = traceOf(1);
  const observation = observe({ data: { ...taskOf(trace).data, sigmaMv: 1 }, draw: 0, model, objects: { trace: () => trace } });
  const counted = SAMPLES - 13;
  const [all, some] = [chi2Limit('auto', SAMPLES), chi2Limit('auto', counted)];
  // a misfit of the same size at every sample that lies between the two limits
  const offMv = Math.sqrt((all + some) / 2);
  const voltageMv = truth.map((mv) => mv + offMv);
  const candidate = {
    model,
    parameters: {},
    initial: { V: -65 },
    accept: { chi2: 'auto' as const, spikes: 'off' as const },
    stationarity: 0,
  };
  expect(assess({ ...candidate, observation: { ...observation, voltageMv } }).verdict).toEqual({ kind: 'converged' });
  const { ignored: _, ...seen } = observation;
  expect(assess({ ...candidate, observation: { ...seen, voltageMv } }).verdict).toEqual({ kind: 'stopped', reason: 'chi2' });
  expect(samplesThatCount({ samples: SAMPLES, counted })).toBe(counted);
  expect(samplesThatCount({ samples: SAMPLES })).toBe(SAMPLES);
});

test('a regression without an integral that is clear of them says so', async () => {
  const trace = traceOf(
    0,
    Array.from({ length: 12 }, (_, k) => [10 * k, 10 * k + 1] as [number, number]),
  );
  const { outcome } = await numbersOf(taskOf(trace, { method: { kind: 'regression' } }), trace);
  if (outcome.kind !== 'failed') throw new Error('not failed');
  expect(outcome.error.message).toMatch(/needs as many integrals .* clear of samples that do not count/);
});
