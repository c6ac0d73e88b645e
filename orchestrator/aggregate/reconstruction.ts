/**
 * Reconstructed time courses, one ensemble for each data unit and noise draw: the network's V and gates, and V of the forward
 * simulation. Over accepted replicas, or over all that have an estimate.
 */
import type { Traces } from '../../schemas/generated/types.ts';
import { ensembleBand } from './band.ts';
import type { Band } from './band.ts';
import type { ReplicaTable } from './replica-table.ts';

/** Replicas of one data unit and draw that keep their traces. */
export interface TraceGroup {
  /** position in lock.resolved.problem.data */
  readonly data: number;
  readonly draw: number;
  /** in the order of the expansion */
  readonly traces: readonly Traces[];
}

/** What a group is known by: the position of its data unit, and its draw. */
export function groupKey({ data, draw }: Pick<TraceGroup, 'data' | 'draw'>): string {
  return `${data}:${draw}`;
}

/** Groups by data unit, then draw. */
export function traceGroups(table: ReplicaTable, member: Uint8Array): TraceGroup[] {
  const groups = new Map<string, { data: number; draw: number; traces: Traces[] }>();
  for (const [row, traces] of table.traces) {
    if (member[row] !== 1) continue;
    const data = table.data[row]!;
    const draw = table.draw[row]!;
    const key = groupKey({ data, draw });
    const group = groups.get(key) ?? { data, draw, traces: [] };
    group.traces.push(traces);
    groups.set(key, group);
  }
  return [...groups.values()].toSorted((a, b) => a.data - b.data || a.draw - b.draw);
}

/** The replicas on all noise draws of a data unit together. */
export function overDraws(groups: readonly TraceGroup[]): TraceGroup[] {
  const units = [...new Set(groups.map(({ data }) => data))];
  return units.map((data) => ({ data, draw: 0, traces: groups.filter((group) => group.data === data).flatMap(({ traces }) => traces) }));
}

export function stateBand(group: TraceGroup, state: string): Band {
  return ensembleBand(group.traces.map((traces) => traces.states[state] ?? []));
}

/** V of the forward simulations that ran through; undefined where none did. */
export function simulatedBand(group: TraceGroup): Band | undefined {
  const simulated = group.traces.map(({ simulatedV }) => simulatedV).filter((trace) => trace !== undefined);
  return simulated.length === 0 ? undefined : ensembleBand(simulated);
}
