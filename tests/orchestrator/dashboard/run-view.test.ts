import { appendFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { EstimateSample } from '../../../orchestrator/dashboard/estimate-sample.ts';
import { runView } from '../../../orchestrator/dashboard/run-view.ts';
import { openOutcomeLog } from '../../../orchestrator/results/outcome-log.ts';
import { openObjectStore } from '../../../orchestrator/results/object-store.ts';
import type { Run } from '../../../orchestrator/results/run-directory.ts';
import { estimatedFixture, lockFixture, resultFixture } from '../../helpers/replica-fixture.ts';
import { scratchFolders } from '../../helpers/scratch-folder.ts';

const scratch = scratchFolders();

function runOf(path: string): Run {
  return { path, lock: lockFixture(), objects: openObjectStore(path) };
}

test('a view takes up what the log grew by, in whatever segment, and passes over a torn line until it is whole', async () => {
  const path = scratch();
  const view = runView(runOf(path));
  await view.refresh();
  expect(view.outcomes.finished.size).toBe(0);
  const log = openOutcomeLog(path, { replicas: 100, segmentBytes: 1500 });
  for (let index = 0; index < 10; index++) await log.append(estimatedFixture(index));
  await view.refresh();
  await log.append({ ...estimatedFixture(10), outcome: { kind: 'stopped', reason: 'chi2' } });
  await log.close();
  await view.refresh();
  await view.refresh();
  expect(view.outcomes.counts).toMatchObject({ converged: 10, stopped: 1 });
  const [gNa] = view.parameters();
  expect([...gNa!.values]).toEqual([120, 121, 122, 123, 124, 125, 126, 127, 128, 129]);
  const last = join(path, 'outcomes', readdirSync(join(path, 'outcomes')).toSorted().at(-1)!);
  const line = JSON.stringify(estimatedFixture(11));
  appendFileSync(last, line.slice(0, 40));
  await view.refresh();
  expect(view.outcomes.finished.size).toBe(11);
  appendFileSync(last, `${line.slice(40)}\n`);
  await view.refresh();
  expect(view.outcomes.finished.size).toBe(12);
});

test('a replica that was put back counts once', async () => {
  const path = scratch();
  const view = runView(runOf(path));
  const log = openOutcomeLog(path, { replicas: 100 });
  await log.append(resultFixture(3, { outcome: { kind: 'failed', error: { code: 'REPLICA_GIVEN_UP', message: '' } } }));
  await view.refresh();
  expect(view.outcomes.counts.failed).toBe(1);
  await log.withdraw(3);
  await log.append(estimatedFixture(3));
  await log.close();
  await view.refresh();
  expect(view.outcomes.counts).toMatchObject({ failed: 0, converged: 1 });
});

test('of many estimates every second, fourth, ... is kept, from all of them', () => {
  const sample = new EstimateSample();
  let read = 0;
  for (let i = 0; i < 100_000; i++)
    sample.offer(() => {
      read += 1;
      return { gNa: i };
    });
  const values = sample.sorted('gNa');
  expect(values.length).toBeGreaterThan(2000);
  expect(values.length).toBeLessThanOrEqual(4096);
  expect(sample.stride * values.length).toBeGreaterThan(90_000);
  expect([values[0], values.at(-1)! > 99_900]).toEqual([0, true]);
  expect(read).toBeLessThan(20_000);
});
