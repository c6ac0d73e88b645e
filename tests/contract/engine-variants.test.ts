/** Promise 7 of worker/engines/engine.ts: every variant of network, grid and loss is trained as the reference does, or refused by name. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { LbfgsStage, LevenbergMarquardtStage } from '../../schemas/generated/types.ts';
import type { Cohort, Engine, Evaluation, Member, ReplicaState, Settings, Shape, StageOutcome } from '../../worker/engines/engine.ts';
import { heldBySecondOrder, layoutOf } from '../../worker/engines/layout.ts';
import { isPlainGate } from '../../worker/models/model.ts';
import { createReferenceEngine } from '../../worker/engines/reference/reference-engine.ts';
import { ENGINES, NAMED_ENGINES } from '../helpers/contract-engines.ts';
import { adamStage, controlOf, distance, memberOf, settingsOf, shapeOf, trained, withCohort } from '../helpers/engine-cohorts.ts';
import { expectEvaluations } from '../helpers/evaluation-distance.ts';
import { GRID_VARIANTS, LOSS_VARIANTS, NETWORK_VARIANTS, POOL_VARIANTS } from '../helpers/engine-variants.ts';

const VARIANTS = { ...NETWORK_VARIANTS, ...GRID_VARIANTS, ...POOL_VARIANTS, ...LOSS_VARIANTS };

const LEVENBERG_MARQUARDT: Required<LevenbergMarquardtStage> = {
  optimizer: 'levenberg-marquardt',
  steps: 3,
  physics: [0.1, 1],
  tolerance: 0,
  project: true,
};
const LBFGS: Required<LbfgsStage> = { optimizer: 'lbfgs', steps: 6, physics: [1], history: 5, tolerance: 0, project: false };

describe('the oracle', () => {
  const reference = createReferenceEngine();
  const smooth = Object.entries(VARIANTS).filter(([, { settings }]) => settings.noise === 'known');

  test.each(smooth)('has the gradient of its own loss: %s', async (_, { shape, member }) => {
    const own = member(2);
    await withCohort(reference, shape, [own], async (cohort) => {
      const [{ gradient } = { gradient: new Float64Array() }] = await cohort.evaluate(2);
      const largest = gradient.reduce((max, value) => Math.max(max, Math.abs(value)), 0);
      for (const i of placesOf(shape)) {
        const difference = await slope(cohort, own, i);
        expect(Math.abs(difference - gradient[i]!) / largest, `component ${i}`).toBeLessThan(3e-6);
      }
    });
  });

  test('of estimated noise has the gradient of the loss at the weight that the misfit gives', async () => {
    for (const name of ['estimated noise, network', 'estimated noise and Huber, integrated'] as const) {
      const { shape, member } = VARIANTS[name]!;
      const own = member(2);
      const squares = await withCohort(reference, shape, [{ ...own, huberMv: Infinity }], (cohort) => cohort.evaluate(0));
      // the data term is in (10 mV)^2
      const weight = 1 / (100 * squares[0]!.terms.data);
      const known: Member = { ...own, noise: 'known', weights: { ...own.weights, data: own.weights.data * weight } };
      const [estimated, fixed] = await Promise.all([own, known].map((each) => withCohort(reference, shape, [each], (c) => c.evaluate(2))));
      expect(distance(estimated![0]!.gradient, fixed![0]!.gradient).max).toBeLessThan(1e-12);
      expect(estimated![0]!.loss).toBeCloseTo(fixed![0]!.loss, 12);
    }
  });
});

/** Everything beyond the network, every factor and scale, and weights from all over the network. */
function placesOf(shape: Shape): number[] {
  const layout = layoutOf(shape);
  const spread = Array.from({ length: 16 }, (_, k) => Math.floor(((k + 0.5) * layout.networkSize) / 16));
  const held = heldBySecondOrder(layout).map(([from]) => from);
  const beyond = Array.from({ length: layout.size - layout.networkSize }, (_, k) => layout.networkSize + k);
  const encoders = layout.encoders.flatMap(({ weights, biases }) => [weights + 1, biases]);
  return [...new Set([...spread, ...held, ...beyond, ...encoders])];
}

/** d loss / d theta[i] by a central difference: error of order h^2 and of rounding / h. */
async function slope(cohort: Cohort, { theta }: Member, i: number): Promise<number> {
  const lossAt = async (shift: number): Promise<number> => {
    const moved = theta.slice();
    moved[i]! += shift;
    await cohort.load(0, { theta: moved, step: 0 });
    return (await cohort.evaluate(2))[0]!.loss;
  };
  const h = 1e-5;
  // one after the other: they share the cohort
  return ((await lossAt(h)) - (await lossAt(-h))) / (2 * h);
}

