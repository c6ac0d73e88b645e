/**
 * Values about their mean. About the first of them before that: the mean of equal values need not be that value to the last bit, and what is left
 * would pass for a variance.
 */
import { average } from './trimmed-mean.ts';

/** Of finite values, at least one. */
export function centred(values: ArrayLike<number>): Float64Array {
  const about = new Float64Array(values.length);
  for (let i = 0; i < about.length; i++) about[i] = values[i]! - values[0]!;
  const mean = average(about);
  return about.map((value) => value - mean);
}

export function sumOfSquares(values: Float64Array): number {
  return values.reduce((sum, value) => sum + value * value, 0);
}
