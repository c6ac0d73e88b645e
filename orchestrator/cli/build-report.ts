/** From a run directory to its results: Parquet tables, summary.json and report.html. The data that the report draws come from the worker's side. */
import type { CalibrationConditions, Lock, ModelFile, Summary, TraceObject } from '../../schemas/generated/types.ts';
import { parseTrace } from '../../schemas/parse.ts';
import { modelSource } from '../../worker/export/ensemble.ts';
import type { Model } from '../../worker/models/model.ts';
import { spikeTimes } from '../../worker/recordings/spikes.ts';
import { spikeFeatures } from '../../worker/simulate/spike-features.ts';
import { simulateStretch } from '../../worker/train/held-out.ts';
import { observe } from '../../worker/train/observe.ts';
import { aggregateTable } from '../aggregate/aggregate.ts';
import type { InformationQuestion } from '../aggregate/dependence.ts';
import { tableBuilder } from '../aggregate/replica-table.ts';
import type { ShownData } from '../aggregate/shown-data.ts';
import type { ShownStretch } from '../aggregate/shown-stretches.ts';
import { checkConditions, type NamedCalibration } from '../calibration/named-calibration.ts';
import { expansionOf } from '../expand/expansion.ts';
import type { Prediction } from '../report/held-out-section.ts';
import type { Observation } from '../report/time-course.ts';
import { writeReport } from '../report/write-report.ts';
import { collectResults } from '../results/parquet.ts';
import type { Run } from '../results/run-directory.ts';
import { informationCorrelation } from './information-correlation.ts';
import { modelUnits } from './model-units.ts';
import { conditionsOf } from './run-conditions.ts';

export interface BuiltReport {
  readonly summary: Summary;
  /** Path of report.html. */
  readonly report: string;
}

export interface ReportOptions {
  readonly calibration?: NamedCalibration | undefined;
  /** axes whose combinations are summarised each */
  readonly groupBy?: readonly string[];
}

/**
 * Throws RUN_CORRUPT, DISK, OBJECT_MISSING; USAGE where the sweep has no such axis; CALIBRATION_DIFFERS where the run does not fulfil the
 * conditions of the calibration.
 */
export async function buildReport(run: Run, { calibration, groupBy = [] }: ReportOptions = {}): Promise<BuiltReport> {
  const { lock, path, objects } = run;
  const trace = (hash: string): TraceObject => parseTrace(JSON.parse(objects.get(hash)));
  const conditions = (): CalibrationConditions => conditionsOf(lock.resolved, trace);
  if (calibration !== undefined) checkConditions(calibration, conditions());
  const expansion = expansionOf(lock.resolved);
  const named = calibration === undefined ? {} : { calibration };
  const { model, file } = modelSource(objects.get(lock.resolved.problem.model.object), lock.resolved.problem.model.name);
  const fixed = (index: number) => expansion.task(index).fixed;
  const informationAt = (question: InformationQuestion) => informationCorrelation(question, { lock, model, trace, fixed });
  const options = { lock, planned: expansion.replicas, spikeMeter: spikeFeatures, informationAt, groupBy, conditions, ...named };
  const collector = (replicas: number) => {
    const { add, finish } = tableBuilder(lock, replicas);
    return { add, finish: () => aggregateTable(options, finish()) };
  };
  const units = modelUnits(run);
  const { summary, tables } = await collectResults(path, expansion.task, { units, collector });
  const observations = observationsOf(tables.shown, lock, model, trace);
  const predictions = tables.stretches.flatMap((stretch) => predictionOf(stretch, fixed(stretch.index), model, trace(stretch.object)));
  const words = { meanings: meaningsOf(file), units: units.parameters };
  const { report } = writeReport(path, { lock, summary, tables, observations, predictions, ...words });
  return { summary, report };
}

function meaningsOf({ parameters, gates = {}, pools = {} }: ModelFile): Record<string, string> {
  const described = Object.entries({ ...parameters, ...gates, ...pools });
  return Object.fromEntries(described.flatMap(([name, { description }]) => (description === undefined ? [] : [[name, description]])));
}

function observationsOf(
  shown: readonly ShownData[],
  { resolved }: Lock,
  model: Model,
  trace: (hash: string) => TraceObject,
): Map<string, Observation> {
  return new Map(
    shown.map(({ key, data, draw }) => [key, observe({ data: resolved.problem.data[data]!, draw, model, objects: { trace } })]),
  );
}

/** Simulated anew: a result keeps the score of a stretch, not its time course. */
function predictionOf(
  { label, parameters }: ShownStretch,
  fixed: Readonly<Record<string, number>>,
  model: Model,
  stretch: TraceObject,
): Prediction[] {
  const simulatedV = simulateStretch(stretch, { model, parameters: { ...fixed, ...parameters } });
  if (simulatedV === undefined) return [];
  const { voltageMv, current, startMs, sampleMs } = stretch;
  const spikes = (V: ArrayLike<number>): number[] => spikeTimes(V, sampleMs).map((atMs) => startMs + atMs);
  return [
    {
      label,
      tMs: simulatedV.map((_, i) => startMs + i * sampleMs),
      voltageMv,
      current,
      simulatedV,
      spikesMs: { observed: spikes(voltageMv), simulated: spikes(simulatedV) },
    },
  ];
}
