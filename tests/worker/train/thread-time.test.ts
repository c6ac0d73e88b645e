import { existsSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { cpuShare, threadSeconds } from '../../../worker/train/thread-time.ts';

/** Of work, not of waiting. */
function spin(milliseconds: number): number {
  const began = threadSeconds()!;
  let sum = 0;
  while (threadSeconds()! - began < milliseconds / 1000) sum += Math.sqrt(sum + 1);
  return sum;
}

function wait(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}

describe.skipIf(!existsSync('/proc/thread-self/schedstat'))(
  'processor time of a thread (of systems with /proc/thread-self/schedstat)',
  () => {
    test('counts work and not waiting', () => {
      const began = threadSeconds()!;
      wait(60);
      const waited = threadSeconds()! - began;
      expect(waited).toBeLessThan(0.03);
      spin(20);
      expect(threadSeconds()! - began - waited).toBeGreaterThanOrEqual(0.02);
    });

    test('is shared by the replicas of a cohort', () => {
      const began = threadSeconds()! - 8;
      expect(cpuShare(began, 4, 'native').cpuSeconds).toBeCloseTo(2, 1);
      expect(cpuShare(began, 4).cpuSeconds).toBeCloseTo(2, 1);
    });
  },
);

test('is not told of an engine that trains elsewhere, nor where the system did not tell it', () => {
  expect(cpuShare(1, 4, 'webgpu')).toEqual({});
  expect(cpuShare(undefined, 4, 'native')).toEqual({});
});
