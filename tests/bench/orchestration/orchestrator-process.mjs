/** The orchestrator of the benchmark: `loligo run --nats` without its report, in a process of its own. */
import { join } from 'node:path';
import { answerParent, built, usageSince, writeSpec } from './bench-sweep.mjs';

answerParent(async ({ folder, replicas, nats }) => {
  const { loadSweep } = await built('orchestrator/cli/load-sweep.js');
  const { runCluster } = await built('orchestrator/cli/run-cluster.js');
  const sweep = await loadSweep(writeSpec(folder, replicas));
  const { sweep: id } = sweep.expansion;
  const versions = { loligo: '0.1.0', node: process.versions.node, v8: process.versions.v8 };
  const startedAt = new Date().toISOString();
  const before = process.cpuUsage();
  const started = performance.now();
  const end = await runCluster({
    sweep,
    lock: { sweep: id, resolved: sweep.resolved, engine: 'any', versions, startedAt },
    out: join(folder, 'run'),
    nats,
    engine: 'any',
    lease: 30_000,
    watch: { 'log-level': 'info', say: () => undefined },
    signal: new AbortController().signal,
    onStart: () => undefined,
    onNote: () => undefined,
    onProgress: ({ finished }) => {
      if (process.connected) process.send({ finished });
    },
  });
  if (end.kind !== 'finished') throw new Error(`internal: the sweep ended ${end.kind}`);
  return { ...usageSince(before), seconds: (performance.now() - started) / 1000 };
});
