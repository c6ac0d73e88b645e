/**
 * How long after a worker's death its replica runs elsewhere. The hardest case: nothing else is to do, so that the other worker is idle and has to
 * find out that a lease ran out. Each replica lingers until its worker is killed, twice, and ends at its third try.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { whims } from '../helpers/whims.mjs';
import { nowMs } from './monotonic.mjs';
import { openScene } from './scene.mjs';
import { writeSpec } from './schedule.mjs';
import { readJournal } from './verdict.mjs';

const REPLICAS = 16;
const TRIES_KILLED = 2;

/** ms from each death to the next start of its replica. */
export async function measureDeaths(binary, { ackWaitMs, seed }) {
  const folder = mkdtempSync(join(tmpdir(), 'loligo-deaths-'));
  const whim = whims(seed);
  const plan = {
    program: 'fixture',
    engine: 'reference',
    replicas: REPLICAS,
    ackWaitMs,
    reconcileMs: 5000,
    window: 1,
    workers: 2,
    threads: 1,
    places: 1,
    poison: {},
    lingers: TRIES_KILLED + 1,
  };
  const scene = await openScene(plan, { binary, folder, spec: writeSpec(folder, plan) });
  const waits = [];
  let ended = false;
  void scene.end.then(() => (ended = true));
  try {
    scene.begin();
    const killed = new Map();
    while (!ended) {
      await delay(2);
      const begin = readJournal(scene.journal()).findLast(({ what }) => what === 'begin');
      if (begin === undefined) continue;
      const { index, attempt, pid, ms } = begin;
      const death = killed.get(`${index} ${attempt - 1}`);
      if (death !== undefined && !death.seen) waits.push(ms - death.ms);
      if (death !== undefined) death.seen = true;
      const key = `${index} ${attempt}`;
      if (attempt > TRIES_KILLED || killed.has(key)) continue;
      // at any moment between two renewals of the lease
      await delay(whim() * ackWaitMs);
      const slot = scene.workers().find(({ child }) => child.pid === pid);
      killed.set(key, { ms: nowMs(), seen: false });
      await scene.signal(slot, 'SIGKILL');
      scene.restart(slot);
    }
  } finally {
    await scene.close();
    rmSync(folder, { recursive: true, force: true });
  }
  if (scene.problems.length > 0 || waits.length !== REPLICAS * TRIES_KILLED)
    throw new Error(`${waits.length} deaths: ${JSON.stringify(scene.problems)}`);
  return waits;
}
