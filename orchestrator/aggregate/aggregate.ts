/**
 * From the results of a sweep to what the ensemble says: the summary, and the tables that the report draws. Pure, and independent of
 * the order of the results: the same results in any order give the same bytes.
 */
import type { Lock, Summary, SweepSummary } from '../../schemas/generated/types.ts';
import { axisTables } from './axis-table.ts';
import type { AxisTable } from './axis-table.ts';
import { bootstrapWords } from '../statistics/bootstrap-words.ts';
import { summariseAcceptance } from './acceptance-summary.ts';
import { countOutcomes, countReasons } from './counts.ts';
import { summariseIdentifiability } from './identifiability.ts';
import { summariseModes } from './modes.ts';
import { summariseParameters } from './parameter-summary.ts';
import { summarisePredictive } from './predictive-summary.ts';
import { summariseReconstruction } from './reconstruction-summary.ts';
import { summariseNeed } from './replicas-needed.ts';
import { tableBuilder } from './replica-table.ts';
import type { Replica, ReplicaTable } from './replica-table.ts';
import { showData } from './shown-data.ts';
import type { ShownData } from './shown-data.ts';
import { showStretches } from './shown-stretches.ts';
import type { ShownStretch } from './shown-stretches.ts';
import { summariseSpeed, total } from './speed.ts';
import { summariseStretches } from './stretch-summary.ts';
import { summariseVariance } from './variance-summary.ts';
import { summariseWindows } from './window-summary.ts';
import { yardstickOf } from './yardstick.ts';

/** What the report draws beside the summary. */
export interface ReportTables {
  readonly replicas: ReplicaTable;
  /** The data that are drawn: an observation is needed for each key. */
  readonly shown: readonly ShownData[];
  /** Stretches beyond the fitted data that are drawn: a prediction is needed for each. */
  readonly stretches: readonly ShownStretch[];
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
  const counts = countOutcomes(table, planned);
  const parameters = summariseParameters(lock, table, bootstrapWords('bootstrap of medians'));
  return {
    summary: {
      sweep: describeSweep(lock, table),
      counts,
      verdict: counts.accepted > 0 ? 'accepted' : counts.finished > 0 ? 'failed' : 'none',
      reasons: countReasons(table, planned),
      parameters,
      reconstruction: summariseReconstruction(lock, table),
      predictive: summarisePredictive(table),
      yardstick: yardstickOf(lock.resolved),
      ...summariseStretches(table),
      ...summariseIdentifiability(lock, table, parameters),
      ...summariseVariance(lock, table),
      ...summariseWindows(lock, table),
      ...summariseModes(lock, table),
      ...summariseNeed(lock, table, parameters),
      acceptance: summariseAcceptance(lock, table),
      speed: summariseSpeed(table, orchestrationMs),
    },
    tables: { replicas: table, shown, stretches: showStretches(lock, table), axes: axisTables(lock, table), fittedData: exist },
  };
}

function describeSweep({ sweep, resolved, engine, versions, startedAt }: Lock, table: ReplicaTable): SweepSummary {
  const sorted = Object.fromEntries(Object.entries(versions).toSorted(([a], [b]) => (a < b ? -1 : 1)));
  return { name: resolved.name, id: sweep, seed: resolved.seed, engine, versions: sorted, startedAt, seconds: total(table.seconds) };
}
