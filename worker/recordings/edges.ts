/** Edges of the injected current: where an unbalanced bridge makes V jump. Only a command is sharp enough to have them; see spikes.ts. */
import type { Sweep } from './recording.ts';

/** A change between two samples by more than this share of the current's range is an edge; a ramp of 20 samples or more has none. */
const EDGE_SHARE = 0.05;

/** ms from the first sample: the last one before each edge. Empty unless the current is a rebuilt command. */
export function edgesMs({ current, sampleMs, stimulus }: Pick<Sweep, 'current' | 'sampleMs' | 'stimulus'>): number[] {
  if (stimulus.source !== 'header') return [];
  const range =
    current.reduce((most, value) => Math.max(most, value), -Infinity) - current.reduce((least, value) => Math.min(least, value), Infinity);
  const edges: number[] = [];
  for (let i = 1; i < current.length; i += 1)
    if (Math.abs(current[i]! - current[i - 1]!) > EDGE_SHARE * range) edges.push((i - 1) * sampleMs);
  return edges;
}
