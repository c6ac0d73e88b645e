/** Where the model's equations are asked of a network: the collocation times of one replica, and the stimulus at them. */
import type { Configuration } from '../../schemas/generated/types.ts';
import type { Member } from '../engines/engine.ts';
import type { Observation } from './observation.ts';

type Grid = Pick<Member, 'grid' | 'sampleAt'>;

/**
 * The samples and (samples - 1) * (perSample - 1) points between them: equally many in every gap between two samples, or with `data-slope`
 * one gap's share in proportion to its |change of V| plus the mean of that, V being smoothed by running medians of three, so that one
 * noisy sample draws no points. Within a gap points are equally far apart. With one point per sample there is nothing to place.
 */
export function collocationGrid(
  { voltageMv, sampleMs }: Pick<Observation, 'voltageMv' | 'sampleMs'>,
  perSample: number,
  density: Configuration['collocation.density'],
): Grid {
  const gaps = voltageMv.length - 1;
  const between =
    density === 'uniform' ? Array.from({ length: gaps }, () => perSample - 1) : shares(slopeWeights(voltageMv), gaps * (perSample - 1));
  const grid = new Float64Array(gaps * perSample + 1);
  const sampleAt = new Int32Array(gaps + 1);
  let p = 0;
  between.forEach((count, i) => {
    for (let k = 0; k <= count; k++) grid[p++] = (i + k / (count + 1)) * sampleMs;
    sampleAt[i + 1] = p;
  });
  grid[p] = gaps * sampleMs;
  return { grid, sampleAt };
}

/** |change of V| across each gap plus its mean; ones where V is constant. */
function slopeWeights(voltageMv: Float64Array): number[] {
  const smooth = voltageMv.map((V, i) => median(voltageMv[i - 1] ?? V, V, voltageMv[i + 1] ?? V));
  const changes = Array.from({ length: smooth.length - 1 }, (_, i) => Math.abs(smooth[i + 1]! - smooth[i]!));
  const mean = changes.reduce((sum, change) => sum + change, 0) / changes.length;
  return changes.map((change) => (mean > 0 ? change + mean : 1));
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

/** The current at the grid's times: linear between samples, as everywhere. */
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
