/** What a stored current looks like: a word for people who inspect a file, not something that fits depend on. */
import { median } from '../../schemas/sample-quantile.ts';
import type { StimulusKind } from './recording.ts';

/** More level changes than this in a trace of steps make it a train of pulses. */
const MOST_STEPS = 8;

/** Of a measured current only steps are recognised, by medians over so many stretches of it. */
const STRETCHES = 200;
/** A change of level is larger than this share of their range, and than so many times their typical change. */
const LEVEL_SHARE = 0.05;
const NOISE_FACTOR = 6;

/** Pulses and ramps are recognised in noiseless currents only. */
export function traceKind(current: ArrayLike<number>): StimulusKind {
  const values = Array.from(current);
  const differences = values.slice(1).map((value, index) => value - values[index]!);
  const range = values.reduce((largest, value) => Math.max(largest, Math.abs(value - values[0]!)), 0);
  const moves = (change: number): boolean => Math.abs(change) > 1e-9 * range;
  const jumps = differences.filter(moves).length;
  if (range === 0) return 'constant';
  if (jumps <= MOST_STEPS) return 'steps';
  const bends = differences.slice(1).filter((difference, index) => moves(difference - differences[index]!)).length;
  if (bends <= MOST_STEPS) return 'ramp';
  if (new Set(values).size <= MOST_STEPS) return 'pulses';
  return hasSteps(values) ? 'steps' : 'unknown';
}

/** Few changes of level, and between them no more than noise. */
function hasSteps(values: readonly number[]): boolean {
  const length = Math.max(1, Math.floor(values.length / STRETCHES));
  const levels = Array.from(
    { length: Math.floor(values.length / length) },
    (_, i) => median(values.slice(i * length, (i + 1) * length)) ?? NaN,
  );
  const noise = median(levels.slice(1).map((level, i) => Math.abs(level - levels[i]!))) ?? 0;
  const tolerance = Math.max(LEVEL_SHARE * (Math.max(...levels) - Math.min(...levels)), NOISE_FACTOR * noise);
  let [start, changes] = [levels[0]!, 0];
  for (const level of levels) {
    if (Math.abs(level - start) <= tolerance) continue;
    start = level;
    changes += 1;
  }
  return changes > 0 && changes <= MOST_STEPS;
}
