/**
 * The Gram matrix J_w J_w^T without J, against J itself, one backward pass per residual, for both formulations and odd sizes. And the
 * columns of J beyond the network against the same passes. Factors of factorised weights and the features' scale are held: no part of J_w.
 */
import { describe, expect, test } from 'vitest';
import type { Member, Shape } from '../../../../worker/engines/engine.ts';
import { heldBySecondOrder } from '../../../../worker/engines/layout.ts';
import { Objective } from '../../../../worker/engines/reference/objective.ts';
import { shapeOf, unevenMember } from '../../../helpers/engine-cohorts.ts';

const SHAPES: Readonly<Record<string, Shape>> = {
  'network, one layer of one': shapeOf('hodgkin-huxley', { depth: 1, width: 1, features: 1, samples: 2, infer: ['gK'] }),
  'network, 3 x 5': shapeOf('hodgkin-huxley', { depth: 3, width: 5, features: 3, samples: 7 }),
  'network, sine, two points per sample': shapeOf('pospischil-rs', { activation: 'sin', width: 7, features: 2, samples: 4, perSample: 2 }),
  'integrated, one layer of one': shapeOf('hodgkin-huxley', {
    states: 'integrated',
    depth: 1,
    width: 1,
    features: 1,
    samples: 2,
    infer: ['EL'],
  }),
  'integrated, 2 x 9': shapeOf('hodgkin-huxley', { states: 'integrated', width: 9, features: 5, samples: 13, infer: ['gNa', 'gK', 'C'] }),
  'integrated, sine, three points per sample': shapeOf('pospischil-rs', {
    states: 'integrated',
    activation: 'sin',
    width: 6,
    features: 3,
    samples: 5,
    perSample: 3,
    infer: ['gM', 'VT'],
  }),
  'network, modified MLP': shapeOf('hodgkin-huxley', { architecture: 'modified-mlp', depth: 3, width: 4, features: 3, samples: 6 }),
  'integrated, modified MLP of one layer': shapeOf('hodgkin-huxley', {
    states: 'integrated',
    architecture: 'modified-mlp',
    depth: 1,
    width: 5,
    features: 2,
    samples: 7,
  }),
  'network, factorised, gelu': shapeOf('hodgkin-huxley', {
    factorisation: 'random-weight',
    activation: 'gelu',
    width: 5,
    features: 3,
    samples: 6,
  }),
  'integrated, modified MLP, factorised, trainable scale, swish': shapeOf('pospischil-rs', {
    states: 'integrated',
    architecture: 'modified-mlp',
    factorisation: 'random-weight',
    scale: 'trainable',
    activation: 'swish',
    initialGates: 'free',
    width: 4,
    features: 3,
    samples: 5,
    perSample: 2,
    infer: ['gM', 'VT'],
  }),
};

/** d residual / d theta, [rows][theta], row by row. */
function jacobian(objective: Objective, theta: Float64Array): Float64Array[] {
  const rows = objective.head.residual.length;
  return Array.from({ length: rows }, (_, row) => {
    const gradient = new Float64Array(theta.length);
    objective.pullback(theta, new Float64Array(rows).fill(1, row, row + 1), gradient);
    return gradient;
  });
}

function linearised(shape: Shape, member: Member): Objective {
  const objective = new Objective(shape, member);
  objective.evaluate(member.theta);
  objective.linearise(member.theta);
  return objective;
}

describe.each(Object.entries(SHAPES))('%s', (_, shape) => {
  const member = unevenMember(shape, 2);
  const objective = linearised(shape, member);
  const J = jacobian(objective, member.theta);
  const { networkSize, scaleOffset } = objective.layout;
  const held = heldBySecondOrder(objective.layout);
  const weights = Array.from({ length: networkSize }, (_value, i) => i).filter((i) => !held.some(([from, to]) => i >= from && i < to));

  test('the Gram matrix is J J^T over the network weights', () => {
    const gram = objective.gram(member.theta);
    const rows = J.length;
    const largest = Math.max(...J.map((row) => weights.reduce((sum, i) => sum + row[i]! ** 2, 0)));
    for (let r = 0; r < rows; r++)
      for (let s = 0; s < rows; s++) {
        let sum = 0;
        for (const i of weights) sum += J[r]![i]! * J[s]![i]!;
        expect(Math.abs(gram[r * rows + s]! - sum)).toBeLessThan(1e-12 * largest);
      }
  });

  test('the columns are the rest of J', () => {
    const columns = objective.head.columns();
    expect(columns).toHaveLength((scaleOffset < 0 ? member.theta.length : scaleOffset) - networkSize);
    for (const [k, column] of columns.entries()) {
      const largest = column.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-300);
      for (const [r, value] of column.entries()) expect(Math.abs(value - J[r]![networkSize + k]!)).toBeLessThan(1e-11 * largest);
    }
  });

  test('J is the slope of the residuals', () => {
    const direction = Float64Array.from(member.theta, (_value, i) => Math.sin(7 * i + 1));
    const shift = 1e-6;
    const [up, down] = [shift, -shift].map((delta) => {
      objective.evaluate(member.theta.map((value, i) => value + delta * direction[i]!));
      return objective.head.residual.slice();
    });
    const slopes = J.map((row) => row.reduce((sum, value, i) => sum + value * direction[i]!, 0));
    const largest = Math.max(...slopes.map(Math.abs));
    for (const [r, slope] of slopes.entries()) expect(Math.abs(slope - (up![r]! - down![r]!) / (2 * shift))).toBeLessThan(1e-6 * largest);
  });
});
