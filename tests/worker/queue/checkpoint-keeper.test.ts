import { expect, test } from 'vitest';
import type { CheckpointStore } from '../../../schemas/checkpoint-store.ts';
import type { Lease } from '../../../schemas/queue.ts';
import { CheckpointKeeper } from '../../../worker/queue/checkpoint-keeper.ts';
import { taskFixture } from '../../helpers/replica-fixture.ts';

function leaseOf(index: number, changes: Partial<Lease> = {}): Lease {
  const nothing = (): Promise<void> => Promise.resolve();
  const task = taskFixture(index);
  return { task, delivery: 1, again: true, unwanted: new AbortController().signal, complete: nothing, release: nothing, ...changes };
}

/** A store in memory that says what it was asked for. */
function memory(): CheckpointStore & { readonly asked: string[]; readonly held: Map<number, Uint8Array> } {
  const asked: string[] = [];
  const held = new Map<number, Uint8Array>();
  return {
    asked,
    held,
    read: async ({ index }) => {
      asked.push(`read ${index}`);
      return held.get(index);
    },
    write: async ({ index }, checkpoint) => {
      asked.push(`write ${index}: ${checkpoint[0]}`);
      await new Promise((resolve) => setImmediate(resolve));
      held.set(index, checkpoint);
    },
    forget: async ({ index }) => {
      asked.push(`forget ${index}`);
      held.delete(index);
    },
  };
}

const never = (message: string): void => expect.unreachable(message);

test('a task that was never leased before is not asked for', async () => {
  const store = memory();
  store.held.set(1, Uint8Array.of(5));
  const keeper = new CheckpointKeeper(store, never);
  expect(await keeper.read([leaseOf(0, { again: false }), leaseOf(1)])).toEqual([undefined, Uint8Array.of(5)]);
  expect(store.asked).toEqual(['read 1']);
});

test('the last try begins anew, whatever there is', async () => {
  const store = memory();
  store.held.set(1, Uint8Array.of(5));
  expect(await new CheckpointKeeper(store, never).read([leaseOf(1, { delivery: 3 })])).toEqual([undefined]);
});

test('one write at a time, the newest last, and all are settled when it is asked for', async () => {
  const store = memory();
  const keeper = new CheckpointKeeper(store, never);
  const lease = leaseOf(0);
  for (const value of [1, 2, 3, 4]) keeper.write(lease, Uint8Array.of(value));
  await keeper.settled(lease);
  expect(store.asked).toEqual(['write 0: 1', 'write 0: 4']);
  expect(store.held.get(0)).toEqual(Uint8Array.of(4));
});

test('what was written or found is forgotten with the outcome, behind the last write; nothing is asked of the others', async () => {
  const store = memory();
  const keeper = new CheckpointKeeper(store, never);
  const [written, found, fresh] = [leaseOf(0), leaseOf(1), leaseOf(2)];
  store.held.set(1, Uint8Array.of(5));
  await keeper.read([found, fresh]);
  keeper.write(written, Uint8Array.of(1));
  await Promise.all([written, found, fresh].map((lease) => keeper.forget(lease)));
  expect(store.held.size).toBe(0);
  expect(store.asked.filter((call) => call.startsWith('forget')).toSorted()).toEqual(['forget 0', 'forget 1']);
});

test('nothing is written for a lease that is not wanted any more', async () => {
  const store = memory();
  const keeper = new CheckpointKeeper(store, never);
  keeper.write(leaseOf(0, { unwanted: AbortSignal.abort() }), Uint8Array.of(1));
  expect(store.asked).toEqual([]);
});

test('a store that fails is told of, and fails nothing', async () => {
  const told: string[] = [];
  const fails = (): Promise<never> => Promise.reject(new Error('the server is away'));
  const keeper = new CheckpointKeeper({ read: fails, write: fails, forget: fails }, (message) => told.push(message));
  const lease = leaseOf(7);
  expect(await keeper.read([lease])).toEqual([undefined]);
  keeper.write(lease, Uint8Array.of(1));
  await keeper.forget(lease);
  keeper.write(lease, new Uint8Array(33 * 1024 * 1024));
  expect(told).toEqual([
    'the checkpoint of replica 7 cannot be read: the server is away',
    'the checkpoint of replica 7 cannot be written: the server is away',
    'the checkpoint of replica 7 cannot be removed: the server is away',
    `the checkpoint of replica 7 is too large to be kept: ${33 * 1024 * 1024} bytes`,
  ]);
});
