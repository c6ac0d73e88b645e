/**
 * The recording noise of a voltage trace, estimated from second differences, which cancel everything that is locally a straight line
 * (Gasser, Sroka and Jennen-Steinmetz 1986, Biometrika 73, 625: pseudo-residuals). For white noise of standard deviation s they have
 * standard deviation sqrt(6) s.
 *
 * Their scale starts from the median absolute deviation times 1.4826 (Hampel 1974, JASA 69, 383), which takes no notice of spikes and
 * edges while these are less than half of the trace; then it is the standard deviation of the differences within three scales, repeated
 * until it stands. The second part is needed because a digitised trace has few distinct differences: the deviation alone jumps in
 * steps of 0.6 digits (0.0185 mV for one digit of 0.0305 mV, in four of the eight ABF 2 files at hand).
 *
 * Hazard: a recording filter below half the sampling rate makes neighbouring samples alike; the estimate is then too small.
 */
import { median } from '../../schemas/sample-quantile.ts';

const MAD_TO_SD = 1.4826;
/** In scales; a normal distribution cut there has a standard deviation of 0.98658 (1 - 6 phi(3) / (2 Phi(3) - 1), rooted). */
const CLIP = 3;
const CLIPPED_SD = 0.98658;
const ROUNDS = 20;

/** Standard deviation in mV; 0 for a trace of fewer than 3 samples, or a straight line. */
export function estimateNoiseMv(voltageMv: ArrayLike<number>): number {
  const count = voltageMv.length - 2;
  if (count < 1) return 0;
  const bends = Float64Array.from({ length: count }, (_, i) => Math.abs(voltageMv[i]! - 2 * voltageMv[i + 1]! + voltageMv[i + 2]!));
  let scale = MAD_TO_SD * (median(bends) ?? NaN) || smallestPositive(bends);
  for (let round = 0; round < ROUNDS; round += 1) {
    const clipped = rootMeanSquareWithin(bends, CLIP * scale) / CLIPPED_SD;
    if (Math.abs(clipped - scale) <= 1e-3 * scale) break;
    scale = clipped;
  }
  return scale / Math.sqrt(6);
}

function smallestPositive(values: Float64Array): number {
  const smallest = values.reduce((least, value) => (value > 0 && value < least ? value : least), Infinity);
  return smallest === Infinity ? 0 : smallest;
}

function rootMeanSquareWithin(values: Float64Array, limit: number): number {
  let [sum, count] = [0, 0];
  for (const value of values) {
    if (value > limit) continue;
    sum += value * value;
    count += 1;
  }
  return Math.sqrt(sum / count);
}
