/** How tensors are laid out changes no number: a backend's plan against the reference, here on WebAssembly, where any plan runs if slowly. */
import { beforeAll, expect, test } from 'vitest';
import type { Member, Shape } from '../../../../worker/engines/engine.ts';
import { createReferenceEngine } from '../../../../worker/engines/reference/reference-engine.ts';
import type { TensorPlan } from '../../../../worker/engines/tfjs/backend.ts';
import { openBackend } from '../../../../worker/engines/tfjs/open-backend.ts';
import { TensorObjective } from '../../../../worker/engines/tfjs/tensor-objective.ts';
import { distance, memberOf, shapeOf, withCohort } from '../../../helpers/engine-cohorts.ts';
import { TOLERANCE } from '../../../helpers/evaluation-distance.ts';

beforeAll(async () => {
  await openBackend();
});

const PLANS: Readonly<Record<string, TensorPlan>> = {
  'each by itself': { batch: [1, 1], vector: 1, transposes: false },
  'all in one product, whole vectors': { batch: [1, Infinity], vector: 16, transposes: true },
  'groups of two, the last made up by a copy': { batch: [2, 2], vector: 16, transposes: true },
  'more than there are': { batch: [5, 5], vector: 8, transposes: false },
};
const SHAPES = [
  shapeOf('pospischil-rs', { states: 'network', infer: ['gNa', 'VT'], activation: 'swish' }),
  shapeOf('pospischil-rs', { states: 'integrated', infer: ['gNa', 'VT'], segments: 2 }),
  // no whole vector is to be filled up
  shapeOf('hodgkin-huxley', { states: 'integrated', samples: 32 }),
];

test.each(Object.entries(PLANS))('%s', async (_, plan) => {
  for (const shape of SHAPES) {
    const members = [1, 2, 3].map((seed) => memberOf(shape, seed));
    const exact = await withCohort(createReferenceEngine(), shape, members, (cohort) => cohort.evaluate(1));
    gradientsOf(shape, members, plan).forEach((gradient, r) => {
      const { max, l2 } = distance(gradient, exact[r]!.gradient);
      expect(Math.max(max, l2)).toBeLessThan(TOLERANCE);
    });
  }
});

function gradientsOf(shape: Shape, members: readonly Member[], plan: TensorPlan): Float64Array[] {
  const thetas = members.map(({ theta }) => theta);
  const gradients = thetas.map((theta) => new Float64Array(theta.length));
  const objective = new TensorObjective(shape, members, plan);
  try {
    objective.gradient(
      thetas,
      thetas.map(() => 1),
      false,
      gradients,
    );
  } finally {
    objective.close();
  }
  return gradients;
}
