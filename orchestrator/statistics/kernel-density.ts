/**
 * Density of a sample by normal kernels. Bandwidth by Silverman's rule of thumb, "Density estimation" (1986), eq. 3.31: 0.9 times the smaller
 * of standard deviation and interquartile range / 1.34, times n^(-1/5). R's bw.nrd0.
 */
import { quantile } from '../../schemas/sample-quantile.ts';
import { centred, sumOfSquares } from './centred.ts';

export interface Density {
  readonly at: Float64Array;
  readonly density: Float64Array;
  readonly bandwidth: number;
}

/** Times the spread and n^(-1/5). */
export const KERNEL_FACTOR = 0.9;
const POINTS = 256;
/** The grid reaches so many bandwidths beyond the sample; beyond that a kernel is nothing. */
const REACH = 3;
const FAR = 6;
const MOST_KERNELS = 16_384;

/** Of ascending finite values; null where fewer than two differ. */
export function bandwidthOf(sorted: Float64Array): number | null {
  const n = sorted.length;
  const deviation = Math.sqrt(sumOfSquares(centred(sorted)) / (n - 1));
  const range = ((quantile(sorted, 0.75) ?? NaN) - (quantile(sorted, 0.25) ?? NaN)) / 1.34;
  const spread = range > 0 ? Math.min(deviation, range) : deviation;
  return spread > 0 ? KERNEL_FACTOR * spread * n ** -0.2 : null;
}

/** On an even grid over the sample; null where it does not vary. */
export function kernelDensity(sorted: Float64Array): Density | null {
  const bandwidth = bandwidthOf(sorted);
  if (bandwidth === null) return null;
  const [low, high] = [sorted[0]! - REACH * bandwidth, sorted.at(-1)! + REACH * bandwidth];
  const at = Float64Array.from({ length: POINTS }, (_, i) => low + (i * (high - low)) / (POINTS - 1));
  const kernels = thinned(sorted);
  return { at, density: at.map((x) => densityAt(x, kernels, bandwidth)), bandwidth };
}

/** Even quantiles of a larger sample: the bandwidth, which is that of all of it, is far wider than what lies between two of them. */
function thinned(sorted: Float64Array): Float64Array {
  if (sorted.length <= MOST_KERNELS) return sorted;
  return Float64Array.from({ length: MOST_KERNELS }, (_, i) => quantile(sorted, (i + 0.5) / MOST_KERNELS) ?? NaN);
}

function densityAt(x: number, sorted: Float64Array, bandwidth: number): number {
  let sum = 0;
  for (let i = firstAbove(sorted, x - FAR * bandwidth); i < sorted.length && sorted[i]! < x + FAR * bandwidth; i++)
    sum += Math.exp(-0.5 * ((x - sorted[i]!) / bandwidth) ** 2);
  return sum / (sorted.length * bandwidth * Math.sqrt(2 * Math.PI));
}

function firstAbove(sorted: Float64Array, limit: number): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle]! < limit) low = middle + 1;
    else high = middle;
  }
  return low;
}
