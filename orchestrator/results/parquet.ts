/**
 * Folds the outcome log into `replicas.parquet` (one row per replica), `traces.parquet` (one row per replica that kept its traces, a list
 * per time course) and `dictionary.json`, which says of every column what it holds and in which unit. The log is brought into the order of
 * the expansion first (sorted-log.ts), so that the same results in any order give the same bytes; DuckDB then reads and writes it in one
 * stream, in memory that does not grow with the sweep.
 *
 * Not the truth: the files can be made again from the log at any time, also while it grows.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import type { Result, Task } from '../../schemas/generated/types.ts';
import { diskError, makeFolder, onDisk, putInPlace } from './disk.ts';
import { named, quoted, withDuckDb } from './duckdb.ts';
import { damaged } from './outcome-line.ts';
import { RESULT_MAPS, RESULT_TYPES, resultColumns, TRACE_MAP, TRACE_TYPES, traceColumns } from './result-columns.ts';
import type { ModelUnits, NamedColumns, ResultColumn } from './result-columns.ts';
import { acceptedPlaces, copyInOrder } from './sorted-log.ts';
import { taskColumns, taskTexts } from './task-columns.ts';
import type { TaskColumn } from './task-columns.ts';

/**
 * What read_json takes from a line, and the rows that are held in memory together, in DuckDB's steps of 2048. Its default of 122,880 takes twice
 * the time for rows as wide as ours.
 */
const TABLES = {
  replicas: { types: RESULT_TYPES, rowGroup: 6144 },
  traces: { types: TRACE_TYPES, rowGroup: 2048 },
} as const;
type TableName = keyof typeof TABLES;
/** For the longest line; DuckDB holds some times as much for each thread. */
const LEAST_LINE_BYTES = 262_144;

/** Who else wants the results: the log is long, and need not be read twice. */
export interface Collector<T> {
  /** Told of every replica that has a result, in the order of the expansion. */
  readonly add: (replica: { readonly task: Task; readonly result: Result }) => void;
  /** Called while DuckDB writes the files, on its own threads. */
  readonly finish: () => T;
}

const NO_UNITS: ModelUnits = { parameters: {}, states: {} };

/** What the files hold. */
interface Column {
  readonly name: string;
  readonly sql: string;
  readonly unit: string | null;
  readonly description: string;
}

type TaskAt = (index: number, replica?: string) => Task;

/**
 * Writes the files. `task(index)` is the expansion's; it may take the replica's id for known. Throws RUN_CORRUPT (with file and line), DISK.
 */
export async function foldResults(
  runDirectory: string,
  task: TaskAt,
  { units = NO_UNITS }: { readonly units?: ModelUnits } = {},
): Promise<void> {
  await collectResults(runDirectory, task, { units, collector: () => ({ add: () => undefined, finish: () => undefined }) });
}

interface CollectOptions<T> {
  readonly units: ModelUnits;
  /** Asked for once, for so many replicas. */
  readonly collector: (replicas: number) => Collector<T>;
}

/** The same, and what the collector makes of the results. */
export async function collectResults<T>(runDirectory: string, task: TaskAt, { units, collector }: CollectOptions<T>): Promise<T> {
  makeFolder(runDirectory);
  const workspace = onDisk(runDirectory, 'creating a folder', () => mkdtempSync(join(runDirectory, 'fold.tmp-')));
  try {
    const columns = taskColumns(task(0), units);
    const textOf = taskTexts(columns);
    const keys = keysOf([...RESULT_MAPS, TRACE_MAP]);
    const places = await acceptedPlaces(runDirectory);
    const { add, finish } = collector(places.order.length);
    const files = { all: linesIn(workspace, 'replicas'), traced: linesIn(workspace, 'traces') };
    const longestLine = await copyInOrder(places, files, (result) => {
      const own = task(result.index, result.replica);
      keys.add(result);
      add({ task: own, result });
      return `"task":{${textOf(own).slice(0, -1)}},`;
    });
    const ofMap = (map: NamedColumns): ResultColumn[] => namedColumns(map, keys.of(map), units);
    const tables = { replicas: replicaColumns(columns, ofMap), traces: tracesColumns(columns, ofMap) };
    const write = (table: TableName) => (connection: DuckDBConnection) =>
      copyOut(connection, workspace, table, tables[table], linesAs(workspace, table, columns, longestLine));
    // each by a DuckDB of its own, which gives its memory back only when it is closed
    await withDuckDb(workspace, write('traces'));
    const collected = await withDuckDb(workspace, (connection) => meanwhile(write('replicas')(connection), finish));
    writeDictionary(workspace, tables);
    for (const name of ['dictionary.json', 'replicas.parquet', 'traces.parquet'])
      onDisk(join(runDirectory, name), 'writing', () => putInPlace(join(workspace, name), join(runDirectory, name)));
    return collected;
  } finally {
    rmSync(workspace, { recursive: true, force: true });
  }
}

