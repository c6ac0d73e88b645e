/** Variance components against R (fixtures/variance.R), and shares of designs whose answer is known. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { factorOf, isBalanced } from '../../../orchestrator/statistics/design.ts';
import type { Factor } from '../../../orchestrator/statistics/design.ts';
import { factorialAnova } from '../../../orchestrator/statistics/factorial-anova.ts';
import { intraclassCorrelation } from '../../../orchestrator/statistics/intraclass-correlation.ts';
import { bandwidthOf } from '../../../orchestrator/statistics/kernel-density.ts';
import { restrictedLikelihood } from '../../../orchestrator/statistics/restricted-likelihood.ts';
import { varianceShares } from '../../../orchestrator/statistics/share-interval.ts';
import { randomStream, streamName } from '../../../schemas/random.ts';

interface Sample {
  codes: Record<string, number[]>;
  values: number[];
}

interface Reference {
  crossed: Sample & { squares: Record<string, number> };
  nested: Sample & { squares: [number, number, number] };
  unbalanced: (Sample & { components: Record<string, number> })[];
}

// the file is ours, made by the script beside it
const reference = JSON.parse(readFileSync(new URL('fixtures/variance.json', import.meta.url), 'utf8')) as Reference;

function factorsOf({ codes }: Sample): Factor[] {
  return Object.entries(codes).map(([name, levels]) => factorOf(name, Int32Array.from(levels), name === 'draw' ? 'data' : undefined));
}

function expectRelative(got: number, expected: number, tolerance = 1e-6): void {
  expect(Math.abs(got - expected), `${got} for ${expected}`).toBeLessThanOrEqual(tolerance * Math.abs(expected));
}

const name = streamName('test of shares');
const normals = (resample: number) => {
  const stream = randomStream(resample, name);
  return (index: number) => stream.normal(index);
};

describe('against R', () => {
  test("omega squared and total Sobol indices of a crossed design are those of aov's sums of squares", () => {
    const { values, squares } = reference.crossed;
    const anova = factorialAnova(Float64Array.from(values), factorsOf(reference.crossed))!;
    // one row per cell: the interaction of all three, with 2 * 3 * 4 degrees of freedom, is the residual
    const error = squares['a:b:seed']! / 24;
    const of = (effect: string, df: number) => (squares[effect]! - df * error) / 60;
    const parts = Object.fromEntries(anova.parts.map((part) => [part.name, part]));
    expectRelative(anova.residual, error);
    expectRelative(parts['a']!.variance, of('a', 2));
    expectRelative(parts['seed']!.variance, of('seed', 4));
    expectRelative(parts['a']!.total!, of('a', 2) + of('a:b', 6) + of('a:seed', 8));
    expectRelative(parts['b']!.total!, of('b', 3) + of('a:b', 6) + of('b:seed', 12));
    const total = Object.values(squares).reduce((sum, square) => sum + square, 0);
    const omega = (squares['a']! - 2 * error) / (total + error);
    const every = anova.parts.reduce((sum, { variance }) => sum + variance, anova.interactions + anova.residual);
    expectRelative(parts['a']!.variance / every, omega);
  });

  test('data are measured against their draws, draws against the residual', () => {
    const { values, squares } = reference.nested;
    const [data, draw, within] = squares;
    const anova = factorialAnova(Float64Array.from(values), factorsOf(reference.nested))!;
    expectRelative(anova.residual, within / 24);
    expectRelative(anova.parts[0]!.variance, (2 * (data / 2 - draw / 9)) / 36);
    expectRelative(anova.parts[1]!.variance, (11 * (draw / 9 - within / 24)) / 36);
  });

  test.each(reference.unbalanced)('REML components of an unbalanced design are those of lme4', (sample) => {
    const factors = factorsOf(sample);
    expect(isBalanced(factors, sample.values.length)).toBe(false);
    const { parts, residual } = restrictedLikelihood(Float64Array.from(sample.values), factors)!;
    expectRelative(residual, sample.components['Residual']!);
    for (const { name: factor, variance, levels } of parts) {
      const expected = ((levels - 1) / levels) * sample.components[factor]!;
      // lme4 ends its search at a relative change of the deviance, which leaves small components less sure
      expect(Math.abs(variance - expected), factor).toBeLessThan(1e-6 * Math.max(expected, 0.1 * residual));
    }
  });
});

/** Rows of a full factorial, its values by a function of the levels and the row. */
function factorial(
  levels: Record<string, number>,
  value: (at: Record<string, number>, row: number) => number,
  keep: (row: number) => boolean = () => true,
) {
  const names = Object.keys(levels);
  const rows = names.reduce((product, axis) => product * levels[axis]!, 1);
  const at = Array.from({ length: rows }, (_, row) => {
    let rest = row;
    return Object.fromEntries(
      names.map((axis) => {
        const level = rest % levels[axis]!;
        rest = Math.floor(rest / levels[axis]!);
        return [axis, level];
      }),
    );
  }).filter((_, row) => keep(row));
  return {
    factors: names.map((axis) =>
      factorOf(
        axis,
        Int32Array.from(at, (one) => one[axis]!),
      ),
    ),
    values: Float64Array.from(at, value),
  };
}

