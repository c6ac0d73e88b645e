/**
 * Sample quantiles of sorted values. Type 7 of Hyndman and Fan, "Sample quantiles in statistical packages", The American
 * Statistician 50 (1996) 361: linear between order statistics, the default of R and NumPy.
 */

/** Quantile of `probability` (0 to 1) of `sorted` (ascending, finite); null of nothing. */
export function quantile(sorted: ArrayLike<number>, probability: number): number | null {
  if (sorted.length === 0) return null;
  const position = (sorted.length - 1) * probability;
  const below = Math.floor(position);
  const low = sorted[below]!;
  const high = sorted[Math.min(below + 1, sorted.length - 1)]!;
  return low + (position - below) * (high - low);
}

/** A sorted copy without what is not finite. */
export function sortedFinite(values: Iterable<number>): Float64Array {
  const numbers = values instanceof Float64Array ? values : Float64Array.from(values);
  return numbers.filter(Number.isFinite).sort();
}

/** Median of unsorted values, what is not finite left out; null of nothing. */
export function median(values: Iterable<number>): number | null {
  return quantile(sortedFinite(values), 0.5);
}
