/** What trained a run is told by its replicas, not by who began it. */
import { expect, test } from 'vitest';
import { trainedBy, trainerTally } from '../../../orchestrator/aggregate/trained-by.ts';
import type { Outcome, Result, Trainer } from '../../../schemas/generated/types.ts';

const lock = { engine: 'webgpu', arithmetic: 'a GPU' };
const converged: Outcome = { kind: 'converged' };

function tallied(...results: readonly Pick<Result, 'engine' | 'arithmetic'>[]): Trainer[] {
  const tally = trainerTally();
  for (const result of results) tally.add({ outcome: converged, ...result });
  return tally.take();
}

test('a run that was resumed with another engine, or on another device, names each with its replicas', () => {
  const native = { engine: 'native', arithmetic: 'wide' };
  const mixed = tallied(lock, native, native);
  expect(mixed).toEqual([
    { ...native, replicas: 2 },
    { ...lock, replicas: 1 },
  ]);
  expect(tallied(native, lock, native)).toEqual(mixed);
  expect(trainedBy(lock, mixed)).toEqual({ engine: 'any' });
  expect(trainedBy(lock, tallied(native))).toEqual(native);
  expect(trainedBy(lock, tallied(lock, { ...lock, arithmetic: 'another GPU' }))).toEqual({ engine: 'webgpu' });
});

test('before there is a result it is who began, and of results that do not tell their device that one', () => {
  expect(trainedBy(lock, [])).toEqual(lock);
  expect(trainedBy(lock, tallied({ engine: 'webgpu' }))).toEqual(lock);
  expect(trainedBy(lock, tallied({ engine: 'native' }))).toEqual({ engine: 'native' });
});

test('replicas that failed were trained by nobody, and methods without a network by no engine', () => {
  const tally = trainerTally();
  tally.add({ engine: 'webgpu', outcome: { kind: 'failed', error: { code: 'REPLICA_GIVEN_UP', message: '' } } });
  expect(tally.take()).toEqual([]);
  const none = { engine: 'none', arithmetic: 'JavaScript' };
  expect(trainedBy(lock, tallied(none, none, lock))).toEqual(lock);
  expect(trainedBy(lock, tallied(none))).toEqual(none);
});
