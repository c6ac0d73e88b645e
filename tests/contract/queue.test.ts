/** The promises of schemas/queue.ts, one test each, on every implementation. */
import { afterEach, describe, expect, test } from 'vitest';
import type { LocalQueue } from '../../orchestrator/queue/local.ts';
import type { Result } from '../../schemas/generated/types.ts';
import type { Lease, ResultDelivery, TaskQueue } from '../../schemas/queue.ts';
import { implementations } from '../helpers/queue-implementations.ts';
import { resultFixture, taskFixture } from '../helpers/replica-fixture.ts';
import { scratchFolders } from '../helpers/scratch-folder.ts';
import { waitFor } from '../helpers/wait-for.ts';

const scratch = scratchFolders();
const never = new AbortController().signal;

describe.each(implementations)('queue contract: $name', ({ open, die, end }) => {
  const opened: LocalQueue[] = [];
  const reopen = async (place: string, options: { window?: number } = {}): Promise<LocalQueue> => {
    const queue = await open(place, options);
    opened.push(queue);
    return queue;
  };
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((queue) => queue.close()));
    await end();
  });

  test('a published task is delivered until its result was accepted, and not after', async () => {
    const queue = await reopen(scratch());
    await queue.publish(taskFixture(0));
    await queue.publish(taskFixture(0));
    const stored = collect(queue);
    for (let failure = 0; failure < 4; failure += 1) await (await pullOne(queue)).release({ counted: failure % 2 === 0 });
    await (await pullOne(queue)).complete(resultFixture(0));
    await waitFor(() => stored.length > 0);
    expect(stored.map(({ index }) => index)).toEqual([0]);
    await queue.publish(taskFixture(1));
    expect((await queue.pull(8, never)).map(({ task }) => task.index)).toEqual([1]);
  });

  test('pull returns tasks of one shape only, and at most as many as asked for', async () => {
    const queue = await reopen(scratch());
    for (let index = 0; index < 12; index += 1) await queue.publish(taskFixture(index, index % 3 === 0 ? 'b' : 'a'));
    const seen: number[] = [];
    while (seen.length < 12) {
      const leases = await queue.pull(3, never);
      expect(leases.length).toBeLessThanOrEqual(3);
      expect(new Set(leases.map(({ task }) => task.shape)).size).toBe(1);
      seen.push(...leases.map(({ task }) => task.index));
    }
    expect(seen.toSorted((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
  });

  test('a released task comes again with its delivery raised by one, also for the next opener, and unraised when it was released uncounted', async () => {
    const place = scratch();
    const first = await reopen(place);
    await first.publish(taskFixture(0));
    const deliveries: number[] = [];
    for (const counted of [true, false, true, false]) {
      const lease = await pullOne(first);
      deliveries.push(lease.delivery);
      await lease.release({ counted });
    }
    expect(deliveries).toEqual([1, 2, 2, 3]);
    await first.close();
    const next = await reopen(place);
    await next.publish(taskFixture(0));
    expect((await pullOne(next)).delivery).toBe(3);
  });

  test('a task whose process died with it comes again with its delivery raised by one', async () => {
    const place = scratch();
    const dead = await reopen(place);
    await dead.publish(taskFixture(0));
    await pullOne(dead);
    await die(dead);
    const next = await reopen(place);
    await next.publish(taskFixture(0));
    expect((await pullOne(next)).delivery).toBe(2);
  });

  test('a result that nobody acknowledged before the close comes to the next opener, or its task does', async () => {
    const place = scratch();
    const queue = await reopen(place);
    await queue.publish(taskFixture(0));
    const lease = await pullOne(queue);
    const results = queue.results()[Symbol.asyncIterator]();
    // what becomes of it is the collector's to say, and it says nothing
    void lease.complete(resultFixture(0)).catch(() => undefined);
    await nextOf(results);
    await queue.close();
    const next = await reopen(place);
    const stored = collect(next);
    await next.publish(taskFixture(0));
    const stop = new AbortController();
    const again = next.pull(1, stop.signal).then(async ([lease]) => lease?.complete(resultFixture(0)));
    await waitFor(() => stored.length > 0);
    stop.abort();
    await again;
    expect(stored.map(({ index }) => index)).toEqual([0]);
  });

  test('complete refuses a result that breaks its schema, the lease then being open still', async () => {
    const queue = await reopen(scratch());
    const stored = collect(queue);
    await queue.publish(taskFixture(0));
    const lease = await pullOne(queue);
    await expect(lease.complete({ ...resultFixture(0), seconds: NaN })).rejects.toMatchObject({ code: 'SCHEMA_MESSAGE' });
    await lease.complete(resultFixture(0));
    await waitFor(() => stored.length > 0);
    expect(stored.map(({ index }) => index)).toEqual([0]);
  });

  test('publish waits while the window of outstanding tasks is full', async () => {
    const queue = await reopen(scratch(), { window: 2 });
    collect(queue);
    await queue.publish(taskFixture(0));
    await queue.publish(taskFixture(1));
    let published = false;
    const third = queue.publish(taskFixture(2)).then(() => (published = true));
    const lease = await pullOne(queue);
    await turns();
    expect(published).toBe(false);
    await lease.complete(resultFixture(lease.task.index));
    await third;
    expect(published).toBe(true);
  });

  test('close ends results, waiting pulls and waiting publishes; what was leased is delivered again by the next opener, uncounted', async () => {
    const place = scratch();
    const queue = await reopen(place, { window: 1 });
    await queue.publish(taskFixture(0));
    await pullOne(queue);
    const ends = [queue.publish(taskFixture(1)), queue.pull(1, never), nothingFrom(queue)];
    await queue.close();
    expect(await Promise.all(ends)).toEqual([false, [], 'done']);
    const next = await reopen(place);
    await next.publish(taskFixture(0));
    expect((await pullOne(next)).delivery).toBe(1);
  });

  test('an aborted pull takes no task away', async () => {
    const queue = await reopen(scratch());
    const abort = new AbortController();
    const pulled = queue.pull(1, abort.signal);
    abort.abort();
    expect(await pulled).toEqual([]);
    await queue.publish(taskFixture(0));
    expect((await pullOne(queue)).delivery).toBe(1);
  });
});

async function pullOne(queue: LocalQueue): Promise<Lease> {
  const [lease] = await queue.pull(1, never);
  if (lease === undefined) throw new Error('the queue closed');
  return lease;
}

/** Acknowledges whatever comes. */
function collect(queue: TaskQueue): Result[] {
  const stored: Result[] = [];
  void (async () => {
    for await (const delivery of queue.results()) {
      stored.push(delivery.result);
      delivery.acknowledge();
    }
  })();
  return stored;
}

async function nextOf(results: AsyncIterator<ResultDelivery>): Promise<ResultDelivery> {
  const next = await results.next();
  if (next.done === true) throw new Error('the queue closed');
  return next.value;
}

async function nothingFrom(queue: TaskQueue): Promise<string> {
  const next = await queue.results()[Symbol.asyncIterator]().next();
  return next.done === true ? 'done' : 'a result';
}

/** Lets everything that can go on without an outside event go on. */
async function turns(): Promise<void> {
  for (let turn = 0; turn < 10; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}
