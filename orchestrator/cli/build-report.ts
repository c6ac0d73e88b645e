/** From a run directory to its results: Parquet tables, summary.json and report.html. The data that the report draws come from the worker's side. */
import type { Lock, Summary, TraceObject } from '../../schemas/generated/types.ts';
import { parseTrace } from '../../schemas/parse.ts';
import { compileModel } from '../../worker/models/compile.ts';
import { observe } from '../../worker/train/observe.ts';
import { aggregateTable } from '../aggregate/aggregate.ts';
import { tableBuilder } from '../aggregate/replica-table.ts';
import type { ShownData } from '../aggregate/shown-data.ts';
import { expansionOf } from '../expand/expansion.ts';
import type { Observation } from '../report/time-course.ts';
import { writeReport } from '../report/write-report.ts';
import type { ObjectStore } from '../results/object-store.ts';
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
  const { report } = writeReport(path, { lock, summary, tables, observations: observationsOf(tables.shown, lock, objects) });
  return { summary, report };
}

function observationsOf(shown: readonly ShownData[], { resolved }: Lock, objects: ObjectStore): Map<string, Observation> {
  const model = compileModel(objects.get(resolved.problem.model.object), resolved.problem.model.name);
  const trace = (hash: string): TraceObject => parseTrace(JSON.parse(objects.get(hash)));
  return new Map(
    shown.map(({ key, data, draw }) => [key, observe({ data: resolved.problem.data[data]!, draw, model, objects: { trace } })]),
  );
}
