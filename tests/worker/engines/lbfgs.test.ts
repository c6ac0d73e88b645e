/** L-BFGS on functions whose minimum is known and on small replicas: it gets there, no step raises the loss, and each way of ending is taken. */
import { describe, expect, test } from 'vitest';
import type { LbfgsStage } from '../../../schemas/generated/types.ts';
import type { StageControl } from '../../../worker/engines/engine.ts';
import { layoutOf } from '../../../worker/engines/layout.ts';
import { lbfgs, type FirstOrder } from '../../../worker/engines/lbfgs.ts';
import { Objective } from '../../../worker/engines/reference/objective.ts';
import type { SecondOrderProgress } from '../../../worker/engines/replica-progress.ts';
import { controlOf, memberOf, shapeOf } from '../../helpers/engine-cohorts.ts';

function stageOf(overrides: Partial<LbfgsStage> = {}): Required<LbfgsStage> {
  return { optimizer: 'lbfgs', steps: 200, physics: [1], history: 10, tolerance: 0, project: false, ...overrides };
}

/** A replica at the beginning of the stage; the driver moves this theta. */
function from(theta: Float64Array): SecondOrderProgress {
  return { theta, ramp: null, step: 0 };
}

interface Counted extends FirstOrder {
  readonly evaluations: number;
}

/** A function of theta alone as a replica whose loss is its data term. */
function problemOf(value: (x: Float64Array) => number, slopes: (x: Float64Array, gradient: Float64Array) => void): Counted {
  let evaluations = 0;
  return {
    layout: { ...layoutOf(shapeOf('hodgkin-huxley')), parameters: [] },
    evaluate: (theta) => {
      evaluations += 1;
      return { data: value(theta), current: 0, gates: 0 };
    },
    total: ({ data }) => data,
    refresh: () => false,
    gradient: (theta, _physics, gradient) => slopes(theta, gradient),
    get evaluations() {
      return evaluations;
    },
  };
}

function bowl(curvatures: readonly number[]): Counted {
  return problemOf(
    (x) => curvatures.reduce((sum, c, i) => sum + (c * (x[i]! - i) ** 2) / 2, 0),
    (x, gradient) => curvatures.forEach((c, i) => (gradient[i] = c * (x[i]! - i))),
  );
}

/** Rosenbrock's valley, minimum 0 at (1, 1). */
function valley(): Counted {
  return problemOf(
    ([x = 0, y = 0]) => 100 * (y - x * x) ** 2 + (1 - x) ** 2,
    ([x = 0, y = 0], gradient) => gradient.set([-400 * x * (y - x * x) - 2 * (1 - x), 200 * (y - x * x)]),
  );
}

/** x - log x: without a value from 0 down, where a long step lands; minimum 1 at 1. */
function wall(): Counted {
  return problemOf(
    ([x = 0]) => x - Math.log(x),
    ([x = 0], gradient) => void (gradient[0] = 1 - 1 / x),
  );
}

describe('a known minimum', () => {
  test.each([1, 3, 8])('of a bowl in %i directions is met to rounding', (n) => {
    const theta = new Float64Array(n).fill(20);
    const outcome = lbfgs(bowl(Array.from({ length: n }, (_, i) => 10 ** (i % 4))), from(theta), stageOf(), controlOf(), 0);
    expect(outcome.kind).toBe('done');
    theta.forEach((value, i) => expect(Math.abs(value - i)).toBeLessThan(1e-6));
  });

  test('at the end of a curved valley is reached, in about two evaluations a step', () => {
    const problem = valley();
    const theta = Float64Array.of(-1.2, 1);
    const outcome = lbfgs(problem, from(theta), stageOf({ steps: 60 }), controlOf(), 0);
    expect(outcome.kind === 'done' && outcome.terms.data < 1e-18).toBe(true);
    expect(problem.evaluations).toBeLessThan(150);
    expect([...theta].every((value) => Math.abs(value - 1) < 1e-8)).toBe(true);
  });

  test('is approached by steps that meet the strong Wolfe conditions', () => {
    const problem = valley();
    const at = (theta: Float64Array) => {
      const gradient = new Float64Array(2);
      problem.gradient(theta, 1, gradient);
      return { x: theta.slice(), loss: problem.evaluate(theta, null).data, gradient };
    };
    const theta = Float64Array.of(-1.2, 1);
    const path = [at(theta)];
    lbfgs(problem, from(theta), stageOf({ steps: 25 }), { ...controlOf(), trace: () => void path.push(at(theta)) }, 0);
    expect(path.length).toBe(26);
    for (let k = 1; k < path.length; k++) {
      const [before, after] = [path[k - 1]!, path[k]!];
      const along = ({ gradient }: { gradient: Float64Array }) => gradient.reduce((sum, g, i) => sum + g * (after.x[i]! - before.x[i]!), 0);
      expect(after.loss).toBeLessThanOrEqual(before.loss + 1e-4 * along(before));
      expect(Math.abs(along(after))).toBeLessThanOrEqual(0.9 * Math.abs(along(before)));
    }
  });

  test('next to a region without a value is reached', () => {
    const theta = Float64Array.of(50);
    lbfgs(wall(), from(theta), stageOf(), controlOf(), 0);
    expect(theta[0]).toBeCloseTo(1, 7);
  });

  test('is where it stays', () => {
    const theta = Float64Array.of(1, 1);
    expect(lbfgs(valley(), from(theta), stageOf(), controlOf(), 0)).toMatchObject({ kind: 'done', steps: 1, terms: { data: 0 } });
    expect([...theta]).toEqual([1, 1]);
  });
});

