/** Where the model's equations are asked of a network: the collocation times of one replica, and the stimulus at them. */
import type { Configuration } from '../../schemas/generated/types.ts';
import type { Member } from '../engines/engine.ts';
import { bridgedVoltage } from './ignored.ts';
import type { Observation } from './observation.ts';

/**
 * Between the last sample of a segment and the first of the next, in the network's time: a cycle at 0.5 kHz. V jumps there, and a network
 * whose frequencies end at 0.5 kHz needs that long. Three windows of 25 ms (steps of 7, 10 and 15 uA/cm2, 1 mV, 40 frequencies, 3 draws)
 * ended 3.3 standard errors (RMS of the conductances) from the joint maximum-likelihood estimate with a gap of one sample, 0.07 with 1 ms,
 * 0.05 with 4 ms, and 0.8 with 16 ms, where the frequencies are too few for the longer time.
 */
const SEGMENT_GAP_MS = 2;

type Grid = Pick<Member, 'grid' | 'sampleAt'>;
/** Where a recording has values, and where it has none between two samples. */
export type Sampling = Pick<Observation, 'voltageMv' | 'sampleMs' | 'segments' | 'ignored'>;

/**
 * The samples of each segment and (samples - segments) * (perSample - 1) points between them: equally many in every gap between two samples,
 * or with `data-slope` one gap's share in proportion to its |change of V| plus the mean of that, V being smoothed by running medians of
 * three, so that one noisy sample draws no points. Within a gap points are equally far apart. With one point per sample there is nothing to
 * place. From one segment to the next there are none; the times jump by `gapMs`.
 */
export function collocationGrid(
  sampling: Sampling,
  perSample: number,
  density: Configuration['collocation.density'],
  gapMs = SEGMENT_GAP_MS,
): Grid {
  const { voltageMv, sampleMs, segments } = sampling;
  const inner = voltageMv.length - segments.length;
  const between =
    density === 'uniform' ? Array.from({ length: inner }, () => perSample - 1) : shares(slopeWeights(sampling), inner * (perSample - 1));
  const grid = new Float64Array(inner * perSample + segments.length);
  const sampleAt = new Int32Array(voltageMv.length);
  let p = 0;
  let gap = 0;
  segments.forEach((first, s) => {
    const last = (segments[s + 1] ?? voltageMv.length) - 1;
    const shiftMs = s * (gapMs - sampleMs);
    for (let i = first; i < last; i++) {
      const count = between[gap++]!;
      sampleAt[i] = p;
      for (let k = 0; k <= count; k++) grid[p++] = (i + k / (count + 1)) * sampleMs + shiftMs;
    }
    sampleAt[last] = p;
    grid[p++] = last * sampleMs + shiftMs;
  });
  return { grid, sampleAt };
}

/** |change of V| across each gap plus its mean; ones where V is constant. */
function slopeWeights(sampling: Sampling): number[] {
  const { segments } = sampling;
  const V = bridgedVoltage(sampling);
  const changes = Array.from(segments, (first, s) => smoothChanges(V.subarray(first, segments[s + 1]))).flat();
  const mean = changes.reduce((sum, change) => sum + change, 0) / changes.length;
  return changes.map((change) => (mean > 0 ? change + mean : 1));
}

/** Across each gap of one segment. */
function smoothChanges(voltageMv: Float64Array): number[] {
  const smooth = voltageMv.map((V, i) => median(voltageMv[i - 1] ?? V, V, voltageMv[i + 1] ?? V));
  return Array.from({ length: smooth.length - 1 }, (_, i) => Math.abs(smooth[i + 1]! - smooth[i]!));
}

function median(a: number, b: number, c: number): number {
  return Math.max(Math.min(a, b), Math.min(Math.max(a, b), c));
}

/** Whole numbers in proportion to the weights that add up to `total`: the largest remainders are rounded up, of equal ones the first. */
function shares(weights: readonly number[], total: number): number[] {
  const sum = weights.reduce((all, weight) => all + weight, 0);
  const quotas = weights.map((weight) => (weight / sum) * total);
  const counts = quotas.map(Math.floor);
  const left = total - counts.reduce((all, count) => all + count, 0);
  const order = [...quotas.keys()].toSorted((i, j) => quotas[j]! - counts[j]! - (quotas[i]! - counts[i]!) || i - j);
  for (const i of order.slice(0, left)) counts[i]! += 1;
  return counts;
}

/** The current at the grid's times: linear between samples, as everywhere. Where a segment begins no point lies before its first sample. */
export function currentOnGrid(current: Float64Array, { grid, sampleAt }: Grid): Float64Array {
  const values = new Float64Array(grid.length);
  values[0] = current[0]!;
  for (let i = 1; i < sampleAt.length; i++) {
    const from = sampleAt[i - 1]!;
    const count = sampleAt[i]! - from;
    for (let k = 1; k <= count; k++) values[from + k] = current[i - 1]! + (k / count) * (current[i]! - current[i - 1]!);
  }
  return values;
}
