import { jetstream, jetstreamManager, type JetStreamManager } from '@nats-io/jetstream';
import { afterEach, describe, expect, test } from 'vitest';
import { openJetStreamQueue, type JetStreamQueue } from '../../../orchestrator/queue/jetstream.ts';
import { provideObjects } from '../../../orchestrator/queue/objects.ts';
import { connectServer, type Server } from '../../../schemas/nats-connection.ts';
import type { Lease } from '../../../schemas/queue.ts';
import { RESULTS, STATE, TASKS, tasksOf, laneName, resultSubject, taskSubject } from '../../../schemas/wire.ts';
import { openJetStreamSource, type JetStreamSource } from '../../../worker/queue/jetstream.ts';
import { openLink } from '../../faults/link.mjs';
import { natsVersions, startNats, type NatsServer } from '../../helpers/nats-server.ts';
import { estimatedFixture, resultFixture, taskFixture } from '../../helpers/replica-fixture.ts';
import { scratchFolders } from '../../helpers/scratch-folder.ts';
import { waitFor, waitUntil } from '../../helpers/wait-for.ts';

const { sweep } = taskFixture(0);
const versions = natsVersions();
test('there is a nats-server to test on', ({ skip }) => {
  if (versions.length === 0) skip('none on this machine');
  expect(versions.length).toBeGreaterThan(0);
});
const scratch = scratchFolders();
const never = new AbortController().signal;
const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

interface Scene {
  readonly nats: NatsServer;
  readonly queue: JetStreamQueue;
  readonly source: JetStreamSource;
  readonly manager: JetStreamManager;
  readonly worker: Server;
  readonly stored: Set<number>;
}

/** Both sides on a fresh server; what comes back is stored. Reconciliation by hand. */
async function scene(binary: string, options: { ackWaitMs?: number; server?: string; stop?: AbortSignal } = {}): Promise<Scene> {
  const nats = await startNats(binary, scratch(), options.server);
  closing.push(() => nats.kill());
  return join(nats, options);
}

interface JoinOptions {
  readonly ackWaitMs?: number;
  readonly stored?: Set<number>;
  /** Orchestrator and worker, each its own password. */
  readonly users?: readonly [string, string];
  /** The worker waits no longer. */
  readonly stop?: AbortSignal;
}

async function join(nats: NatsServer, options: JoinOptions = {}): Promise<Scene> {
  const stored = options.stored ?? new Set<number>();
  const environment = (user: string | undefined): Record<string, string> =>
    user === undefined ? {} : { LOLIGO_NATS_USER: user, LOLIGO_NATS_PASSWORD: user };
  const [orchestrator, worker] = [
    await connectServer(nats.url, 'orchestrator', environment(options.users?.[0])),
    await connectServer(nats.url, 'worker', environment(options.users?.[1])),
  ];
  closing.push(() => Promise.all([orchestrator.connection.close(), worker.connection.close()]));
  const { ackWaitMs = 30_000 } = options;
  const queue = await openJetStreamQueue(orchestrator, {
    sweep,
    engine: 'any',
    ackWaitMs,
    reconcileMs: 3_600_000,
    stored: (index) => stored.has(index),
  });
  closing.push(() => queue.close());
  const source = await openJetStreamSource(worker, options.stop === undefined ? {} : { stop: options.stop });
  closing.push(() => source.close());
  void (async () => {
    for await (const delivery of queue.results()) {
      stored.add(delivery.result.index);
      delivery.acknowledge();
    }
  })();
  return { nats, queue, source, worker, stored, manager: await jetstreamManager(worker.connection) };
}

async function pullAll(source: JetStreamSource, count: number): Promise<Lease[]> {
  const leases: Lease[] = [];
  while (leases.length < count) {
    const pulled = await source.pull(count - leases.length, never);
    if (pulled.length === 0) throw new Error('the source closed');
    leases.push(...pulled);
  }
  return leases;
}

const indices = (leases: readonly Lease[]): number[] => leases.map(({ task }) => task.index).toSorted((a, b) => a - b);

