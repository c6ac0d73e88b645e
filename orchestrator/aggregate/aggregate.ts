/**
 * From the results of a sweep to what the ensemble says: the summary, and the tables that the report draws. Pure, and independent of
 * the order of the results: the same results in any order give the same bytes.
 */
import type { CalibrationConditions, Lock, Summary, SweepSummary } from '../../schemas/generated/types.ts';
import { calibratedIntervals } from '../calibration/calibrated-intervals.ts';
import { summariseCalibration } from '../calibration/coverage-summary.ts';
import type { NamedCalibration } from '../calibration/named-calibration.ts';
import { axisTables } from './axis-table.ts';
import type { AxisTable } from './axis-table.ts';
import { bootstrapWords } from '../statistics/bootstrap-words.ts';
import { summariseAcceptance } from './acceptance-summary.ts';
import { countOutcomes, countReasons } from './counts.ts';
import { informationQuestions, summariseDependence } from './dependence.ts';
import type { InformationCorrelation, InformationQuestion } from './dependence.ts';
import { groupReplicas } from './groups.ts';
import { summariseIdentifiability } from './identifiability.ts';
import { summariseModes } from './modes.ts';
import { summariseParameters } from './parameter-summary.ts';
import { summarisePredictive } from './predictive-summary.ts';
import { summariseReconstruction } from './reconstruction-summary.ts';
import { summariseNeed } from './replicas-needed.ts';
import { tableBuilder } from './replica-table.ts';
import type { Replica, ReplicaTable } from './replica-table.ts';
import { physicsGaps } from './physics-gap.ts';
import { showData, showVariability } from './shown-data.ts';
import type { ShownData } from './shown-data.ts';
import { showStretches } from './shown-stretches.ts';
import type { ShownStretch } from './shown-stretches.ts';
import { summariseSpeed, total } from './speed.ts';
import { trainedBy } from './trained-by.ts';
import { alignSpikes, spikeGroups, summariseSpikeShape } from './spike-alignment.ts';
import type { AlignedSpikes, SpikeMeter } from './spike-alignment.ts';
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
  /** The same over all noise draws of a data unit, where there are several accepted replicas. */
  readonly variability: readonly ShownData[];
  /** Of each group of the summary its replicas, by row. */
  readonly groupMembers: readonly Uint8Array[];
  /** Root mean square of simulated minus network's V by row, mV; NaN of replicas without traces. */
  readonly physicsGaps: Float64Array;
  /** Spikes laid over each other; absent where there are none, or nobody measures them. */
  readonly spikes?: AlignedSpikes;
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
  /** Spikes are neither summarised nor drawn without. */
  readonly spikeMeter?: SpikeMeter;
  /** Correlations of estimates stand alone without. */
  readonly informationAt?: (question: InformationQuestion) => InformationCorrelation | undefined;
  /** Axes whose combinations are summarised each. */
  readonly groupBy?: readonly string[];
  /** What the run's own calibration holds for; asked only where there is one, which says nothing of it without. */
  readonly conditions?: () => CalibrationConditions;
  /** Applied to the run, which fulfils its conditions. */
  readonly calibration?: NamedCalibration;
}

/** Aggregate replicas that come in any order, each once. */
export function aggregate(options: AggregateOptions & { readonly replicas: Iterable<Replica> }): Aggregate {
  const table = tableBuilder(options.lock);
  for (const replica of options.replicas) table.add(replica);
  return aggregateTable(options, table.finish());
}

/** The same from a table, for results that arrive one by one (see tableBuilder). */
export function aggregateTable(options: AggregateOptions, table: ReplicaTable): Aggregate {
  const { lock, planned, orchestrationMs, spikeMeter, informationAt, groupBy = [], conditions, calibration } = options;
  const { shown, exist } = showData(lock, table);
  const counts = countOutcomes(table, planned);
  const gaps = physicsGaps(table);
  const spiking = spikeMeter === undefined ? [] : spikeGroups(lock, table, spikeMeter);
  const spikes = alignSpikes(spiking);
  const information = informationAt === undefined ? [] : informationQuestions(table).flatMap((question) => informationAt(question) ?? []);
  const grouped = groupBy.length === 0 ? undefined : groupReplicas(lock, table, groupBy);
  const parameters = summariseParameters(lock, table, bootstrapWords('bootstrap of medians'));
  return {
    summary: {
      sweep: describeSweep(lock, table),
      counts,
      verdict: counts.accepted > 0 ? 'accepted' : counts.finished > 0 ? 'failed' : 'none',
      reasons: countReasons(table, planned),
      parameters,
      reconstruction: summariseReconstruction(lock, table),
      predictive: summarisePredictive(table, gaps),
      ...summariseSpikeShape(spiking),
      yardstick: yardstickOf(lock.resolved),
      ...summariseStretches(table),
      ...summariseIdentifiability(lock, table, parameters),
      ...summariseDependence(lock, table, information),
      ...summariseVariance(lock, table),
      ...summariseWindows(lock, table),
      ...summariseModes(lock, table),
      ...summariseNeed(lock, table, parameters),
      ...summariseCalibration(lock, table, conditions),
      ...(calibration === undefined ? {} : { calibrated: calibratedIntervals(lock, table, calibration) }),
      ...(grouped === undefined ? {} : { groups: grouped.groups }),
      acceptance: summariseAcceptance(lock, table),
      speed: summariseSpeed(table, orchestrationMs),
    },
    tables: {
      replicas: table,
      shown,
      variability: showVariability(lock, table),
      stretches: showStretches(lock, table),
      axes: axisTables(lock, table),
      groupMembers: grouped?.members ?? [],
      physicsGaps: gaps,
      ...(spikes === undefined ? {} : { spikes }),
      fittedData: exist,
    },
  };
}

function describeSweep(lock: Lock, { trainers, seconds }: ReplicaTable): SweepSummary {
  const { sweep, resolved, versions, startedAt } = lock;
  const sorted = Object.fromEntries(Object.entries(versions).toSorted(([a], [b]) => (a < b ? -1 : 1)));
  const { name, seed } = resolved;
  const by = trainers.length === 0 ? {} : { trainedBy: [...trainers] };
  return { name, id: sweep, seed, ...trainedBy(lock, trainers), ...by, versions: sorted, startedAt, seconds: total(seconds) };
}
