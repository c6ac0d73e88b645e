import { describe, expect, test } from 'vitest';
import { Objective } from '../../../worker/engines/reference/objective.ts';
import { adamOperations, replicaBytes, replicaSeconds, shapeCost } from '../../../worker/train/cost.ts';
import { memberOf, shapeOf } from '../../helpers/engine-cohorts.ts';

const RATES = { adam: 1e9, secondOrder: 1e9 };
const ADAM = { optimizer: 'adam', steps: 100 } as const;
const SECOND_ORDER = { optimizer: 'levenberg-marquardt', steps: 10 } as const;

describe('the size of a shape', () => {
  test.each(['network', 'integrated'] as const)('is that of what is trained, states: %s', (states) => {
    const shape = shapeOf('hodgkin-huxley', { states, perSample: 2, samples: 9 });
    const member = memberOf(shape, 1);
    expect(shapeCost(shape)).toEqual({ weights: member.theta.length, residuals: new Objective(shape, member).head.residual.length });
  });
});

describe('the time of a replica', () => {
  const shape = shapeOf('hodgkin-huxley', { states: 'integrated' });

  test('is the sum of its stages, and a stage costs by its steps', () => {
    const [adam, second] = [ADAM, SECOND_ORDER].map((stage) => replicaSeconds(shape, [stage], RATES));
    expect(adam).toBeCloseTo((100 * adamOperations(shape)) / 1e9, 12);
    expect(replicaSeconds(shape, [ADAM, SECOND_ORDER], RATES)).toBeCloseTo(adam! + second!, 12);
    expect(replicaSeconds(shape, [{ ...SECOND_ORDER, steps: 20 }], RATES)).toBeCloseTo(2 * second!, 12);
  });

  test('counts every weight of a ramp', () => {
    const one = replicaSeconds(shape, [{ ...SECOND_ORDER, physics: 3 }], RATES);
    expect(replicaSeconds(shape, [{ ...SECOND_ORDER, physics: [1, 2, 3] }], RATES)).toBeCloseTo(3 * one, 12);
  });

  test('of the second order grows with more than the square of the samples', () => {
    const longer = shapeOf('hodgkin-huxley', { states: 'integrated', samples: 4 * shape.samples });
    const ratio = replicaSeconds(longer, [SECOND_ORDER], RATES) / replicaSeconds(shape, [SECOND_ORDER], RATES);
    expect(ratio).toBeGreaterThan(16);
    expect(ratio).toBeLessThan(65);
  });
});

describe('the memory of a replica', () => {
  test('grows with the square of the samples where the second order is asked for, otherwise in step with them', () => {
    const of = (samples: number, stage: typeof ADAM | typeof SECOND_ORDER): number =>
      replicaBytes(shapeOf('hodgkin-huxley', { states: 'integrated', samples }), [stage]);
    expect(of(1001, ADAM) / of(501, ADAM)).toBeCloseTo(2, 1);
    expect(of(1001, SECOND_ORDER) / of(501, SECOND_ORDER)).toBeGreaterThan(3.5);
  });
});
