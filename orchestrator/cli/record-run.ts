/** From a run directory to the record that the gate compares. */
import { recordOf, type RunRecord } from '../gate/run-record.ts';
import { tableBuilder } from '../aggregate/replica-table.ts';
import { expansionOf } from '../expand/expansion.ts';
import { readOutcomes } from '../results/outcome-reader.ts';
import type { Run } from '../results/run-directory.ts';

/** Throws RUN_CORRUPT. */
export async function recordRun({ lock, path }: Run): Promise<RunRecord> {
  const expansion = expansionOf(lock.resolved);
  const builder = tableBuilder(lock);
  const hosts = new Set<string>();
  for await (const result of readOutcomes(path)) {
    builder.add({ task: expansion.task(result.index), result });
    // a worker is named HOST:PROCESS
    hosts.add(result.worker.slice(0, result.worker.lastIndexOf(':')));
  }
  const replicaId = (index: number): string => expansion.task(index).replica;
  return recordOf({ lock, table: builder.finish(), planned: expansion.replicas, hosts: hosts.size, replicaId });
}