describe.each(ENGINES)('engine contract: %s', (_name, create) => {
  const engine = opened(create);

  describe('7. what an engine does not refuse by name, it evaluates as the reference does', () => {
    test('what is no variant is not refused', () => {
      for (const states of ['network', 'integrated'] as const) {
        const shape = shapeOf('hodgkin-huxley', { states });
        expect(engine().refuses(shape, settingsOf(memberOf(shape, 1), { training: [adamStage(), LEVENBERG_MARQUARDT] }))).toBeNull();
      }
    });

    test.each(Object.entries(VARIANTS))('loss and gradient: %s', async (name, { shape, member, settings }) => {
      if (refused(engine(), shape, settings)) return;
      const members = [member(1), member(2)];
      for (const physics of [0, 2]) {
        const evaluate = (each: Engine): Promise<Evaluation[]> => withCohort(each, shape, members, (cohort) => cohort.evaluate(physics));
        const exact = await once(`${name} at ${physics}`, evaluate);
        expectEvaluations(await evaluate(engine()), exact);
      }
    });
  });
});

describe.each(NAMED_ENGINES)('engine contract: %s', (_name, create) => {
  const engine = opened(create);

  describe('7. what an engine does not refuse by name, it trains as the reference does', () => {
    test.each(Object.entries(VARIANTS))('Levenberg-Marquardt lowers the loss and holds factors and scale: %s', async (name, variant) => {
      if (refused(engine(), variant.shape, variant.settings)) return;
      const train = (each: Engine): Promise<Trained> =>
        trainedBy(each, variant.shape, variant.member(1), (cohort) => cohort.levenbergMarquardt(LEVENBERG_MARQUARDT, controlOf()));
      const { before, after, outcome } = await train(engine());
      expect(outcome).toMatchObject({ kind: 'done' });
      expect(after.loss).toBeLessThan(before.loss);
      for (const [from, to] of heldBySecondOrder(layoutOf(variant.shape)))
        expect(after.theta.subarray(from, to)).toEqual(before.theta.subarray(from, to));
      const oracle = await once(`${name} by Levenberg-Marquardt`, train);
      // both in float64, so that only the order of their sums differs; six linear solves enlarge that
      expect(distance(after.theta, oracle.after.theta).l2).toBeLessThan(1e-6);
    });

    test.each(Object.entries(VARIANTS))('L-BFGS lowers the loss: %s', async (_, variant) => {
      if (refused(engine(), variant.shape, variant.settings)) return;
      const { before, after, outcome } = await trainedBy(engine(), variant.shape, variant.member(1), (cohort) =>
        cohort.lbfgs(LBFGS, controlOf()),
      );
      expect(outcome).toMatchObject({ kind: 'done' });
      expect(after.loss).toBeLessThan(before.loss);
      for (const [from, to] of heldBySecondOrder(layoutOf(variant.shape)))
        expect(after.theta.subarray(from, to)).not.toEqual(before.theta.subarray(from, to));
    });

    test.each(['gradient-norm', 'self-adaptive'] as const)(
      'an Adam stage with weighting %s ends where the reference ends',
      async (weighting) => {
        for (const states of ['network', 'integrated'] as const) {
          const shape = shapeOf('hodgkin-huxley', { states });
          const membersWith = (kind: Member['weighting']): Member[] =>
            [1, 4].map((seed) => ({ ...memberOf(shape, seed), weighting: kind }));
          if (refused(engine(), shape, settingsOf(membersWith(weighting)[0]!))) return;
          const stage = adamStage({ steps: 120, physics: [0.1, 1], project: true });
          const train = (each: Engine, kind: Member['weighting']): Promise<Float64Array[]> =>
            trained(each, shape, membersWith(kind), stage);
          const exact = await once(`${weighting}, ${states}`, (reference) => train(reference, weighting));
          const fixed = await once(`fixed, ${states}`, (reference) => train(reference, 'fixed'));
          const actual = await train(engine(), weighting);
          for (const r of [0, 1]) {
            expect(distance(actual[r]!, exact[r]!).l2).toBeLessThan(1e-4);
            expect(distance(exact[r]!, fixed[r]!).l2).toBeGreaterThan(1e-3);
          }
        }
      },
    );

    test.each(['fixed', 'gradient-norm', 'self-adaptive'] as const)(
      'a stage with weighting %s and a ramp goes on where it was saved',
      async (weighting) => {
        const shape = shapeOf('hodgkin-huxley');
        const member: Member = { ...memberOf(shape, 1), weighting };
        // stopped behind step 100, where gradients are balanced; engines that take many steps at a time stop where they next look, at step 1,003 at the latest
        const stage = adamStage({ steps: 1_100, physics: [0.1, 3] });
        if (refused(engine(), shape, settingsOf(member, { training: [stage] }))) return;
        const [whole] = await trained(engine(), shape, [member], stage);
        const halfway = await withCohort(engine(), shape, [member], async (cohort) => {
          await cohort.adam(stage, controlOf(105));
          return cohort.save(0);
        });
        expect(halfway.step).toBeGreaterThanOrEqual(105);
        expect(halfway.multipliers?.every((value) => value === 1)).toBe(weighting === 'fixed' ? undefined : false);
        const resumed = await withCohort(engine(), shape, [member], async (cohort) => {
          await cohort.load(0, structuredClone(halfway));
          expect(await cohort.adam(stage, controlOf())).toMatchObject([{ kind: 'done', steps: stage.steps - halfway.step }]);
          return cohort.save(0);
        });
        expect(resumed.theta).toEqual(whole);
        expect(resumed.multipliers).toBeUndefined();
      },
    );

    test('a ramp in an Adam stage ends where the reference ends, and apart from either of its ends', async () => {
      const shape = shapeOf('hodgkin-huxley', { states: 'integrated' });
      const member = memberOf(shape, 3);
      const stageWith = (physics: number | [number, number]): ReturnType<typeof adamStage> => adamStage({ steps: 40, physics });
      if (refused(engine(), shape, settingsOf(member, { training: [stageWith([0.1, 10])] }))) return;
      const train = (each: Engine, physics: number | [number, number]): Promise<Float64Array[]> =>
        trained(each, shape, [member], stageWith(physics));
      const actual = await train(engine(), [0.1, 10]);
      const exact = await once('ramp', (reference) => train(reference, [0.1, 10]));
      const low = await once('the low end of the ramp', (reference) => train(reference, 0.1));
      const high = await once('the high end of the ramp', (reference) => train(reference, 10));
      expect(distance(actual[0]!, exact[0]!).l2).toBeLessThan(1e-4);
      for (const end of [low, high]) expect(distance(exact[0]!, end[0]!).l2).toBeGreaterThan(1e-3);
    });

    test.each(Object.entries(NETWORK_VARIANTS))('Adam trains every number of theta: %s', async (_, { shape, member, settings }) => {
      if (refused(engine(), shape, settings)) return;
      const own = member(1);
      const [theta] = await trained(engine(), shape, [own], adamStage({ steps: 3 }));
      const still = [...theta!.keys()].filter((i) => theta![i] === own.theta[i]);
      expect(still).toEqual([]);
    });
  });
});

