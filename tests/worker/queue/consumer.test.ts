import { once } from 'node:events';
import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { openLocalQueue, type LocalQueue } from '../../../orchestrator/queue/local.ts';
import { LoligoError } from '../../../schemas/errors.ts';
import type { Result, Task } from '../../../schemas/generated/types.ts';
import type { TaskSource } from '../../../schemas/queue.ts';
import type { CohortEnd } from '../../../worker/pool/cohort-end.ts';
import type { CohortJob } from '../../../worker/pool/trainer.ts';
import { consume } from '../../../worker/queue/consumer.ts';
import type { Consumer } from '../../../worker/queue/consumer.ts';
import { inlineRunner, trained } from '../../helpers/inline-runner.ts';
import type { InlineRunner, TrainInline } from '../../helpers/inline-runner.ts';
import { MODEL_TEXT, resultFixture, taskFixture } from '../../helpers/replica-fixture.ts';
import { scratchFolders } from '../../helpers/scratch-folder.ts';
import { waitFor } from '../../helpers/wait-for.ts';

const scratch = scratchFolders();
const died: CohortEnd = { kind: 'died', message: 'worker exited with code: 1' };

interface Scene {
  readonly queue: LocalQueue;
  readonly consumer: Consumer;
  readonly runner: InlineRunner;
  readonly results: Result[];
  readonly abort: () => void;
}

/** A consumer on a queue with tasks 0..count-1; the queue closes when each has a result. */
async function scene(
  count: number,
  options: {
    threads?: number;
    deviceThreads?: number;
    places?: number;
    drain?: AbortSignal;
    train?: TrainInline;
    refuse?: (result: Result) => Error | undefined;
  } = {},
): Promise<Scene> {
  const queue = openLocalQueue(scratch());
  for (let index = 0; index < count; index += 1) await queue.publish(taskFixture(index));
  const results: Result[] = [];
  void (async () => {
    for await (const delivery of queue.results()) {
      const refusal = options.refuse?.(delivery.result);
      if (refusal !== undefined) delivery.reject(refusal);
      else {
        results.push(delivery.result);
        delivery.acknowledge();
      }
      if (results.length === count) await queue.close();
    }
  })();
  const stop = new AbortController();
  const runner = inlineRunner(options.threads ?? 1, options.train, options.deviceThreads);
  const objects = (): Promise<string> => Promise.resolve(MODEL_TEXT);
  const consumer = consume({
    source: queue,
    runner,
    places: options.places ?? 4,
    objects,
    signal: stop.signal,
    ...(options.drain === undefined ? {} : { drain: options.drain }),
  });
  return { queue, consumer, runner, results, abort: () => stop.abort() };
}

function kinds(results: readonly Result[]): Record<number, string> {
  return Object.fromEntries(results.map(({ index, outcome }) => [index, outcome.kind === 'failed' ? outcome.error.code : outcome.kind]));
}

test('every task is trained in cohorts of at most the places there are, on at most the threads there are', async () => {
  const { consumer, runner, results } = await scene(10, { threads: 2, places: 4, train: async (job) => turn(trained(job)) });
  await consumer.ended;
  expect(runner.cohorts).toEqual([
    [0, 1, 2, 3],
    [4, 5, 6, 7],
    [8, 9],
  ]);
  expect(runner.mostAtOnce()).toBe(2);
  expect(results.length).toBe(10);
});

test('no task is taken from the queue before a thread is free for it', async () => {
  let release = (): void => undefined;
  const held = new Promise<void>((resolve) => (release = resolve));
  const { queue, consumer } = await scene(6, { threads: 1, places: 2, train: async (job) => held.then(() => trained(job)) });
  await waitFor(() => consumer.running() === 2);
  const stop = new AbortController();
  const others = await queue.pull(8, stop.signal);
  expect(others.map(({ task }) => task.index)).toEqual([2, 3, 4, 5]);
  for (const lease of others.toReversed()) await lease.release({ counted: false });
  release();
  await consumer.ended;
});

