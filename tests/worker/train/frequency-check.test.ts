import { expect, test } from 'vitest';
import type { Task } from '../../../schemas/generated/types.ts';
import { sparseFrequencies } from '../../../worker/train/frequency-check.ts';
import { taskFixture } from '../../helpers/replica-fixture.ts';

/** 24 frequencies up to 0.5 kHz unless told otherwise. */
function taskOf(windowMs: number, changes: Partial<Task['configuration']> = {}): Task {
  const task = taskFixture(0);
  const configuration = { ...task.configuration, 'network.bandwidthKhz': 0.5, 'network.features': 24, ...changes };
  return { ...task, configuration, data: { ...task.data, sampleMs: 0.1, samples: 10 * windowMs + 1 } };
}

test('the defaults are dense enough for 50 ms and not for 100, and the way out is the number that is', () => {
  expect(sparseFrequencies(taskOf(50))).toBeNull();
  expect(sparseFrequencies(taskOf(100))).toContain('Raise network.features to 50');
  expect(sparseFrequencies(taskOf(100, { 'network.features': 50 }))).toBeNull();
});

test('a smaller bandwidth needs fewer, and harmonics follow the window by themselves', () => {
  expect(sparseFrequencies(taskOf(100, { 'network.bandwidthKhz': 0.25 }))).toBeNull();
  expect(sparseFrequencies(taskOf(100, { 'network.frequencies': 'harmonic' }))).toBeNull();
});
