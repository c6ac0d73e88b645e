/**
 * The median absolute deviation from the median, scaled to estimate a normal standard deviation: Rousseeuw and Croux, "Alternatives
 * to the median absolute deviation", JASA 88 (1993) 1273, equation 1.1. No correction for small samples.
 */
import { median, quantile } from '../../schemas/sample-quantile.ts';

/** 1 / (third quartile of the standard normal). */
const NORMAL_CONSISTENCY = 1.482602218505602;

/** 1.4826 MAD of `sorted` (ascending, finite), in its unit; null below 2 values, which have no spread. */
export function scaledMad(sorted: Float64Array): number | null {
  const centre = quantile(sorted, 0.5);
  if (centre === null || sorted.length < 2) return null;
  // median of a non-empty array is a number
  return NORMAL_CONSISTENCY * (median(sorted.map((value) => Math.abs(value - centre))) ?? 0);
}