describe('a replica that kills its thread', () => {
  const killer = 5;
  const kills: TrainInline = async (job) => turn(job.tasks.some(({ index }) => index === killer) ? died : trained(job));

  test('is given up on its third try and takes no other with it', async () => {
    const { consumer, results } = await scene(40, { threads: 2, places: 16, train: kills });
    await consumer.ended;
    const outcomes = kinds(results);
    expect(Object.keys(outcomes).length).toBe(40);
    expect(Object.entries(outcomes).filter(([, kind]) => kind !== 'converged')).toEqual([['5', 'REPLICA_GIVEN_UP']]);
    expect(results.find(({ index }) => index === killer)?.attempts).toBe(3);
  });

  test('is tried in smaller company each time, in the end alone in the whole process', async () => {
    let atOnce = 0;
    let besideLastTry = 0;
    const watching: TrainInline = async (job, runner, options) => {
      atOnce += 1;
      if (Math.max(...job.attempts) === 3) besideLastTry = Math.max(besideLastTry, atOnce - 1);
      const end = await kills(job, runner, options);
      atOnce -= 1;
      return end;
    };
    const { consumer, runner } = await scene(40, { threads: 2, places: 16, train: watching });
    await consumer.ended;
    expect(runner.cohorts.filter((cohort) => cohort.includes(killer)).map(({ length }) => length)).toEqual([16, 4, 1]);
    expect([runner.mostAtOnce(), besideLastTry]).toEqual([2, 0]);
  });
});

test('a trainer that throws is tried again like a thread that dies', async () => {
  const { consumer, results } = await scene(3, { train: () => ({ kind: 'threw', message: 'a bug', stack: '', violations: [] }) });
  await consumer.ended;
  expect(kinds(results)).toEqual({ 0: 'REPLICA_GIVEN_UP', 1: 'REPLICA_GIVEN_UP', 2: 'REPLICA_GIVEN_UP' });
  expect(results[0]?.outcome).toMatchObject({ error: { message: 'given up after 3 tries. The last try ended with: a bug' } });
});

test('a machine without the engine ends the worker, not the replicas', async () => {
  const violations = [{ code: 'ENGINE_UNAVAILABLE', where: 'tfjs', rule: 'the engine must be there' }] as const;
  const { queue, consumer, results } = await scene(3, { train: () => ({ kind: 'threw', message: 'none', stack: '', violations }) });
  await expect(consumer.ended).rejects.toMatchObject({ code: 'ENGINE_UNAVAILABLE' });
  expect(results).toEqual([]);
  expect((await queue.pull(3, new AbortController().signal)).map(({ delivery }) => delivery)).toEqual([1, 1, 1]);
  await queue.close();
});

test('abort stops what runs, and gives it back uncounted, with the finished ones handed in', async () => {
  const untilStopped: TrainInline = async ({ tasks }, runner) => {
    await waitFor(() => runner.stopped());
    return { kind: 'trained', results: tasks.map(({ index }) => (index === 0 ? resultFixture(0) : null)) };
  };
  const { queue, consumer, results, abort } = await scene(6, { places: 3, train: untilStopped });
  await waitFor(() => consumer.running() === 3);
  abort();
  await consumer.ended;
  expect(results.map(({ index }) => index)).toEqual([0]);
  const again = await queue.pull(3, new AbortController().signal);
  const ends = again.map(({ task, delivery }) => [task.index, delivery] as const);
  expect(ends.toSorted(([a], [b]) => a - b)).toEqual([
    [1, 1],
    [2, 1],
    [3, 1],
  ]);
  await queue.close();
});

test('drain pulls nothing more, and lets what runs come to its end', async () => {
  const drain = new AbortController();
  let release = (): void => undefined;
  const held = new Promise<void>((resolve) => (release = resolve));
  const { queue, consumer, runner, results } = await scene(6, {
    places: 2,
    drain: drain.signal,
    train: async (job) => held.then(() => trained(job)),
  });
  await waitFor(() => consumer.running() === 2);
  drain.abort();
  release();
  await consumer.ended;
  expect([runner.cohorts, results.map(({ index }) => index)]).toEqual([[[0, 1]], [0, 1]]);
  await queue.close();
});

