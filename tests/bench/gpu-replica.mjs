/**
 * Whole replicas (replica-spec.mjs: standard schedule, Adam and then Levenberg-Marquardt) through the product's pool, on the GPU engine and on
 * the processor's own, in turns: replicas a second of wall time. Needs the built dist/ and a GPU: node tests/bench/gpu-replica.mjs
 *
 * Options: --json FILE, --engines native,webgpu, --threads N (all cores), --replicas N (a thread, 4), --cohort N (a cohort's, 4), --turns N (2).
 */
import { writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { tasksOf } from './network-step.mjs';
import { digits, listOf, tableOf } from './rates.mjs';
import { replicaSpec } from './replica-spec.mjs';

const built = (path) => import(new URL(`../../dist/${path}`, import.meta.url).href);
const { openPool } = await built('worker/pool/pool.js');
const { openEngine } = await built('worker/engines/registry.js');

const { values } = parseArgs({
  options: {
    json: { type: 'string' },
    engines: { type: 'string', default: 'native,webgpu' },
    threads: { type: 'string', default: String(availableParallelism()) },
    replicas: { type: 'string', default: '4' },
    cohort: { type: 'string', default: '4' },
    turns: { type: 'string', default: '2' },
  },
});
const threads = Number(values.threads);
const count = threads * Number(values.replicas);
const { tasks, objects } = await tasksOf(replicaSpec(count));
// as `run` does before it starts its threads, which NVIDIA's driver needs: device.ts
for (const name of listOf(values.engines)) await (await openEngine(name)).engine.close();
const pools = new Map(listOf(values.engines).map((engine) => [engine, openPool({ threads, engine })]));
const rates = new Map([...pools.keys()].map((engine) => [engine, []]));
// opens every thread's engine, and compiles its kernels
for (const pool of pools.values()) await train(pool, tasks.slice(0, threads), 1);
for (let turn = 0; turn < Number(values.turns); turn++)
  for (const [engine, pool] of pools) rates.get(engine).push(count / (await train(pool, tasks, Number(values.cohort))));
for (const pool of pools.values()) await pool.close();
console.log(
  tableOf(
    ['engine', 'replicas/s'],
    [...rates].map(([engine, all]) => [engine, all.map((rate) => digits(rate)).join(' ')]),
  ),
);
if (values.json !== undefined) writeFileSync(values.json, JSON.stringify({ threads, count, rates: Object.fromEntries(rates) }, null, 1));

/** Seconds that the pool takes. */
async function train(pool, all, size) {
  const cohorts = Array.from({ length: Math.ceil(all.length / size) }, (_, k) => all.slice(k * size, (k + 1) * size));
  const began = performance.now();
  const ends = await Promise.all(
    cohorts.map((own) => pool.run({ tasks: own, attempts: own.map(() => 1), objects: Object.fromEntries(objects) })),
  );
  const seconds = (performance.now() - began) / 1000;
  const outcomes = {};
  for (const end of ends) {
    if (end.kind !== 'trained') throw new Error(end.message ?? `the cohort ended as ${end.kind}`);
    for (const { outcome } of end.results) outcomes[outcome.kind] = (outcomes[outcome.kind] ?? 0) + 1;
  }
  console.log(`${pool.engine}: ${all.length} replicas in ${seconds.toFixed(2)} s, ${JSON.stringify(outcomes)}`);
  return seconds;
}
