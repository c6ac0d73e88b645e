/**
 * What orchestration costs where training costs nothing: expand, publish, lease, result, store and acknowledge, through the local queue and
 * through JetStream, with the real loops on both sides. Orchestrator, worker and server are processes of their own, and their CPU is told
 * apart. Needs the built dist/: npm run bench:orchestration
 *
 *   --replicas N     of a no-op sweep (20,000)              --rounds N    alternating; the median is shown (5)
 *   --million        a million replicas through JetStream: memory, time, disk; resume with a million stored (about 10 minutes, 1.5 GB)
 *   --idle N         N idle workers on 20 lanes: what they ask of the server (0: not measured)
 *   --only a,b       of local, jetstream, resume, workers, idle, million
 *   --json           one object instead of the tables
 *
 * nats-server: NATS_SERVER_OLD and NATS_SERVER_NEW, else /usr/sbin/nats-server and ~/go/bin/nats-server, else the one in PATH.
 * The peers' figures are from one noisy core as well (CPU per no-op trial): Optuna 5.0, Ray Tune 2.60, NATS alone.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { circumstances } from './bench-options.mjs';
import { digits, listOf, median, tableOf } from './rates.mjs';
import { timeIdle } from './orchestration/idle.mjs';
import { serverBinaries, startPart, usageOf } from './orchestration/processes.mjs';
import { timeResume } from './orchestration/resume.mjs';
import { timeWorkers } from './orchestration/added-workers.mjs';
import { PLACES } from './orchestration/bench-sweep.mjs';
import { startNats } from '../helpers/nats-process.mjs';

const PEERS = [
  { system: 'Optuna 5.0, random, in memory', cpuMs: 1.1 },
  { system: 'Optuna 5.0, journal file', cpuMs: 6 },
  { system: 'Ray Tune 2.60, reuse_actors', cpuMs: 55 },
  { system: 'NATS alone: publish acked, consume, ack', cpuMs: 0.13 },
];

const { values } = parseArgs({
  options: {
    replicas: { type: 'string', default: '20000' },
    rounds: { type: 'string', default: '5' },
    million: { type: 'boolean', default: false },
    idle: { type: 'string', default: '0' },
    only: { type: 'string', default: 'local,jetstream,resume,workers,idle,million' },
    json: { type: 'boolean', default: false },
  },
});
const wanted = new Set(listOf(values.only));
const [replicas, rounds] = [Number(values.replicas), Number(values.rounds)];
const binaries = serverBinaries();
const note = (text) => process.stderr.write(`${text}\n`);
if (binaries.length === 0) note('without JetStream: no nats-server found');

const figures = { ...circumstances(null), replicas, rounds };
Object.assign(figures, await noOpSweeps());
const newest = binaries.at(-1);
if (newest !== undefined) {
  if (wanted.has('resume')) figures.resume = await resumes();
  if (wanted.has('workers')) figures.workers = await onServer(newest, ({ nats, folder }) => timeWorkers({ nats, folder }));
  if (wanted.has('idle') && Number(values.idle) > 0)
    figures.idle = await onServer(newest, (server) => timeIdle({ ...server, workers: Number(values.idle) }));
  if (wanted.has('million') && values.million) figures.million = await onServer(newest, (server) => jetStreamSweep(server, 1_000_000));
}
process.stdout.write(values.json ? `${JSON.stringify(figures, undefined, 2)}\n` : `${report()}\n`);

async function noOpSweeps() {
  const [local, jetstream] = [[], binaries.map(({ version }) => ({ version, runs: [] }))];
  for (let round = 0; round < rounds; round += 1) {
    note(`round ${round + 1} of ${rounds}`);
    if (wanted.has('local')) local.push(await inScratch((folder) => localSweep(folder)));
    if (wanted.has('jetstream'))
      for (const [place, binary] of binaries.entries())
        jetstream[place].runs.push(await onServer(binary, (server) => jetStreamSweep(server, replicas)));
  }
  return {
    ...(local.length > 0 ? { local: medianOf(local) } : {}),
    ...(wanted.has('jetstream') ? { jetstream: jetstream.map(({ version, runs }) => ({ version, ...medianOf(runs) })) } : {}),
  };
}

async function localSweep(folder) {
  const part = await startPart('local-process.mjs', { folder, replicas });
  const { cpuMs, seconds, peakMb } = await part.figures;
  return { cpuMs: cpuMs / replicas, wallMs: (seconds * 1000) / replicas, peakMb };
}

async function jetStreamSweep({ nats, folder, pid }, count) {
  const worker = await startPart('worker-process.mjs', { nats, threads: 2, places: PLACES, cohortMs: 0 });
  const before = usageOf(pid).cpuMs;
  const orchestrator = await startPart('orchestrator-process.mjs', { folder, replicas: count, nats });
  const ran = await orchestrator.figures;
  const worked = await worker.stop();
  const server = usageOf(pid);
  const serverCpuMs = server.cpuMs - before;
  return {
    cpuMs: (ran.cpuMs + worked.cpuMs + serverCpuMs) / count,
    orchestratorCpuMs: ran.cpuMs / count,
    workerCpuMs: worked.cpuMs / count,
    serverCpuMs: serverCpuMs / count,
    wallMs: (ran.seconds * 1000) / count,
    orchestratorPeakMb: ran.peakMb,
    workerPeakMb: worked.peakMb,
    serverPeakMb: server.peakMb,
  };
}

async function resumes() {
  const counts = values.million ? [10_000, 1_000_000] : [10_000];
  const timed = [];
  for (const results of counts) timed.push(await onServer(newest, ({ nats, folder }) => timeResume({ nats, folder, results, usageOf })));
  return timed;
}

function medianOf(runs) {
  return Object.fromEntries(Object.keys(runs[0]).map((key) => [key, median(runs.map((run) => run[key]))]));
}

async function inScratch(work) {
  const folder = mkdtempSync(join(tmpdir(), 'loligo-bench-'));
  try {
    return await work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function onServer({ binary }, work) {
  return inScratch(async (folder) => {
    const server = await startNats(binary, folder);
    try {
      return await work({ nats: server.url, folder, pid: server.pid });
    } finally {
      await server.kill();
    }
  });
}

function report() {
  const { machine, date, node, command } = figures;
  const parts = [`${machine}, node ${node}, ${date}: ${command}`, '', costs()];
  if (figures.resume !== undefined) parts.push('', resumeTable());
  if (figures.workers !== undefined) parts.push('', workerTable());
  if (figures.idle !== undefined) parts.push('', idleLine());
  if (figures.million !== undefined) parts.push('', millionLine());
  return parts.join('\n');
}

function costs() {
  const rows = [];
  const { local, jetstream = [] } = figures;
  if (local !== undefined) rows.push(['loligo, local', local.cpuMs, '', '', '', local.wallMs, local.peakMb]);
  for (const run of jetstream) {
    const { version, cpuMs, orchestratorCpuMs, workerCpuMs, serverCpuMs, wallMs, orchestratorPeakMb } = run;
    rows.push([`loligo, nats-server ${version}`, cpuMs, orchestratorCpuMs, workerCpuMs, serverCpuMs, wallMs, orchestratorPeakMb]);
  }
  for (const { system, cpuMs } of PEERS) rows.push([system, cpuMs, '', '', '', '', '']);
  const shown = rows.map((row) => row.map((cell) => (typeof cell === 'number' ? digits(cell) : cell)));
  return tableOf(['CPU ms per no-op replica', 'all', 'orchestrator', 'worker', 'server', 'wall ms', 'MB'], shown);
}

function resumeTable() {
  const rows = figures.resume.map(({ results, seconds, cpuSeconds, peakMb }) => [
    results,
    digits(seconds),
    digits(cpuSeconds),
    digits(peakMb),
  ]);
  return tableOf(['results stored', 's until the first new replica', 'CPU s', 'MB'], rows);
}

function workerTable() {
  const rows = figures.workers.map(({ workers, perSecond, perWorker }) => [workers, digits(perSecond), digits(perWorker)]);
  return tableOf(['workers', 'replicas/s', 'per worker, of one'], rows);
}

function idleLine() {
  const { workers, lanes, serverCores, answerMs, serverPeakMb } = figures.idle;
  return `${workers} idle workers, ${lanes} lanes: ${digits(serverCores)} cores of the server, an answer takes ${digits(answerMs)} ms, ${digits(serverPeakMb)} MB`;
}

function millionLine() {
  const { cpuMs, wallMs, orchestratorPeakMb, serverPeakMb } = figures.million;
  return `a million replicas: ${digits(wallMs * 1000)} s, ${digits(cpuMs)} ms of CPU each; at most ${digits(orchestratorPeakMb)} MB in the orchestrator, ${digits(serverPeakMb)} MB in the server`;
}
