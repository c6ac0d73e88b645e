/**
 * From the results of a sweep to what the ensemble says: the summary, and the tables that the report draws. Pure, and independent of
 * the order of the results: the same results in any order give the same bytes.
 */
import type { Lock, Summary, SweepSummary } from '../../schemas/generated/types.ts';
import { axisTables } from './axis-table.ts';
import type { AxisTable } from './axis-table.ts';
import { bootstrapWords } from './bootstrap-words.ts';
import { countOutcomes, countReasons } from './counts.ts';
import { summariseParameters } from './parameter-summary.ts';
import { summarisePredictive } from './predictive-summary.ts';
import { summariseReconstruction } from './reconstruction-summary.ts';
import { tableBuilder } from './replica-table.ts';
import type { Replica, ReplicaTable } from './replica-table.ts';
import { showData } from './shown-data.ts';
import type { ShownData } from './shown-data.ts';
import { summariseSpeed, total } from './speed.ts';

/** What the report draws beside the summary. */
export interface ReportTables {
  readonly replicas: ReplicaTable;
  /** The data that are drawn: an observation is needed for each key. */
  readonly shown: readonly ShownData[];
  /** Estimates by axis of the sweep, where an axis has several values. */
  readonly axes: readonly AxisTable[];
  /** Data units and draws that have results. */
  readonly fittedData: number;
}

export interface Aggregate {
  readonly summary: Summary;
  readonly tables: ReportTables;
}

export interface AggregateOptions {
  readonly lock: Lock;
  /** Replicas that the sweep should end with. */
  readonly planned: number;
  /** Time outside training of the whole run, where it was measured. */
  readonly orchestrationMs?: number;
}

/** Aggregate replicas that come in any order, each once. */
export function aggregate(options: AggregateOptions & { readonly replicas: Iterable<Replica> }): Aggregate {
  const table = tableBuilder(options.lock);
  for (const replica of options.replicas) table.add(replica);
  return aggregateTable(options, table.finish());
}

/** The same from a table, for results that arrive one by one (see tableBuilder). */
export function aggregateTable({ lock, planned, orchestrationMs }: AggregateOptions, table: ReplicaTable): Aggregate {
  const { shown, exist } = showData(lock, table);
  return {
    summary: {
      sweep: describeSweep(lock, table),
      counts: countOutcomes(table, planned),
      reasons: countReasons(table, planned),
      parameters: summariseParameters(lock, table, bootstrapWords('bootstrap of medians')),
      reconstruction: summariseReconstruction(lock, table),
      predictive: summarisePredictive(table),
      speed: summariseSpeed(table, orchestrationMs),
    },
    tables: { replicas: table, shown, axes: axisTables(lock, table), fittedData: exist },
  };
}

function describeSweep({ sweep, resolved, engine, versions, startedAt }: Lock, table: ReplicaTable): SweepSummary {
  const sorted = Object.fromEntries(Object.entries(versions).toSorted(([a], [b]) => (a < b ? -1 : 1)));
  return { name: resolved.name, id: sweep, seed: resolved.seed, engine, versions: sorted, startedAt, seconds: total(table.seconds) };
}
