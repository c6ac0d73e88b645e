/** Where a replica begins: frequencies, and networks that a variant leaves as they were. */
import { describe, expect, test } from 'vitest';
import type { Shape } from '../../../worker/engines/engine.ts';
import { harmonicFrequencies, initialFrequencies } from '../../../worker/engines/initial.ts';
import { layoutOf } from '../../../worker/engines/layout.ts';
import { Network } from '../../../worker/engines/reference/network.ts';
import { memberOf, shapeOf } from '../../helpers/engine-cohorts.ts';

/** Outputs at the start. */
function outputs(overrides: Partial<Shape>): Float64Array {
  const shape = shapeOf('hodgkin-huxley', overrides);
  const member = memberOf(shape, 5);
  const network = new Network(shape, layoutOf(shape), member);
  network.forward(member.theta);
  return network.out;
}

test('random frequencies fill the bandwidth, one in each equal part of it', () => {
  const parts = Array.from(initialFrequencies(7, 5, 0.5), (frequency) => Math.floor(frequency / 0.1));
  expect(parts).toEqual([0, 1, 2, 3, 4]);
  expect(initialFrequencies(8, 5, 0.5)).not.toEqual(initialFrequencies(7, 5, 0.5));
});

test('harmonics are whole multiples of half a cycle per window', () => {
  expect([...harmonicFrequencies(3, 50)]).toEqual([0.01, 0.02, 0.03]);
});

describe('a network at its start', () => {
  test('does the same with factorised weights as with plain ones', () => {
    const plain = outputs({});
    const factorised = outputs({ factorisation: 'random-weight' });
    for (const [i, value] of factorised.entries()) expect(value).toBeCloseTo(plain[i]!, 12);
  });

  test('does the same with a trainable scale as without', () => {
    expect(outputs({ scale: 'trainable' })).toEqual(outputs({}));
  });

  test('has factors of mean exp(1) and spread 0.1 in the logarithm', () => {
    const shape = shapeOf('hodgkin-huxley', { factorisation: 'random-weight', width: 400, depth: 1 });
    const { scales } = layoutOf(shape).layers[0]!;
    const s = memberOf(shape, 1).theta.subarray(scales, scales + 400);
    const mean = s.reduce((sum, value) => sum + value, 0) / 400;
    const sd = Math.sqrt(s.reduce((sum, value) => sum + (value - mean) ** 2, 0) / 400);
    // four standard errors
    expect(Math.abs(mean - 1)).toBeLessThan(0.02);
    expect(Math.abs(sd - 0.1)).toBeLessThan(0.015);
  });

  test('of other encoders has other outputs', () => {
    const shape = shapeOf('hodgkin-huxley', { architecture: 'modified-mlp' });
    const { encoders } = layoutOf(shape);
    const { theta } = memberOf(shape, 1);
    const [U, Q] = encoders.map(({ weights, biases }) => theta.slice(weights, biases));
    expect(U).not.toEqual(Q);
    expect(U!.every((value) => value === 0)).toBe(false);
  });
});
