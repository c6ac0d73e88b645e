import { describe, expect, test } from 'vitest';
import type { InferredParameter, PriorDistribution } from '../../../schemas/generated/types.ts';
import { priorOf, priorResidual, priorSlope } from '../../../worker/engines/prior.ts';
import { priorViolations } from '../../../worker/train/prior-check.ts';

const gNa: InferredParameter = { name: 'gNa', unit: 'mS/cm2', positive: true, range: [1, 1000], start: 100 };
const EL: InferredParameter = { name: 'EL', unit: 'mV', positive: false, range: [-90, -30], start: -60 };

function complaints(parameter: InferredParameter, prior: PriorDistribution): string[] {
  return priorViolations({ ...parameter, prior }, `spec.problem.infer.${parameter.name}.prior`).map(
    ({ where, rule }) => `${where}: ${rule}`,
  );
}

describe('a prior', () => {
  test('of a median and a factor is one standard deviation from its centre at median times factor', () => {
    const prior = priorOf(0, { logNormal: [100, 1.5] });
    expect([100, 150, 100 / 1.5].map((value) => priorResidual(prior, value))).toEqual(
      [0, 1, -1].map((r) => expect.closeTo(r, 12) as number),
    );
  });

  test('has the slope of its residual', () => {
    for (const distribution of [{ normal: [100, 7] }, { logNormal: [80, 1.2] }] as const) {
      const prior = priorOf(0, { ...distribution } as PriorDistribution); // the tuples are readonly
      const difference = (priorResidual(prior, 90.001) - priorResidual(prior, 89.999)) / 0.002;
      expect(priorSlope(prior, 90)).toBeCloseTo(difference, 8);
    }
  });

  test('that fits its parameter is not complained of', () => {
    expect(complaints(gNa, { logNormal: [120, 1.3] })).toEqual([]);
    expect(complaints(gNa, { normal: [120, 30] })).toEqual([]);
    expect(complaints(EL, { normal: [-60, 5] })).toEqual([]);
  });

  test.each([
    [EL, { logNormal: [60, 1.3] }, 'logNormal must belong to a positive parameter'],
    [gNa, { logNormal: [120, 1] }, 'the factor of [median, factor] must be greater than 1'],
    [gNa, { normal: [120, 0] }, 'the standard deviation of [mean, standard deviation] must be greater than 0'],
    [EL, { normal: [0, 5] }, "the centre of the prior of EL must lie in the model's range, -90 to -30 mV"],
  ] as const)('that cannot be is named with the way out: %o', (parameter, prior, rule) => {
    expect(complaints(parameter, prior as unknown as PriorDistribution)).toEqual([`spec.problem.infer.${parameter.name}.prior: ${rule}`]);
  });
});
