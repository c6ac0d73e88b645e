/**
 * Whole replicas (replica-spec.mjs) through the product's worker, on the processor's own engine and on the GPU: replicas a second of wall time, and
 * how busy cores and GPU were. `webgpu` is the product: two threads keep the GPU, and each replica's second order and end run on the next free core.
 * `webgpu-each` gives every thread a GPU of its own, on which its cohorts train from beginning to end. Needs the built dist/ and a GPU:
 * node tests/bench/gpu-replica.mjs
 *
 * Options: --json FILE, --engines native,webgpu-each,webgpu, --threads N (all cores), --replicas N (a thread, 8), --cohort N (the product's choice),
 * --turns N (1), --schedules standard,... (SCHEDULES), --ms N (of V, 50).
 */
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { tasksOf } from './network-step.mjs';
import { digits, listOf, percent, tableOf } from './rates.mjs';
import { replicaSpec } from './replica-spec.mjs';

const built = (path) => import(new URL(`../../dist/${path}`, import.meta.url).href);
const { openPool } = await built('worker/pool/pool.js');
const { openEngine } = await built('worker/engines/registry.js');
const { cohortSize } = await built('worker/engines/cohort-size.js');
const { measureCompany } = await built('worker/engines/speed-test.js');
const { consume } = await built('worker/queue/consumer.js');

const adam = (steps) => ({ optimizer: 'adam', steps });
const SCHEDULES = {
  standard: { states: 'integrated', training: 'standard' },
  network: { states: 'network', training: 'standard' },
  adam: { states: 'network', training: [adam(3000)] },
  'adam-lm': { states: 'network', training: [adam(10_000), { optimizer: 'levenberg-marquardt', steps: 20, physics: [1, 100] }] },
};

const { values } = parseArgs({
  options: {
    json: { type: 'string' },
    engines: { type: 'string', default: 'native,webgpu-each,webgpu' },
    schedules: { type: 'string', default: 'standard,adam-lm' },
    threads: { type: 'string', default: String(availableParallelism()) },
    replicas: { type: 'string', default: '8' },
    cohort: { type: 'string' },
    turns: { type: 'string', default: '1' },
    ms: { type: 'string', default: '50' },
  },
});
const threads = Number(values.threads);
const count = threads * Number(values.replicas);
const rows = [];
const runners = new Map();
for (const name of listOf(values.engines)) {
  // as `run` does before it starts its threads, which NVIDIA's driver needs: device.ts
  const { engine: opened } = await openEngine(name.replace('-each', ''));
  const began = performance.now();
  const engine = name.endsWith('-each') ? opened : { ...opened, company: await measureCompany(opened) };
  if (engine.onDevice)
    console.log(`${name}: ${engine.company} replicas at once, found in ${((performance.now() - began) / 1000).toFixed(1)} s`);
  await opened.close();
  const device = engine.onDevice && !name.endsWith('-each') ? { arithmetic: engine.arithmetic } : undefined;
  runners.set(name, { engine, device, pool: openPool({ threads, engine: engine.name, device }) });
}
for (const schedule of listOf(values.schedules)) {
  const { states, training } = SCHEDULES[schedule];
  const spec = replicaSpec(count);
  spec.problem.data[0].synthetic.durationMs = Number(values.ms);
  const { tasks, objects } = await tasksOf({ ...spec, space: { ...spec.space, states }, training });
  // opens every thread's engine, and compiles its kernels
  for (const runner of runners.values()) await train(runner, tasks.slice(0, threads), 1);
  for (let turn = 0; turn < Number(values.turns); turn++)
    for (const [name, runner] of runners) {
      const row = { schedule, engine: name, ...(await train(runner, tasks, placesOf(runner, tasks))) };
      rows.push(row);
      console.log(JSON.stringify(row));
    }

  /** Trains all tasks as a worker does. */
  async function train({ pool }, all, places) {
    const waiting = [...all];
    const outcomes = {};
    let left = all.length;
    let close;
    const closed = new Promise((resolve) => (close = resolve));
    const leaseOf = (task) => ({
      task,
      delivery: 1,
      again: false,
      unwanted: new AbortController().signal,
      complete: async ({ outcome }) => {
        outcomes[outcome.kind] = (outcomes[outcome.kind] ?? 0) + 1;
        if (--left === 0) close();
      },
      release: async () => waiting.unshift(task),
    });
    const pull = async (most) => {
      if (waiting.length === 0) await closed;
      return waiting.splice(0, most).map(leaseOf);
    };
    const gpu = watchGpu();
    const [began, cpu] = [performance.now(), process.cpuUsage()];
    await consume({
      source: { pull },
      // a consumer stops its pool for good when it ends
      runner: { ...pool, stop: () => undefined },
      places,
      objects: async (hash) => objects.get(hash),
      signal: new AbortController().signal,
      onEvent: (event) => event.kind === 'try-failed' && console.error(event.message),
    }).ended;
    const seconds = (performance.now() - began) / 1000;
    const { user, system } = process.cpuUsage(cpu);
    const coresBusy = (user + system) / 1e6 / seconds / availableParallelism();
    return { replicas: all.length, places, seconds, perSecond: all.length / seconds, coresBusy, gpuBusy: gpu(), outcomes };
  }
}
console.log(
  tableOf(
    ['schedule', 'engine', 'replicas', 'together', 'replicas/s', 'cores busy', 'GPU busy'],
    rows.map(({ schedule, engine, replicas, places, perSecond, coresBusy, gpuBusy }) => [
      schedule,
      engine,
      replicas,
      places,
      digits(perSecond),
      percent(coresBusy),
      gpuBusy === null ? '' : percent(gpuBusy),
    ]),
  ),
);
if (values.json !== undefined) writeFileSync(values.json, JSON.stringify({ threads, rows }, null, 1));
// last: a driver may not survive the end of so many threads (device.ts)
for (const { pool } of runners.values()) await pool.close();

/** Replicas of a cohort, as `run` chooses. */
function placesOf({ engine, device }, tasks) {
  if (values.cohort !== undefined) return Number(values.cohort);
  const { training } = tasks[0];
  if (device !== undefined) return Math.min(cohortSize(engine, training, threads), tasks.length);
  const most = training.every(({ optimizer }) => optimizer === 'adam') ? (engine.company ?? 1) : engine.onDevice ? 8 : 1;
  return Math.max(1, Math.min(most, Math.ceil(tasks.length / threads)));
}

/** Call the result at the end: share of the time in which the GPU ran something, by nvidia-smi; null where there is none. */
function watchGpu() {
  const shares = [];
  const smi = spawn('nvidia-smi', ['--query-gpu=utilization.gpu', '--format=csv,noheader,nounits', '-lms', '200']);
  smi.on('error', () => undefined);
  smi.stdout?.on('data', (text) => shares.push(...String(text).trim().split('\n').map(Number)));
  return () => {
    smi.kill();
    return shares.length === 0 ? null : shares.reduce((sum, share) => sum + share, 0) / shares.length / 100;
  };
}
