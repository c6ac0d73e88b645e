/** The sampling interval of a column of times, which must be uniform. */
import { median } from '../../schemas/sample-quantile.ts';
import { refusal } from './refusal.ts';

/** Share of the sampling interval that two rows may be off; printed times are rounded. */
const JITTER = 0.01;
/** Samples that the whole time column may drift off a straight line. */
const DRIFT = 0.5;

/**
 * Mean interval in ms, after a check that every row is at its place: intervals to 1 % of their median, places to half a sample.
 * RECORDING_CORRUPT with the place of the first row that is not; `place` names a row.
 */
export function samplingInterval(file: string, timeMs: Float64Array, place: (row: number) => string): number {
  const intervals = timeMs.slice(1).map((t, i) => t - timeMs[i]!);
  const typical = median(intervals) ?? NaN;
  const mean = (timeMs.at(-1)! - timeMs[0]!) / intervals.length;
  const irregular = intervals.findIndex((interval) => !(interval > 0 && Math.abs(interval - typical) <= JITTER * typical));
  const drifted = timeMs.findIndex((t, i) => Math.abs(t - timeMs[0]! - i * mean) > DRIFT * mean);
  const row = irregular === -1 ? drifted : irregular + 1;
  // Twelve digits undo the rounding of the division: 0.1, not 0.09999999999999432.
  if (row === -1) return Number(mean.toPrecision(12));
  throw refusal('RECORDING_CORRUPT', file, {
    place: place(row),
    rule: `time must rise by the same interval in every row (here ${format(typical)} ms), to ${JITTER * 100} %`,
    got: row === 0 ? `${format(timeMs[0]!)} ms` : `${format(timeMs[row]!)} ms after ${format(timeMs[row - 1]!)} ms`,
    remedy: 'Resample the recording at a fixed rate, or write times with more digits.',
  });
}

function format(value: number): string {
  return String(Number(value.toPrecision(9)));
}
