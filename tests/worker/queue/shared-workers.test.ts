/** Workers that several sweeps share, on real servers: fair turns, lanes that a worker refuses, leases that nobody wants any more. */
import { jetstream } from '@nats-io/jetstream';
import { afterEach, describe, expect, test } from 'vitest';
import { openJetStreamQueue, type JetStreamQueue } from '../../../orchestrator/queue/jetstream.ts';
import { sha256 } from '../../../schemas/content-id.ts';
import { connectServer } from '../../../schemas/nats-connection.ts';
import type { Lease } from '../../../schemas/queue.ts';
import { cancelSubject } from '../../../schemas/wire.ts';
import { openJetStreamSource, type JetStreamSource, type SourceOptions } from '../../../worker/queue/jetstream.ts';
import { natsVersions, startNats, type NatsServer } from '../../helpers/nats-server.ts';
import { resultFixture, taskFixture } from '../../helpers/replica-fixture.ts';
import { scratchFolders } from '../../helpers/scratch-folder.ts';
import { waitFor } from '../../helpers/wait-for.ts';

const scratch = scratchFolders();
const never = new AbortController().signal;
const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

async function server(binary: string): Promise<NatsServer> {
  const started = await startNats(binary, scratch());
  closing.push(() => started.kill());
  return started;
}

async function sweepOn(
  { url }: NatsServer,
  sweep: string,
  shapes: readonly string[],
  tasks: number,
  ackWaitMs = 30_000,
): Promise<JetStreamQueue> {
  const here = await connectServer(url, 'orchestrator', {});
  closing.push(() => here.connection.close());
  const queue = await openJetStreamQueue(here, { sweep, engine: 'any', ackWaitMs, reconcileMs: 3_600_000, stored: () => false });
  closing.push(() => queue.close());
  void (async () => {
    for await (const delivery of queue.results()) delivery.acknowledge();
  })();
  for (let index = 0; index < tasks; index += 1)
    await queue.publish({ ...taskFixture(index), sweep, shape: shapes[index % shapes.length]! });
  await queue.reconcile();
  return queue;
}

async function workerOn({ url }: NatsServer, options: SourceOptions = {}): Promise<JetStreamSource> {
  const here = await connectServer(url, 'worker', {});
  closing.push(() => here.connection.close());
  const source = await openJetStreamSource(here, options);
  closing.push(() => source.close());
  return source;
}

async function pullOne(source: JetStreamSource): Promise<Lease> {
  const [lease] = await source.pull(1, never);
  if (lease === undefined) throw new Error('the source closed');
  return lease;
}

const shape = (number: number): string => number.toString(16).padStart(16, '0');

describe.each(natsVersions())('workers on $name', ({ binary }) => {
  test('share themselves equally between a sweep of one shape and a later one of fifty', async () => {
    const nats = await server(binary);
    const [first, second] = [sha256('one shape'), sha256('fifty shapes')];
    // more than the workers take before they hear of the second
    await sweepOn(nats, first, [shape(0)], 3000);
    const workers = [await workerOn(nats), await workerOn(nats)];
    const turns = new Map([
      [first, 0],
      [second, 0],
    ]);
    const serve = async (source: JetStreamSource, count: number): Promise<void> => {
      for (let turn = 0; turn < count; turn += 1) {
        const lease = await pullOne(source);
        turns.set(lease.task.sweep, (turns.get(lease.task.sweep) ?? 0) + 1);
        await lease.complete({ ...resultFixture(lease.task.index), sweep: lease.task.sweep });
      }
    };
    await Promise.all(workers.map((source) => serve(source, 20)));
    expect(turns.get(first)).toBe(40);
    await sweepOn(
      nats,
      second,
      Array.from({ length: 50 }, (_, place) => shape(place + 1)),
      150,
    );
    // a listing is good for a second: each worker has to hear of the second sweep
    for (const source of workers) {
      const known = turns.get(second);
      while (turns.get(second) === known) await serve(source, 1);
    }
    const before = new Map(turns);
    await Promise.all(workers.map((source) => serve(source, 60)));
    const share = ((turns.get(first) ?? 0) - (before.get(first) ?? 0)) / 120;
    console.info(`share of the first sweep, 1 shape, beside 50 shapes: ${share.toFixed(3)} of 120 turns`);
    expect(share).toBeGreaterThan(0.4);
    expect(share).toBeLessThan(0.6);
  });

  test('leave a lane that they cannot serve to others, untried, and say why', async () => {
    const nats = await server(binary);
    const sweep = sha256('refused');
    await sweepOn(nats, sweep, [shape(1), shape(2)], 4);
    const refusals = { lane: () => null, task: async (task: { shape: string }) => (task.shape === shape(1) ? 'it is too small' : null) };
    const lesser = await workerOn(nats, { refusals });
    const taken = [await pullOne(lesser), await pullOne(lesser)];
    expect(taken.map(({ task }) => task.shape)).toEqual([shape(2), shape(2)]);
    expect(await lesser.pull(1, AbortSignal.timeout(1500))).toEqual([]);
    expect([lesser.refusals(), lesser.held()]).toEqual([[{ sweep, shapes: [shape(1)], reason: 'it is too small' }], { [sweep]: 2 }]);
    const greater = await workerOn(nats);
    const rest = [await pullOne(greater), await pullOne(greater)];
    expect(rest.map(({ task, delivery }) => [task.shape, delivery])).toEqual([
      [shape(1), 1],
      [shape(1), 1],
    ]);
  });

  test('hear of a cancel at once, and of one that they missed at a heartbeat; the sweep is served again after its next start', async () => {
    const nats = await server(binary);
    const [wanted, other] = [sha256('cancelled'), sha256('goes on')];
    await sweepOn(nats, wanted, [shape(1)], 2, 900);
    await sweepOn(nats, other, [shape(1)], 1);
    const source = await workerOn(nats);
    const leases = [await pullOne(source), await pullOne(source), await pullOne(source)];
    const { connection } = await connectServer(nats.url, 'orchestrator', {});
    closing.push(() => connection.close());
    await jetstream(connection).publish(cancelSubject(wanted), '');
    const unwanted = (): string[] => leases.filter((lease) => lease.unwanted.aborted).map(({ task }) => task.sweep);
    await waitFor(() => unwanted().length === 2);
    expect(unwanted()).toEqual([wanted, wanted]);
    for (const lease of leases) if (lease.unwanted.aborted) await lease.release({ counted: true });
    // given back by nobody and wanted by nobody, though their leases run out
    expect(await source.pull(1, AbortSignal.timeout(1500))).toEqual([]);
    // one that came after the cancel
    const late = await workerOn(nats);
    const missed = await pullOne(late);
    expect(missed.unwanted.aborted).toBe(false);
    await waitFor(() => missed.unwanted.aborted);
    await sweepOn(nats, wanted, [shape(1)], 2, 900);
    expect((await pullOne(source)).task.sweep).toBe(wanted);
  });

  test('stop what another worker took over while they were held up', async () => {
    const nats = await server(binary);
    const sweep = sha256('held up');
    await sweepOn(nats, sweep, [shape(1)], 1, 600);
    const [stopped, next] = [await workerOn(nats), await workerOn(nats)];
    const lease = await pullOne(stopped);
    // the process stands still for longer than the lease
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2500);
    const taken = await pullOne(next);
    expect(taken.delivery).toBe(2);
    await waitFor(() => lease.unwanted.aborted);
    expect(taken.unwanted.aborted).toBe(false);
  });
});
