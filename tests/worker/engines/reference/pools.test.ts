/** A model with calcium, trained as a network of states. */
import { expect, test } from 'vitest';
import { createReferenceEngine } from '../../../../worker/engines/reference/reference-engine.ts';
import { beyondPlainGates } from '../../../../worker/engines/refusal.ts';
import { memberOf, shapeOf } from '../../../helpers/engine-cohorts.ts';

const shape = shapeOf('wang-adapting', { infer: ['gNa', 'gAHP', 'influx', 'tauCa', 'KD'], samples: 21, width: 6, features: 4 });

test('loss and gradient of a network that gives V, the gates and calcium agree with central differences', async () => {
  const engine = createReferenceEngine();
  const member = memberOf(shape, 3);
  const evaluated = async (theta: Float64Array) => {
    const cohort = await engine.open(shape, [{ ...member, theta }]);
    const [evaluation] = await cohort.evaluate(2);
    await cohort.close();
    return evaluation!;
  };
  const { gradient } = await evaluated(member.theta);
  const largest = Math.max(...gradient.map(Math.abs));
  // every seventh number of the network, and all parameters
  for (let k = 0; k < gradient.length; k += k < gradient.length - 13 ? 7 : 1) {
    const at = async (delta: number): Promise<number> => (await evaluated(member.theta.map((x, j) => (j === k ? x + delta : x)))).loss;
    const numeric = (8 * ((await at(1e-3)) - (await at(-1e-3))) - ((await at(2e-3)) - (await at(-2e-3)))) / 12e-3;
    expect(Math.abs(gradient[k]! - numeric), `theta[${k}]`).toBeLessThan(1e-6 * largest);
  }
});

test('calcium stays within its range, whatever the network says', async () => {
  const member = memberOf(shape, 1);
  const cohort = await createReferenceEngine().open(shape, [{ ...member, theta: member.theta.map((x) => 30 * x) }]);
  const [reconstruction] = await cohort.reconstruct();
  await cohort.close();
  const { Ca } = reconstruction!.states;
  for (const value of Ca!) expect(value >= 0.0001 * (1 - 1e-12) && value <= 100 * (1 + 1e-12)).toBe(true);
  expect(Math.max(...Ca!) / Math.min(...Ca!)).toBeGreaterThan(100);
});

test('an engine that cannot integrate pools names them', () => {
  expect(beyondPlainGates(shape)).toBe('pools: Ca (model wang-adapting)');
  expect(beyondPlainGates(shapeOf('hodgkin-huxley'))).toBeNull();
});
