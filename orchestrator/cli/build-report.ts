/** From a run directory to its results: Parquet tables, summary.json and report.html. The data that the report draws come from the worker's side. */
import type { Lock, Summary, TraceObject } from '../../schemas/generated/types.ts';
import { parseTrace } from '../../schemas/parse.ts';
import { compileModel } from '../../worker/models/compile.ts';
import type { Model } from '../../worker/models/model.ts';
import { spikeTimes } from '../../worker/recordings/spikes.ts';
import { simulateStretch } from '../../worker/train/held-out.ts';
import { observe } from '../../worker/train/observe.ts';
import { aggregateTable } from '../aggregate/aggregate.ts';
import { tableBuilder } from '../aggregate/replica-table.ts';
import type { ShownData } from '../aggregate/shown-data.ts';
import type { ShownStretch } from '../aggregate/shown-stretches.ts';
import { expansionOf } from '../expand/expansion.ts';
import type { Prediction } from '../report/held-out-section.ts';
import type { Observation } from '../report/time-course.ts';
import { writeReport } from '../report/write-report.ts';
import { readOutcomes } from '../results/outcome-reader.ts';
import { foldResults } from '../results/parquet.ts';
import type { Run } from '../results/run-directory.ts';

export interface BuiltReport {
  readonly summary: Summary;
  /** Path of report.html. */
  readonly report: string;
}

/** Throws RUN_CORRUPT, DISK, OBJECT_MISSING. */
export async function buildReport(run: Run): Promise<BuiltReport> {
  const { lock, path, objects } = run;
  const expansion = expansionOf(lock.resolved);
  const builder = tableBuilder(lock);
  let results = 0;
  for await (const result of readOutcomes(path)) {
    builder.add({ task: expansion.task(result.index), result });
    results += 1;
  }
  if (results > 0) await foldResults(path, (index) => expansion.task(index));
  const { summary, tables } = aggregateTable({ lock, planned: expansion.replicas }, builder.finish());
  const model = compileModel(objects.get(lock.resolved.problem.model.object), lock.resolved.problem.model.name);
  const trace = (hash: string): TraceObject => parseTrace(JSON.parse(objects.get(hash)));
  const observations = observationsOf(tables.shown, lock, model, trace);
  const fixed = (index: number) => expansion.task(index).fixed;
  const predictions = tables.stretches.flatMap((stretch) => predictionOf(stretch, fixed(stretch.index), model, trace(stretch.object)));
  const { report } = writeReport(path, { lock, summary, tables, observations, predictions });
  return { summary, report };
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