test('a cohort is stopped alone once every lease of it is unwanted, and not before', async () => {
  const leases = [0, 1].map((index) => ({ task: taskFixture(index), delivery: 1, stop: new AbortController() }));
  const ends: string[] = [];
  const source: TaskSource = {
    pull: async (_places, signal) => {
      const taken = leases.splice(0).map(({ task, delivery, stop }) => ({
        task,
        delivery,
        again: false,
        unwanted: stop.signal,
        complete: async () => void ends.push(`completed ${task.index}`),
        release: async ({ counted }: { counted: boolean }) => void ends.push(`released ${task.index}${counted ? ', counted' : ''}`),
      }));
      if (taken.length === 0) await once(signal, 'abort');
      return taken;
    },
  };
  const [first, second] = leases.map(({ stop }) => stop);
  const stop = new AbortController();
  let cohort: AbortSignal | undefined;
  const train: TrainInline = async ({ tasks }, _runner, { signal }) => {
    cohort = signal;
    await once(signal!, 'abort');
    return { kind: 'trained', results: tasks.map(() => null) };
  };
  const objects = (): Promise<string> => Promise.resolve(MODEL_TEXT);
  const runner = inlineRunner(1, train);
  const consumer = consume({ source, runner, places: 2, objects, signal: stop.signal });
  await waitFor(() => cohort !== undefined);
  first!.abort();
  expect(cohort!.aborted).toBe(false);
  second!.abort();
  await waitFor(() => consumer.running() === 0);
  expect([ends, runner.stopped()]).toEqual([['released 0', 'released 1'], false]);
  stop.abort();
  await consumer.ended;
});

test('a cohort gets every object that its tasks name: model, window and what is held out, each once', async () => {
  const data: Task['data'] = {
    ...taskFixture(0).data,
    source: { kind: 'trace', object: 'a'.repeat(64) },
    heldOut: ['b', 'c'].map((letter) => ({ label: letter, object: letter.repeat(64) })),
  };
  const asked: string[] = [];
  const objects = (hash: string): Promise<string> => Promise.resolve((asked.push(hash), `text of ${hash[0]}`));
  const queue = openLocalQueue(scratch());
  for (const index of [0, 1]) await queue.publish({ ...taskFixture(index), data });
  const stop = new AbortController();
  let got: CohortJob['objects'] = {};
  const runner = inlineRunner(1, (job) => {
    got = job.objects;
    stop.abort();
    return { kind: 'trained', results: job.tasks.map(() => null) };
  });
  await consume({ source: queue, runner, places: 2, objects, signal: stop.signal }).ended;
  expect(got).toMatchObject({ ['a'.repeat(64)]: 'text of a', ['b'.repeat(64)]: 'text of b', ['c'.repeat(64)]: 'text of c' });
  expect(asked).toEqual([...new Set(asked)]);
  await queue.close();
});

test('a result that the log refuses becomes a failed outcome that says why', async () => {
  const refusal = new LoligoError([{ code: 'SCHEMA_MESSAGE', where: 'result.seconds', rule: 'must be a number', got: 'NaN' }]);
  const { consumer, results } = await scene(2, { refuse: ({ outcome }) => (outcome.kind === 'converged' ? refusal : undefined) });
  await consumer.ended;
  expect(kinds(results)).toEqual({ 0: 'SCHEMA_MESSAGE', 1: 'SCHEMA_MESSAGE' });
});

test('a disk that takes no results ends the worker with that error', async () => {
  const full = new LoligoError([{ code: 'DISK', where: 'outcomes', rule: 'the disk must allow appending' }]);
  const { queue, consumer, runner } = await scene(8, { places: 1, refuse: () => full });
  await expect(consumer.ended).rejects.toThrow('[DISK]');
  expect([runner.cohorts.length, runner.stopped()]).toEqual([1, true]);
  await queue.close();
});

test('a result that cannot be handed in when the worker is stopped goes back uncounted, and is no failure', async () => {
  let stop = (): void => undefined;
  const { queue, consumer, abort } = await scene(1, { refuse: () => (stop(), new Error('the server is away')) });
  stop = abort;
  await consumer.ended;
  expect((await queue.pull(1, new AbortController().signal)).map(({ delivery }) => delivery)).toEqual([1]);
  await queue.close();
});

