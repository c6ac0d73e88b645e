import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { expect, test } from 'vitest';
import { openOutcomeLog } from '../../../orchestrator/results/outcome-log.ts';
import { foldResults } from '../../../orchestrator/results/parquet.ts';
import { exportTables } from '../../../orchestrator/results/table-export.ts';
import { estimatedFixture, taskFixture } from '../../helpers/replica-fixture.ts';
import { scratchFolders } from '../../helpers/scratch-folder.ts';

const scratch = scratchFolders();

test('units stand in the names of columns, values are those of the run directory, and lists of CSV are JSON', async () => {
  const [run, out] = [scratch(), scratch()];
  const log = openOutcomeLog(run, { replicas: 10 });
  const { estimate, ...result } = estimatedFixture(0, 3);
  const score = { rmseMv: 3, spikes: { observed: 5, simulated: 4 }, coincidence: 0.8, toleranceMs: 1.5 };
  await log.append({ ...result, estimate: { ...estimate!, heldOut: [{ label: 'sweep 11', score }, { label: 'sweep "12"' }] } });
  await log.close();
  await foldResults(run, taskFixture, { units: { parameters: { gNa: 'mS/cm2' }, states: { V: 'mV', m: '1' } } });
  const files = [...(await exportTables(run, out, 'night', 'csv')), ...(await exportTables(run, out, 'night', 'parquet'))];
  expect(files.map((file) => file.slice(out.length + 1))).toEqual([
    'night-replicas.csv',
    'night-dictionary.csv',
    'night-replicas.parquet',
    'night-traces.parquet',
    'night-dictionary.csv',
  ]);
  const [names = '', values = ''] = readFileSync(join(out, 'night-replicas.csv'), 'utf8').split('\n');
  expect(names.split(',')).toEqual(
    expect.arrayContaining(['id', 'parameters.gNa (mS/cm2)', 'initial.V (mV)', 'initial.m', 'seconds (s)', 'draw']),
  );
  expect(values).toContain('"[""sweep 11"",""sweep \\""12\\""""]"');
  expect(values).toContain('"[3.0,null]"');
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  const rows = (sql: string) => connection.runAndReadAll(sql).then((reader) => reader.getRowObjectsJson());
  expect(await rows(`SELECT "parameters.gNa (mS/cm2)" AS gNa, "heldOut.rmseMv (mV)" AS rmse FROM '${out}/night-replicas.parquet'`)).toEqual(
    [{ gNa: 120, rmse: [3, null] }],
  );
  expect(await rows(`SELECT "V (mV)", m FROM '${out}/night-traces.parquet'`)).toEqual([{ 'V (mV)': [0, 1, 2], m: [0, 1, 2] }]);
  expect(await rows(`SELECT unit FROM '${out}/night-dictionary.csv' WHERE "table" = 'traces' AND "column" = 'tMs'`)).toEqual([
    { unit: 'ms' },
  ]);
  connection.closeSync();
  instance.closeSync();
});
