/** What a stored current looks like: a word for people who inspect a file, not something that fits depend on. */
import type { StimulusKind } from './recording.ts';

/** More level changes than this in a trace of steps make it a train of pulses. */
const MOST_STEPS = 8;

/** Steps, pulses and ramps are recognised in noiseless currents only; a measured current is `unknown` unless it is constant. */
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
  return new Set(values).size <= MOST_STEPS ? 'pulses' : 'unknown';
}