/** What the work gives. Whatever becomes of it, the other comes to its end first: it needs its folder. */
async function meanwhile<T>(other: Promise<void>, work: () => T): Promise<T> {
  try {
    return work();
  } finally {
    await other;
  }
}

/** The ordered copy of the log that a table is made from. */
function linesIn(workspace: string, table: TableName): string {
  return join(workspace, `${table}.jsonl`);
}

/** The same as DuckDB reads it. */
function linesAs(workspace: string, table: TableName, columns: readonly TaskColumn[], longestLine: number): string {
  const task = `STRUCT(${columns.map(({ name, type }) => `${named(name)} ${type}`).join(', ')})`;
  return `read_json(${quoted(linesIn(workspace, table))}, format = 'newline_delimited',
    maximum_object_size = ${Math.max(LEAST_LINE_BYTES, 2 * longestLine)}, columns = ${typesOf({ task, ...TABLES[table].types })})`;
}

function replicaColumns(tasks: readonly TaskColumn[], ofMap: (map: NamedColumns) => ResultColumn[]): Column[] {
  return [...tasks.map(ofTask), ...resultColumns(ofMap).map(complete)];
}

function tracesColumns(tasks: readonly TaskColumn[], ofMap: (map: NamedColumns) => ResultColumn[]): Column[] {
  const own = tasks.filter(({ name }) => name === 'id' || name === 'index').map(ofTask);
  return [...own, ...traceColumns(ofMap).map(complete)];
}

function ofTask({ name, unit, description }: TaskColumn): Column {
  return { name, sql: `task.${named(name)}`, unit: unit ?? null, description };
}

function complete({ unit, ...column }: ResultColumn): Column {
  return { ...column, unit: unit ?? null };
}

function namedColumns({ prefix, map, unitsOf, description }: NamedColumns, keys: readonly string[], units: ModelUnits): ResultColumn[] {
  return keys.map((key) => {
    const unit = unitsOf === '1' ? '1' : units[unitsOf][key];
    const column = { name: prefix + key, sql: `${map}[${quoted(key)}]`, description };
    return unit === undefined ? column : { ...column, unit };
  });
}

/** The keys that maps have in any result, in the order of the alphabet. */
function keysOf(maps: readonly NamedColumns[]): { add(result: Result): void; of(map: NamedColumns): string[] } {
  const seen = new Map(maps.map((map) => [map, new Set<string>()]));
  return {
    add: (result) => {
      for (const [map, keys] of seen) for (const key in map.of(result)) keys.add(key);
    },
    of: (map) => [...seen.get(map)!].toSorted(),
  };
}

/** In one statement, so that DuckDB comes to its end whatever this thread does. */
async function copyOut(
  connection: DuckDBConnection,
  workspace: string,
  table: TableName,
  columns: readonly Column[],
  lines: string,
): Promise<void> {
  const dictionary = JSON.stringify(columns.map(({ name, unit, description }) => ({ column: name, unit, description })));
  const query = `SELECT ${columns.map(({ name, sql }) => `${sql} AS ${named(name)}`).join(', ')} FROM ${lines}`;
  try {
    await connection.run(`COPY (${query}) TO ${quoted(join(workspace, `${table}.parquet`))} (FORMAT parquet, COMPRESSION zstd,
      ROW_GROUP_SIZE ${TABLES[table].rowGroup}, KV_METADATA {loligo: ${quoted(dictionary)}})`);
  } catch (error) {
    throw foldError(workspace, error);
  }
}

/** A row for each column of either table: DuckDB, pandas and R read it as a table. */
function writeDictionary(workspace: string, tables: Readonly<Record<TableName, readonly Column[]>>): void {
  const rows = Object.entries(tables).flatMap(([table, all]) =>
    all.map(({ name, unit, description }) => JSON.stringify({ table, column: name, unit, description })),
  );
  const path = join(workspace, 'dictionary.json');
  onDisk(path, 'writing', () => writeFileSync(path, `[\n${rows.join(',\n')}\n]\n`));
}

function typesOf(columns: Readonly<Record<string, string>>): string {
  return `{${Object.entries(columns)
    .map(([name, type]) => `${quoted(name)}: ${quoted(type)}`)
    .join(', ')}}`;
}

/** DuckDB says in its message whether it was the disk or a line of the log. */
function foldError(workspace: string, error: unknown): unknown {
  const message = error instanceof Error ? error.message : '';
  if (/Malformed JSON|JSON transform|Invalid Input Error/.test(message)) return damaged(workspace, error);
  return /IO Error|No space left/.test(message) ? diskError(workspace, 'folding the log', error) : error;
}
