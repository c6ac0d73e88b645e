/**
 * How alike two spike trains are: the coincidence factor of Kistler, Gerstner and van Hemmen (1997), Neural Computation 9, 1015, as
 * used by Jolivet et al. (2008), J. Neurosci. Methods 169, 417. Finding the spikes in a voltage trace is worker/recordings/spikes.ts.
 */

import { median } from '../../schemas/sample-quantile.ts';

/** Jolivet et al. (2008) count two spikes within 2 ms as one. */
const COINCIDENCE_WINDOW_MS = 2;

/** At 100 Hz a train without any relation to another meets two fifths of its spikes within 2 ms, so fast spikes are asked for more. */
const SHARE_OF_INTERVAL = 0.1;

/**
 * The window of `accept.coincidenceMs: auto`: 2 ms, or a tenth of the median interval between the data's spikes where that is less.
 * @param trains one for each stretch of time, so that no interval spans two
 */
export function coincidenceWindowMs(trains: readonly (readonly number[])[]): number {
  const intervals = trains.flatMap((timesMs) => timesMs.slice(1).map((atMs, k) => atMs - timesMs[k]!));
  return Math.min(COINCIDENCE_WINDOW_MS, SHARE_OF_INTERVAL * (median(intervals) ?? Infinity));
}

/** From each observed spike to the nearest simulated one, ms; the least first. Empty without spikes on either side. */
export function timingErrors(observed: readonly number[], simulated: readonly number[]): number[] {
  if (simulated.length === 0) return [];
  let next = 0;
  return observed
    .map((atMs) => {
      while (next < simulated.length - 1 && simulated[next]! < atMs) next += 1;
      return Math.min(...simulated.slice(Math.max(0, next - 1), next + 1).map((one) => Math.abs(one - atMs)));
    })
    .toSorted((a, b) => a - b);
}

/**
 * Gamma = (coincidences - expected) / ((n_observed + n_simulated) / 2) / (1 - 2 nu window), expected = 2 nu window n_observed being
 * the coincidences with a Poisson train of the simulated rate nu: 1 for equal trains, 0 for chance, negative for worse than chance.
 * @param observed, simulated spike times, rising, ms
 * @param durationMs length of the trace
 * @returns null where the factor is not defined: no spike on either side, or spikes so dense (2 nu window >= 1) that all coincide
 */
export function coincidenceFactor(
  observed: readonly number[],
  simulated: readonly number[],
  durationMs: number,
  windowMs = COINCIDENCE_WINDOW_MS,
): number | null {
  const mean = (observed.length + simulated.length) / 2;
  const chance = (2 * windowMs * simulated.length) / durationMs;
  if (mean === 0 || chance >= 1) return null;
  const expected = chance * observed.length;
  return (coincidences(observed, simulated, windowMs) - expected) / mean / (1 - chance);
}

/** Pairs within the window, each spike in at most one pair; taking the earliest possible partner gives the most pairs. */
function coincidences(a: readonly number[], b: readonly number[], windowMs: number): number {
  let pairs = 0;
  let i = 0;
  let j = 0;
  while (i < a.length && j < b.length) {
    const lag = b[j]! - a[i]!;
    if (Math.abs(lag) <= windowMs) {
      pairs++;
      i++;
      j++;
    } else if (lag > 0) i++;
    else j++;
  }
  return pairs;
}
