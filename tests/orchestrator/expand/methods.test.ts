import { expect, test } from 'vitest';
import { expansionOf } from '../../../orchestrator/expand/expansion.ts';
import { replicaContent } from '../../../orchestrator/expand/identity.ts';
import { contentId } from '../../../schemas/content-id.ts';
import type { Space } from '../../../schemas/generated/types.ts';
import { parseTask } from '../../../schemas/parse.ts';
import { sampleSweep } from './sample-sweep.ts';

const WIDTHS: Space = { 'network.width': { choice: [16, 24] }, replicas: 2 };
const ALL: NonNullable<Space['method']> = { choice: ['pinn', 'regression', 'shooting', 'differential-evolution'] };

test('axes of the network multiply the PINNs and no other method', () => {
  const expansion = expansionOf(sampleSweep({ space: { ...WIDTHS, method: ALL } }));
  expect(expansion.configurations).toBe(2 + 3);
  const methods = Array.from({ length: 5 }, (_, c) => expansion.task(c)).map(({ configuration }) => [
    configuration.method,
    configuration['network.width'],
  ]);
  expect(methods).toEqual([
    [undefined, 16],
    [undefined, 24],
    ['regression', 32],
    ['shooting', 32],
    ['differential-evolution', 32],
  ]);
});

test('axes that matter to every method multiply them all', () => {
  const space: Space = {
    method: { choice: ['pinn', 'shooting'] },
    'initial.gates': { choice: ['model', 'free'] },
    replicas: 1,
  };
  expect(expansionOf(sampleSweep({ space })).configurations).toBe(4);
});

test('a PINN is the same replica with the axis and without it', () => {
  const without = expansionOf(sampleSweep({ space: WIDTHS }));
  const within = expansionOf(sampleSweep({ space: { ...WIDTHS, method: { choice: ['regression', 'pinn'] } } }));
  const ids = new Set([...within.tasks()].map(({ replica }) => replica));
  for (const { replica } of without.tasks()) expect(ids).toContain(replica);
});

test('a replica without a network does not depend on the stages, the finish and the network of the others', () => {
  const method: NonNullable<Space['method']> = { choice: ['shooting'] };
  const one = expansionOf(sampleSweep({ space: { method, replicas: 1 } })).task(0);
  const other = expansionOf(sampleSweep({ space: { method, ...WIDTHS }, training: ['quick', { finish: 'shooting' }] })).task(0);
  expect(other.replica).toBe(one.replica);
  expect(one).toMatchObject({ training: [], method: { kind: 'shooting', starts: 16 } });
  expect(one.finish).toBeUndefined();
});

test('the id of a replica without a network is the content id of its task, and the task is valid on the wire', () => {
  const expansion = expansionOf(sampleSweep({ space: { method: ALL, replicas: 1 }, methods: { shooting: { starts: 4 } } }));
  for (const task of expansion.tasks()) {
    expect(task.replica).toBe(contentId(replicaContent(task)));
    expect(parseTask(JSON.parse(JSON.stringify(task)))).toEqual(task);
  }
  expect(new Set([...expansion.tasks()].map(({ shape }) => shape)).size).toBe(4);
});

test('a random sampler draws the networks and takes every other method once', () => {
  const space: Space = {
    method: { choice: ['pinn', 'regression'] },
    'loss.current': { logUniform: [1, 10] },
    replicas: 1,
  };
  const expansion = expansionOf(sampleSweep({ space, sampler: { random: 5 } }));
  expect(expansion.configurations).toBe(6);
  expect(expansion.task(5).method).toEqual({ kind: 'regression' });
});
