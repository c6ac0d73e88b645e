/**
 * 95 % intervals of medians by a bootstrap over clusters: data sets (with their noise draw) are drawn with replacement, in each the
 * configurations, in each the seeds (Davison and Hinkley, "Bootstrap Methods and their Application" (1997), section 3.8, strategy 2, whose
 * intervals are somewhat wide rather than narrow). From the resampled medians the bias-corrected and accelerated interval, BCa: Efron,
 * "Better bootstrap confidence intervals", JASA 82 (1987) 171. Its acceleration comes from a jackknife that leaves out what is drawn
 * first: data sets; of one data set its configurations; of one configuration blocks of its seeds, because leaving out single values is
 * inconsistent for a median (Shao and Wu, Annals of Statistics 17 (1989) 1176).
 *
 * With one data set the interval holds no spread over data; with few (below about ten) it is too narrow.
 */
import { normalQuantile } from '../../schemas/normal-quantile.ts';
import { quantile } from '../../schemas/sample-quantile.ts';
import { normalProbability } from './normal-probability.ts';

/** Fills `out` with the random 32-bit words of one resample: a pure function of its number. */
export type WordSource = (resample: number, out: Uint32Array) => void;

/** Rows 0 to n - 1 in groups within groups: where each begins, and n. Every start of a group is a start in the finer list. */
export interface Groups {
  readonly dataSets: Int32Array;
  readonly configurations: Int32Array;
}

export const RESAMPLES = 1000;
/** Seeds of one configuration are left out in so many blocks. */
const BLOCKS = 20;

/** One interval for each column, over the same resamples; a column has a finite value for each row. Null below 2 rows. */
export function medianIntervals(columns: readonly Float64Array[], groups: Groups, words: WordSource): ([number, number] | null)[] {
  const rows = groups.dataSets.at(-1)!;
  if (rows < 2) return columns.map(() => null);
  const sorted = columns.map(sortedOrder);
  const medians = columns.map(() => new Float64Array(RESAMPLES));
  const weights = new Uint32Array(rows);
  const resampler = resamplerOf(groups);
  for (let resample = 0; resample < RESAMPLES; resample++) {
    const total = resampler(resample, words, weights);
    for (const [c, column] of sorted.entries()) medians[c]![resample] = weightedMedian(column, weights, total);
  }
  const left = leftOutGroups(groups);
  return sorted.map((column, c) => {
    weights.fill(1);
    const estimate = weightedMedian(column, weights, rows);
    return accelerated(medians[c]!.sort(), estimate, acceleration(column, left, weights));
  });
}

/** How often each row is drawn, into the weights; returns how many were drawn in all. */
export function resamplerOf(groups: Groups): (resample: number, words: WordSource, weights: Uint32Array) => number {
  const { dataSets, configurations } = groups;
  const firstOf = Int32Array.from(dataSets, (start) => configurations.indexOf(start));
  const random = new Uint32Array(mostWords(groups, firstOf));
  return (resample, words, weights) => {
    words(resample, random);
    weights.fill(0);
    let word = 0;
    let total = 0;
    for (let d = 1; d < dataSets.length; d++) {
      const dataSet = below(dataSets.length - 1, random[word++]!);
      const first = firstOf[dataSet]!;
      const inside = firstOf[dataSet + 1]! - first;
      for (let c = 0; c < inside; c++) {
        const configuration = first + below(inside, random[word++]!);
        const start = configurations[configuration]!;
        const size = configurations[configuration + 1]! - start;
        for (let i = 0; i < size; i++) {
          const row = start + below(size, random[word++]!);
          weights[row] = weights[row]! + 1;
        }
        total += size;
      }
    }
    return total;
  };
}

/** Words of the longest resample: all draws from the largest data set, all of those from its largest configuration. */
function mostWords({ dataSets, configurations }: Groups, firstOf: Int32Array): number {
  let most = 0;
  for (let d = 0; d + 1 < dataSets.length; d++) {
    let largest = 0;
    for (let c = firstOf[d]!; c < firstOf[d + 1]!; c++) largest = Math.max(largest, configurations[c + 1]! - configurations[c]!);
    most = Math.max(most, 1 + (firstOf[d + 1]! - firstOf[d]!) * (1 + largest));
  }
  return (dataSets.length - 1) * most;
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

/** What the jackknife leaves out, one range of rows after another. */
function leftOutGroups({ dataSets, configurations }: Groups): Int32Array {
  if (dataSets.length > 2) return dataSets;
  if (configurations.length > 2) return configurations;
  const rows = dataSets.at(-1)!;
  const blocks = Math.min(BLOCKS, rows);
  return Int32Array.from({ length: blocks + 1 }, (_, b) => Math.round((b * rows) / blocks));
}

/** Efron's eq. 6.6: a sixth of the skewness of the medians without one group each. Leaves the weights at 1. */
function acceleration(column: SortedColumn, groups: Int32Array, weights: Uint32Array): number {
  const rows = weights.length;
  const medians = new Float64Array(groups.length - 1);
  for (let g = 0; g < medians.length; g++) {
    weights.fill(0, groups[g], groups[g + 1]);
    medians[g] = weightedMedian(column, weights, rows - groups[g + 1]! + groups[g]!);
    weights.fill(1, groups[g], groups[g + 1]);
  }
  const mean = medians.reduce((sum, value) => sum + value, 0) / medians.length;
  const squares = medians.reduce((sum, value) => sum + (mean - value) ** 2, 0);
  const cubes = medians.reduce((sum, value) => sum + (mean - value) ** 3, 0);
  return squares === 0 ? 0 : cubes / (6 * squares ** 1.5);
}

function accelerated(sorted: Float64Array, estimate: number, a: number): [number, number] {
  // resamples at the estimate count half: medians of few values coincide
  const under = sorted.reduce((count, value) => count + (value < estimate ? 1 : value === estimate ? 0.5 : 0), 0);
  const z0 = normalQuantile(Math.min(Math.max(under, 0.5), sorted.length - 0.5) / sorted.length);
  const end = (z: number): number => {
    const probability = normalProbability(z0 + (z0 + z) / (1 - a * (z0 + z)));
    // quantile of resampled medians is a number
    return quantile(sorted, probability) ?? NaN;
  };
  return [end(normalQuantile(0.025)), end(normalQuantile(0.975))];
}
