/** A time course on an even grid from its first to its last time: traces are thinned to whole samples, so their steps differ by one. */

/** A step that is longer than the mean one by more than this factor is a gap between segments. */
const GAP = 2.5;

/** As many values, linear between the given ones; nothing where the course has a gap. */
export function evenCourse(tMs: readonly number[], values: readonly number[]): Float64Array | undefined {
  const last = tMs.length - 1;
  const step = (tMs[last]! - tMs[0]!) / last;
  if (tMs.some((t, i) => i > 0 && !(t - tMs[i - 1]! > 0 && t - tMs[i - 1]! <= GAP * step))) return undefined;
  let before = 0;
  return Float64Array.from(tMs, (_, i) => {
    const at = i === last ? tMs[last]! : tMs[0]! + i * step;
    while (before < last - 1 && tMs[before + 1]! <= at) before += 1;
    const share = (at - tMs[before]!) / (tMs[before + 1]! - tMs[before]!);
    return values[before]! + share * (values[before + 1]! - values[before]!);
  });
}
