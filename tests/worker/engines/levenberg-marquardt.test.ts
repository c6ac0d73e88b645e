/** Levenberg-Marquardt on small problems: the loss falls, a minimum that is known is reached, and each way of ending is taken. */
import { describe, expect, test } from 'vitest';
import type { LevenbergMarquardtStage } from '../../../schemas/generated/types.ts';
import type { Member, Shape, StageControl } from '../../../worker/engines/engine.ts';
import { inferredParameters, layoutOf } from '../../../worker/engines/layout.ts';
import { levenbergMarquardt } from '../../../worker/engines/levenberg-marquardt.ts';
import { Objective } from '../../../worker/engines/reference/objective.ts';
import { ReferenceSecondOrder } from '../../../worker/engines/reference/second-order.ts';
import { controlOf, memberOf, shapeOf } from '../../helpers/engine-cohorts.ts';

function stageOf(overrides: Partial<LevenbergMarquardtStage> = {}): Required<LevenbergMarquardtStage> {
  return { optimizer: 'levenberg-marquardt', steps: 20, physics: [1], tolerance: 0, project: false, ...overrides };
}

function run(shape: Shape, member: Member, stage: Required<LevenbergMarquardtStage>, control: StageControl = controlOf()) {
  const objective = new Objective(shape, member);
  const theta = member.theta.slice();
  const outcome = levenbergMarquardt(new ReferenceSecondOrder(objective), { theta, ramp: null, step: 0 }, stage, control, 0);
  return { objective, theta, outcome };
}

describe.each(['integrated', 'network'] as const)('with states: %s', (states) => {
  const shape = shapeOf('hodgkin-huxley', { states, samples: 21, width: 8, features: 4 });
  const member = memberOf(shape, 1);

  test('no step raises the loss', () => {
    const objective = new Objective(shape, member);
    const losses = [objective.total(objective.evaluate(member.theta), 1)];
    for (let steps = 1; steps <= 6; steps++) {
      const { outcome } = run(shape, member, stageOf({ steps }));
      if (outcome.kind !== 'done') throw new Error(`the stage ended as ${outcome.kind}`);
      losses.push(objective.total(outcome.terms, 1));
    }
    for (let k = 1; k < losses.length; k++) expect(losses[k]!).toBeLessThanOrEqual(losses[k - 1]!);
    expect(losses.at(-1)!).toBeLessThan(0.05 * losses[0]!);
  });

  test('the terms it reports are those of the theta it leaves', () => {
    const { objective, theta, outcome } = run(shape, member, stageOf({ physics: [1, 10] }));
    expect(outcome).toMatchObject({ kind: 'done', terms: objective.evaluate(theta) });
  });
});

/** The member whose data and current are what `member.theta` says of them: there the loss is 0. */
function metBy(shape: Shape, member: Member): Member {
  const objective = new Objective(shape, member);
  objective.evaluate(member.theta);
  const { data } = objective.head.rows;
  const voltageMv = member.voltageMv.map((V, i) => V + objective.head.residual[i]!);
  // residual:V = (C d:V - balance) / C0, and the balance adds I; C0 is 1 uF/cm2
  return { ...member, voltageMv, current: member.current.map((I, j) => I + objective.head.residual[data + j]!) };
}

test('a minimum that is known, at loss 0, is reached from near by', () => {
  const shape = shapeOf('hodgkin-huxley', { states: 'integrated', samples: 61, depth: 1, width: 4, features: 2 });
  const member = metBy(shape, memberOf(shape, 1));
  const start = member.theta.map((value, i) => value + 0.02 * Math.sin(5 * i + 1));
  const { objective, theta, outcome } = run(shape, { ...member, theta: start }, stageOf({ steps: 60 }));
  expect(outcome.kind === 'done' && objective.total(outcome.terms, 1) < 1e-18).toBe(true);
  const found = inferredParameters(objective.layout, theta);
  for (const [name, value] of Object.entries(inferredParameters(objective.layout, member.theta)))
    expect(found[name]! / value).toBeCloseTo(1, 6);
});

test('without physics V meets data that the network can draw', () => {
  const shape = shapeOf('hodgkin-huxley', { states: 'integrated', samples: 11, width: 6, features: 3 });
  const still = new Float64Array(11);
  const member = { ...memberOf(shape, 2), drivenMv: still, drivenRate: still };
  const { outcome } = run(shape, member, stageOf({ physics: [0], steps: 60 }));
  expect(outcome).toMatchObject({ kind: 'done' });
  expect(outcome.kind === 'done' && outcome.terms.data < 1e-12).toBe(true);
});

describe('ends', () => {
  const shape = shapeOf('hodgkin-huxley', { states: 'integrated', samples: 21, width: 8, features: 4 });
  const member = memberOf(shape, 3);

  test('each weight of the ramp when a step gains less than the tolerance', () => {
    const { outcome } = run(shape, member, stageOf({ steps: 200, physics: [1, 2], tolerance: 0.9 }));
    expect(outcome).toMatchObject({ kind: 'done' });
    expect(outcome.kind === 'done' && outcome.steps < 30).toBe(true);
  });

  test('as interrupted when it is asked to stop, with the state it has', () => {
    const control = controlOf(3);
    const { outcome, objective, theta } = run(shape, member, stageOf(), control);
    expect(outcome).toEqual({ kind: 'interrupted', steps: 3, terms: objective.evaluate(theta) });
    expect(control.done).toBe(3);
  });

  test('as diverged at once when the loss is not finite, with the term', () => {
    const broken = { ...member, theta: member.theta.slice() };
    broken.theta[layoutOf(shape).parameterOffset] = Number.NaN;
    expect(run(shape, broken, stageOf()).outcome).toEqual({ kind: 'diverged', step: 0, term: 'current' });
  });

  test('and tells the parameters after every step', () => {
    const seen: [number, number][] = [];
    const control: StageControl = { ...controlOf(), trace: (_, step, values) => void seen.push([step, values.length]) };
    run(shape, member, stageOf({ steps: 3 }), control);
    expect(seen).toEqual([
      [1, 3],
      [2, 3],
      [3, 3],
    ]);
  });
});