describe('designs', () => {
  const noise = randomStream(7, 'noise');
  const effects = [0, 0, 3];

  test('REML and ANOVA agree where the design is balanced and nothing interacts', () => {
    const { factors, values } = factorial({ a: 3, b: 4, seed: 6 }, ({ a, b }, row) => effects[a!]! + b! + noise.normal(row));
    expect(isBalanced(factors, values.length)).toBe(true);
    const anova = factorialAnova(values, factors.slice(0, 2))!;
    const reml = restrictedLikelihood(values, factors.slice(0, 2))!;
    // REML's residual takes the interaction in as well: its degrees of freedom differ, and little else
    for (const [i, part] of anova.parts.entries()) expectRelative(reml.parts[i]!.variance, part.variance, 0.02);
  });

  test('shares add up to one, and an axis without effect has a share that may be none', () => {
    const { factors, values } = factorial({ a: 3, b: 2, seed: 8 }, ({ a }, row) => effects[a!]! + noise.normal(row));
    const { parts, residual } = varianceShares(factorialAnova(values, factors)!, normals)!;
    expect(parts.reduce((sum, { share }) => sum + share, residual.share)).toBeCloseTo(1, 12);
    expect(parts[0]!.share).toBeGreaterThan(0.5);
    expect(parts[1]!.ci95[0]).toBe(0);
    expect(parts[1]!.ci95[1]).toBeLessThan(0.2);
  });

  test.each([0, 1e-12, 1e-9, 1e-7])(
    'levels that explain all but %d have the shares of their variances, with gaps in the design too',
    (left) => {
      const { factors, values } = factorial(
        { a: 3, b: 4, seed: 5 },
        ({ a, b }, row) => 4.7 + 0.01 * effects[a!]! + 0.003 * b! + left * noise.normal(row),
        (row) => row % 7 !== 3,
      );
      const { parts, residual } = varianceShares(restrictedLikelihood(values, factors)!, normals)!;
      // population variances of 0, 0, 0.03 and of 0, 0.003, 0.006, 0.009
      const [a, b] = [2e-4, 1.125e-5];
      expectRelative(parts[0]!.share, a / (a + b), 1e-5);
      expectRelative(parts[1]!.share, b / (a + b), 1e-4);
      expect(residual.share).toBeLessThan(1e-7);
    },
  );

  test('equal values have no variance, though their mean rounds off', () => {
    // of 30 values of 5.1 the mean is 5.1 but for the last bit
    const { factors, values } = factorial({ a: 3, seed: 10 }, () => 5.1);
    expect(values.reduce((sum, value) => sum + value, 0) / 30).not.toBe(5.1);
    expect(varianceShares(factorialAnova(values, factors)!, normals)).toBeUndefined();
    expect(restrictedLikelihood(values, factors)).toBeUndefined();
    expect(intraclassCorrelation([values.subarray(0, 3), values.subarray(3, 10), values.subarray(10)])).toBeNull();
    expect(bandwidthOf(values)).toBeNull();
  });

  test('nothing varies, or nothing is left for a residual: no shares', () => {
    const equal = factorial({ a: 2, seed: 3 }, () => 5);
    expect(restrictedLikelihood(equal.values, equal.factors)).toBeUndefined();
    expect(varianceShares(factorialAnova(equal.values, equal.factors)!, normals)).toBeUndefined();
    const single = factorial({ seed: 5 }, ({ seed }) => seed!);
    expect(factorialAnova(single.values, single.factors)).toBeUndefined();
    expect(restrictedLikelihood(single.values, single.factors)).toBeUndefined();
  });

  test('the 95 % interval holds the share of the levels at hand in 95 of 100 experiments', () => {
    // population variance of 0, 0, 3 is 2; of 0, 1 it is 0.25; the noise's is 4
    const truth = { a: 2 / 6.25, b: 0.25 / 6.25 };
    const held = { a: 0, b: 0 };
    const experiments = 60;
    for (let experiment = 0; experiment < experiments; experiment++) {
      const own = randomStream(experiment, 'experiment');
      const { factors, values } = factorial(
        { a: 3, b: 2, seed: 12 },
        ({ a, b }, row) => effects[a!]! + b! + 2 * own.normal(row),
        (row) => experiment % 2 === 0 || row % 7 !== 3,
      );
      const anova = experiment % 2 === 0 ? factorialAnova(values, factors)! : restrictedLikelihood(values, factors)!;
      const shares = varianceShares(anova, normals)!.parts;
      for (const [i, axis] of (['a', 'b'] as const).entries())
        if (shares[i]!.ci95[0] <= truth[axis] && truth[axis] <= shares[i]!.ci95[1]) held[axis] += 1;
    }
    // Binomial(60, 0.95) is below 52 in one of 200
    expect(held.a).toBeGreaterThanOrEqual(52);
    expect(held.b).toBeGreaterThanOrEqual(52);
  });
});
