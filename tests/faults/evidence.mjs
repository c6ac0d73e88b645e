/**
 * What a run left on the disk, for the verdict: the log's lines, the rows of the Parquet file made from it, and its summary in canonical form: the
 * aggregate of the outcomes without what is time or a worker's by nature. Two runs whose canonical summaries are equal byte for byte found the same.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';

const built = (path) => import(new URL(`../../dist/${path}`, import.meta.url).href);
const { aggregateTable } = await built('orchestrator/aggregate/aggregate.js');
const { tableBuilder } = await built('orchestrator/aggregate/replica-table.js');
const { expansionOf } = await built('orchestrator/expand/expansion.js');
const { readOutcomes } = await built('orchestrator/results/outcome-reader.js');
const { foldResults } = await built('orchestrator/results/parquet.js');
const { readRun } = await built('orchestrator/results/run-directory.js');

/** Every whole line of the outcome log, duplicates included. */
export function logLines(out) {
  const folder = join(out, 'outcomes');
  return readdirSync(folder)
    .toSorted()
    .flatMap((name) => readFileSync(join(folder, name), 'utf8').split('\n').slice(0, -1))
    .map((line) => JSON.parse(line));
}

/** Rows, and distinct replicas among them. */
export async function parquetOf(out) {
  const { lock } = readRun(out);
  const { task } = expansionOf(lock.resolved);
  await foldResults(out, task);
  const instance = await DuckDBInstance.create(':memory:');
  try {
    const connection = await instance.connect();
    const reader = await connection.runAndReadAll(`SELECT count(*), count(DISTINCT id) FROM '${join(out, 'replicas.parquet')}'`);
    const [[rows, replicas]] = reader.getRows();
    connection.closeSync();
    return { rows: Number(rows), replicas: Number(replicas) };
  } finally {
    instance.closeSync();
  }
}

/** `without`: replicas that are left out of it. */
export async function summaryOf(out, without = []) {
  const { lock } = readRun(out);
  const expansion = expansionOf(lock.resolved);
  const builder = tableBuilder(lock);
  const omitted = new Set(without);
  for await (const result of readOutcomes(out)) if (!omitted.has(result.index)) builder.add({ task: expansion.task(result.index), result });
  return aggregateTable({ lock, planned: expansion.replicas }, builder.finish()).summary;
}

/** Seconds, speed, versions and the start are those of a machine and a day, and in a lock `any` engine is the workers' choice. */
export function canonical({ sweep: { name, id, seed }, speed: _speed, ...rest }) {
  return JSON.stringify({ sweep: { name, id, seed }, ...rest });
}