describe.each(versions)('reconciliation on $name', ({ binary }) => {
  test('what is waiting, leased or handed in is not published again', async () => {
    const { queue, source, manager, stored } = await scene(binary);
    for (let index = 0; index < 3; index += 1) await queue.publish(taskFixture(index));
    const [first] = await pullAll(source, 2);
    await first?.complete(resultFixture(first.task.index));
    await waitFor(() => stored.size === 1);
    expect(await queue.reconcile()).toEqual({ lost: 0, leftOver: 0 });
    expect((await manager.streams.info(TASKS)).state.messages).toBe(2);
  });

  test('a purged stream, a deleted stream and a lost lane are made good, and each replica is trained once more at most', async () => {
    const { queue, source, manager, stored } = await scene(binary);
    for (let index = 0; index < 6; index += 1) await queue.publish(taskFixture(index, index % 2 === 0 ? 'a' : 'b'));
    await queue.reconcile();
    await manager.streams.purge(TASKS, { filter: tasksOf(sweep) });
    expect((await queue.reconcile()).lost).toBe(6);
    await manager.streams.delete(TASKS);
    expect((await queue.reconcile()).lost).toBe(6);
    await manager.consumers.delete(TASKS, laneName({ sweep, shape: 'b'.repeat(16) }));
    expect((await queue.reconcile()).lost).toBe(0);
    const leases = await pullAll(source, 6);
    expect(indices(leases)).toEqual([0, 1, 2, 3, 4, 5]);
    for (const lease of leases) await lease.complete(resultFixture(lease.task.index));
    await waitFor(() => stored.size === 6);
    expect(await queue.reconcile()).toEqual({ lost: 0, leftOver: 0 });
  });

  test('a lane that a purge by somebody else has moved past its tasks is made anew', async () => {
    const { queue, source, manager, stored } = await scene(binary);
    for (let index = 0; index < 3; index += 1) await queue.publish(taskFixture(index));
    await queue.reconcile();
    await manager.streams.purge(TASKS, { filter: taskSubject(sweep, 'a'.repeat(16), 2) });
    await queue.reconcile();
    const [first] = await pullAll(source, 1);
    await first?.complete(resultFixture(first.task.index));
    await waitFor(() => stored.size === 1);
    for (let round = 0; round < 3; round += 1) await queue.reconcile();
    const rest = await pullAll(source, 2);
    expect([...stored, ...indices(rest)].toSorted((a, b) => a - b)).toEqual([0, 1, 2]);
  });

  test('a result that its stream lost is asked for again', async () => {
    const { nats, queue, source, manager, stored } = await scene(binary);
    await queue.publish(taskFixture(0));
    await queue.close();
    const [lease] = await pullAll(source, 1);
    await lease?.complete(resultFixture(0));
    // the next opener knows of the result, and then it is gone
    const held = await connectServer(nats.url, 'orchestrator', {});
    closing.push(() => held.connection.close());
    const next = await openJetStreamQueue(held, { sweep, engine: 'any', reconcileMs: 3_600_000, stored: () => false });
    closing.push(() => next.close());
    await next.publish(taskFixture(0));
    await manager.streams.purge(RESULTS);
    expect(await next.reconcile()).toEqual({ lost: 1, leftOver: 0 });
    expect([stored.size, indices(await pullAll(source, 1))]).toEqual([0, [0]]);
  });

  test('a server that comes back with an empty disk gets everything again', async () => {
    const { nats, queue, source, stored } = await scene(binary);
    for (let index = 0; index < 4; index += 1) await queue.publish(taskFixture(index));
    const [held] = await pullAll(source, 1);
    await nats.kill();
    nats.wipe();
    await nats.start();
    await waitUntilReconciled(queue);
    await held?.complete(resultFixture(held.task.index));
    await waitFor(() => stored.size === 1);
    await queue.reconcile();
    const rest = await pullAll(source, 3);
    for (const lease of rest) await lease.complete(resultFixture(lease.task.index));
    await waitFor(() => stored.size === 4);
    expect([...stored].toSorted((a, b) => a - b)).toEqual([0, 1, 2, 3]);
  });

  test('the next opener adopts what is waiting or handed in, and takes finished tasks out of the stream', async () => {
    const { nats, queue, source, stored } = await scene(binary);
    for (let index = 0; index < 3; index += 1) await queue.publish(taskFixture(index));
    await queue.reconcile();
    await queue.close();
    const [done] = await pullAll(source, 1);
    await done?.complete(resultFixture(done.task.index));
    stored.add(2);
    const next = await join(nats, { stored });
    await waitFor(() => stored.has(0));
    for (const index of [0, 1]) await next.queue.publish(taskFixture(index));
    expect(await next.queue.reconcile()).toEqual({ lost: 0, leftOver: 0 });
    expect((await next.manager.streams.info(TASKS)).state.messages).toBe(1);
    expect(indices(await pullAll(next.source, 1))).toEqual([1]);
  });
});

