/** How far the networks' V is from the forward simulation with their own parameters: what they lack to be solutions of the model's equations. */
import { median } from '../../schemas/sample-quantile.ts';
import { ensembleBand } from './band.ts';
import type { Band } from './band.ts';
import type { TraceGroup } from './reconstruction.ts';
import type { ReplicaTable } from './replica-table.ts';

type Courses = TraceGroup['traces'][number];

/** Simulated minus network's V at each time of the trace; undefined where the simulation did not run through. */
function gapOf({ states, simulatedV }: Courses): number[] | undefined {
  const network = states['V'];
  return network === undefined ? undefined : simulatedV?.map((value, i) => value - network[i]!);
}

/** Undefined where no replica of the group has both. */
export function gapBand({ traces }: TraceGroup): Band | undefined {
  const gaps = traces.map(gapOf).filter((gap) => gap !== undefined);
  return gaps.length === 0 ? undefined : ensembleBand(gaps);
}

/** Root mean square over time by row, mV; NaN of replicas that keep no traces. */
export function physicsGaps({ size, traces }: ReplicaTable): Float64Array {
  const gaps = new Float64Array(size).fill(NaN);
  for (const [row, courses] of traces) {
    const gap = gapOf(courses);
    if (gap !== undefined) gaps[row] = Math.sqrt(gap.reduce((sum, value) => sum + value ** 2, 0) / gap.length);
  }
  return gaps;
}

/** Over accepted replicas that keep their traces. */
export function medianGap(gaps: Float64Array, { accepted }: ReplicaTable): number | null {
  return median(gaps.filter((_, row) => accepted[row] === 1));
}
