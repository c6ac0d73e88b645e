import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { openLocalQueue } from '../../../orchestrator/queue/local.ts';
import { openOutcomeLog } from '../../../orchestrator/results/outcome-log.ts';
import { readOutcomes } from '../../../orchestrator/results/outcome-reader.ts';
import type { Progress } from '../../../orchestrator/run/progress.ts';
import { runSweep } from '../../../orchestrator/run/run-sweep.ts';
import type { RunEnd } from '../../../orchestrator/run/run-sweep.ts';
import type { Result } from '../../../schemas/generated/types.ts';
import type { TaskQueue } from '../../../schemas/queue.ts';
import { consume } from '../../../worker/queue/consumer.ts';
import type { Consumer } from '../../../worker/queue/consumer.ts';
import { inlineRunner, trained } from '../../helpers/inline-runner.ts';
import type { InlineRunner } from '../../helpers/inline-runner.ts';
import { MODEL_TEXT, resultFixture, taskFixture } from '../../helpers/replica-fixture.ts';
import { scratchFolders } from '../../helpers/scratch-folder.ts';
import { waitFor } from '../../helpers/wait-for.ts';

const scratch = scratchFolders();

interface Session {
  readonly run?: string;
  readonly replicas?: number;
  readonly limit?: number;
  readonly window?: number;
  readonly runner?: InlineRunner;
  readonly stop?: AbortController;
  readonly onProgress?: (progress: Progress) => void;
}

/** One call of `loligo run`, as the command line wires it. */
async function session(run: string, options: Session = {}): Promise<RunEnd> {
  const { replicas = 20, limit, window = 8, runner = inlineRunner(2), stop = new AbortController(), onProgress } = options;
  const log = openOutcomeLog(run, { replicas });
  const queue = openLocalQueue(run, { window });
  const consumer = consume({ source: queue, runner, places: 3, objects: () => Promise.resolve(MODEL_TEXT), signal: stop.signal });
  try {
    const [end] = await Promise.all([
      runSweep({
        expansion: { replicas, task: (index) => taskFixture(index, index % 3 === 0 ? 'b' : 'a') },
        queue,
        log,
        signal: stop.signal,
        activity: () => ({ running: consumer.running(), steps: runner.steps() }),
        ...(limit === undefined ? {} : { limit }),
        ...(onProgress === undefined ? {} : { onProgress }),
      }),
      drained(consumer, queue),
    ]);
    return end;
  } finally {
    await queue.close();
    await log.close();
  }
}

async function drained(consumer: Consumer, queue: TaskQueue): Promise<void> {
  try {
    await consumer.ended;
  } finally {
    await queue.close();
  }
}

async function stored(run: string): Promise<Result[]> {
  const results: Result[] = [];
  for await (const result of readOutcomes(run)) results.push(result);
  return results;
}

function indices(results: readonly { index: number }[]): number[] {
  return results.map(({ index }) => index).toSorted((a, b) => a - b);
}

const ALL = Array.from({ length: 20 }, (_, index) => index);

test('a sweep ends when every replica has its outcome, through a window smaller than the sweep', async () => {
  const run = scratch();
  const reports: Progress[] = [];
  const end = await session(run, { onProgress: (progress) => reports.push(progress) });
  expect(end.kind).toBe('finished');
  expect(indices(await stored(run))).toEqual(ALL);
  expect(reports.at(-1)).toMatchObject({ planned: 20, finished: 20, running: 0, byOutcome: { converged: 20, failed: 0 }, secondsLeft: 0 });
});

test('a sweep that is finished publishes nothing and ends at once', async () => {
  const run = scratch();
  await session(run);
  const runner = inlineRunner(2);
  expect((await session(run, { runner })).kind).toBe('finished');
  expect(runner.cohorts).toEqual([]);
});

test('a limit is the number of outcomes of one call; calls add up to the sweep and repeat nothing', async () => {
  const run = scratch();
  const trainedBy: number[][] = [];
  const kinds: string[] = [];
  for (let call = 0; call < 3; call += 1) {
    const runner = inlineRunner(2);
    kinds.push((await session(run, { limit: 8, runner })).kind);
    trainedBy.push(runner.cohorts.flat());
  }
  expect(kinds).toEqual(['limited', 'limited', 'finished']);
  expect(trainedBy.map(({ length }) => length)).toEqual([8, 8, 4]);
  expect(trainedBy.flat().toSorted((a, b) => a - b)).toEqual(ALL);
});

test('an aborted sweep keeps what was finished, ends as interrupted, and the next call does the rest', async () => {
  const run = scratch();
  const stop = new AbortController();
  const runner = inlineRunner(1, async (job, { cohorts, stopped }) => {
    if (cohorts.length < 3) return turn(trained(job));
    stop.abort();
    await waitFor(stopped);
    return { kind: 'trained', results: job.tasks.map(({ index }, place) => (place === 0 ? resultFixture(index) : null)) };
  });
  expect((await session(run, { runner, stop })).kind).toBe('interrupted');
  const first = indices(await stored(run));
  expect(first.length).toBe(7);
  const second = inlineRunner(2);
  expect((await session(run, { runner: second })).kind).toBe('finished');
  expect([...first, ...second.cohorts.flat()].toSorted((a, b) => a - b)).toEqual(ALL);
  expect(new Set((await stored(run)).map(({ attempts }) => attempts))).toEqual(new Set([1]));
});

test('a replica that was delivered three times and has no outcome is given up without another try', async () => {
  const run = scratch();
  const line = (index: number, deliveries: number): string => `{"replica":"${taskFixture(index).replica}","deliveries":${deliveries}}\n`;
  writeFileSync(join(run, 'attempts.jsonl'), line(4, 3) + line(5, 2));
  const runner = inlineRunner(2);
  expect((await session(run, { runner })).kind).toBe('finished');
  expect(runner.cohorts.flat()).not.toContain(4);
  const outcomes = await stored(run);
  expect(indices(outcomes)).toEqual(ALL);
  expect(outcomes.find(({ index }) => index === 4)).toMatchObject({
    attempts: 3,
    outcome: { kind: 'failed', error: { code: 'REPLICA_GIVEN_UP' } },
  });
  expect(outcomes.find(({ index }) => index === 5)).toMatchObject({ attempts: 3, outcome: { kind: 'converged' } });
});

test('an expansion that fails ends the sweep with its error, and the workers with it', async () => {
  const run = scratch();
  const log = openOutcomeLog(run, { replicas: 5 });
  const queue = openLocalQueue(run);
  const task = (): never => {
    throw new Error('internal: no such replica');
  };
  const never = new AbortController().signal;
  const pulled = queue.pull(1, never);
  await expect(runSweep({ expansion: { replicas: 5, task }, queue, log, signal: never })).rejects.toThrow('no such replica');
  expect(await pulled).toEqual([]);
  await log.close();
});
