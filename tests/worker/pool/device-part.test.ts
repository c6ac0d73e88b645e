/** A pool whose engine has a device trains in two parts, on threads of two kinds. Any engine will do: what is asked is that nothing is lost between. */
import { afterAll, expect, test } from 'vitest';
import { sha256 } from '../../../schemas/content-id.ts';
import type { Result } from '../../../schemas/generated/types.ts';
import type { CohortEnd } from '../../../worker/pool/cohort-end.ts';
import { openPool, type Pool } from '../../../worker/pool/pool.ts';
import { selfCheckJob } from '../../../worker/pool/self-check.ts';
import type { CohortJob } from '../../../worker/pool/trainer.ts';
import { createWasmEngine } from '../../../worker/engines/fused/fused-engine.ts';

const { arithmetic } = await createWasmEngine();
const pools: Pool[] = [];
afterAll(async () => {
  await Promise.all(pools.map((pool) => pool.close()));
});

/** Two replicas of the self-check that start from different seeds. */
function job(): CohortJob {
  const { tasks, objects } = selfCheckJob();
  const both = [1, 2].map((seed) => ({ ...tasks[0]!, seed, replica: sha256(`replica ${seed}`) }));
  return { tasks: both, attempts: [1, 1], objects };
}

function trainedOf(end: CohortEnd): Extract<CohortEnd, { kind: 'trained' }> {
  if (end.kind !== 'trained') throw new Error(end.message);
  return end;
}

/** Without what the clock and the thread say. */
function numbersOf(result: Result | null): Omit<Result, 'seconds' | 'cpuSeconds' | 'worker'> {
  const { seconds: _seconds, cpuSeconds: _cpu, worker: _worker, ...numbers } = result!;
  return numbers;
}

test('a replica that is trained in two parts ends on the bits of one that is trained at once', async () => {
  const pool = openPool({ threads: 1, engine: 'wasm', device: { arithmetic } });
  pools.push(pool);
  const whole = trainedOf(await pool.run(job()));
  const before = pool.steps();
  expect(pool.deviceThreads).toBeGreaterThan(0);
  const first = trainedOf(await pool.run({ ...job(), part: 'device' }));
  expect(first.results).toEqual([null, null]);
  expect(pool.steps() - before).toBe(20);
  const { tasks, objects } = job();
  for (const [place, task] of tasks.entries()) {
    const checkpoints = [first.onward!.checkpoints.get(place)];
    expect(checkpoints[0]).toBeDefined();
    const refused: string[] = [];
    const onRefusedCheckpoint = (_: number, why: string): void => void refused.push(why);
    const rest = await pool.run({ tasks: [task], attempts: [1], objects, checkpoints, part: 'host' }, { onRefusedCheckpoint });
    expect(refused).toEqual([]);
    expect(numbersOf(trainedOf(rest).results[0]!)).toEqual(numbersOf(whole.results[place]!));
  }
  // none was taken twice
  expect(pool.steps()).toBe(2 * before);
});
