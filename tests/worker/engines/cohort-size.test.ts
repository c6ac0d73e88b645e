/** How many replicas train together: from the engine's company, the schedule and the cores; and that company from a device's measured speed. */
import { describe, expect, test } from 'vitest';
import { cohortSize, placesOf } from '../../../worker/engines/cohort-size.ts';
import { gainingCompany } from '../../../worker/engines/speed-test.ts';
import { schedule } from '../../../orchestrator/spec/schedules.ts';

const standard = schedule('standard', 'integrated');
const adam = [standard[0]!];

test('Adam alone gets the whole company; where second order follows, a device gets some replicas for each core, and a thread one', () => {
  const gpu = { company: 256, onDevice: true };
  expect([cohortSize(gpu, adam, 16), cohortSize(gpu, standard, 16), cohortSize(gpu, standard, 64)]).toEqual([256, 128, 256]);
  expect([cohortSize({ company: 32 }, adam, 16), cohortSize({ company: 32 }, standard, 16), cohortSize({}, adam, 16)]).toEqual([32, 1, 1]);
  expect([placesOf(gpu, 4), placesOf({ company: 32 }, 4), placesOf({}, 4)]).toEqual([32, 8, 1]);
});

describe('the company of a device', () => {
  /** Replica-steps a second of a device that runs so many replicas at once. */
  const device = (atOnce: number) => async (replicas: number) => (5700 * replicas) / Math.ceil(replicas / atOnce);

  test('ends where its speed stops growing', async () => {
    expect((await gainingCompany(1024, device(132))).replicas).toBe(256);
    expect((await gainingCompany(1024, device(20))).replicas).toBe(32);
    expect((await gainingCompany(1024, device(100_000))).replicas).toBe(1024);
    expect((await gainingCompany(2, device(132))).replicas).toBe(2);
  });

  test('does not end at one timing that another program spoiled', async () => {
    const spoiled = async (replicas: number): Promise<number> => (await device(132)(replicas)) / (replicas === 16 ? 3 : 1);
    expect((await gainingCompany(1024, spoiled)).replicas).toBe(256);
  });

  test('is a few where software plays the device, and nothing more is timed', async () => {
    const asked: number[] = [];
    expect(await gainingCompany(1024, async (replicas) => (asked.push(replicas), 40))).toEqual({ replicas: 8, stepsPerSecond: 40 });
    expect(asked).toEqual([4]);
  });
});
