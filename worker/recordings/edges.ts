/**
 * Edges of the injected current: where an unbalanced bridge makes V jump. Sharp ones are in a command only, rebuilt or stored; in a
 * measured current, which has noise, they are looked for where the protocol has them.
 */
import { median } from '../../schemas/sample-quantile.ts';
import type { Sweep } from './recording.ts';

/** A change between two samples by more than this share of the current's range is an edge; a ramp of 20 samples or more has none. */
const EDGE_SHARE = 0.05;
/** A stored current whose typical change between samples is a larger share of its range is too noisy to show its edges itself. */
const NOISE_SHARE = 0.002;
/** The level of a stored current is taken over so long before and after an edge: a transient is none. */
const LEVEL_MS = 1;

type Injected = Pick<Sweep, 'current' | 'sampleMs' | 'stimulus'>;

/** ms from the first sample: the last one before each edge. Empty unless the current is a rebuilt command. */
export function edgesMs({ current, sampleMs, stimulus }: Injected): number[] {
  return stimulus.source === 'header' ? commandEdges(current).map((sample) => (sample - 1) * sampleMs) : [];
}

/** The first sample after each edge of the current, however it is known; none when it is not, or is noisy and without a protocol. */
export function edgeSamples({ current, sampleMs, stimulus, epochs = [] }: Injected & Pick<Sweep, 'epochs'>): number[] {
  if (stimulus.source === 'none') return [];
  if (stimulus.source === 'header') return commandEdges(current);
  const half = Math.max(1, Math.round(LEVEL_MS / sampleMs));
  const candidates = epochs.length > 0 ? epochs.flatMap(({ from, to }) => [from, to]) : isQuiet(current) ? commandEdges(current) : [];
  // a measured edge rises over several samples: the first of them counts
  const borders = [...new Set(candidates)].filter(
    (at, index, all) => at >= half && at + half <= current.length && at - (all[index - 1] ?? -half) > 3,
  );
  const jumps = borders.map((at) => Math.abs(levelAt(current, at, half) - levelAt(current, at - half, half)));
  const largest = jumps.reduce((most, jump) => Math.max(most, jump), 0);
  return borders.filter((_, index) => jumps[index]! > EDGE_SHARE * largest);
}

function commandEdges(current: Float64Array): number[] {
  const range = rangeOf(current);
  const edges: number[] = [];
  for (let i = 1; i < current.length; i += 1) if (Math.abs(current[i]! - current[i - 1]!) > EDGE_SHARE * range) edges.push(i);
  return edges;
}

function isQuiet(current: Float64Array): boolean {
  const changes = current.subarray(1).map((value, i) => Math.abs(value - current[i]!));
  return (median(changes) ?? Infinity) <= NOISE_SHARE * rangeOf(current);
}

function rangeOf(current: Float64Array): number {
  let [least, most] = [Infinity, -Infinity];
  for (const value of current) {
    if (value < least) least = value;
    if (value > most) most = value;
  }
  return most - least;
}

/** Typical current over `length` samples from `from`. */
export function levelAt(current: Float64Array, from: number, length: number): number {
  return median(current.subarray(from, from + length)) ?? NaN;
}
