/**
 * The 95 % interval of a median by a bootstrap of two stages: clusters (data unit and noise draw) are drawn with replacement, then
 * replicas (seeds) within each drawn cluster. Percentile interval: Efron and Tibshirani, "An Introduction to the Bootstrap" (1993),
 * section 13.3; two stages: Davison and Hinkley, "Bootstrap Methods and their Application" (1997), section 3.8, strategy 2, whose
 * intervals are somewhat wide rather than narrow. Percentiles, not BCa: the jackknife that BCa's acceleration needs is inconsistent
 * for a median.
 *
 * With one cluster the interval holds the spread over seeds only; with few clusters (below about ten) it is too narrow.
 */
import { quantile } from '../../schemas/sample-quantile.ts';
import { clusterCount } from './ensemble.ts';
import type { Ensemble } from './ensemble.ts';

/** Fills `out` with the random 32-bit words of one resample: a pure function of its number. */
export type WordSource = (resample: number, out: Uint32Array) => void;

export const RESAMPLES = 1000;

/**
 * 95 % intervals of the medians of several columns over the same resamples. Each column has one finite value per row of the ensemble,
 * in its order; null for an ensemble below 2 replicas.
 */
export function medianIntervals(columns: readonly Float64Array[], ensemble: Ensemble, words: WordSource): ([number, number] | null)[] {
  const size = ensemble.rows.length;
  if (size < 2) return columns.map(() => null);
  const sorted = columns.map((values) => sortedOrder(values));
  const medians = columns.map(() => new Float64Array(RESAMPLES));
  const weights = new Uint32Array(size);
  const random = new Uint32Array(clusterCount(ensemble) * (1 + largestCluster(ensemble)));
  for (let resample = 0; resample < RESAMPLES; resample++) {
    words(resample, random);
    const total = resampleWeights(ensemble, random, weights);
    for (let c = 0; c < columns.length; c++) medians[c]![resample] = weightedMedian(sorted[c]!, weights, total);
  }
  return medians.map(percentileInterval);
}

/** How often each row is drawn, into `weights`; returns how many were drawn in all. Reads the words in order. */
export function resampleWeights({ starts }: Pick<Ensemble, 'starts'>, random: Uint32Array, weights: Uint32Array): number {
  const clusters = starts.length - 1;
  weights.fill(0);
  let word = 0;
  let total = 0;
  for (let k = 0; k < clusters; k++) {
    const cluster = below(clusters, random[word++]!);
    const start = starts[cluster]!;
    const size = starts[cluster + 1]! - start;
    for (let i = 0; i < size; i++) {
      const row = start + below(size, random[word++]!);
      weights[row] = weights[row]! + 1;
    }
    total += size;
  }
  return total;
}

/** An integer in 0..limit-1 from a 32-bit word; its bias is below limit / 2^32. */
function below(limit: number, word: number): number {
  return Math.floor((word * limit) / 2 ** 32);
}

interface SortedColumn {
  readonly values: Float64Array;
  /** Position in the column of each sorted value. */
  readonly order: Int32Array;
}

function sortedOrder(values: Float64Array): SortedColumn {
  const order = Int32Array.from(values, (_, i) => i).sort((a, b) => values[a]! - values[b]! || a - b);
  return { values: Float64Array.from(order, (i) => values[i]!), order };
}

/** The median of the values, each repeated by its weight: the mean of the two middle ones when `total` is even. */
function weightedMedian({ values, order }: SortedColumn, weights: Uint32Array, total: number): number {
  const lower = (total - 1) >> 1;
  const upper = total >> 1;
  let i = 0;
  let count = weights[order[0]!]!;
  while (count <= lower) count += weights[order[++i]!]!;
  const low = values[i]!;
  while (count <= upper) count += weights[order[++i]!]!;
  return (low + values[i]!) / 2;
}

function percentileInterval(medians: Float64Array): [number, number] {
  medians.sort();
  // quantile of RESAMPLES values is a number
  return [quantile(medians, 0.025) ?? NaN, quantile(medians, 0.975) ?? NaN];
}

function largestCluster({ starts }: Ensemble): number {
  let largest = 0;
  for (let k = 1; k < starts.length; k++) largest = Math.max(largest, starts[k]! - starts[k - 1]!);
  return largest;
}
