import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { NodeHealth } from '../../../worker/queue/node-health.ts';
import { NO_TRIES, type Tries } from '../../../worker/queue/tries.ts';
import { resultFixture, taskFixture } from '../../helpers/replica-fixture.ts';
import { waitFor } from '../../helpers/wait-for.ts';

const never = new AbortController().signal;
const other = { worker: 'other:1', refuses: new Set<string>() };

/** A worker `here:1` whose failed replicas have these histories. */
function health(options: { tries?: Partial<Tries>; fault?: () => string | undefined; others?: (typeof other)[] } = {}): NodeHealth {
  return new NodeHealth({
    worker: 'here:1',
    selfCheck: () => Promise.resolve(options.fault?.()),
    readTries: () => Promise.resolve({ ...NO_TRIES, sequence: 1, failedBy: ['here:1'], ...options.tries }),
    others: () => Promise.resolve(options.others ?? [other]),
    pauseMs: 1,
  });
}

async function fail(node: NodeHealth, times: number): Promise<void> {
  for (let index = 0; index < times; index += 1) expect(await node.judge([taskFixture(index)], 'it threw')).toBe('replica');
}

test('three cohorts in a row that others finish take the worker out, two do not', async () => {
  const node = health({ tries: { finishedBy: 'other:1' } });
  await fail(node, 2);
  await delay(1200); // longer than it takes to look
  expect(node.why).toBeUndefined();
  await fail(node, 1);
  await waitFor(() => node.why !== undefined);
  expect([node.out.aborted, node.error?.code]).toEqual([true, 'NODE_UNFIT']);
});

test('replicas that fail on another host too, and killers with the company they took along, are held against nobody', async () => {
  const node = health({ tries: { failedBy: ['here:1', 'other:1'], finishedBy: 'third:1' } });
  await fail(node, 5);
  expect(node.placesFor(8)).toBe(1);
  await waitFor(() => node.placesFor(8) === 8);
  expect(node.why).toBeUndefined();
});

test('a replica that trains ends the row', async () => {
  const node = health();
  await fail(node, 2);
  expect(await node.vouches([resultFixture(0)])).toBe(true);
  expect(node.placesFor(8)).toBe(8);
  await node.due(never);
});

test('an outcome that says that the arithmetic broke down is handed in only by a machine that passes its check', async () => {
  const diverged = [resultFixture(0, { outcome: { kind: 'diverged', stage: 0, step: 3, term: 'data' } })];
  expect(await health().vouches(diverged)).toBe(true);
  const broken = health({ fault: () => 'its data loss is NaN' });
  expect(await broken.vouches(diverged)).toBe(false);
  expect(broken.why).toContain('its data loss is NaN');
});

test('a replica is left to those who have not failed it, and to nobody where there is nobody better', async () => {
  const task = taskFixture(0);
  expect(await health().leaves(task, [])).toBe(false);
  expect(await health().leaves(task, ['other:1'])).toBe(false);
  expect(await health().leaves(task, ['here:1'])).toBe(true);
  expect(await health().leaves(task, ['here:1', 'other:1'])).toBe(false);
  const refusing = { worker: 'other:1', refuses: new Set([`${task.sweep}-${task.shape}`]) };
  expect(await health({ others: [refusing] }).leaves(task, ['here:1'])).toBe(false);
  // the process before this one on the same machine
  expect(await health().leaves(task, ['here:0'])).toBe(true);
});

test('a lane is held where others serve it, or where there is no point in asking again at once', async () => {
  const lane = taskFixture(0);
  const alone = health({ others: [] });
  expect([await alone.hold(lane, 'memory', { evenAlone: false }), alone.holds(lane)]).toEqual([false, null]);
  expect([await alone.hold(lane, 'no object', { evenAlone: true }), alone.holds(lane)]).toEqual([true, 'no object']);
  const node = health();
  expect([await node.hold(lane, 'memory', { evenAlone: false }), node.holds(lane)]).toEqual([true, 'memory']);
  expect(node.holds(taskFixture(0, 'b'))).toBeNull();
});
