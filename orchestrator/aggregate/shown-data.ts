/**
 * The data that the report draws: a handful of data units and draws, spread evenly over all that were fitted, with the ensemble's
 * bands. Chosen by position alone, so that nobody picks the prettiest.
 */
import type { Lock } from '../../schemas/generated/types.ts';
import type { Band } from './band.ts';
import { ensembleOf } from './ensemble.ts';
import { gapBand } from './physics-gap.ts';
import { groupKey, overDraws, simulatedBand, stateBand, traceGroups } from './reconstruction.ts';
import type { TraceGroup } from './reconstruction.ts';
import type { ReplicaTable } from './replica-table.ts';

/** One data unit and draw as the report shows it. */
export interface ShownData {
  /** key of its observation, see observationKey */
  readonly key: string;
  /** position in lock.resolved.problem.data */
  readonly data: number;
  readonly draw: number;
  /** accepted: bands over accepted replicas; all: none of these is accepted, so over all with an estimate; none: no traces are kept */
  readonly ensemble: 'accepted' | 'all' | 'none';
  /** replicas in the bands */
  readonly replicas: number;
  /** ms; the grid of the bands */
  readonly tMs: readonly number[];
  readonly states: Readonly<Record<string, Band>>;
  readonly simulatedV?: Band;
  /** simulated minus network's V */
  readonly gap?: Band;
}

export const MOST_SHOWN = 4;

/** What an observation is known by: the id of its data unit and its noise draw. */
export function observationKey(dataId: string, draw: number): string {
  return `${dataId}:${draw}`;
}

/** The shown data and how many data units and draws there are results for. */
export function showData(lock: Lock, table: ReplicaTable): { shown: ShownData[]; exist: number } {
  const everything = fittedData(table);
  const estimated = traceGroups(table, table.estimated);
  const accepted = new Map(traceGroups(table, table.accepted).map((group) => [groupKey(group), group]));
  const chosen = evenlySpaced(estimated.length > 0 ? estimated : everything, MOST_SHOWN);
  const shown = chosen.map((group) => {
    const best = accepted.get(groupKey(group));
    return best === undefined ? show(lock, group, group.traces.length > 0 ? 'all' : 'none') : show(lock, best, 'accepted');
  });
  return { shown, exist: everything.length };
}

function show(lock: Lock, group: TraceGroup, ensemble: ShownData['ensemble']): ShownData {
  const { data, states } = lock.resolved.problem;
  const simulatedV = simulatedBand(group);
  const gap = gapBand(group);
  return {
    key: observationKey(data[group.data]!.id, group.draw),
    data: group.data,
    draw: group.draw,
    ensemble,
    replicas: group.traces.length,
    tMs: group.traces[0]?.tMs ?? [],
    states: group.traces.length === 0 ? {} : Object.fromEntries(states.map((state) => [state, stateBand(group, state)])),
    ...(simulatedV === undefined ? {} : { simulatedV }),
    ...(gap === undefined ? {} : { gap }),
  };
}

/** Some data units with the bands over the replicas on all their noise draws: accepted ones alone. */
export function showVariability(lock: Lock, table: ReplicaTable): ShownData[] {
  const groups = overDraws(traceGroups(table, table.accepted)).filter(({ traces }) => traces.length > 1);
  return evenlySpaced(groups, MOST_SHOWN).map((group) => show(lock, group, 'accepted'));
}

/** Every data unit and draw with a result, without traces. */
function fittedData(table: ReplicaTable): TraceGroup[] {
  const everyone = ensembleOf(table, new Uint8Array(table.size).fill(1));
  return Array.from(everyone.starts.subarray(0, -1), (start) => {
    const row = everyone.rows[start]!;
    return { data: table.data[row]!, draw: table.draw[row]!, traces: [] };
  });
}

/** At most `most` of the items, the first and the last among them. */
export function evenlySpaced<T>(items: readonly T[], most: number): T[] {
  if (items.length <= most) return [...items];
  return Array.from({ length: most }, (_, i) => items[Math.round((i * (items.length - 1)) / (most - 1))]!);
}
