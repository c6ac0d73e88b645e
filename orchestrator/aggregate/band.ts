/** Pointwise bands of an ensemble of time courses: at each time the quantiles of all replicas, by no model and no smoothing. */
import { quantile, median, sortedFinite } from '../../schemas/sample-quantile.ts';

/** Quantiles over the ensemble at each time; all of one length. NaN where no replica has a finite value. */
export interface Band {
  readonly low95: Float64Array;
  readonly low50: Float64Array;
  readonly median: Float64Array;
  readonly high50: Float64Array;
  readonly high95: Float64Array;
}

/** The band of traces of one length. */
export function ensembleBand(traces: readonly ArrayLike<number>[]): Band {
  const length = traces[0]?.length ?? 0;
  if (traces.some((trace) => trace.length !== length)) throw new Error('internal: traces of one data unit have different lengths');
  const columns = Array.from({ length }, (_, i) => sortedFinite(traces.map((trace) => trace[i]!)));
  const at = (probability: number) => Float64Array.from(columns, (column) => quantile(column, probability) ?? NaN);
  return { low95: at(0.025), low50: at(0.25), median: at(0.5), high50: at(0.75), high95: at(0.975) };
}

/** Median over time of the width of the 95 % band; null of an empty one. */
export function bandWidth(band: Band): number | null {
  return median(band.high95.map((high, i) => high - band.low95[i]!));
}
