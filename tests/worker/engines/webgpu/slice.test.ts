/** The driver of slices, without a device: what is queued when. */
import { setImmediate as turn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { LONGEST_SLICE, sliceSteps } from '../../../../worker/engines/webgpu/slice.ts';

test('the device has its next slice before the host looks at the last one, to the end', async () => {
  let [left, queued] = [500, 0];
  const ahead: number[] = [];
  await sliceSteps(
    () => left,
    () => false,
    async (steps) => {
      queued += steps;
      await turn();
      return steps;
    },
    async (steps) => {
      ahead.push(queued - steps);
      queued -= steps;
      left -= steps;
      await turn();
    },
  );
  expect(left).toBe(0);
  expect(ahead.at(-1)).toBe(0);
  expect(ahead.slice(0, -1).every((steps) => steps > 0)).toBe(true);
});

test('a slice is a step at first, grows by a half at most and stays below what a trace has room for', async () => {
  let left = 2000;
  const slices: number[] = [];
  const run = async (steps: number): Promise<number> => {
    slices.push(steps);
    return steps;
  };
  await sliceSteps(
    () => left,
    () => false,
    run,
    (steps) => void (left -= steps),
  );
  expect(slices[0]).toBe(1);
  slices.slice(1, -1).forEach((steps, k) => expect(steps).toBeLessThanOrEqual(Math.ceil(1.5 * slices[k]!)));
  expect(Math.max(...slices)).toBeLessThanOrEqual(LONGEST_SLICE);
  expect(slices.length).toBeLessThan(500);
  expect(slices.reduce((sum, steps) => sum + steps, 0)).toBe(2000);
});

test('what was queued when the stop came is still taken, and a failure is thrown where it is taken', async () => {
  const taken: number[] = [];
  let asked = 0;
  await sliceSteps(
    () => 100 - taken.length,
    () => (asked += 1) > 2,
    async (steps) => steps,
    (steps) => void taken.push(steps),
  );
  expect(taken).toHaveLength(2);
  const failing = sliceSteps(
    () => 10,
    () => false,
    async () => Promise.reject(new Error('gone')),
    () => undefined,
  );
  await expect(failing).rejects.toThrow('gone');
});
