/**
 * By how much intervals must be widened to hold what they promise: split conformal prediction with errors in units of their own standard
 * error. Papadopoulos, Proedrou, Vovk and Gammerman, "Inductive confidence machines for regression", ECML 2002, LNCS 2430, 345; Lei,
 * G'Sell, Rinaldo, Tibshirani and Wasserman, "Distribution-free predictive inference for regression", JASA 113 (2018) 1094, section 5.2.
 * Whatever the distribution of the errors, an interval that reaches to the ceil((n + 1) level)-th smallest of n errors holds the next truth
 * with a probability of at least `level`, and at most 1 / (n + 1) more, when truths come from one prior. Here intervals are never narrowed.
 */
import { normalQuantile } from '../../schemas/normal-quantile.ts';

/** The factor on the half-width of a normal interval; null of too few errors for that level. `errors`: |estimate - truth| / standard error. */
export function inflationFactor(errors: ArrayLike<number>, level: number): number | null {
  const rank = Math.ceil((errors.length + 1) * level - ROUNDING);
  if (rank > errors.length) return null;
  const sorted = Float64Array.from(errors).sort();
  return Math.max(1, sorted[rank - 1]! / halfWidth(level));
}

/** 20 * 0.95 is 19 up to rounding. */
const ROUNDING = 1e-9;

/** Of the central interval of a standard normal distribution. */
export function halfWidth(level: number): number {
  return normalQuantile((1 + level) / 2);
}

/** How many errors the widened interval holds, the factor being that of the other folds; null where these are too few. `folds`: of each error. */
export function crossValidatedCovered(errors: readonly number[], folds: ArrayLike<number>, level: number): number | null {
  let covered = 0;
  for (const fold of new Set(Array.from(folds))) {
    const factor = inflationFactor(
      errors.filter((_, i) => folds[i] !== fold),
      level,
    );
    if (factor === null) return null;
    covered += errors.filter((error, i) => folds[i] === fold && error <= factor * halfWidth(level)).length;
  }
  return covered;
}