describe('where threads share a device', () => {
  const bytes = (index: number): Uint8Array => Uint8Array.of(index);
  /** Replicas without a result go on from a checkpoint that is their index. */
  const landed = ({ tasks }: CohortJob): CohortEnd => ({
    kind: 'trained',
    results: tasks.map(() => null),
    onward: { checkpoints: new Map(tasks.map(({ index }, place) => [place, bytes(index)])), seconds: 2 },
  });

  test('a cohort trains there together, and each of its replicas goes on by itself from where it was left', async () => {
    const from: unknown[] = [];
    const { consumer, runner, results } = await scene(4, {
      deviceThreads: 1,
      train: async (job) => {
        if (job.part === 'device') return landed(job);
        from.push([job.part, job.tasks[0]!.index, ...(job.checkpoints ?? [])]);
        return turn(trained(job));
      },
    });
    await consumer.ended;
    expect(runner.cohorts).toEqual([[0, 1, 2, 3], [0], [1], [2], [3]]);
    expect(from).toEqual([0, 1, 2, 3].map((index) => ['host', index, bytes(index)]));
    // 0.5 of the fixture's
    expect(results.map(({ seconds }) => seconds)).toEqual([2.5, 2.5, 2.5, 2.5]);
    expect(consumer.running()).toBe(0);
  });

  test('it has the next cohort while the cores finish the one before, and takes none beyond that', async () => {
    const order: string[] = [];
    let release = (): void => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    const { queue, consumer } = await scene(8, {
      deviceThreads: 1,
      places: 2,
      train: async (job) => {
        const [{ index }] = job.tasks as [Task];
        order.push(`${job.part} ${index}`);
        if (job.part === 'device') return landed(job);
        if (index > 0) await held;
        return trained(job);
      },
    });
    await waitFor(() => order.includes('device 2'));
    const stop = new AbortController();
    const left = await queue.pull(8, stop.signal);
    expect(left.map(({ task }) => task.index)).toEqual([4, 5, 6, 7]);
    expect(order.toSorted()).toEqual(['device 0', 'device 2', 'host 0', 'host 1']);
    for (const lease of left.toReversed()) await lease.release({ counted: false });
    release();
    await consumer.ended;
  });

  test('cohorts that are smaller than the cores are many', async () => {
    let release = (): void => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    const queue = openLocalQueue(scratch());
    for (const [index, shape] of ['a', 'b', 'c', 'd', 'e', 'f'].entries()) await queue.publish(taskFixture(index, shape));
    const stop = new AbortController();
    const train: TrainInline = async (job) =>
      job.part === 'device' ? landed(job) : held.then(() => ({ kind: 'trained', results: [null] }));
    const runner = inlineRunner(4, train, 1);
    const consumer = consume({ source: queue, runner, places: 4, objects: () => Promise.resolve(MODEL_TEXT), signal: stop.signal });
    await waitFor(() => runner.cohorts.length === 8);
    expect(consumer.running()).toBe(4);
    stop.abort();
    release();
    await consumer.ended;
    await queue.close();
  });

  test('a replica that kills its core takes none with it, and the others are not trained again', async () => {
    const killer = 2;
    const { consumer, runner, results } = await scene(6, {
      deviceThreads: 1,
      places: 6,
      train: async (job) => turn(job.part === 'device' ? landed(job) : job.tasks[0]!.index === killer ? died : trained(job)),
    });
    await consumer.ended;
    expect(kinds(results)).toMatchObject({ 0: 'converged', 1: 'converged', [killer]: 'REPLICA_GIVEN_UP', 5: 'converged' });
    expect(results.map(({ index, attempts }) => (index === killer ? 1 : attempts))).toEqual([1, 1, 1, 1, 1, 1]);
    expect(runner.cohorts.filter((cohort) => cohort.includes(0))).toEqual([[0, 1, 2, 3, 4, 5], [0]]);
  });

  test('what its schedule does not begin there takes no turn of it', async () => {
    const parts: (string | undefined)[] = [];
    const queue = openLocalQueue(scratch());
    const training: Task['training'] = [{ optimizer: 'levenberg-marquardt', steps: 2, physics: 1, tolerance: 0, project: false }];
    for (const index of [0, 1]) await queue.publish({ ...taskFixture(index), training });
    const stop = new AbortController();
    const runner = inlineRunner(
      2,
      (job) => {
        if (parts.push(job.part) === 2) stop.abort();
        return { kind: 'trained', results: job.tasks.map(() => null) };
      },
      1,
    );
    await consume({ source: queue, runner, places: 2, objects: () => Promise.resolve(MODEL_TEXT), signal: stop.signal }).ended;
    expect([parts, runner.cohorts]).toEqual([
      ['host', 'host'],
      [[0], [1]],
    ]);
    await queue.close();
  });
});