const accountWith = (storage: string): string =>
  `accounts: { A: { jetstream: { max_file: ${storage}, max_mem: 1KB }, users: [{ user: a, password: a }] } }\nno_auth_user: a\n`;

describe.each(versions)('what does not fit on $name', ({ binary }) => {
  test('a store that tasks fill keeps no result out for long, and gets no more of them than it holds', async () => {
    const { queue, source, manager, stored } = await scene(binary, { server: accountWith('100KB') });
    const tasks = 300;
    for (let index = 0; index < tasks; index += 1) await queue.publish(taskFixture(index));
    await queue.reconcile();
    const held = (await manager.streams.info(TASKS)).state.messages;
    expect(held).toBeLessThan(tasks / 2);
    while (stored.size < tasks) {
      for (const lease of await pullAll(source, Math.min(8, tasks - stored.size))) await lease.complete(resultFixture(lease.task.index));
      await queue.reconcile();
      expect((await manager.streams.info(TASKS)).state.messages).toBeLessThanOrEqual(held);
    }
    expect([...stored].toSorted((a, b) => a - b)).toEqual(Array.from({ length: tasks }, (_, index) => index));
  });

  test('a result larger than the messages of the server is refused with the limit, and its lease stays open', async () => {
    const { queue, source } = await scene(binary, { server: 'max_payload: 4KB\n' });
    await queue.publish(taskFixture(0));
    const [lease] = await pullAll(source, 1);
    await expect(lease?.complete(estimatedFixture(0, 500))).rejects.toThrow(
      /at most 4096 bytes; got \d+ bytes.* max_payload\. \[SCHEMA_MESSAGE\]/,
    );
    await lease?.complete(estimatedFixture(0));
  });

  test('large results that waited are read over a slow link without the server hanging up on a slow reader', async () => {
    const nats = await startNats(binary, scratch(), 'max_pending: 12MB\n');
    closing.push(() => nats.kill());
    const { queue, worker } = await join(nats);
    await queue.close();
    const results = 120;
    // what is read and put aside costs a test less than what is stored
    const client = jetstream(worker.connection);
    for (let index = 0; index < results; index += 1) await client.publish(resultSubject(sweep, index), new Uint8Array(250_000));
    const link = await openLink(nats.url);
    closing.push(async () => link.close());
    link.slow(1, 20e6);
    const far = await connectServer(link.url, 'orchestrator', {});
    closing.push(() => far.connection.close());
    const changes: string[] = [];
    void (async () => {
      for await (const { type } of far.connection.status()) changes.push(type);
    })();
    const reading = await openJetStreamQueue(far, { sweep, engine: 'any', reconcileMs: 3_600_000, stored: () => false });
    closing.push(() => reading.close());
    await waitFor(() => reading.malformed === results);
    expect(changes).not.toContain('disconnect');
  });

  test('an object store that has no room for the data of the sweep ends the opening with what the server says', async () => {
    const nats = await startNats(binary, scratch(), accountWith('1KB'));
    closing.push(() => nats.kill());
    const server = await connectServer(nats.url, 'orchestrator', {});
    closing.push(() => server.connection.close());
    const provide = (): Promise<void> => provideObjects(server.connection, new Map([['a', 'x'.repeat(4096)]]));
    await expect(openJetStreamQueue(server, { sweep, engine: 'any', stored: () => false, provide })).rejects.toThrow(
      /must take what a sweep needs there; got resource limits exceeded for account\..*\[NATS_UNREACHABLE\]/,
    );
  });
});

