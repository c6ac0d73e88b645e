/**
 * Intervals of variance shares by a parametric bootstrap of mean squares: with normal errors the mean square of a factor whose levels are as
 * they are is its error's times a noncentral chi-square over its degrees of freedom (Searle, "Linear models" (1971), section 2.5), and
 * each drawn set of mean squares gives shares as the data do. 95 % between percentiles.
 *
 * The levels are those of the sweep: an interval says how well the seeds tell their differences, not what other levels would give. Where a
 * design is unbalanced, rows of a level are the harmonic mean, and factors count as orthogonal.
 */
import { quantile } from '../../schemas/sample-quantile.ts';
import { chiSquare } from './chi-square.ts';
import type { NormalSource } from './chi-square.ts';
import { totalVariance } from './variance-components.ts';
import type { Part, VarianceComponents } from './variance-components.ts';

export const SHARE_RESAMPLES = 400;

export interface Share {
  readonly share: number;
  readonly ci95: [number, number];
}

/** Shares of the parts, in their order, and of the rest: the residual and interactions. Undefined without any variance. */
export function varianceShares(components: VarianceComponents, normals: NormalSource): { parts: Share[]; residual: Share } | undefined {
  const total = totalVariance(components);
  if (!(total > 0)) return undefined;
  const drawn = components.parts.map(() => new Float64Array(SHARE_RESAMPLES));
  const rest = new Float64Array(SHARE_RESAMPLES).fill(1);
  for (let resample = 0; resample < SHARE_RESAMPLES; resample++) {
    const again = redraw(components, normals(resample));
    const sum = totalVariance(again);
    for (const [i, part] of again.parts.entries()) {
      const share = Math.max(0, part.variance) / sum;
      drawn[i]![resample] = share;
      // what is nothing may be less by rounding
      rest[resample] = Math.max(0, rest[resample]! - share);
    }
  }
  const shares = components.parts.map(({ variance }) => Math.max(0, variance) / total);
  return {
    parts: shares.map((share, i) => ({ share, ci95: percentiles(drawn[i]!) })),
    residual: { share: Math.max(0, 1 - shares.reduce((sum, share) => sum + share, 0)), ci95: percentiles(rest) },
  };
}

function percentiles(values: Float64Array): [number, number] {
  values.sort();
  // quantile of SHARE_RESAMPLES values is a number
  return [quantile(values, 0.025) ?? NaN, quantile(values, 0.975) ?? NaN];
}

/** Components of one set of mean squares that could have been. */
function redraw(components: VarianceComponents, normal: (index: number) => number): VarianceComponents {
  let used = 0;
  const next = () => normal(used++);
  const { parts, residualDf } = components;
  const residual = (components.residual * chiSquare(residualDf, 0, next)) / residualDf;
  const meanSquares = new Map<number, { expected: number; drawn: number }>();
  const meanSquare = (i: number | undefined): { expected: number; drawn: number } => {
    if (i === undefined) return { expected: components.residual, drawn: residual };
    const known = meanSquares.get(i);
    if (known !== undefined) return known;
    const part = parts[i]!;
    const error = meanSquare(part.error).expected;
    const effect = effectOf(part);
    // nothing is left, or less by rounding
    const drawn = error <= 0 ? effect : (error * chiSquare(part.df, (part.df * effect) / error, next)) / part.df;
    meanSquares.set(i, { expected: error + effect, drawn });
    return { expected: error + effect, drawn };
  };
  return {
    ...components,
    residual,
    parts: parts.map((part, i) => ({
      ...part,
      variance: (finite(part) * (meanSquare(i).drawn - meanSquare(part.error).drawn)) / part.rows,
    })),
  };
}

/** By how much a part's differences raise its mean square. */
function effectOf(part: Part): number {
  return part.variance <= 0 ? 0 : (part.rows * part.variance) / finite(part);
}

/** Variance over the levels at hand for one of levels without end. */
function finite({ levels }: Part): number {
  return (levels - 1) / levels;
}