describe.each(['integrated', 'network'] as const)('with states: %s', (states) => {
  const shape = shapeOf('hodgkin-huxley', { states, samples: 21, width: 8, features: 4 });
  const member = memberOf(shape, 1);

  test('no step raises the loss, and the terms are those of the theta it leaves', () => {
    const objective = new Objective(shape, member);
    const losses = [objective.total(objective.evaluate(member.theta), 1)];
    for (const steps of [1, 2, 5, 20, 60]) {
      const theta = member.theta.slice();
      const outcome = lbfgs(objective, from(theta), stageOf({ steps }), controlOf(), 0);
      if (outcome.kind !== 'done') throw new Error(`the stage ended as ${outcome.kind}`);
      expect(outcome.terms).toEqual(objective.evaluate(theta));
      losses.push(objective.total(outcome.terms, 1));
    }
    for (let k = 1; k < losses.length; k++) expect(losses[k]!).toBeLessThan(losses[k - 1]!);
    expect(losses.at(-1)!).toBeLessThan(0.2 * losses[0]!);
  });

  test('noise that is estimated is followed while the misfit shrinks', () => {
    const objective = new Objective(shape, { ...member, noise: 'estimated' });
    const theta = member.theta.slice();
    const before = objective.evaluate(theta).data;
    const outcome = lbfgs(objective, from(theta), stageOf({ steps: 40, physics: [0] }), controlOf(), 0);
    expect(outcome.kind === 'done' && outcome.terms.data < 0.5 * before).toBe(true);
  });
});

describe('ends', () => {
  const shape = shapeOf('hodgkin-huxley', { states: 'integrated', samples: 21, width: 8, features: 4 });
  const member = memberOf(shape, 3);

  test('each weight of the ramp when a step gains less than the tolerance', () => {
    const outcome = lbfgs(
      new Objective(shape, member),
      from(member.theta.slice()),
      stageOf({ physics: [1, 2], tolerance: 0.9 }),
      controlOf(),
      0,
    );
    expect(outcome.kind === 'done' && outcome.steps < 20).toBe(true);
  });

  test('as interrupted when it is asked to stop, with the state it has', () => {
    const objective = new Objective(shape, member);
    const theta = member.theta.slice();
    const control = controlOf(3);
    const outcome = lbfgs(objective, from(theta), stageOf(), control, 0);
    expect(outcome).toEqual({ kind: 'interrupted', steps: 3, terms: objective.evaluate(theta) });
    expect(control.done).toBe(3);
  });

  test('as diverged at once when the loss is not finite, with the term', () => {
    const theta = member.theta.slice();
    theta[layoutOf(shape).parameterOffset] = Number.NaN;
    const outcome = lbfgs(new Objective(shape, member), from(theta), stageOf(), controlOf(), 0);
    expect(outcome).toEqual({ kind: 'diverged', step: 0, term: 'current' });
  });

  test('and tells the parameters after every step', () => {
    const seen: [number, number][] = [];
    const control: StageControl = { ...controlOf(), trace: (_, step, values) => void seen.push([step, values.length]) };
    lbfgs(new Objective(shape, member), from(member.theta.slice()), stageOf({ steps: 3 }), control, 0);
    expect(seen).toEqual([
      [1, 3],
      [2, 3],
      [3, 3],
    ]);
  });
});
