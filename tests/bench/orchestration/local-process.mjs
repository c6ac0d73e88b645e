/** A no-op sweep through the local queue and the outcome log, both sides in this process: expand, publish, lease, result, store, acknowledge. */
import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { answerParent, built, noOpRunner, PLACES, usageSince, writeSpec } from './bench-sweep.mjs';

answerParent(async ({ folder, replicas }) => {
  const { loadSweep } = await built('orchestrator/cli/load-sweep.js');
  const { openLocalQueue } = await built('orchestrator/queue/local.js');
  const { openOutcomeLog } = await built('orchestrator/results/outcome-log.js');
  const { runSweep } = await built('orchestrator/run/run-sweep.js');
  const { consume } = await built('worker/queue/consumer.js');
  const { expansion } = await loadSweep(writeSpec(folder, replicas));
  const run = mkdtempSync(join(folder, 'run-'));
  const before = process.cpuUsage();
  const started = performance.now();
  const log = openOutcomeLog(run, { replicas });
  const queue = openLocalQueue(run);
  const { signal } = new AbortController();
  const consumer = consume({ source: queue, runner: noOpRunner({ threads: 2 }), places: PLACES, objects: async () => 'object', signal });
  await Promise.all([runSweep({ expansion, queue, log, signal }), consumer.ended]);
  await log.close();
  return { ...usageSince(before), seconds: (performance.now() - started) / 1000 };
});
