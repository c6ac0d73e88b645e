/** The queries of docs/reading-results.md over a run directory with a finish, held-out stretches, draws and widths: they run, and they say something. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import type { DuckDBConnection, Json } from '@duckdb/node-api';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openOutcomeLog } from '../../../orchestrator/results/outcome-log.ts';
import { foldResults } from '../../../orchestrator/results/parquet.ts';
import { fixtureLock, fixtureReplicas } from '../../helpers/ensemble-fixture.ts';

const options = { amplitudes: [8, 12], draws: 3, seeds: 3, widths: [16, 24], accepted: 0.8, finish: true, heldOut: 2 };
const page = readFileSync(new URL('../../../docs/reading-results.md', import.meta.url), 'utf8');
/** Each with the sentence before it. */
const queries = [...page.matchAll(/\n([^\n]+)\n\n```sql\n([^`]+)```/g)].map(([, title = '', sql = '']) => ({ title, sql }));

const run = mkdtempSync(join(tmpdir(), 'loligo-reading-'));
let instance: DuckDBInstance;
let connection: DuckDBConnection;

beforeAll(async () => {
  const replicas = [...fixtureReplicas(options)];
  const log = openOutcomeLog(run, { replicas: replicas.length });
  await Promise.all(replicas.map(({ result }) => log.append(result)));
  await log.close();
  const units = {
    parameters: Object.fromEntries(fixtureLock(options).resolved.problem.infer.map(({ name, unit }) => [name, unit])),
    states: { V: 'mV', m: '1', h: '1', n: '1' },
  };
  await foldResults(run, (index) => replicas[index]!.task, { units });
  instance = await DuckDBInstance.create(':memory:', { file_search_path: run });
  connection = await instance.connect();
});

afterAll(() => {
  connection.closeSync();
  instance.closeSync();
  rmSync(run, { recursive: true });
});

async function rowsOf(sql: string): Promise<Record<string, Json>[]> {
  return (await connection.runAndReadAll(sql)).getRowObjectsJson();
}

function queryOn(words: string): string {
  const [found, another] = queries.filter(({ sql }) => sql.includes(words));
  if (found === undefined || another !== undefined) throw new Error(`no query, or several, with ${words}`);
  return found.sql;
}

test('there are ten queries at least', () => expect(queries.length).toBeGreaterThanOrEqual(10));

test.each(queries)('$title', async ({ sql }) => {
  const rows = await rowsOf(sql);
  expect(rows.length).toBeGreaterThan(0);
  // a column that is always null asks for something that is not there
  for (const column of Object.keys(rows[0]!).filter((name) => name !== 'cpu_seconds' && name !== 'message'))
    expect(
      rows.some((row) => row[column] !== null),
      `${column} is null in every row`,
    ).toBe(true);
});

test('the answers are those of the fixture', async () => {
  const width = await rowsOf(queryOn('AS accepted'));
  expect(width.map((row) => [row['width'], row['replicas']])).toEqual([
    [16, '18'],
    [24, '18'],
  ]);
  const units = await rowsOf(queryOn('UNPIVOT'));
  expect(units.map((row) => [row['column'], row['unit']])).toEqual([
    ['parameters.gK', 'mS/cm2'],
    ['parameters.gL', 'mS/cm2'],
    ['parameters.gNa', 'mS/cm2'],
  ]);
  const [scatter] = await rowsOf(queryOn('draws_decide'));
  expect(scatter!['draws_decide']).toBe(true);
  const [finish] = await rowsOf(queryOn('moved by %'));
  expect(finish!['moved by %']).toBeCloseTo(100 * (1 / 0.98 - 1), 1);
});
