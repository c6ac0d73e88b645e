/** Cohorts that run out of memory, from the consumer's side. */
import { expect, test } from 'vitest';
import { openLocalQueue } from '../../../orchestrator/queue/local.ts';
import type { Result } from '../../../schemas/generated/types.ts';
import type { CohortEnd } from '../../../worker/pool/cohort-end.ts';
import { CohortSizes, ranOutOfMemory } from '../../../worker/queue/cohort-size.ts';
import { consume } from '../../../worker/queue/consumer.ts';
import type { WorkerEvent } from '../../../worker/queue/worker-event.ts';
import { inlineRunner, trained, type TrainInline } from '../../helpers/inline-runner.ts';
import { taskFixture } from '../../helpers/replica-fixture.ts';
import { scratchFolders } from '../../helpers/scratch-folder.ts';

const scratch = scratchFolders();
const HEAP: CohortEnd = { kind: 'died', message: 'Worker terminated due to reaching memory limit: JS heap out of memory' };

/** Trains `count` replicas of shape a, and what came of it. */
async function sweep(count: number, places: number, train: TrainInline) {
  const queue = openLocalQueue(scratch());
  for (let index = 0; index < count; index += 1) await queue.publish(taskFixture(index));
  const results: Result[] = [];
  void (async () => {
    for await (const delivery of queue.results()) {
      results.push(delivery.result);
      delivery.acknowledge();
      if (results.length === count) await queue.close();
    }
  })();
  const runner = inlineRunner(1, train);
  const events: WorkerEvent[] = [];
  const onEvent = (event: WorkerEvent): void => void events.push(event);
  const objects = (): Promise<string> => Promise.resolve('');
  await consume({ source: queue, runner, places, objects, signal: new AbortController().signal, onEvent }).ended;
  return { results, sizes: runner.cohorts.map(({ length }) => length), events };
}

test('a cohort that runs out of memory is halved at once until it fits, no try is counted, and the size that fits is remembered', async () => {
  const fits: TrainInline = (job) => (job.tasks.length > 3 ? HEAP : trained(job));
  const { results, sizes, events } = await sweep(10, 8, fits);
  expect(sizes).toEqual([8, 4, 2, 2, 2, 2, 2]);
  expect(new Set(results.map(({ outcome, attempts }) => `${outcome.kind} ${attempts}`))).toEqual(new Set(['converged 1']));
  expect(events.filter(({ kind }) => kind === 'cohort-split')).toMatchObject([
    { from: 8, to: 4 },
    { from: 4, to: 2 },
  ]);
});

test('a replica that does not fit alone is tried three times, and its outcome says OUT_OF_MEMORY', async () => {
  const { results, sizes } = await sweep(4, 4, (job) => (job.tasks.some(({ index }) => index === 2) ? HEAP : trained(job)));
  expect(results.filter(({ outcome }) => outcome.kind !== 'converged')).toMatchObject([
    { index: 2, attempts: 3, outcome: { error: { code: 'OUT_OF_MEMORY', message: expect.stringContaining('heap') as string } } },
  ]);
  expect(Math.max(...results.filter(({ index }) => index !== 2).map(({ attempts }) => attempts))).toBe(1);
  expect(sizes.slice(0, 3)).toEqual([4, 2, 2]);
});

test.each<[string, CohortEnd, boolean]>([
  ['V8 at its heap limit', HEAP, true],
  ['a buffer that cannot be had', { kind: 'threw', message: 'Array buffer allocation failed', stack: '', violations: [] }, true],
  [
    'the compiled core',
    {
      kind: 'threw',
      message: 'training',
      stack: '',
      violations: [{ code: 'OUT_OF_MEMORY', where: 'training', rule: 'the memory must hold the cohort' }],
    },
    true,
  ],
  ['an exit', { kind: 'died', message: 'worker exited with code: 7' }, false],
  ['an exception', { kind: 'threw', message: 'the trainer threw', stack: '', violations: [] }, false],
])('%s is told by its end', (_name, end, memory) => {
  expect(ranOutOfMemory(end)).toBe(memory);
});

test('the size of one shape says nothing of another', () => {
  const sizes = new CohortSizes();
  expect(sizes.tooMany('a', 8)).toBe(4);
  expect([sizes.placesFor('a', 8), sizes.placesFor('b', 8), sizes.placesFor('a', 2)]).toEqual([4, 8, 2]);
  expect(sizes.tooMany('a', 1)).toBe(1);
});
