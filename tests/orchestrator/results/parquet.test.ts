import { appendFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import type { Json } from '@duckdb/node-api';
import { expect, test } from 'vitest';
import { openOutcomeLog } from '../../../orchestrator/results/outcome-log.ts';
import { collectResults, foldResults } from '../../../orchestrator/results/parquet.ts';
import type { Result, Task } from '../../../schemas/generated/types.ts';
import { estimatedFixture, resultFixture, taskFixture } from '../../helpers/replica-fixture.ts';
import { scratchFolders } from '../../helpers/scratch-folder.ts';

const scratch = scratchFolders();

async function folded(results: readonly Result[], segmentBytes = 2000): Promise<string> {
  const run = scratch();
  const log = openOutcomeLog(run, { replicas: 1000, segmentBytes });
  for (const result of results) await log.append(result);
  await log.close();
  await foldResults(run, taskFixture);
  return run;
}

async function query(sql: string): Promise<Record<string, Json>[]> {
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  try {
    return (await connection.runAndReadAll(sql)).getRowObjectsJson();
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

const MIXED = [
  resultFixture(7, { outcome: { kind: 'failed', error: { code: 'REPLICA_GIVEN_UP', message: "it's over" } }, attempts: 3, steps: 0 }),
  { ...estimatedFixture(2, 3), outcome: { kind: 'stopped', reason: 'chi2' } } as const,
  resultFixture(4, { outcome: { kind: 'diverged', stage: 1, step: 30, term: 'current' } }),
  estimatedFixture(0),
];

/** What an older result, or one without spikes, lacks. */
const SCORES = ['label', 'rmseMv', 'spikes.observed', 'spikes.simulated', 'coincidence', 'timing.medianMs'];
const FEATURES = ['amplitudeMv', 'halfWidthMs', 'thresholdMv', 'ahpMv', 'upstrokeMvPerMs', 'downstrokeMvPerMs'];
const UNSCORED = Object.fromEntries(
  [
    ...['toleranceMs', 'timing.medianMs', 'timing.worstMs'].map((name) => `predictive.${name}`),
    ...['observed', 'simulated'].flatMap((side) => FEATURES.map((name) => `predictive.features.${side}.${name}`)),
    ...['rest', 'heldOut'].flatMap((kind) => SCORES.map((name) => `${kind}.${name}`)),
    'bound.weakest',
  ].map((name) => [name, null]),
);

test('one row per replica, ordered, with the columns of the spec, of the result and of the expansion', async () => {
  const run = await folded(MIXED);
  const rows = await query(`SELECT * FROM '${run}/replicas.parquet'`);
  expect(rows.map((row) => [row['index'], row['outcome'], row['reason']])).toEqual([
    ['0', 'converged', null],
    ['2', 'stopped', 'chi2'],
    ['4', 'diverged', 'current'],
    ['7', 'failed', 'REPLICA_GIVEN_UP'],
  ]);
  expect(rows[1]).toEqual({
    id: taskFixture(2).replica,
    index: '2',
    ...taskFixture(2).configuration,
    method: 'pinn',
    // a number, or none
    'loss.huberMv': null,
    data: taskFixture(2).data.id,
    'data.label': 'step "10"',
    'data.entry': '0',
    'data.sweep': null,
    'data.window': null,
    draw: '2',
    seed: '1002',
    'start.gNa': 102,
    'truth.gNa': 120,
    outcome: 'stopped',
    reason: 'chi2',
    message: null,
    'outcome.stage': null,
    'outcome.step': null,
    steps: '10',
    'losses.current': 0.2,
    'losses.data': 0.1,
    'parameters.gNa': 122,
    'initial.V': -65,
    'initial.m': 0.05,
    shooting: null,
    'shooting.iterations': null,
    'network.chi2': null,
    noiseMv: null,
    stationarity: 0.001,
    'reconstruction.rmseMv': 1.5,
    'reconstruction.rmseToTruth.V': 1,
    'reconstruction.rmseToTruth.m': 0.01,
    'predictive.rmseMv': 2,
    'predictive.chi2': 1.1,
    'predictive.spikes.observed': '3',
    'predictive.spikes.simulated': '3',
    'predictive.coincidence': null,
    ...UNSCORED,
    engine: 'reference',
    arithmetic: 'wide',
    worker: 'test',
    attempts: '1',
    seconds: 0.5,
    cpuSeconds: null,
  });
  expect(rows[3]).toMatchObject({ attempts: '3', message: "it's over", 'parameters.gNa': null });
  expect(rows[2]).toMatchObject({ 'outcome.stage': '1', 'outcome.step': '30' });
});

test("a finish has its outcome, standard errors and the network's own estimate as columns", async () => {
  const { estimate, ...result } = estimatedFixture(1);
  const run = await folded([
    {
      ...result,
      estimate: {
        ...estimate!,
        standardErrors: { gNa: 1.2 },
        tied: { gK: 36 },
        shooting: { outcome: 'taken', iterations: 4 },
        network: { ...estimate!.network, parameters: { gNa: 119 }, initial: { V: -64 }, chi2: 1.3 },
      },
    },
  ]);
  expect(await query(`SELECT COLUMNS('(network.(par|ini|chi)|shooting|standardErrors|tied).*') FROM '${run}/replicas.parquet'`)).toEqual([
    {
      'standardErrors.gNa': 1.2,
      'tied.gK': 36,
      shooting: 'taken',
      'shooting.iterations': '4',
      'network.parameters.gNa': 119,
      'network.initial.V': -64,
      'network.chi2': 1.3,
    },
  ]);
});

test('features, bounds and the scores of stretches that are held out are columns, one item for each stretch', async () => {
  const features = { amplitudeMv: 70, halfWidthMs: 0.5, thresholdMv: -40, ahpMv: null, upstrokeMvPerMs: 200, downstrokeMvPerMs: -100 };
  const score = {
    rmseMv: 3,
    spikes: { observed: 5, simulated: 4 },
    coincidence: 0.8,
    toleranceMs: 1.5,
    timing: { medianMs: 0.2, worstMs: 1 },
  };
  const { estimate, ...result } = estimatedFixture(1);
  const { predictive } = estimate!;
  const run = await folded([
    {
      ...result,
      estimate: {
        ...estimate!,
        predictive: { ...predictive!, toleranceMs: 1.5, features: { observed: features, simulated: { ...features, amplitudeMv: 71 } } },
        heldOut: [{ label: 'sweep 11', score }, { label: 'sweep 12' }],
        bound: { standardErrors: { gNa: 3 }, weakest: 'gNa +2 %' },
      },
    },
  ]);
  expect(
    await query(`SELECT COLUMNS('(predictive.(tol|features.*.(amp|ahp))|heldOut|bound).*'), "rest.label" FROM '${run}/replicas.parquet'`),
  ).toEqual([
    {
      'predictive.toleranceMs': 1.5,
      'predictive.features.observed.amplitudeMv': 70,
      'predictive.features.observed.ahpMv': null,
      'predictive.features.simulated.amplitudeMv': 71,
      'predictive.features.simulated.ahpMv': null,
      'heldOut.label': ['sweep 11', 'sweep 12'],
      'heldOut.rmseMv': [3, null],
      'heldOut.spikes.observed': ['5', null],
      'heldOut.spikes.simulated': ['4', null],
      'heldOut.coincidence': [0.8, null],
      'heldOut.timing.medianMs': [0.2, null],
      'bound.gNa': 3,
      'bound.weakest': 'gNa +2 %',
      'rest.label': null,
    },
  ]);
});

test('traces are a list per time course, of the replicas that kept them', async () => {
  const run = await folded(MIXED);
  const values = [0, 1, 2].map((k) => k + 2 / 7);
  expect(await query(`SELECT * FROM '${run}/traces.parquet'`)).toEqual([
    { id: taskFixture(2).replica, index: '2', tMs: values, V: values, m: values, simulatedV: values },
  ]);
});

test('every column of either table stands in the dictionary, with its unit, and in the file itself', async () => {
  const run = scratch();
  const log = openOutcomeLog(run, { replicas: 1000 });
  for (const result of MIXED) await log.append(result);
  await log.close();
  await foldResults(run, taskFixture, { units: { parameters: { gNa: 'mS/cm2' }, states: { V: 'mV', m: '1' } } });
  for (const table of ['replicas', 'traces']) {
    const columns = (await query(`DESCRIBE SELECT * FROM '${run}/${table}.parquet'`)).map((row) => row['column_name']);
    const described = await query(`SELECT "column" FROM '${run}/dictionary.json' WHERE "table" = '${table}'`);
    expect(described.map((row) => row['column'])).toEqual(columns);
    const own = await query(
      `SELECT unnest(from_json(decode(value), '["JSON"]')) ->> 'column' AS "column"
       FROM parquet_kv_metadata('${run}/${table}.parquet') WHERE decode(key) = 'loligo'`,
    );
    expect(own.map((row) => row['column'])).toEqual(columns);
  }
  const units = await query(`SELECT "column", unit FROM '${run}/dictionary.json' WHERE "column" IN
    ('parameters.gNa', 'start.gNa', 'initial.V', 'initial.m', 'V', 'tMs', 'network.bandwidthKhz', 'predictive.rmseMv', 'seconds', 'outcome', 'steps')`);
  expect(Object.fromEntries(units.map((row) => [row['column'], row['unit']]))).toEqual({
    'parameters.gNa': 'mS/cm2',
    'start.gNa': 'mS/cm2',
    'initial.V': 'mV',
    'initial.m': '1',
    V: 'mV',
    tMs: 'ms',
    'network.bandwidthKhz': 'kHz',
    'predictive.rmseMv': 'mV',
    seconds: 's',
    outcome: null,
    steps: '1',
  });
});

test('a log without outcomes gives empty files', async () => {
  const run = await folded([]);
  expect(await query(`SELECT count(*) AS n FROM '${run}/replicas.parquet'`)).toEqual([{ n: '0' }]);
  expect(await query(`SELECT count(*) AS n FROM '${run}/traces.parquet'`)).toEqual([{ n: '0' }]);
});

test('the same results in another order, in other segments, give the same bytes, and nothing else is left behind', async () => {
  const results = Array.from({ length: 500 }, (_, index) => estimatedFixture(index, index % 50 === 0 ? 20 : 0));
  const forward = await folded(results, 10_000);
  const backward = await folded(results.toReversed(), 1e9);
  for (const name of ['replicas.parquet', 'traces.parquet'])
    expect(readFileSync(join(forward, name)).equals(readFileSync(join(backward, name)))).toBe(true);
  expect(readdirSync(forward).toSorted()).toEqual(['dictionary.json', 'outcomes', 'replicas.parquet', 'traces.parquet']);
});

test('the log may be growing: a torn last line is left out', async () => {
  const run = await folded(MIXED);
  appendFileSync(join(run, 'outcomes', readdirSync(join(run, 'outcomes')).at(-1) ?? ''), '{"index":9,"repl');
  await foldResults(run, taskFixture);
  expect(await query(`SELECT count(*) AS n FROM '${run}/replicas.parquet'`)).toEqual([{ n: '4' }]);
});

test('a withdrawn outcome is no row, and the one that follows it is', async () => {
  const run = await folded(MIXED);
  const log = openOutcomeLog(run, { replicas: 1000 });
  await log.withdraw(7);
  await log.close();
  await foldResults(run, taskFixture);
  const rows = `SELECT "index", outcome, attempts FROM '${run}/replicas.parquet' WHERE "index" >= 4`;
  const before = { index: '4', outcome: 'diverged', attempts: '1' };
  expect(await query(rows)).toEqual([before]);
  const again = openOutcomeLog(run, { replicas: 1000 });
  await again.append(resultFixture(7));
  await again.close();
  await foldResults(run, taskFixture);
  expect(await query(rows)).toEqual([before, { index: '7', outcome: 'converged', attempts: '1' }]);
});

test('a collector is told how many replicas there are and of each in order, and what it makes of them is given back', async () => {
  const run = await folded(MIXED);
  const told: number[] = [];
  const collector = (replicas: number) => ({
    add: ({ task, result }: { task: Task; result: Result }) => told.push(task.index, result.steps),
    finish: () => `${replicas} of ${told.length / 2}`,
  });
  expect(await collectResults(run, taskFixture, { units: { parameters: {}, states: {} }, collector })).toBe('4 of 4');
  expect(told).toEqual([0, 10, 2, 10, 4, 10, 7, 0]);
});

test('a collector that fails leaves the files as they were, and nothing behind', async () => {
  const run = await folded(MIXED);
  const before = readFileSync(join(run, 'replicas.parquet'));
  const log = openOutcomeLog(run, { replicas: 1000 });
  await log.append(resultFixture(9));
  await log.close();
  const finish = () => {
    throw new Error('no such axis');
  };
  const collector = () => ({ add: () => undefined, finish });
  await expect(collectResults(run, taskFixture, { units: { parameters: {}, states: {} }, collector })).rejects.toThrow('no such axis');
  expect(readFileSync(join(run, 'replicas.parquet')).equals(before)).toBe(true);
  expect(readdirSync(run).toSorted()).toEqual(['dictionary.json', 'outcomes', 'replicas.parquet', 'traces.parquet']);
});

test('a line that is no JSON behind its head is RUN_CORRUPT', async () => {
  const run = scratch();
  mkdirSync(join(run, 'outcomes'));
  const line = JSON.stringify(reordered(resultFixture(0)));
  writeFileSync(join(run, 'outcomes', '000001.jsonl'), `${line.replace('"attempts":1', '"attempts":1x')}\n`);
  await expect(foldResults(run, taskFixture)).rejects.toThrow('[RUN_CORRUPT]');
});

function reordered({ index, replica, outcome, ...rest }: Result): Result {
  return { index, replica, outcome, ...rest };
}
