/**
 * What a Fisher matrix says is known badly: standard errors in borders of the unknowns (unknown.ts), and the directions that make them
 * large, each of as few parameters as will do.
 */
import { covarianceOf } from '../simulate/covariance.ts';
import { symmetricEigen } from '../simulate/symmetric-eigen.ts';
import { dependentColumns } from './dependent-columns.ts';

/** Variance of this many squared borders is no knowledge at all. */
const UNBOUNDED = 1e10;

/** Standard error of each unknown with all others unknown, in borders; Infinity where V says nothing. Unknowns outside of `keep` are known: 0. */
export function errorsOf(matrix: Float64Array, n: number, keep: readonly number[]): Float64Array {
  const variances = covarianceOf(restricted(matrix, n, keep), keep.length);
  const errors = new Float64Array(n);
  keep.forEach((k, j) => {
    const variance = variances[j * keep.length + j]!;
    errors[k] = variance < UNBOUNDED ? Math.sqrt(variance) : Infinity;
  });
  return errors;
}

/** Directions in borders, the largest part being 1; none when every standard error is below one border. */
export function weakDirections(matrix: Float64Array, n: number, keep: readonly number[]): Float64Array[] {
  const m = keep.length;
  if (errorsOf(matrix, n, keep).every((error) => error <= 1)) return [];
  const { values, vectors } = symmetricEigen(restricted(matrix, n, keep), m);
  const weak = weakCount(values, vectors, m);
  const columns = keep.map((_, j) =>
    Float64Array.from({ length: m - weak }, (__, i) => Math.sqrt(values[weak + i]!) * vectors[(weak + i) * m + j]!),
  );
  return dependentColumns(columns, { rank: m - weak }).map((coefficients) => {
    const whole = new Float64Array(n);
    keep.forEach((k, j) => (whole[k] = coefficients[j]!));
    return whole;
  });
}

/** So many of the least eigenvalues must be taken out until no standard error is above a border. */
function weakCount(values: Float64Array, vectors: Float64Array, m: number): number {
  for (let weak = 0; weak < m; weak++) {
    const variance = (j: number): number => {
      let sum = 0;
      for (let i = weak; i < m; i++) sum += vectors[i * m + j]! ** 2 / Math.max(values[i]!, 0);
      return sum;
    };
    if (Array.from({ length: m }, (_, j) => variance(j)).every((sum) => sum <= 1)) return weak;
  }
  return m;
}

function restricted(matrix: Float64Array, n: number, keep: readonly number[]): Float64Array {
  return Float64Array.from(keep.flatMap((p) => keep.map((q) => matrix[p * n + q]!)));
}