async function waitUntilReconciled(queue: JetStreamQueue): Promise<void> {
  let done = false;
  while (!done)
    done = await queue.reconcile().then(
      () => true,
      () => false,
    );
}

describe.each(versions)('leases on $name', ({ binary }) => {
  test('a lease outlives its ack wait while its worker lives', async () => {
    const { queue, source, manager } = await scene(binary, { ackWaitMs: 300 });
    await queue.publish(taskFixture(0));
    const [lease] = await pullAll(source, 1);
    const { config, ...info } = await manager.consumers.info(TASKS, laneName(taskFixture(0)));
    const deliveredAt = info.delivered.consumer_seq;
    const stop = AbortSignal.timeout(1500);
    expect(await source.pull(1, stop)).toEqual([]);
    const later = await manager.consumers.info(TASKS, config.durable_name ?? '');
    expect([later.delivered.consumer_seq, later.num_ack_pending]).toEqual([deliveredAt, 1]);
    await lease?.complete(resultFixture(0));
  });

  test('a worker that is to end waits for no server that is away: what it cannot hand in is lost', async () => {
    const stop = new AbortController();
    const { nats, queue, source } = await scene(binary, { stop: stop.signal });
    await queue.publish(taskFixture(0));
    const [lease] = await pullAll(source, 1);
    await nats.kill();
    const handedIn = lease?.complete(resultFixture(0));
    stop.abort();
    await expect(handedIn).rejects.toThrow(/nobody confirmed the result/);
    await lease?.release({ counted: false });
    expect(source.lost).toBe(1);
    await source.close();
  });

  test('a worker whose lease was taken over gives nothing back, and its result still counts once', async () => {
    const { nats, queue, source, worker, stored } = await scene(binary, { ackWaitMs: 500 });
    await queue.publish(taskFixture(0));
    const [late] = await pullAll(source, 1);
    // its heartbeats are held up: the server hears of no renewal
    Object.assign(late ?? {}, { renew: () => undefined });
    const other = await join(nats, { ackWaitMs: 500, stored });
    const [taken] = await pullAll(other.source, 1);
    expect(taken?.delivery).toBe(2);
    await late?.release({ counted: false });
    expect(source.lost).toBe(1);
    await worker.connection.flush();
    expect(await other.source.pull(1, AbortSignal.timeout(300))).toEqual([]);
    await taken?.complete(resultFixture(0));
    await waitFor(() => stored.size === 1);
  });

  test('a task that comes again while its worker has it, or after its result, is not leased once more', async () => {
    // as a server whose disk stands still: leases run out, and what the worker says of them is not read
    const users = `authorization { users: [
      { user: o, password: o }
      { user: w, password: w, permissions: { publish: { deny: "$JS.ACK.>" } } }
    ] }`;
    const nats = await startNats(binary, scratch(), users);
    closing.push(() => nats.kill());
    const { queue, source, manager, stored } = await join(nats, { ackWaitMs: 300, users: ['o', 'w'] });
    const comesAgain = async (): Promise<void> => {
      const { delivered } = await manager.consumers.info(TASKS, laneName(taskFixture(0)));
      const deliveries = async (): Promise<number> =>
        (await manager.consumers.info(TASKS, laneName(taskFixture(0)))).delivered.consumer_seq - delivered.consumer_seq;
      await waitUntil(async () => (await deliveries()) > 1);
    };
    await queue.publish(taskFixture(0));
    const [lease] = await pullAll(source, 1);
    const next = source.pull(1, never);
    await comesAgain();
    await lease?.complete(resultFixture(0));
    await waitFor(() => stored.size === 1);
    await comesAgain();
    await queue.publish(taskFixture(1));
    expect(indices(await next)).toEqual([1]);
  });

  test('what is no task is set aside and counted, and so is what is no result', async () => {
    const { queue, source, worker, stored } = await scene(binary);
    await queue.publish(taskFixture(0));
    const [lease] = await pullAll(source, 1);
    worker.connection.publish(`loligo.task.${sweep}.${'a'.repeat(16)}.7`, '{"not":"a task"}');
    worker.connection.publish(resultSubject(sweep, 7), 'no JSON');
    worker.connection.publish(resultSubject(sweep, 8), JSON.stringify(resultFixture(0)));
    await worker.connection.flush();
    expect(await source.pull(4, AbortSignal.timeout(300))).toEqual([]);
    await lease?.complete(resultFixture(0));
    await waitFor(() => stored.size === 1 && queue.malformed === 2);
    expect([source.malformed, [...stored]]).toEqual([1, [0]]);
  });

  test('a lane whose tasks come malformed again is left to workers that can read them', async () => {
    const { queue, source, worker, manager } = await scene(binary);
    await queue.publish(taskFixture(0));
    await pullAll(source, 1);
    const { shape } = taskFixture(0);
    const send = (): void => worker.connection.publish(taskSubject(sweep, shape, 7), JSON.stringify({ ...taskFixture(7), later: true }));
    send();
    expect(await source.pull(1, AbortSignal.timeout(1500))).toEqual([]);
    expect([source.malformed, source.refusals()]).toEqual([1, []]);
    send();
    expect(await source.pull(1, AbortSignal.timeout(1500))).toEqual([]);
    expect(source.malformed).toBe(2);
    expect((await manager.streams.getMessage(TASKS, { last_by_subj: taskSubject(sweep, shape, 7) }))?.seq).toBeGreaterThan(0);
    expect(source.refusals()).toMatchObject([{ sweep, shapes: [shape] }]);
    expect(source.refusals()[0]?.reason).toContain('cannot read the tasks');
  });

  test.each([RESULTS, TASKS, STATE])('%s, deleted while the orchestrator opens, is made once more', async (stream) => {
    const nats = await startNats(binary, scratch());
    closing.push(() => nats.kill());
    const orchestrator = await connectServer(nats.url, 'orchestrator', {});
    closing.push(() => orchestrator.connection.close());
    const manager = await jetstreamManager(orchestrator.connection);
    let times = 0;
    const provide = async (): Promise<void> => {
      times += 1;
      if (times === 1) await manager.streams.delete(stream);
    };
    const queue = await openJetStreamQueue(orchestrator, { sweep, engine: 'any', stored: () => false, provide });
    closing.push(() => queue.close());
    expect(times).toBe(2);
    await queue.publish(taskFixture(0));
    await queue.reconcile();
    expect((await manager.streams.info(TASKS)).state.messages).toBe(1);
  });

  test('the window of outstanding tasks grows to three times what the workers hold', async () => {
    const { queue, source } = await scene(binary);
    let published = 0;
    const publishing = (async () => {
      for (let index = 0; await queue.publish(taskFixture(index)); index += 1) published += 1;
    })();
    await waitFor(() => published === 8192);
    expect((await source.pull(2800, never)).length).toBe(2800);
    await queue.reconcile();
    await waitFor(() => published === 3 * 2800);
    await queue.reconcile();
    expect(queue.counts().outstanding).toBe(3 * 2800);
    await queue.close();
    await publishing;
  });

  test('retire leaves nothing of the sweep on the server', async () => {
    const { queue, source, manager } = await scene(binary);
    await queue.publish(taskFixture(0));
    await (await pullAll(source, 1))[0]?.release({ counted: true });
    await queue.close();
    await queue.retire();
    const left = [];
    for (const stream of [TASKS, RESULTS, STATE]) {
      const { state } = await manager.streams.info(stream);
      left.push(state.messages + state.consumer_count);
    }
    expect(left).toEqual([0, 0, 0]);
  });
});
