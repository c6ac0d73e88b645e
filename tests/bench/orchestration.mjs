/**
 * What the orchestration of a replica costs when training costs nothing: CPU of publish, lease, result, store and acknowledge through
 * the local queue and the outcome log, with the real loop on both sides; the time to open a log of 10,000 and of a million outcomes;
 * the fold into Parquet. Prints one JSON object. Needs the built dist/: npm run bench:orchestration
 *
 * With --nats-server BINARY the same through JetStream on a server of its own: CPU of this process, which is orchestrator and worker, and of
 * the server apart, and the server's memory.
 *
 * Options: --replicas N (10,000), --million (the log of a million too: 0.7 GB in the temporary folder).
 */
import { spawn } from 'node:child_process';
import { appendFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

const built = (path) => import(new URL(`../../dist/${path}`, import.meta.url).href);
const { sha256 } = await built('schemas/content-id.js');
const { openLocalQueue } = await built('orchestrator/queue/local.js');
const { openOutcomeLog } = await built('orchestrator/results/outcome-log.js');
const { outcomeLine } = await built('orchestrator/results/outcome-line.js');
const { readOutcomes } = await built('orchestrator/results/outcome-reader.js');
const { foldResults } = await built('orchestrator/results/parquet.js');
const { runSweep } = await built('orchestrator/run/run-sweep.js');
const { consume } = await built('worker/queue/consumer.js');

const { values } = parseArgs({
  options: {
    replicas: { type: 'string', default: '10000' },
    million: { type: 'boolean', default: false },
    'nats-server': { type: 'string' },
  },
});
const folders = [];

try {
  const figures = { noOp: await noOpSweep(Number(values.replicas)), open10k: await openLog(10_000) };
  if (values['nats-server'] !== undefined) figures.jetstream = await jetStreamSweep(Number(values.replicas), values['nats-server']);
  if (values.million) figures.openMillion = await openLog(1_000_000);
  process.stdout.write(`${JSON.stringify(figures, undefined, 2)}\n`);
} finally {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
}

function noOpRunner() {
  return {
    threads: 2,
    engine: 'reference',
    worker: 'no-op',
    run: async (job) => ({ kind: 'trained', results: job.tasks.map(({ index }) => result(index)) }),
    stop: () => undefined,
    steps: () => 0,
  };
}

async function noOpSweep(replicas) {
  const run = scratch();
  // the expansion has its own figures: tasks are made beforehand
  const tasks = Array.from({ length: replicas }, (_, index) => task(index));
  const before = process.cpuUsage();
  const started = performance.now();
  const log = openOutcomeLog(run, { replicas });
  const queue = openLocalQueue(run);
  const signal = new AbortController().signal;
  const consumer = consume({ source: queue, runner: noOpRunner(), places: 8, objects: async () => 'model', signal });
  await Promise.all([runSweep({ expansion: { replicas, task: (index) => tasks[index] }, queue, log, signal }), consumer.ended]);
  await log.close();
  return { replicas, ...spent(before, started, replicas) };
}

function spent(before, started, replicas) {
  const { user, system } = process.cpuUsage(before);
  const seconds = (performance.now() - started) / 1000;
  return { cpuMsPerReplica: (user + system) / 1000 / replicas, wallMsPerReplica: (seconds * 1000) / replicas };
}

async function jetStreamSweep(replicas, binary) {
  const { connectServer } = await built('schemas/nats-connection.js');
  const { openJetStreamQueue } = await built('orchestrator/queue/jetstream.js');
  const { openJetStreamSource } = await built('worker/queue/jetstream.js');
  const port = 30_000 + (process.pid % 20_000);
  const server = spawn(binary, ['-js', '-sd', scratch(), '-a', '127.0.0.1', '-p', String(port)], { stdio: ['ignore', 'ignore', 'pipe'] });
  await new Promise((resolve) => server.stderr.on('data', (text) => String(text).includes('Server is ready') && resolve()));
  try {
    const run = scratch();
    const tasks = Array.from({ length: replicas }, (_, index) => task(index));
    const [orchestrator, worker] = [
      await connectServer(`nats://127.0.0.1:${port}`, 'orchestrator', {}),
      await connectServer(`nats://127.0.0.1:${port}`, 'worker', {}),
    ];
    const serverBefore = processOf(server.pid);
    const before = process.cpuUsage();
    const started = performance.now();
    const log = openOutcomeLog(run, { replicas });
    const queue = await openJetStreamQueue(orchestrator, { sweep: sha256('sweep'), engine: 'any', stored: (index) => log.has(index) });
    const source = await openJetStreamSource(worker, { serves: () => true });
    const stop = new AbortController();
    const { signal } = stop;
    const consumer = consume({ source, runner: noOpRunner(), places: 8, objects: async () => 'model', signal });
    await runSweep({ expansion: { replicas, task: (index) => tasks[index] }, queue, log, signal });
    stop.abort();
    await consumer.ended;
    await log.close();
    const figures = spent(before, started, replicas);
    const { cpuMs, residentMb } = processOf(server.pid);
    const serverCpuMsPerReplica = (cpuMs - serverBefore.cpuMs) / replicas;
    await source.close();
    await queue.retire();
    await Promise.all([orchestrator.connection.close(), worker.connection.close()]);
    return { version: orchestrator.connection.info?.version, ...figures, serverCpuMsPerReplica, serverMb: residentMb };
  } finally {
    server.kill('SIGKILL');
  }
}

/** CPU so far and memory now, from /proc. */
function processOf(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
  const ticksMs = 10;
  return { cpuMs: (Number(fields[11]) + Number(fields[12])) * ticksMs, residentMb: (Number(fields[21]) * 4096) / 1e6 };
}

async function openLog(results) {
  const run = scratch();
  const bytes = writeSegments(run, results);
  const [openSeconds, log] = await timed(() => openOutcomeLog(run, { replicas: results }));
  if (log.stored !== results) throw new Error(`internal: ${log.stored} of ${results} outcomes found`);
  await log.close();
  const [readSeconds] = await timed(async () => {
    for await (const _ of readOutcomes(run));
  });
  const [foldSeconds] = await timed(() => foldResults(run, task));
  const parquetMb = statSync(join(run, 'replicas.parquet')).size / 1e6;
  const peakMb = process.resourceUsage().maxRSS / 1e3;
  return { results, logMb: bytes / 1e6, openSeconds, readSeconds, foldSeconds, parquetMb, peakMb };
}

/** As the writer would have left them, without its fsyncs. */
function writeSegments(run, results) {
  mkdirSync(join(run, 'outcomes'));
  let [bytes, inSegment, segment, lines] = [0, 0, 1, []];
  const flush = () => {
    appendFileSync(join(run, 'outcomes', `${String(segment).padStart(6, '0')}.jsonl`), lines.join(''));
    lines = [];
    if (inSegment >= 64 * 1024 * 1024) [inSegment, segment] = [0, segment + 1];
  };
  for (let index = 0; index < results; index += 1) {
    const line = outcomeLine(result(index));
    lines.push(line);
    bytes += line.length;
    inSegment += line.length;
    if (lines.length === 4096) flush();
  }
  flush();
  return bytes;
}

async function timed(work) {
  const started = performance.now();
  const value = await work();
  return [(performance.now() - started) / 1000, value];
}

function scratch() {
  const folder = mkdtempSync(join(tmpdir(), 'loligo-bench-'));
  folders.push(folder);
  return folder;
}

function task(index) {
  return {
    sweep: sha256('sweep'),
    index,
    replica: sha256(`replica ${index}`),
    shape: 'a'.repeat(16),
    model: sha256('model'),
    infer: [
      { name: 'gNa', start: 100 },
      { name: 'gK', start: 30 },
      { name: 'gL', start: 0.3 },
    ],
    fixed: {},
    data: {
      id: sha256('data'),
      entry: 0,
      label: 'step 10',
      draws: 4,
      samples: 501,
      sampleMs: 0.1,
      sigmaMv: 1,
      source: {
        kind: 'synthetic',
        parameters: { gNa: 120 },
        stimulus: { step: { amplitude: 10 } },
        initialMv: -65,
        noiseMv: 1,
        seed: 1,
        samples: 501,
        sampleMs: 0.1,
      },
    },
    draw: index % 4,
    configuration: {
      states: 'integrated',
      'network.depth': 2,
      'network.width': 24,
      'network.features': 24,
      'network.bandwidthKhz': 1,
      'network.activation': 'tanh',
      'collocation.perSample': 1,
      'loss.data': 1,
      'loss.current': 1,
      'loss.gates': 1,
    },
    training: [{ optimizer: 'adam', steps: 10, rate: 0.01, parameterRate: 1, warmup: 0, physics: 1, project: false }],
    accept: { chi2: 'auto', rmseMv: 'off', spikes: 'equal' },
    seed: index,
    tracePoints: 0,
  };
}

/** As large as a trained replica's without traces. */
function result(index) {
  const values = { gNa: 120 + index / 7, gK: 36 + index / 11, gL: 0.3 + index / 1e9 };
  return {
    sweep: sha256('sweep'),
    index,
    replica: sha256(`replica ${index}`),
    outcome: { kind: 'converged' },
    attempts: 1,
    worker: 'host:1234/1',
    engine: 'reference',
    seconds: 1 + index / 13,
    steps: 1200,
    estimate: {
      parameters: values,
      initial: { V: -65 + index / 1e7, m: 0.0529, h: 0.5961, n: 0.3177 },
      losses: { data: index / 1e9, current: index / 1.1e9, gates: 0 },
      stationarity: 0.0012345678,
      network: { rmseMv: 1.0123456789, rmseToTruth: { V: 0.123456789, m: 0.00123456, h: 0.00234567, n: 0.00345678 } },
      predictive: { rmseMv: 1.123456789, chi2: 1.0123456789, spikes: { observed: 3, simulated: 3 }, coincidence: 1 },
    },
  };
}
