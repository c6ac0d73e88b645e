/**
 * What a user waits for when a sweep goes on: from the start of `loligo run --nats` on a directory that holds almost all outcomes until a worker
 * has the first new replica. Program start, spec, log, streams and expansion are in it.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { built, resultOf, writeSpec } from './bench-sweep.mjs';

const PROGRAM = fileURLToPath(new URL('../../../dist/orchestrator/cli/main.js', import.meta.url));
/** Replicas without an outcome: the last ones, so that all others are passed over first. */
const LEFT = 10;

/** Seconds, and the orchestrator's peak memory by then. */
export async function timeResume({ folder, nats, results, usageOf }) {
  const { loadSweep } = await built('orchestrator/cli/load-sweep.js');
  const { connectServer } = await built('schemas/nats-connection.js');
  const { openJetStreamSource } = await built('worker/queue/jetstream.js');
  const spec = writeSpec(folder, results + LEFT);
  const sweep = await loadSweep(spec);
  const run = join(folder, 'resumed');
  await writeRun(run, sweep, results);
  const server = await connectServer(nats, 'worker', {});
  const source = await openJetStreamSource(server, {});
  const started = performance.now();
  const child = spawn(process.execPath, [PROGRAM, 'run', spec, '--nats', nats, '--out', run], { stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.on('data', (text) => (said += text));
  const ended = once(child, 'exit');
  const early = new AbortController();
  void ended.then(() => early.abort());
  const [lease] = await source.pull(1, early.signal);
  const seconds = (performance.now() - started) / 1000;
  if (lease === undefined) throw new Error(`loligo run ended early: ${said}`);
  if (lease.task.index < results) throw new Error(`internal: replica ${lease.task.index} is stored and was published`);
  const { peakMb, cpuMs } = usageOf(child.pid);
  child.kill('SIGKILL');
  await ended;
  await source.close();
  await server.connection.close();
  return { results, seconds, cpuSeconds: cpuMs / 1000, peakMb };
}

/** The run directory as a run that was killed would have left it, without its fsyncs. */
async function writeRun(run, { resolved, expansion }, results) {
  const { outcomeLine } = await built('orchestrator/results/outcome-line.js');
  const { packageVersion } = await built('schemas/package-root.js');
  const versions = { loligo: packageVersion(), node: process.versions.node, v8: process.versions.v8 };
  mkdirSync(join(run, 'outcomes'), { recursive: true });
  const lock = { sweep: expansion.sweep, resolved, engine: 'any', versions, startedAt: new Date().toISOString() };
  writeFileSync(join(run, 'sweep.lock.json'), JSON.stringify(lock));
  let [inSegment, segment, lines] = [0, 1, []];
  const flush = () => {
    appendFileSync(join(run, 'outcomes', `${String(segment).padStart(6, '0')}.jsonl`), lines.join(''));
    lines = [];
    if (inSegment >= 64 * 1024 * 1024) [inSegment, segment] = [0, segment + 1];
  };
  for (let index = 0; index < results; index += 1) {
    const line = outcomeLine(resultOf(expansion.task(index), 1, 'host:1/1'));
    lines.push(line);
    inSegment += line.length;
    if (lines.length === 4096) flush();
  }
  flush();
}
