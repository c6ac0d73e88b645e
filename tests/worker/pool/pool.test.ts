import { getEventListeners } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import type { Task } from '../../../schemas/generated/types.ts';
import { openPool } from '../../../worker/pool/pool.ts';
import type { Pool } from '../../../worker/pool/pool.ts';
import type { CohortJob } from '../../../worker/pool/trainer.ts';
import { ORDERS } from '../../fixtures/trainer.mjs';
import { taskFixture } from '../../helpers/replica-fixture.ts';
import { scratchFolders } from '../../helpers/scratch-folder.ts';
import { waitFor } from '../../helpers/wait-for.ts';

const TRAINER = new URL('../../fixtures/trainer.mjs', import.meta.url).href;
const scratch = scratchFolders();
const pools: Pool[] = [];
afterEach(async () => {
  await Promise.all(pools.splice(0).map((pool) => pool.close()));
});

function open(threads: number, options: { heapMb?: number } = {}): Pool {
  const pool = openPool({ threads, engine: 'reference', trainer: TRAINER, ...options });
  pools.push(pool);
  return pool;
}

function job(side: string, orders: readonly number[]): CohortJob {
  const tasks = orders.map((order, index): Task => {
    const task = taskFixture(index);
    return { ...task, data: { ...task.data, label: side }, configuration: { ...task.configuration, 'loss.gates': order } };
  });
  return { tasks, attempts: tasks.map(() => 1), objects: {} };
}

function sideOf(folder: string): string {
  return join(folder, 'side');
}

test('a cohort comes back as one result per task, made by the engine, thread and attempts it was given', async () => {
  const pool = open(1);
  const end = await pool.run({ ...job(sideOf(scratch()), [ORDERS.train, ORDERS.train]), attempts: [1, 2] });
  if (end.kind !== 'trained') throw new Error(JSON.stringify(end));
  expect(end.results.map((result) => [result?.index, result?.engine, result?.attempts])).toEqual([
    [0, 'reference', 1],
    [1, 'reference', 2],
  ]);
  expect(end.results[0]?.worker).toMatch(new RegExp(`:${process.pid}/\\d+$`));
});

test.each([
  ['exits', ORDERS.exit, /exited with code: 7/],
  ['throws where nobody catches it', ORDERS.reject, /nobody caught this/],
  ['runs out of memory', ORDERS.outOfMemory, /memory/],
])('a thread that %s takes only its own cohort with it, and another takes its place', async (_name, order, message) => {
  const side = sideOf(scratch());
  const pool = open(2, { heapMb: 32 });
  const neighbour = pool.run(job(side, [ORDERS.untilStopped]));
  await waitFor(() => existsSync(side));
  expect(await pool.run(job(side, [order]))).toMatchObject({ kind: 'died', message: expect.stringMatching(message) as string });
  expect(await pool.run(job(side, [ORDERS.train]))).toMatchObject({ kind: 'trained' });
  pool.stop();
  expect(await neighbour).toEqual({ kind: 'trained', results: [null] });
});

test('an exception of the trainer is a value and leaves its thread alive', async () => {
  const pool = open(1);
  const side = sideOf(scratch());
  const worker = async (): Promise<string | undefined> => {
    const end = await pool.run(job(side, [ORDERS.train]));
    return end.kind === 'trained' ? end.results[0]?.worker : undefined;
  };
  const before = await worker();
  expect(await pool.run(job(side, [ORDERS.throw]))).toMatchObject({ kind: 'threw', message: 'the trainer threw', violations: [] });
  expect(await worker()).toBe(before);
});

test('an exception that a user can meet keeps its code on the way out of the thread', async () => {
  const end = await open(1).run(job(sideOf(scratch()), [ORDERS.noEngine]));
  expect(end).toMatchObject({ kind: 'threw', violations: [{ code: 'ENGINE_UNAVAILABLE', where: 'tfjs' }] });
});

test('stop ends every running cohort, and steps are counted over all threads', async () => {
  const pool = open(2);
  const sides = [sideOf(scratch()), sideOf(scratch())];
  const cohorts = sides.map((side) => pool.run(job(side, [ORDERS.train, ORDERS.untilStopped])));
  await waitFor(() => sides.every((side) => existsSync(side) && readFileSync(side, 'utf8').includes('begin 1')));
  expect(pool.steps()).toBe(20);
  pool.stop();
  for (const end of await Promise.all(cohorts)) expect(end).toMatchObject({ kind: 'trained', results: [{ index: 0 }, null] });
  expect(pool.steps()).toBe(40);
});

test('the signal of a cohort ends that cohort and no other', async () => {
  const pool = open(2);
  const sides = [sideOf(scratch()), sideOf(scratch())];
  const stops = [new AbortController(), new AbortController()];
  const cohorts = sides.map((side, c) => pool.run(job(side, [ORDERS.untilStopped]), { signal: stops[c]!.signal }));
  await waitFor(() => sides.every((side) => existsSync(side)));
  stops[0]!.abort();
  expect(await cohorts[0]).toEqual({ kind: 'trained', results: [null] });
  expect(readFileSync(sides[1]!, 'utf8')).not.toContain('end');
  stops[1]!.abort();
  expect(await cohorts[1]).toEqual({ kind: 'trained', results: [null] });
});

test('a cohort whose signal was aborted before it began ends at once, and leaves nothing listening', async () => {
  const pool = open(1);
  const stop = new AbortController();
  expect(await pool.run(job(sideOf(scratch()), [ORDERS.train]), { signal: stop.signal })).toMatchObject({ results: [{ index: 0 }] });
  expect(getEventListeners(stop.signal, 'abort')).toEqual([]);
  stop.abort();
  expect(await pool.run(job(sideOf(scratch()), [ORDERS.untilStopped]), { signal: stop.signal })).toMatchObject({ results: [null] });
});
