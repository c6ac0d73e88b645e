/** The median of the means of all pairs: Hodges and Lehmann, "Estimates of location based on rank tests", Annals of Mathematical Statistics 34 (1963) 598. */
import { quantile } from '../../schemas/sample-quantile.ts';

/** Of more values, so many quantiles stand for them: there are an eighth of a million pairs of these. */
export const MOST_PAIRED = 500;

/** Of ascending finite values, each paired with itself too; null of nothing. */
export function hodgesLehmann(sorted: Float64Array): number | null {
  const values = sorted.length <= MOST_PAIRED ? sorted : quantiles(sorted, MOST_PAIRED);
  const n = values.length;
  const means = new Float64Array((n * (n + 1)) / 2);
  for (let i = 0, at = 0; i < n; i++) for (let j = i; j < n; j++) means[at++] = (values[i]! + values[j]!) / 2;
  return quantile(means.sort(), 0.5);
}

function quantiles(sorted: Float64Array, count: number): Float64Array {
  // of a non-empty array
  return Float64Array.from({ length: count }, (_, i) => quantile(sorted, (i + 0.5) / count) ?? NaN);
}
