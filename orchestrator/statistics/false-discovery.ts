/** Adjusted p values that control the share of false discoveries: Benjamini and Hochberg, J. R. Statist. Soc. B 57 (1995) 289. */

/** In the order of the p values: reject those at or below the tolerated share. */
export function falseDiscovery(p: readonly number[]): number[] {
  const order = p.map((_, i) => i).toSorted((a, b) => p[b]! - p[a]!);
  const adjusted = p.slice();
  let least = 1;
  for (const [rank, i] of order.entries()) {
    least = Math.min(least, (p[i]! * p.length) / (p.length - rank));
    adjusted[i] = least;
  }
  return adjusted;
}
