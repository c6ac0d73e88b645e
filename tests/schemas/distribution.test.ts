import { describe, expect, test } from 'vitest';
import { distributionViolations, POSITIVE, quantile, sampleStart } from '../../schemas/distribution.ts';
import { randomStream } from '../../schemas/random.ts';

const stream = randomStream(5, 'distribution');
const place = { code: 'SPEC_INVALID', root: 'spec' } as const;

function sorted(distribution: Parameters<typeof sampleStart>[0], limits?: Parameters<typeof sampleStart>[3]): number[] {
  return Array.from({ length: 4000 }, (_, index) => sampleStart(distribution, stream, index, limits)).toSorted((a, b) => a - b);
}

describe('a value drawn', () => {
  test('from a uniform distribution has its quartiles', () => {
    const values = sorted({ uniform: [10, 20] });
    expect(values[1000]).toBeCloseTo(12.5, 0);
    expect(values[2000]).toBeCloseTo(15, 0);
    expect(values.every((value) => value >= 10 && value <= 20)).toBe(true);
  });

  test('from a log-uniform distribution is as likely in each decade', () => {
    const values = sorted({ logUniform: [1, 10_000] });
    const inFirst = values.filter((value) => value < 10).length;
    // 1000 expected, s.d. sqrt(4000 * 1/4 * 3/4) = 27
    expect(Math.abs(inFirst - 1000)).toBeLessThan(5 * 27);
    expect(values.at(0)).toBeGreaterThanOrEqual(1);
    expect(values.at(-1)).toBeLessThanOrEqual(10_000);
  });

  test('from a normal distribution has its mean and spread', () => {
    const values = sorted({ normal: [-54, 5] });
    expect(Math.abs((values[2000] ?? 0) + 54)).toBeLessThan(0.6);
    expect(Math.abs((values[3364] ?? 0) + 49)).toBeLessThan(0.6);
  });

  test('for a positive parameter is a truncated normal, without a pile at the limit', () => {
    const values = sorted({ normal: [1, 1] }, POSITIVE);
    expect(values[0]).toBeGreaterThan(0);
    expect(new Set(values).size).toBe(values.length);
    // The median of a normal with mean 1, s.d. 1 above 0: 1 + z with P(Z < z) = 0.15866 + 0.84134 / 2, so 1.2005.
    expect(Math.abs((values[2000] ?? 0) - 1.2005)).toBeLessThan(0.08);
  });

  test('from a bare number is that number', () => {
    expect(sampleStart(7, stream, 3)).toBe(7);
  });

  test('never leaves its bounds by rounding', () => {
    expect(quantile({ uniform: [0.1, 0.1] }, 0.3)).toBe(0.1);
    expect(quantile({ logUniform: [0.1, 0.1] }, 0.7)).toBe(0.1);
    expect(quantile({ logUniform: [3, 7] }, 1)).toBeLessThanOrEqual(7);
    expect(quantile({ uniform: [-1e308, 1e308] }, 0.75)).toBe(5e307);
  });
});

describe('bounds that make no sense', () => {
  test.each([
    [{ uniform: [3, 1] }, 'uniform', 'low <= high must hold', '[3,1]'],
    [{ logUniform: [0, 1] }, 'logUniform', 'low must be greater than 0 for a log-uniform distribution', '[0,1]'],
    [{ logUniform: [5, 1] }, 'logUniform', 'low <= high must hold', '[5,1]'],
    [{ normal: [3, 0] }, 'normal', 'the standard deviation must be greater than 0', '[3,0]'],
    [{ normal: [3, -1] }, 'normal', 'the standard deviation must be greater than 0', '[3,-1]'],
    [{ intUniform: [1.5, 3] }, 'intUniform', 'both bounds must be integers', '[1.5,3]'],
    [{ intUniform: [4, 3] }, 'intUniform', 'low <= high must hold', '[4,3]'],
  ])('%j are told with rule and value', (value, kind, rule, got) => {
    expect(distributionViolations(value, ['space', 'x'], place)).toEqual([
      expect.objectContaining({ code: 'SPEC_DISTRIBUTION', where: `spec.space.x.${kind}`, rule, got }),
    ]);
  });

  test('outside the limits are told with the limits', () => {
    const limits = { low: 1, high: 64 };
    expect(distributionViolations({ intUniform: [0, 3] }, [], place, limits)[0]?.rule).toBe('both bounds must be from 1 to 64');
    expect(distributionViolations({ normal: [-1, 3] }, [], place, POSITIVE)[0]?.rule).toBe('the mean must be greater than 0');
  });

  test('are left to the validator where the type is wrong', () => {
    for (const value of [{ uniform: 'x' }, { uniform: [1] }, { uniform: [1, NaN] }, { other: [2, 1] }, 3, null, 'x'])
      expect(distributionViolations(value, [], place)).toEqual([]);
  });
});
