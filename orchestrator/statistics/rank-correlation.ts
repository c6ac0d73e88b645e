/** Spearman's rank correlation: Pearson's of the ranks, ties given their mean rank. Spearman, American Journal of Psychology 15 (1904) 72. */

/** Of pairs of finite numbers; null below 3 pairs or where one side does not vary. */
export function rankCorrelation(x: readonly number[], y: readonly number[]): number | null {
  if (x.length < 3) return null;
  const [a, b] = [ranks(x), ranks(y)];
  const centre = (x.length + 1) / 2;
  let [ab, aa, bb] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    ab += (a[i]! - centre) * (b[i]! - centre);
    aa += (a[i]! - centre) ** 2;
    bb += (b[i]! - centre) ** 2;
  }
  return aa === 0 || bb === 0 ? null : ab / Math.sqrt(aa * bb);
}

/** From 1; equal values share their mean rank. */
function ranks(values: readonly number[]): Float64Array {
  const order = values.map((_, i) => i).toSorted((i, j) => values[i]! - values[j]!);
  const result = new Float64Array(values.length);
  for (let from = 0; from < order.length;) {
    let to = from + 1;
    while (to < order.length && values[order[to]!] === values[order[from]!]) to++;
    for (let k = from; k < to; k++) result[order[k]!] = (from + to + 1) / 2;
    from = to;
  }
  return result;
}
