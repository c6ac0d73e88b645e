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
import { damaged, parseOutcomeLine } from './outcome-line.ts';
import { RESULT_MAPS, RESULT_TYPES, resultColumns, TRACE_MAP, TRACE_TYPES, traceColumns } from './result-columns.ts';
import type { ModelUnits, NamedColumns, ResultColumn } from './result-columns.ts';
import { sortLog } from './sorted-log.ts';
import type { LoggedLine, SortedLog } from './sorted-log.ts';
import { taskColumns, taskTexts } from './task-columns.ts';
import type { TaskColumn } from './task-columns.ts';

/** Rows that are held in memory together, in DuckDB's steps of 2048. Its default of 122,880 takes twice the time for rows as wide as ours. */
const ROW_GROUP = { replicas: 6144, traces: 2048 };
/** For the longest line; DuckDB holds some times as much for each thread. */
const LEAST_LINE_BYTES = 262_144;

export interface FoldOptions {
  readonly units?: ModelUnits;
  /** Told of every replica that has a result, in the order of the expansion: the log is long, and need not be read twice. */
  readonly onReplica?: (replica: { readonly task: Task; readonly result: Result }) => void;
}

const NO_UNITS: ModelUnits = { parameters: {}, states: {} };

/** What the files hold. */
interface Column {
  readonly name: string;
  readonly sql: string;
  readonly unit: string | null;
  readonly description: string;
}

/**
 * Writes the files. `task(index)` is the expansion's; it may take the replica's id for known. Throws RUN_CORRUPT (with file and line), DISK.
 */
export async function foldResults(
  runDirectory: string,
  task: (index: number, replica?: string) => Task,
  { units = NO_UNITS, onReplica }: FoldOptions = {},
): Promise<void> {
  makeFolder(runDirectory);
  const workspace = onDisk(runDirectory, 'creating a folder', () => mkdtempSync(join(runDirectory, 'fold.tmp-')));
  try {
    const columns = taskColumns(task(0), units);
    const textOf = taskTexts(columns);
    const files = { all: join(workspace, 'all.jsonl'), traced: join(workspace, 'traced.jsonl') };
    const front = ({ index, replica, text, where }: LoggedLine): string => {
      const own = task(index, replica);
      onReplica?.({ task: own, result: parseOutcomeLine(text(), where) });
      return `"task":{${textOf(own).slice(0, -1)}},`;
    };
    const log = await sortLog(runDirectory, files, front);
    try {
      await withDuckDb(workspace, async (connection) => {
        await createViews(connection, files, log, columns);
        const replicas = await replicaColumns(connection, columns, units);
        const traces = await tracesColumns(connection, columns, units);
        await copyOut(connection, workspace, { replicas, traces });
      });
    } catch (error) {
      throw foldError(workspace, error);
    }
    for (const name of ['dictionary.json', 'replicas.parquet', 'traces.parquet'])
      onDisk(join(runDirectory, name), 'writing', () => putInPlace(join(workspace, name), join(runDirectory, name)));
  } finally {
    rmSync(workspace, { recursive: true, force: true });
  }
}

async function createViews(
  connection: DuckDBConnection,
  files: { readonly all: string; readonly traced: string },
  { longestLine }: SortedLog,
  columns: readonly TaskColumn[],
): Promise<void> {
  const task = `STRUCT(${columns.map(({ name, type }) => `${named(name)} ${type}`).join(', ')})`;
  const view = (name: string, file: string, types: Readonly<Record<string, string>>): string =>
    `CREATE VIEW ${name} AS SELECT * FROM read_json(${quoted(file)}, format = 'newline_delimited',
      maximum_object_size = ${Math.max(LEAST_LINE_BYTES, 2 * longestLine)}, columns = ${typesOf({ task, ...types })})`;
  await connection.run(view('results', files.all, RESULT_TYPES));
  await connection.run(view('traced', files.traced, TRACE_TYPES));
}

async function replicaColumns(connection: DuckDBConnection, tasks: readonly TaskColumn[], units: ModelUnits): Promise<Column[]> {
  const keys = await keysOf(connection, 'results', RESULT_MAPS);
  return [...tasks.map(ofTask), ...resultColumns((map) => namedColumns(map, keys.get(map) ?? [], units)).map(complete)];
}

async function tracesColumns(connection: DuckDBConnection, tasks: readonly TaskColumn[], units: ModelUnits): Promise<Column[]> {
  const keys = await keysOf(connection, 'traced', [TRACE_MAP]);
  const own = tasks.filter(({ name }) => name === 'id' || name === 'index').map(ofTask);
  return [...own, ...traceColumns((map) => namedColumns(map, keys.get(map) ?? [], units)).map(complete)];
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

/** One look at the whole log for the keys of its maps, in the order of the alphabet. */
async function keysOf(connection: DuckDBConnection, view: string, maps: readonly NamedColumns[]): Promise<Map<NamedColumns, string[]>> {
  const lists = maps.map(({ map }, m) => `list_transform(coalesce(map_keys(${map}), []), lambda key: '${m} ' || key)`);
  const reader = await connection.runAndReadAll(
    `SELECT DISTINCT unnest(list_concat(${lists.join(', ')})) AS name FROM ${view} ORDER BY name`,
  );
  const names = reader.getRows().map(([name]) => String(name));
  const own = (m: number): string[] => names.filter((name) => name.startsWith(`${m} `)).map((name) => name.slice(`${m} `.length));
  return new Map(maps.map((map, m) => [map, own(m)]));
}

async function copyOut(
  connection: DuckDBConnection,
  workspace: string,
  columns: { readonly replicas: readonly Column[]; readonly traces: readonly Column[] },
): Promise<void> {
  for (const [table, view] of [
    ['replicas', 'results'],
    ['traces', 'traced'],
  ] as const) {
    const dictionary = JSON.stringify(columns[table].map(({ name, unit, description }) => ({ column: name, unit, description })));
    const query = `SELECT ${columns[table].map(({ name, sql }) => `${sql} AS ${named(name)}`).join(', ')} FROM ${view}`;
    await connection.run(`COPY (${query}) TO ${quoted(join(workspace, `${table}.parquet`))} (FORMAT parquet, COMPRESSION zstd,
      ROW_GROUP_SIZE ${ROW_GROUP[table]}, KV_METADATA {loligo: ${quoted(dictionary)}})`);
  }
  writeDictionary(workspace, columns);
}

/** A row for each column of either table: DuckDB, pandas and R read it as a table. */
function writeDictionary(workspace: string, columns: Readonly<Record<string, readonly Column[]>>): void {
  const rows = Object.entries(columns).flatMap(([table, all]) =>
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
