/**
 * Folds the outcome log into `replicas.parquet` (one row per replica) and `traces.parquet` (one row per replica that kept its traces,
 * a list per time course). DuckDB reads the log's own lines, joins them with the expansion and sorts by index, so that the same
 * results in any order give the same bytes; it spills to disk, so that a million rows do not need a million in memory.
 *
 * Not the truth: both files can be made again from the log at any time, also while it grows.
 */
import { closeSync, copyFileSync, mkdtempSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { basename, join } from 'node:path';
import { setImmediate as breath } from 'node:timers/promises';
import { DuckDBInstance } from '@duckdb/node-api';
import type { DuckDBConnection } from '@duckdb/node-api';
import type { Task } from '../../schemas/generated/types.ts';
import { diskError, makeFolder, onDisk, putInPlace } from './disk.ts';
import { LineFile } from './line-file.ts';
import { AcceptedLines } from './accepted-lines.ts';
import { damaged, readHead } from './outcome-line.ts';
import { lines, segmentsOf } from './segments.ts';
import { taskColumns, taskRow } from './task-columns.ts';
import type { TaskColumn } from './task-columns.ts';

/** Of DuckDB; measured on a million outcomes: the process peaks at 0.74 GB, and is no faster with twice as much. */
const MEMORY_LIMIT = '384MB';
const ROWS_PER_WRITE = 2048;
/** DuckDB's default, and its smallest: a row group is held in memory, and a row of traces is a thousand times a row of replicas. */
const ROW_GROUP = { replicas: 122_880, traces: 2048 };
/** DuckDB's own default, and the largest line it takes without being told. */
const LINE_BYTES = 16_777_216;

/** Of a spike; columns are named `predictive.features.observed.amplitudeMv`. */
const FEATURES = ['amplitudeMv', 'halfWidthMs', 'thresholdMv', 'ahpMv', 'upstrokeMvPerMs', 'downstrokeMvPerMs'];
const SPIKE = `STRUCT(${FEATURES.map((name) => `${name} DOUBLE`).join(', ')})`;
/** What a forward simulation is scored by, beside its misfit. */
const SCORED = `spikes STRUCT(observed BIGINT, simulated BIGINT), coincidence DOUBLE, toleranceMs DOUBLE,
    timing STRUCT(medianMs DOUBLE, worstMs DOUBLE), features STRUCT(observed ${SPIKE}, simulated ${SPIKE})`;

/** What read_json takes from a line; keys not named here are passed over, absent ones are null. */
const RESULT_TYPES = {
  index: 'BIGINT',
  outcome:
    'STRUCT(kind VARCHAR, reason VARCHAR, stage BIGINT, step BIGINT, term VARCHAR, rung BIGINT, error STRUCT(code VARCHAR, message VARCHAR))',
  attempts: 'BIGINT',
  worker: 'VARCHAR',
  engine: 'VARCHAR',
  seconds: 'DOUBLE',
  steps: 'BIGINT',
  estimate: `STRUCT(parameters MAP(VARCHAR, DOUBLE), tied MAP(VARCHAR, DOUBLE), "initial" MAP(VARCHAR, DOUBLE), losses MAP(VARCHAR, DOUBLE), noiseMv DOUBLE, stationarity DOUBLE,
    standardErrors MAP(VARCHAR, DOUBLE), shooting STRUCT(outcome VARCHAR, iterations BIGINT),
    network STRUCT(rmseMv DOUBLE, rmseToTruth MAP(VARCHAR, DOUBLE), parameters MAP(VARCHAR, DOUBLE), "initial" MAP(VARCHAR, DOUBLE), chi2 DOUBLE),
    predictive STRUCT(rmseMv DOUBLE, chi2 DOUBLE, ${SCORED}),
    rest STRUCT("label" VARCHAR, score STRUCT(rmseMv DOUBLE, ${SCORED}))[], heldOut STRUCT("label" VARCHAR, score STRUCT(rmseMv DOUBLE, ${SCORED}))[],
    bound STRUCT(standardErrors MAP(VARCHAR, DOUBLE), weakest VARCHAR),
    traces STRUCT(tMs DOUBLE[], states MAP(VARCHAR, DOUBLE[]), simulatedV DOUBLE[]))`,
};

/** Columns whose names only the results know: column prefix and the map it comes from. */
const MAPS = {
  'losses.': 'estimate.losses',
  'parameters.': 'estimate.parameters',
  'tied.': 'estimate.tied',
  'initial.': 'estimate."initial"',
  'standardErrors.': 'estimate.standardErrors',
  'bound.': 'estimate.bound.standardErrors',
  'network.parameters.': 'estimate.network.parameters',
  'network.initial.': 'estimate.network."initial"',
  'reconstruction.rmseToTruth.': 'estimate.network.rmseToTruth',
  'traces.': 'estimate.traces.states',
} as const;

/** What a fold needs of the log. */
interface Snapshot {
  readonly files: readonly string[];
  readonly longestLine: number;
  /** Replicas with a withdrawn outcome: their lines are not taken from `files`... */
  readonly retried: ReadonlySet<number>;
  /** ... but, where they have another by now, from this one. */
  readonly retriedFile: string | undefined;
}

/**
 * Writes both files. `task(index)` is the expansion's. Throws RUN_CORRUPT (with file and line), DISK.
 */
export async function foldResults(runDirectory: string, task: (index: number) => Task): Promise<void> {
  makeFolder(runDirectory);
  const workspace = onDisk(runDirectory, 'creating a folder', () => mkdtempSync(join(runDirectory, 'fold.tmp-')));
  try {
    const files = snapshotOf(runDirectory, workspace);
    const columns = taskColumns(task(0));
    const snapshot = await writeTasks(workspace, files, columns, task);
    await withDuckDb(workspace, async (connection) => {
      await createViews(connection, workspace, snapshot, columns);
      await copyOut(connection, runDirectory, workspace, columns);
    });
  } finally {
    rmSync(workspace, { recursive: true, force: true });
  }
}

/** Segments as they are now; the last one, which may be growing or torn, as a copy cut to whole lines. */
function snapshotOf(runDirectory: string, workspace: string): string[] {
  const segments = segmentsOf(runDirectory);
  const last = segments.pop();
  const copy = join(workspace, last === undefined ? '000001.jsonl' : basename(last));
  if (last !== undefined) onDisk(copy, 'copying', () => copyFileSync(last, copy));
  new LineFile(copy).close();
  return [...segments, copy];
}

/** A row per finished replica, in tasks.csv. */
async function writeTasks(
  workspace: string,
  files: readonly string[],
  columns: readonly TaskColumn[],
  task: (index: number) => Task,
): Promise<Snapshot> {
  const path = join(workspace, 'tasks.csv');
  const descriptor = onDisk(path, 'creating a file', () => openSync(path, 'w'));
  const accepted = new AcceptedLines(files);
  const retriedLines: string[] = [];
  let longestLine = 0;
  let rows: string[] = [];
  const flush = async (): Promise<void> => {
    const text = rows.join('');
    rows = [];
    onDisk(path, 'writing', () => writeSync(descriptor, text));
    await breath();
  };
  try {
    for (const { block, from, to, where } of lines(files)) {
      const head = readHead(block, from, to, where);
      if (!accepted.accepts(head)) continue;
      longestLine = Math.max(longestLine, to - from);
      if (accepted.retried.has(head.index)) retriedLines.push(`${block.toString('utf8', from, to)}\n`);
      rows.push(`${taskRow(columns, task(head.index))}\n`);
      if (rows.length === ROWS_PER_WRITE) await flush();
    }
    await flush();
  } finally {
    closeSync(descriptor);
  }
  return { files, longestLine, retried: accepted.retried, retriedFile: writeRetried(workspace, retriedLines) };
}

function writeRetried(workspace: string, retried: readonly string[]): string | undefined {
  if (retried.length === 0) return undefined;
  const path = join(workspace, 'retried.jsonl');
  onDisk(path, 'writing', () => writeFileSync(path, retried.join('')));
  return path;
}

async function withDuckDb(workspace: string, work: (connection: DuckDBConnection) => Promise<void>): Promise<void> {
  const instance = await DuckDBInstance.create(':memory:', { memory_limit: MEMORY_LIMIT, temp_directory: join(workspace, 'spill') });
  try {
    const connection = await instance.connect();
    try {
      await work(connection);
    } finally {
      connection.closeSync();
    }
  } catch (error) {
    throw foldError(workspace, error);
  } finally {
    instance.closeSync();
  }
}

async function createViews(
  connection: DuckDBConnection,
  workspace: string,
  snapshot: Snapshot,
  columns: readonly TaskColumn[],
): Promise<void> {
  const taskTypes = types(Object.fromEntries(columns.map(({ name, type }) => [name, type])));
  const longest = Math.max(LINE_BYTES, 2 * snapshot.longestLine);
  const read = (files: readonly string[]): string => `SELECT * FROM read_json([${files.map(quoted).join(', ')}],
    format = 'newline_delimited', maximum_object_size = ${longest}, columns = ${types(RESULT_TYPES)})`;
  const unless = snapshot.retried.size === 0 ? '' : ` WHERE "index" NOT IN (${[...snapshot.retried].join(', ')})`;
  const retried = snapshot.retriedFile === undefined ? '' : ` UNION ALL ${read([snapshot.retriedFile])}`;
  await connection.run(`CREATE VIEW results AS ${read(snapshot.files)}${unless}${retried}`);
  await connection.run(`CREATE VIEW tasks AS SELECT * FROM read_csv(${quoted(join(workspace, 'tasks.csv'))}, header = false,
    delim = ',', quote = '"', escape = '"', auto_detect = false, columns = ${taskTypes})`);
}

async function copyOut(
  connection: DuckDBConnection,
  runDirectory: string,
  workspace: string,
  columns: readonly TaskColumn[],
): Promise<void> {
  const found = await mapColumns(connection);
  const replicas = `SELECT ${[...columns.map(({ name }) => named(name)), ...resultColumns(found)].join(', ')}
    FROM results JOIN tasks USING ("index") ORDER BY "index"`;
  const traces = `SELECT ${[named('id'), named('index'), 'estimate.traces.tMs AS "tMs"', ...found['traces.'], 'estimate.traces.simulatedV AS "simulatedV"'].join(', ')}
    FROM results JOIN tasks USING ("index") WHERE estimate.traces IS NOT NULL ORDER BY "index"`;
  for (const [name, query, rows] of [
    ['replicas', replicas, ROW_GROUP.replicas],
    ['traces', traces, ROW_GROUP.traces],
  ] as const) {
    const temporary = join(workspace, `${name}.parquet`);
    await connection.run(`COPY (${query}) TO ${quoted(temporary)} (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE ${rows})`);
    const path = join(runDirectory, `${name}.parquet`);
    onDisk(path, 'writing', () => putInPlace(temporary, path));
  }
}

/** Columns that every result has, and between them those that the results themselves name. */
function resultColumns(found: Record<keyof typeof MAPS, string[]>): string[] {
  return [
    'outcome.kind AS "outcome"',
    'coalesce(outcome.reason, outcome.term, outcome.error.code) AS "reason"',
    'outcome.error.message AS "message"',
    'outcome.stage AS "outcome.stage"',
    'outcome.step AS "outcome.step"',
    'steps',
    ...found['losses.'],
    ...found['parameters.'],
    ...found['tied.'],
    ...found['initial.'],
    ...found['standardErrors.'],
    'estimate.shooting.outcome AS "shooting"',
    'estimate.shooting.iterations AS "shooting.iterations"',
    ...found['network.parameters.'],
    ...found['network.initial.'],
    'estimate.network.chi2 AS "network.chi2"',
    'estimate.noiseMv AS "noiseMv"',
    'estimate.stationarity AS "stationarity"',
    'estimate.network.rmseMv AS "reconstruction.rmseMv"',
    ...found['reconstruction.rmseToTruth.'],
    'estimate.predictive.rmseMv AS "predictive.rmseMv"',
    'estimate.predictive.chi2 AS "predictive.chi2"',
    'estimate.predictive.spikes.observed AS "predictive.spikes.observed"',
    'estimate.predictive.spikes.simulated AS "predictive.spikes.simulated"',
    'estimate.predictive.coincidence AS "predictive.coincidence"',
    'estimate.predictive.toleranceMs AS "predictive.toleranceMs"',
    'estimate.predictive.timing.medianMs AS "predictive.timing.medianMs"',
    'estimate.predictive.timing.worstMs AS "predictive.timing.worstMs"',
    ...['observed', 'simulated'].flatMap((side) =>
      FEATURES.map((name) => `estimate.predictive.features.${side}.${name} AS "predictive.features.${side}.${name}"`),
    ),
    ...stretchColumns('rest'),
    ...stretchColumns('heldOut'),
    ...found['bound.'],
    'estimate.bound.weakest AS "bound.weakest"',
    'engine',
    'worker',
    'attempts',
    'seconds',
  ];
}

/** Lists with one item for each stretch; null where its simulation did not run through. */
function stretchColumns(kind: 'rest' | 'heldOut'): string[] {
  const scores = ['rmseMv', 'spikes.observed', 'spikes.simulated', 'coincidence', 'timing.medianMs'];
  const column = (path: string): string => `list_transform(estimate.${kind}, lambda one: one.${path}) AS`;
  return [`${column('label')} "${kind}.label"`, ...scores.map((path) => `${column(`score.${path}`)} "${kind}.${path}"`)];
}

/** One look at the whole log for the keys of its maps; each becomes a column. Traces are named by their state alone. */
async function mapColumns(connection: DuckDBConnection): Promise<Record<keyof typeof MAPS, string[]>> {
  const keys = Object.entries(MAPS).map(
    ([prefix, map]) => `list_transform(coalesce(map_keys(${map}), []), key -> ${quoted(prefix)} || key)`,
  );
  const reader = await connection.runAndReadAll(
    `SELECT DISTINCT unnest(list_concat(${keys.join(', ')})) AS name FROM results ORDER BY name`,
  );
  const names = reader.getRows().map(([name]) => String(name));
  const columnsOf = (prefix: keyof typeof MAPS): string[] =>
    names
      .filter((name) => name.startsWith(prefix))
      .map((name) => name.slice(prefix.length))
      .map((key) => `${MAPS[prefix]}[${quoted(key)}] AS ${named(prefix === 'traces.' ? key : prefix + key)}`);
  return {
    'losses.': columnsOf('losses.'),
    'parameters.': columnsOf('parameters.'),
    'tied.': columnsOf('tied.'),
    'initial.': columnsOf('initial.'),
    'standardErrors.': columnsOf('standardErrors.'),
    'bound.': columnsOf('bound.'),
    'network.parameters.': columnsOf('network.parameters.'),
    'network.initial.': columnsOf('network.initial.'),
    'reconstruction.rmseToTruth.': columnsOf('reconstruction.rmseToTruth.'),
    'traces.': columnsOf('traces.'),
  };
}

function types(columns: Readonly<Record<string, string>>): string {
  return `{${Object.entries(columns)
    .map(([name, type]) => `${quoted(name)}: ${quoted(type)}`)
    .join(', ')}}`;
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

function named(column: string): string {
  return `"${column.replaceAll('"', '""')}"`;
}

/** DuckDB says in its message whether it was the disk or a line of the log. */
function foldError(workspace: string, error: unknown): unknown {
  const message = error instanceof Error ? error.message : '';
  if (/Malformed JSON|JSON transform|Invalid Input Error/.test(message)) return damaged(workspace, error);
  return /IO Error|No space left/.test(message) ? diskError(workspace, 'folding the log', error) : error;
}
