import { expect, test } from 'vitest';
import { openLocalQueue } from '../../../orchestrator/queue/local.ts';
import type { ResultDelivery } from '../../../schemas/queue.ts';
import { resultFixture, taskFixture } from '../../helpers/replica-fixture.ts';
import { scratchFolders } from '../../helpers/scratch-folder.ts';

const scratch = scratchFolders();
const never = new AbortController().signal;

test('the shape whose oldest task waited longest comes first, and a task given back uncounted comes before the others', async () => {
  const queue = openLocalQueue(scratch());
  for (const [index, shape] of ['a', 'b', 'b', 'a'].entries()) await queue.publish(taskFixture(index, shape));
  const [first, second] = await queue.pull(2, never);
  expect([first?.task.index, second?.task.index]).toEqual([0, 3]);
  await first?.release({ counted: false });
  await second?.release({ counted: true });
  const next = [await queue.pull(1, never), await queue.pull(8, never), await queue.pull(8, never)];
  expect(next.map((leases) => leases.map(({ task }) => task.index))).toEqual([[0], [1, 2], [3]]);
  await queue.close();
});

test('complete resolves only when the collector has acknowledged, and rejects with its error, the lease then being open still', async () => {
  const queue = openLocalQueue(scratch());
  await queue.publish(taskFixture(0));
  const [lease] = await queue.pull(1, never);
  const results = queue.results()[Symbol.asyncIterator]();
  let state = 'running';
  const completed = lease?.complete(resultFixture(0)).finally(() => (state = 'ended'));
  const delivery = await nextOf(results);
  expect(state).toBe('running');
  delivery.reject(new Error('no room'));
  await expect(completed).rejects.toThrow('no room');
  const again = lease?.complete(resultFixture(0));
  (await nextOf(results)).acknowledge();
  await expect(again).resolves.toBeUndefined();
  await queue.close();
});

test('a lease ends once: completing or releasing it again is a bug that is told', async () => {
  const queue = openLocalQueue(scratch());
  await queue.publish(taskFixture(0));
  const [lease] = await queue.pull(1, never);
  await lease?.release({ counted: true });
  await expect(lease?.release({ counted: true })).rejects.toThrow('internal: the lease');
  await queue.close();
});

async function nextOf(results: AsyncIterator<ResultDelivery>): Promise<ResultDelivery> {
  const next = await results.next();
  if (next.done === true) throw new Error('the queue closed');
  return next.value;
}
