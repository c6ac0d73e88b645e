/** `loligo run` to a report: what it leaves, that it goes on where it was, and how it ends. Needs dist/ (`npm run build`). */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { expect, test } from 'vitest';
import { parseLock, parseSummary } from '../../schemas/parse.ts';
import { commandLine } from '../helpers/command-line.ts';
import { outcomeLines, outcomesOf, jointSpec, quickSpec, resultsOf, writeSpec } from '../helpers/quick-sweep.ts';
import { scratchFolders } from '../helpers/scratch-folder.ts';

const loligo = commandLine();
const scratch = scratchFolders();

/** A thread takes half a second to begin; two are for those tests that are about them. */
const ONE = ['--workers', '1'];
const runOf = (spec: string, out: string, ...more: string[]) => loligo.run(['run', spec, '--out', out, '--engine', 'reference', ...more]);
const readSummary = (run: string) => parseSummary(JSON.parse(readFileSync(join(run, 'summary.json'), 'utf8')));

async function rowsOf(file: string): Promise<Record<string, unknown>[]> {
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  try {
    const reader = await connection.runAndReadAll(`SELECT * FROM read_parquet('${file.replaceAll("'", "''")}')`);
    return reader.getRowObjects();
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

test('a run leaves a report, a summary, tables, a log and its lock, all of them readable and in agreement', async () => {
  const folder = scratch();
  const run = join(folder, 'run');
  const { code, stdout, stderr } = await runOf(writeSpec(folder, quickSpec()), run, '--json');
  expect(code, stderr).toBe(0);
  expect(stderr).toMatch(/starting quick: 4 replicas, 0 finished/);
  const summary = readSummary(run);
  expect(parseSummary(JSON.parse(stdout))).toEqual(summary);
  const { planned, finished, converged, stopped, diverged, pruned, failed, accepted } = summary.counts;
  expect([planned, finished, converged + stopped + diverged + pruned + failed]).toEqual([4, 4, 4]);
  expect(accepted + Object.values(summary.reasons).reduce((sum, count) => sum + count, 0)).toBe(planned);
  expect(summary.sweep.arithmetic).toMatch(/V8 \d+/);
  expect(summary.sweep.trainedBy).toEqual([{ engine: 'reference', arithmetic: summary.sweep.arithmetic, replicas: 4 }]);
  expect(Object.keys(summary.parameters)).toEqual(['gNa', 'gK', 'gL']);
  const lock = parseLock(JSON.parse(readFileSync(join(run, 'sweep.lock.json'), 'utf8')));
  expect(lock).toMatchObject({ sweep: summary.sweep.id, engine: 'reference', resolved: { name: 'quick' } });
  const rows = await rowsOf(join(run, 'replicas.parquet'));
  const outcomes = await outcomesOf(run);
  expect(rows.map((row) => String(row['id'])).toSorted()).toEqual(outcomes.map(({ replica }) => replica).toSorted());
  const traced = new Set((await rowsOf(join(run, 'traces.parquet'))).map((row) => row['id']));
  expect(traced).toEqual(new Set(outcomes.map(({ replica }) => replica)));
  const log = readFileSync(join(run, 'log.jsonl'), 'utf8').trimEnd().split('\n');
  expect(log.map((line): unknown => JSON.parse(line))).toMatchObject([{ msg: 'run started' }, { msg: 'run ended' }]);
  const report = readFileSync(join(run, 'report.html'), 'utf8');
  expect(report).toMatch(/^<!doctype html>/i);
  expect(report).not.toMatch(/(src|href)="https?:/);
  expect(existsSync(join(run, 'writer.lock'))).toBe(false);
});

test('a joint fit is scored on what is held out, and a fixed value that is an axis is a column and a table', async () => {
  const run = join(scratch(), 'run');
  const { code, stderr } = await runOf(writeSpec(scratch(), jointSpec()), run, ...ONE);
  expect(code, stderr).toBe(0);
  const outcomes = await outcomesOf(run);
  expect(outcomes.map(({ outcome }) => outcome.kind)).toEqual(['converged', 'converged']);
  for (const { estimate } of outcomes) {
    expect(estimate!.furtherInitial).toHaveLength(1);
    expect(estimate!.heldOut).toMatchObject([{ label: 'synthetic 1, held-out stimulus 1' }]);
  }
  expect((await rowsOf(join(run, 'replicas.parquet'))).map((row) => row['fixed.C'])).toEqual([1, 1.1]);
  const report = readFileSync(join(run, 'report.html'), 'utf8');
  expect(report).toContain('By fixed.C');
  expect(report).toContain('C = 1 or 1.1');
});

test('the same command again redoes nothing; more replicas go on in the same folder; another spec does not', async () => {
  const folder = scratch();
  const run = join(folder, 'run');
  expect(await runOf(writeSpec(folder, quickSpec({ replicas: 1 })), run, ...ONE)).toMatchObject({ code: 0 });
  const lines = outcomeLines(run);
  const before = await resultsOf(run);
  const again = await runOf(join(folder, 'spec.yaml'), run, ...ONE);
  expect(again).toMatchObject({ code: 0 });
  expect(again.stderr).toMatch(/resuming quick: 2 replicas, 2 finished/);
  expect(outcomeLines(run)).toEqual(lines);
  expect(await runOf(writeSpec(folder, quickSpec({ replicas: 3 })), run, ...ONE)).toMatchObject({ code: 0 });
  expect(outcomeLines(run).slice(0, lines.length)).toEqual(lines);
  expect((await resultsOf(run)).length).toBe(6);
  expect(await resultsOf(run)).toEqual(expect.arrayContaining(before));
  const differing = await runOf(writeSpec(folder, quickSpec({ seed: 2 })), run);
  expect(differing).toMatchObject({ code: 2, stdout: '' });
  expect(differing.stderr).toMatch(/\[RUN_DIFFERS\]/);
  expect((await resultsOf(run)).length).toBe(6);
});

test('threads and pauses change no number: a limited run that goes on equals one in a go', async () => {
  const folder = scratch();
  const spec = writeSpec(folder, quickSpec());
  const [whole, parts] = [join(folder, 'whole'), join(folder, 'parts')];
  expect(await runOf(spec, whole, '--workers', '1')).toMatchObject({ code: 0 });
  const limited = await runOf(spec, parts, '--workers', '3', '--limit', '1');
  expect(limited.code, limited.stderr).toBe(5);
  expect(limited.stdout).toMatch(/^1 of 4 replicas finished/);
  expect(limited.stderr).toMatch(/--limit is reached: 3 replicas left; the same command goes on\.\n$/);
  expect((await outcomesOf(parts)).length).toBe(1);
  expect(await runOf(spec, parts, '--workers', '3')).toMatchObject({ code: 0 });
  expect(JSON.stringify(await resultsOf(parts))).toBe(JSON.stringify(await resultsOf(whole)));
  const [a, b] = [readSummary(whole), readSummary(parts)];
  for (const key of ['counts', 'reasons', 'parameters', 'reconstruction', 'predictive'] as const)
    expect(JSON.stringify(b[key])).toBe(JSON.stringify(a[key]));
});

test('more divergence than tolerated ends with 3, and the report says that nothing converged', async () => {
  const folder = scratch();
  const run = join(folder, 'run');
  const spec = writeSpec(folder, quickSpec({ rate: 1e300, draws: 1, tolerate: { diverged: 0.1 } }));
  const { code, stdout, stderr } = await runOf(spec, run, ...ONE);
  expect(code).toBe(3);
  expect(stdout).toMatch(
    /2 of 2 replicas finished: 2 diverged\n0 accepted by the filter, so there are no estimates\n {2}2 not: training diverged/,
  );
  expect(stdout).not.toMatch(/off by|RMSE/); // of nothing
  expect(stderr).toMatch(/too many replicas failed \(0\) or diverged \(2\)/);
  expect(readSummary(run).parameters['gNa']).toMatchObject({ n: 0, median: null });
  expect(readFileSync(join(run, 'report.html'), 'utf8')).toMatch(/training diverged/);
  expect(await loligo.run(['report', run])).toMatchObject({ code: 0 });
  const tolerant = join(folder, 'tolerant');
  expect(await runOf(writeSpec(folder, quickSpec({ rate: 1e300, draws: 1, tolerate: { diverged: 1 } })), tolerant, ...ONE)).toMatchObject({
    code: 0,
  });
});

test('the engine tfjs trains a sweep too', async () => {
  const folder = scratch();
  const run = join(folder, 'run');
  const spec = writeSpec(folder, quickSpec({ draws: 1, replicas: 1 }));
  const { code, stderr } = await loligo.run(['run', spec, '--out', run, '--engine', 'tfjs', ...ONE]);
  expect(code, stderr).toBe(0);
  expect(await outcomesOf(run)).toMatchObject([{ engine: 'tfjs', outcome: { kind: 'converged' } }]);
});
