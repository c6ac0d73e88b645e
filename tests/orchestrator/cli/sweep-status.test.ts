/** `loligo status` of a run directory: with a writer, without, and while it grows; of a server: what is said of an orchestrator that is gone. */
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { noticeOf } from '../../../orchestrator/cli/sweep-notices.ts';
import { describeStatus, statusOfDirectory, statusOfNotice } from '../../../orchestrator/cli/sweep-status.ts';
import { loadSweep } from '../../../orchestrator/cli/load-sweep.ts';
import { openOutcomeLog } from '../../../orchestrator/results/outcome-log.ts';
import { writeProgress } from '../../../orchestrator/results/progress-file.ts';
import { openRun } from '../../../orchestrator/results/run-directory.ts';
import type { Lock, Outcome } from '../../../schemas/generated/types.ts';
import { resultFixture } from '../../helpers/replica-fixture.ts';
import { quickSpec, writeSpec } from '../../helpers/quick-sweep.ts';
import { scratchFolders } from '../../helpers/scratch-folder.ts';

const scratch = scratchFolders();
const GIVEN_UP: Outcome = { kind: 'failed', error: { code: 'REPLICA_GIVEN_UP', message: 'three deaths' } };
const PACE = { running: 3, replicaStepsPerSecond: null, replicasPerSecond: 2.5, secondsLeft: 100, seconds: 1 };

async function lock(): Promise<Lock> {
  const { resolved, expansion } = await loadSweep(writeSpec(scratch(), quickSpec({ name: 'looked-at' })));
  return { sweep: expansion.sweep, resolved, engine: 'native', versions: { loligo: '0.1.0' }, startedAt: '2026-01-01T00:00:00.000Z' };
}

test('a directory tells outcomes, failures and pace while it is written, and what is stored when its writer is gone', async () => {
  const path = join(scratch(), 'run');
  const run = openRun(path, await lock());
  const log = openOutcomeLog(path, { replicas: 4 });
  expect(statusOfDirectory(path, Date.now())).toMatchObject({
    state: 'running',
    alive: true,
    finished: 0,
    planned: 4,
    silentSeconds: null,
  });
  await log.append(resultFixture(0));
  const progress = { planned: 4, finished: 1, byOutcome: log.counts, ...PACE };
  writeProgress(path, noticeOf({ lock: run.lock, state: 'running', log, progress, malformed: 1 }));
  // it grows on after its writer spoke
  await log.append(resultFixture(1, { outcome: GIVEN_UP, attempts: 3 }));
  const growing = statusOfDirectory(path, Date.now());
  expect(growing).toMatchObject({
    finished: 2,
    dead: 1,
    failures: { REPLICA_GIVEN_UP: 1 },
    running: 3,
    replicasPerSecond: 2.5,
    secondsLeft: 100,
  });
  expect(describeStatus(growing, 'go on')).toMatch(
    /^looked-at \([0-9a-f]{12}\): 2 of 4 finished \(1 converged, 1 failed\), running \(.*\)\n3 running, 2.5 replicas a second, 2 min left\nfailed: 1 REPLICA_GIVEN_UP\ngiven up: 1 replica; .*\nput aside: 1 malformed message\n/,
  );
  await log.close();
  run.close();
  const left = statusOfDirectory(path, Date.now());
  expect(left).toMatchObject({ state: 'interrupted', alive: false, finished: 2, running: 0, replicasPerSecond: null, secondsLeft: null });
  expect(describeStatus(left, 'go on')).toContain('interrupted; go on');
});

test('an orchestrator that is silent for long is said to be gone, one that ended is not', async () => {
  const log = { failures: {}, dead: new Map() };
  const counts = { converged: 1, stopped: 0, diverged: 0, pruned: 0, failed: 0 };
  const progress = { planned: 4, finished: 1, byOutcome: counts, ...PACE };
  const notice = noticeOf({ lock: await lock(), state: 'running', log, progress, malformed: 0 });
  const nowMs = 1_000_000;
  expect(statusOfNotice({ notice, storedAt: nowMs - 2000 }, [], nowMs)).toMatchObject({ alive: true, silentSeconds: 2 });
  const gone = statusOfNotice({ notice, storedAt: nowMs - 60_000 }, [], nowMs);
  expect(gone.alive).toBe(false);
  expect(describeStatus(gone, 'go on')).toMatch(/its orchestrator \(.*\) has not spoken for 60 s: it is gone or cut off; go on/);
  const ended = statusOfNotice({ notice: { ...notice, state: 'cancelled' }, storedAt: nowMs - 60_000 }, [], nowMs);
  expect(describeStatus(ended, 'go on')).toContain('cancelled; go on');
});
