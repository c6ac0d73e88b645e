/**
 * The share of a number's variance that lies between groups, from the mean squares of a one-way analysis of variance: Fisher, "Statistical
 * methods for research workers" (1925), section 40; groups of different sizes as in Donner, International Statistical Review 54 (1986) 67, eq. 2.1.
 */
import { average } from './trimmed-mean.ts';

/** Null where no group has two values, or nothing varies. Below 0 where groups are more alike than chance makes them. */
export function intraclassCorrelation(groups: readonly ArrayLike<number>[]): number | null {
  // about one of the values: of equal ones nothing is left, not even by rounding
  const first = groups.find(({ length }) => length > 0)?.[0] ?? 0;
  const filled = groups.filter(({ length }) => length > 0).map((group) => Float64Array.from(group, (value) => value - first));
  const n = filled.reduce((sum, { length }) => sum + length, 0);
  const k = filled.length;
  if (k < 2 || n <= k) return null;
  const means = filled.map(average);
  const grand = filled.reduce((sum, { length }, i) => sum + length * means[i]!, 0) / n;
  const between = filled.reduce((sum, { length }, i) => sum + length * (means[i]! - grand) ** 2, 0) / (k - 1);
  const within = filled.reduce((sum, group, i) => sum + squares(group, means[i]!), 0) / (n - k);
  const size = (n - filled.reduce((sum, { length }) => sum + length ** 2, 0) / n) / (k - 1);
  const total = between + (size - 1) * within;
  return total === 0 ? null : (between - within) / total;
}

function squares(values: ArrayLike<number>, mean: number): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += (values[i]! - mean) ** 2;
  return sum;
}
