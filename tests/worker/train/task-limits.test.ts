import { describe, expect, test } from 'vitest';
import type { Task } from '../../../schemas/generated/types.ts';
import { checkSamples, checkTask } from '../../../worker/train/task-limits.ts';
import { taskFixture } from '../../helpers/replica-fixture.ts';

const task = taskFixture(0);
const { source } = task.data;
if (source.kind !== 'synthetic') throw new Error('the fixture is synthetic');
const sampled = (samples: number, sampleMs = 0.1): Task => ({
  ...task,
  data: { ...task.data, samples, sampleMs, source: { ...source, samples, sampleMs } },
});

const ofManyStages: Task = { ...task, training: [...task.training, ...Array.from({ length: 1001 }, () => task.training).flat()] };

describe('what a task may ask for', () => {
  test('admits the fixture, and the largest of everything', () => {
    expect(() => checkTask(task)).not.toThrow();
    expect(() => checkTask(sampled(10_000_001, 1))).not.toThrow();
  });

  test.each([
    ['1e12 samples', sampled(1e12), 'data.samples: must be at most 10000001'],
    ['a duration that no simulation ends', sampled(501, 1e300), 'data.samples * data.sampleMs: must be at most 10000000'],
    ['other samples than its shape', { ...task, data: { ...task.data, samples: 10 } }, 'data.source: must be 10 samples'],
    ['1e12 points of a trace', { ...task, tracePoints: 1e12 }, 'tracePoints: must be at most 100000'],
    ['a yardstick that the data lack', { ...task, accept: { yardstick: 'spikeShape' as const } }, 'data.spikeShapeMv: must be there'],
    ['a million stages', ofManyStages, 'training.length: must be at most 1000'],
  ])('refuses %s', (_name, wrong, message) => {
    expect(() => checkTask(wrong)).toThrow(message);
  });

  test('a stored window of another length is refused', () => {
    expect(() => checkSamples(task.data, { voltageMv: 501, current: 501 })).not.toThrow();
    expect(() => checkSamples(task.data, { voltageMv: 501, current: 500 })).toThrow('current: must have 501 samples');
  });
});
