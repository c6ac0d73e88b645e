/** Correction for many comparisons: Holm, "A simple sequentially rejective multiple test procedure", Scandinavian J. Statistics 6 (1979) 65. */

/** Adjusted p values, in the order given: one below alpha is significant though there are so many. Holds under any dependence. */
export function holm(pValues: readonly number[]): number[] {
  const order = pValues.map((_, i) => i).toSorted((i, j) => pValues[i]! - pValues[j]!);
  const adjusted = pValues.map(() => 1);
  let largest = 0;
  for (const [rank, i] of order.entries()) {
    largest = Math.max(largest, Math.min(1, (pValues.length - rank) * pValues[i]!));
    adjusted[i] = largest;
  }
  return adjusted;
}
