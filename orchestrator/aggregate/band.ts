/**
 * Bands of an ensemble of time courses, by no model and no smoothing. Pointwise: at each time the quantiles of all replicas. Simultaneous: the
 * hull of the 95 % of the replicas whose whole courses are most central (statistics/central-region.ts).
 */
import { quantile, median } from '../../schemas/sample-quantile.ts';
import { centralCurves } from '../statistics/central-region.ts';
import type { PointwiseBand } from '../statistics/central-region.ts';

/** At each time; all of one length. NaN where no replica has a finite value. */
export interface Band {
  readonly low95: Float64Array;
  readonly low50: Float64Array;
  readonly median: Float64Array;
  readonly high50: Float64Array;
  readonly high95: Float64Array;
  /** the simultaneous band: whole courses of 95 % of the replicas lie in it; of all, below 20 */
  readonly lowWhole: Float64Array;
  readonly highWhole: Float64Array;
}

/** Of the replicas' whole courses. */
const SHARE = 0.95;
const EDGES = [
  ['low95', 0.025],
  ['low50', 0.25],
  ['median', 0.5],
  ['high50', 0.75],
  ['high95', 0.975],
] as const;

/** The band of traces of one length. */
export function ensembleBand(traces: readonly ArrayLike<number>[]): Band {
  const length = traces[0]?.length ?? 0;
  if (traces.some((trace) => trace.length !== length)) throw new Error('internal: traces of one data unit have different lengths');
  const empty = (): Float64Array => new Float64Array(length);
  const pointwise = { low95: empty(), low50: empty(), median: empty(), high50: empty(), high95: empty() };
  const column = new Float64Array(traces.length);
  for (let i = 0; i < length; i++) {
    let finite = 0;
    for (const trace of traces) if (Number.isFinite(trace[i])) column[finite++] = trace[i]!;
    const sorted = column.subarray(0, finite).sort();
    for (const [edge, probability] of EDGES) pointwise[edge][i] = quantile(sorted, probability) ?? NaN;
  }
  const [lowWhole, highWhole] = hull(traces, pointwise);
  return { ...pointwise, lowWhole, highWhole };
}

/** Of the most central among the traces that are finite throughout. */
function hull(traces: readonly ArrayLike<number>[], band: PointwiseBand): [low: Float64Array, high: Float64Array] {
  const finite = traces.filter(isFiniteThroughout);
  const low = new Float64Array(band.median.length).fill(finite.length === 0 ? NaN : Infinity);
  const high = new Float64Array(band.median.length).fill(finite.length === 0 ? NaN : -Infinity);
  for (const curve of centralCurves(finite, band, SHARE)) {
    const trace = finite[curve]!;
    for (let i = 0; i < low.length; i++) {
      low[i] = Math.min(low[i]!, trace[i]!);
      high[i] = Math.max(high[i]!, trace[i]!);
    }
  }
  return [low, high];
}

function isFiniteThroughout(trace: ArrayLike<number>): boolean {
  for (let i = 0; i < trace.length; i++) if (!Number.isFinite(trace[i])) return false;
  return true;
}

/** Median over time of the width of the 95 % band; null of an empty one. */
export function bandWidth({ low95, high95 }: Band): number | null {
  return median(high95.map((high, i) => high - low95[i]!));
}

/** The same of the simultaneous band. */
export function wholeBandWidth({ lowWhole, highWhole }: Band): number | null {
  return median(highWhole.map((high, i) => high - lowWhole[i]!));
}
