/** A real process that runs a sweep and is killed: what is finished stays finished, what is not is done, and everything exactly once. */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, test } from 'vitest';
import { readOutcomes } from '../../orchestrator/results/outcome-reader.ts';
import type { Result, Task } from '../../schemas/generated/types.ts';
import { ORDERS } from '../fixtures/trainer.mjs';
import { lockFixture, taskFixture } from '../helpers/replica-fixture.ts';
import { scratchFolders } from '../helpers/scratch-folder.ts';
import { waitFor } from '../helpers/wait-for.ts';
import { whims } from '../helpers/whims.mjs';

const SCRIPT = fileURLToPath(new URL('../fixtures/killable-sweep.mjs', import.meta.url));
const REPLICAS = 60;
const scratch = scratchFolders();
const children: ChildProcess[] = [];
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

interface Sweep {
  readonly run: string;
  readonly side: string;
  readonly args: readonly string[];
}

function sweep(orders: readonly number[]): Sweep {
  const folder = scratch();
  const [run, side, tasksFile, lockFile] = [
    join(folder, 'run'),
    join(folder, 'side'),
    join(folder, 'tasks.json'),
    join(folder, 'lock.json'),
  ];
  const tasks = orders.map((order, index): Task => {
    const task = taskFixture(index, index % 5 === 0 ? 'b' : 'a');
    return { ...task, data: { ...task.data, label: side }, configuration: { ...task.configuration, 'loss.gates': order } };
  });
  writeFileSync(tasksFile, JSON.stringify(tasks));
  writeFileSync(lockFile, JSON.stringify(lockFixture()));
  writeFileSync(side, '');
  return { run, side, args: [SCRIPT, run, tasksFile, lockFile] };
}

function start(command: string, args: readonly string[]): ChildProcess & { said: () => string } {
  const child = spawn(command, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  children.push(child);
  let said = '';
  child.stderr.on('data', (text: Buffer) => (said += text.toString()));
  return Object.assign(child, { said: () => said });
}

/** Exit code, or the signal that ended it. */
async function end(child: ChildProcess): Promise<unknown> {
  const [code, signal] = (await once(child, 'exit')) as unknown[];
  return code ?? signal;
}

async function stored({ run }: Sweep): Promise<Result[]> {
  const results: Result[] = [];
  if (existsSync(run)) for await (const result of readOutcomes(run)) results.push(result);
  return results;
}

function begun({ side }: Sweep): number[] {
  return [...readFileSync(side, 'utf8').matchAll(/^begin (\d+)/gm)].map((match) => Number(match[1]));
}

function linesOfLog({ run }: Sweep): number {
  const folder = join(run, 'outcomes');
  return readdirSync(folder).reduce((sum, name) => sum + readFileSync(join(folder, name), 'utf8').split('\n').length - 1, 0);
}

test('kill -9 at random moments loses no replica and repeats no finished one', async () => {
  const seed = Number(process.env['LOLIGO_KILL_SEED'] ?? Date.now() % 1_000_000);
  console.info(`kill test: LOLIGO_KILL_SEED=${seed}`);
  const whim = whims(seed);
  const fixture = sweep(Array.from({ length: REPLICAS }, () => ORDERS.briefly));
  for (let kill = 0; kill < 6; kill += 1) {
    const finished = new Set((await stored(fixture)).map(({ index }) => index));
    const before = begun(fixture).length;
    const child = start(process.execPath, fixture.args);
    const enough = before + Math.floor(whim() * 16);
    await waitFor(() => child.exitCode !== null || begun(fixture).length >= enough);
    await delay(whim() * 30);
    child.kill('SIGKILL');
    if (child.exitCode === null) await once(child, 'exit');
    expect(
      begun(fixture)
        .slice(before)
        .filter((index) => finished.has(index)),
    ).toEqual([]);
    const now = (await stored(fixture)).map(({ index }) => index);
    expect([...finished].filter((index) => !now.includes(index))).toEqual([]);
  }
  expect(await end(start(process.execPath, fixture.args))).toBe(0);
  const outcomes = await stored(fixture);
  expect(outcomes.map(({ index }) => index).toSorted((a, b) => a - b)).toEqual(Array.from({ length: REPLICAS }, (_, index) => index));
  expect(linesOfLog(fixture)).toBe(REPLICAS);
  for (const { outcome, attempts } of outcomes) expect(outcome.kind === 'converged' || attempts === 3).toBe(true);
}, 60_000);

test('a replica that always kills the whole process is given up and takes no other with it', async () => {
  const killer = 7;
  const fixture = sweep(Array.from({ length: 20 }, (_, index) => (index === killer ? ORDERS.killProcess : ORDERS.briefly)));
  const ends: unknown[] = [];
  while (ends.at(-1) !== 0 && ends.length < 10) ends.push(await end(start(process.execPath, fixture.args)));
  expect(ends).toEqual(['SIGKILL', 'SIGKILL', 'SIGKILL', 0]);
  const outcomes = await stored(fixture);
  expect(outcomes.length).toBe(20);
  expect(outcomes.filter(({ outcome }) => outcome.kind !== 'converged')).toMatchObject([
    { index: killer, attempts: 3, outcome: { kind: 'failed', error: { code: 'REPLICA_GIVEN_UP' } } },
  ]);
}, 60_000);

test.skipIf(process.platform === 'win32')(
  'a disk that fills up ends the run with DISK; with room again it goes on where it was',
  async () => {
    const fixture = sweep(Array.from({ length: REPLICAS }, () => ORDERS.train));
    const child = start('sh', ['-c', 'ulimit -f 5 && exec "$0" "$@"', process.execPath, ...fixture.args]);
    expect(await end(child)).toBe(6);
    expect(child.said()).toMatch(/\[DISK\]/);
    const finished = (await stored(fixture)).map(({ index }) => index);
    expect(finished.length).toBeLessThan(REPLICAS);
    const before = begun(fixture).length;
    expect(await end(start(process.execPath, fixture.args))).toBe(0);
    expect(
      begun(fixture)
        .slice(before)
        .filter((index) => finished.includes(index)),
    ).toEqual([]);
    const outcomes = await stored(fixture);
    expect([outcomes.length, linesOfLog(fixture)]).toEqual([REPLICAS, REPLICAS]);
    expect(outcomes.every(({ outcome, attempts }) => outcome.kind === 'converged' && attempts <= 2)).toBe(true);
  },
  60_000,
);