/** An engine for the tests of a group. */
function opened(create: () => Promise<Engine>): () => Engine {
  let engine: Engine;
  beforeAll(async () => {
    engine = await create();
  });
  afterAll(() => engine.close());
  return () => engine;
}

/** Only tfjs and webgpu may refuse, and what they name must be what the case has beyond the plain one. */
function refused(engine: Engine, shape: Shape, settings: Settings): boolean {
  const refusal = engine.refuses(shape, settings);
  if (refusal === null) return false;
  expect(['tfjs', 'webgpu']).toContain(engine.name);
  expect([...beyondPlain(shape, settings), ...(engine.name === 'tfjs' ? poolsOf(shape) : [])]).toContain(refusal);
  return true;
}

function poolsOf({ model }: Shape): string[] {
  const others = model.gates.filter((gate) => !isPlainGate(gate)).map(({ name }) => name);
  return others.length === 0 ? [] : [`pools: ${others.join(', ')} (model ${model.name})`];
}

/** Axes of the spec and their values. */
function beyondPlain(shape: Shape, { weighting, noise, density }: Settings): string[] {
  const axes = [
    ['network.architecture', shape.architecture, 'mlp'],
    ['network.factorisation', shape.factorisation, 'none'],
    ['network.scale', shape.scale, 'fixed'],
    ['network.activation', shape.activation, 'tanh'],
    ['initial.gates', shape.initialGates, 'model'],
    ['collocation.density', density, 'uniform'],
    ['loss.weighting', weighting, 'fixed'],
    ['loss.noise', noise, 'known'],
  ] as const;
  return axes.flatMap(([axis, value, plain]) => (value === plain ? [] : [`${axis}: ${value}`]));
}

const known = new Map<string, Promise<unknown>>();

/** What the reference gives, computed once for all engines. */
function once<T>(name: string, compute: (reference: Engine) => Promise<T>): Promise<T> {
  if (!known.has(name)) known.set(name, compute(createReferenceEngine()));
  // a name stands for one computation
  return known.get(name) as Promise<T>;
}

interface Trained {
  readonly before: { readonly theta: Float64Array; readonly loss: number };
  readonly after: { readonly theta: Float64Array; readonly loss: number };
  readonly outcome: StageOutcome;
}

/** The loss before and after is that without estimated noise, whose weight moves with the misfit. */
async function trainedBy(
  engine: Engine,
  shape: Shape,
  member: Member,
  stage: (cohort: Cohort) => Promise<StageOutcome[]>,
): Promise<Trained> {
  const { state, outcome } = await withCohort(engine, shape, [member], async (cohort) => {
    const outcomes = await stage(cohort);
    return { outcome: outcomes[0]!, state: await cohort.save(0) };
  });
  const loss = (theta: Float64Array): Promise<number> =>
    withCohort(createReferenceEngine(), shape, [{ ...member, noise: 'known' }], async (cohort) => {
      const at: ReplicaState = { theta, step: 0 };
      await cohort.load(0, at);
      return (await cohort.evaluate(1))[0]!.loss;
    });
  return {
    before: { theta: member.theta, loss: await loss(member.theta) },
    after: { theta: state.theta, loss: await loss(state.theta) },
    outcome,
  };
}
