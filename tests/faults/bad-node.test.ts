/** One bad node beside a good one on a real nats-server: nothing is lost, few tries are spent, and the bad one takes itself out. */
import { afterEach, describe, expect, test } from 'vitest';
import { answerRoll } from '../../orchestrator/cli/worker-roll.ts';
import { openJetStreamQueue } from '../../orchestrator/queue/jetstream.ts';
import type { Result } from '../../schemas/generated/types.ts';
import { connectServer } from '../../schemas/nats-connection.ts';
import { openPool } from '../../worker/pool/pool.ts';
import { consume, type Consumer } from '../../worker/queue/consumer.ts';
import { openJetStreamSource } from '../../worker/queue/jetstream.ts';
import { NodeHealth } from '../../worker/queue/node-health.ts';
import { otherWorkers } from '../../worker/queue/other-workers.ts';
import { readTries } from '../../worker/queue/tries.ts';
import type { WorkerEvent } from '../../worker/queue/worker-event.ts';
import { natsVersions, startNats } from '../helpers/nats-server.ts';
import { taskFixture } from '../helpers/replica-fixture.ts';
import { scratchFolders } from '../helpers/scratch-folder.ts';
import { waitFor } from '../helpers/wait-for.ts';

const TRAINER = new URL('../fixtures/bad-trainer.mjs', import.meta.url).href;
const scratch = scratchFolders();
const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

interface TestWorker {
  readonly consumer: Consumer;
  readonly health: NodeHealth;
  readonly events: WorkerEvent[];
}

/** A worker of the cluster, wired as the command line does it, on a host of its own. */
async function startWorker(url: string, host: string, nature: string, selfCheck: () => Promise<string | undefined>): Promise<TestWorker> {
  const server = await connectServer(url, 'worker', {});
  const worker = `${host}:1`;
  const pool = openPool({ threads: 2, engine: nature, trainer: TRAINER });
  const events: WorkerEvent[] = [];
  const onEvent = (event: WorkerEvent): void => void events.push(event);
  const { connection } = server;
  const health = new NodeHealth({
    worker,
    selfCheck,
    readTries: (sweep, index) => readTries(connection, sweep, index),
    others: () => otherWorkers(connection, worker),
    onEvent,
  });
  const stop = new AbortController();
  const source = await openJetStreamSource(server, { worker, health, onEvent });
  const consumer = consume({ source, runner: pool, places: 1, objects: () => Promise.resolve(''), signal: stop.signal, health, onEvent });
  answerRoll(connection, { worker, engine: { name: nature, arithmetic: '' }, threads: 2 }, () => ({
    running: consumer.running(),
    sweeps: {},
    health: health.why === undefined ? 'serving' : `out: ${health.why}`,
    refuses: [],
  }));
  // whoever waits for it hears how it ended
  consumer.ended.catch(() => undefined);
  closing.push(async () => {
    stop.abort();
    health.close();
    await consumer.ended.catch(() => undefined);
    await source.close();
    await pool.close();
    await connection.close();
  });
  return { consumer, health, events };
}

/** The results of so many replicas, once all are there. */
async function sweepOf(url: string, replicas: number): Promise<{ readonly all: Promise<Result[]> }> {
  const server = await connectServer(url, 'orchestrator', {});
  const results = new Map<number, Result>();
  const queue = await openJetStreamQueue(server, {
    sweep: taskFixture(0).sweep,
    engine: 'any',
    stored: (index) => results.has(index),
    ackWaitMs: 2000,
  });
  closing.push(async () => {
    await queue.close();
    await server.connection.close();
  });
  const all = (async (): Promise<Result[]> => {
    for await (const delivery of queue.results()) {
      results.set(delivery.result.index, delivery.result);
      delivery.acknowledge();
      if (results.size === replicas) return [...results.values()];
    }
    return [];
  })();
  for (let index = 0; index < replicas; index += 1) await queue.publish(taskFixture(index));
  return { all };
}

const passes = (): Promise<undefined> => Promise.resolve(undefined);

// what a worker does of itself: any server
describe.each(natsVersions().slice(-1))('a bad node on $name', ({ binary }) => {
  test.each(['throws', 'dies'])(
    'that passes its own check but %s takes itself out, because others finish what it fails',
    async (nature) => {
      const { url } = await started(binary);
      const bad = await startWorker(url, 'bad', nature, passes);
      const { all } = await sweepOf(url, 240);
      // it is alone, and has the whole sweep to spoil
      await waitFor(() => bad.events.filter(({ kind }) => kind === 'try-failed').length >= 4);
      const good = await startWorker(url, 'good', 'sound', passes);
      const results = await all;
      expect(results.filter(({ outcome }) => outcome.kind !== 'converged').length).toBe(0);
      await expect(bad.consumer.ended).rejects.toMatchObject({
        code: 'NODE_UNFIT',
        message: expect.stringContaining('other workers finished what failed here') as string,
      });
      expect(good.health.why).toBeUndefined();
    },
  );

  test('that fails its own check takes itself out at its first failure, and costs no replica a try', async () => {
    const { url } = await started(binary);
    const bad = await startWorker(url, 'bad', 'throws', () => Promise.resolve('its data loss is NaN, and should be 1'));
    const { all } = await sweepOf(url, 20);
    await expect(bad.consumer.ended).rejects.toThrow('own check failed: its data loss is NaN');
    await startWorker(url, 'good', 'sound', passes);
    expect((await all).map(({ outcome, attempts }) => [outcome.kind, attempts])).toEqual(
      Array.from({ length: 20 }, () => ['converged', 1]),
    );
  });

  test('spends one try of a replica at most, and of a few replicas only, while others serve', async () => {
    const { url } = await started(binary);
    const good = await startWorker(url, 'good', 'sound', passes);
    const bad = await startWorker(url, 'bad', 'throws', passes);
    const { all } = await sweepOf(url, 240);
    const results = await all;
    const failures = bad.events.filter((event) => event.kind === 'try-failed');
    expect(Math.max(...results.map(({ attempts }) => attempts))).toBe(2);
    // two threads at once, and one replica after each pause: 250 ms, 500 ms, 1 s, ...
    expect([failures.length <= 8, new Set(failures.map(({ of }) => of.index)).size]).toEqual([true, failures.length]);
    expect(good.health.why).toBeUndefined();
  });

  async function started(program: string): Promise<{ readonly url: string }> {
    const server = await startNats(program, scratch());
    closing.push(() => server.kill());
    return server;
  }
});
