import { describe, expect, test } from 'vitest';
import { Objective } from '../../../worker/engines/reference/objective.ts';
import { adamOperations, measureDenseRate, replicaSeconds, shapeCost } from '../../../worker/train/cost.ts';
import { memberOf, shapeOf } from '../../helpers/engine-cohorts.ts';

const RATES = { adam: 1e9, dense: 1e9 };
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

test('the rate of this machine is between that of a pocket calculator and of a cluster', () => {
  const rate = measureDenseRate();
  expect(rate).toBeGreaterThan(1e6);
  expect(rate).toBeLessThan(1e13);
});
