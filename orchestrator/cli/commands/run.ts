/** `loligo run SPEC` */
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import type { CommandModule } from 'yargs';
import { EXIT, LoligoError } from '../../../schemas/errors.ts';
import type { Lock, ResolvedTolerate, Summary } from '../../../schemas/generated/types.ts';
import { packageVersion } from '../../../schemas/package-root.ts';
import { checkConditions, readCalibration, type NamedCalibration } from '../../calibration/named-calibration.ts';
import { readRun } from '../../results/run-directory.ts';
import { plural } from '../../report/number-format.ts';
import { progressLine } from '../../run/progress-line.ts';
import type { Progress } from '../../run/progress.ts';
import type { RunEnd } from '../../run/run-sweep.ts';
import { calibrationOption } from '../calibration-option.ts';
import { checkPort } from '../../dashboard/listening-server.ts';
import { checkpointMsOf, checkpointOption } from '../checkpoint-option.ts';
import { logLevelOption } from '../log-options.ts';
import { metricsHostOption, metricsPortOption, type MetricsArguments } from '../metrics-server.ts';
import { describeSummary } from '../describe-summary.ts';
import { refuseIfLacking } from '../engine-refusals.ts';
import { loadSweep, notesOf, tracesOf, type LoadedSweep } from '../load-sweep.ts';
import { measuredEngine, openSweepEngine } from '../sweep-engine.ts';
import { print, printJson, say } from '../output.ts';
import { processorModel } from '../../../worker/engines/processor-model.ts';
import { conditionsOf } from '../run-conditions.ts';
import { runLocal } from '../run-local.ts';

interface RunArguments extends MetricsArguments {
  spec: string;
  out: string | undefined;
  engine: string;
  workers: number;
  nats: string | undefined;
  lease: number;
  limit: number | undefined;
  checkpoint: number;
  calibration: string | undefined;
  'log-level': string;
  json: boolean;
}

export const run: CommandModule<object, RunArguments> = {
  command: 'run <spec>',
  describe: 'run a sweep on this machine to a report; the same command on the same --out resumes',
  builder: (yargs) =>
    yargs
      .positional('spec', { type: 'string', demandOption: true, describe: 'YAML or JSON file' })
      .option('out', { type: 'string', requiresArg: true, describe: 'run directory [default: runs/<name>]' })
      .option('engine', { type: 'string', requiresArg: true, default: 'auto', describe: 'auto, native, wasm, webgpu, tfjs or reference' })
      .option('workers', { type: 'number', requiresArg: true, default: availableParallelism(), describe: 'threads that train' })
      .option('nats', {
        type: 'string',
        requiresArg: true,
        describe: 'train on the workers of this server: nats://HOST:PORT or tls://HOST:PORT',
      })
      .option('lease', {
        type: 'number',
        requiresArg: true,
        default: 30,
        describe: 'seconds without a sign of life until a replica goes to another worker',
      })
      .option('limit', { type: 'number', requiresArg: true, describe: 'stop after so many replicas; the same command goes on' })
      .option('checkpoint', checkpointOption)
      .option('calibration', calibrationOption)
      .option('metrics-port', metricsPortOption)
      .option('metrics-host', metricsHostOption)
      .option('log-level', logLevelOption)
      .option('json', { type: 'boolean', default: false, describe: 'print summary.json instead of the table' })
      .example('$0 run sweeps/demo.yaml --out runs/demo', 'train the demo ensemble and write its report')
      .example('$0 run sweeps/demo.yaml --nats nats://HOST:4222', 'the same, on every "loligo worker" of that server'),
  handler: async (argv) => {
    checkCount('--workers', argv.workers, MOST_THREADS);
    if (argv.limit !== undefined) checkCount('--limit', argv.limit, Number.MAX_SAFE_INTEGER);
    checkLease(argv.lease);
    checkpointMsOf(argv.checkpoint);
    checkPort(argv['metrics-port'], '--metrics-port');
    const sweep = await loadSweep(argv.spec);
    const calibration = calibrationFor(sweep, argv.calibration);
    const out = argv.out ?? join('runs', sweep.resolved.name);
    for (const note of notesOf(sweep)) say(`note: ${note}`);
    const engine = argv.nats === undefined ? await engineHere(argv.engine, sweep) : await engineOfWorkers(argv.engine, sweep);
    const end = await train(sweep, out, engine, argv);
    if (end.kind === 'interrupted') {
      say(`interrupted: ${end.progress.finished} of ${end.progress.planned} replicas are stored in ${out}; the same command goes on.`);
      process.exitCode = EXIT.interrupted;
      return;
    }
    const { buildReport } = await import('../build-report.ts');
    const { summary, report } = await buildReport(readRun(out), { calibration });
    if (argv.json) printJson(summary);
    else print(describeSummary(summary));
    say(`report: ${report}`);
    process.exitCode = exitCodeOf(end, summary, sweep.resolved.tolerate);
  },
};

/** Read and held against the sweep before anything is spent. */
function calibrationFor(sweep: LoadedSweep, path: string | undefined): NamedCalibration | undefined {
  if (path === undefined) return undefined;
  const calibration = readCalibration(path);
  checkConditions(calibration, conditionsOf(sweep.resolved, tracesOf(sweep)));
  return calibration;
}

/** An engine's name, or `any`; and on what its bits depend beside it, where that is known here. */
interface ChosenEngine {
  readonly name: string;
  readonly arithmetic: string;
  /** As Engine.company. */
  readonly company?: number;
  readonly onDevice?: true;
}

/** The engine that trains in this process, and trains everything of the sweep. */
async function engineHere(asked: string, sweep: LoadedSweep): Promise<ChosenEngine> {
  return measuredEngine(await openSweepEngine(asked, sweep), say);
}

/** What the workers' engine must be: a name, or `any`, which leaves it to each worker to serve what its engine trains. */
async function engineOfWorkers(asked: string, sweep: LoadedSweep): Promise<ChosenEngine> {
  if (asked === 'auto') return { name: 'any', arithmetic: '' };
  const { engineToAsk } = await import('../../../worker/engines/registry.ts');
  const engine = await engineToAsk(asked);
  if (engine === undefined) return { name: asked, arithmetic: '' };
  await engine.close();
  refuseIfLacking(sweep, engine);
  return engine;
}

/** A day: a worker that dies is not missed before. */
const MOST_LEASE_S = 86_400;

function checkLease(seconds: number): void {
  if (seconds >= 1 && seconds <= MOST_LEASE_S) return;
  const rule = `must be a number of seconds from 1 to ${MOST_LEASE_S}`;
  throw new LoligoError([{ code: 'USAGE', where: '--lease', rule, got: Number.isNaN(seconds) ? 'no number' : String(seconds) }]);
}

/** Each thread is a V8 of its own with some tens of megabytes. */
const MOST_THREADS = 1024;

function checkCount(option: string, value: number, most: number): void {
  if (Number.isInteger(value) && value >= 1 && value <= most) return;
  const rule = `must be a whole number from 1 to ${most}`;
  throw new LoligoError([{ code: 'USAGE', where: option, rule, got: Number.isNaN(value) ? 'no number' : String(value) }]);
}

async function train(sweep: LoadedSweep, out: string, engine: ChosenEngine, argv: RunArguments): Promise<RunEnd> {
  const { workers, limit, nats, lease, checkpoint } = argv;
  const interruption = new AbortController();
  const line = progressLine(process.stderr, process.env);
  const interrupt = (): void => {
    // a second Ctrl-C does not wait for the running cohorts: what is stored is safe
    if (interruption.signal.aborted) {
      line.stop(); // gives the terminal its cursor back
      process.exit(EXIT.interrupted);
    }
    say('\nstopping: running replicas are given back, press Ctrl-C again to stop at once');
    interruption.abort();
  };
  process.on('SIGINT', interrupt);
  process.on('SIGTERM', interrupt);
  const common = {
    sweep,
    lock: lockOf(sweep, engine.name, nats === undefined ? { arithmetic: engine.arithmetic, processor: processorModel() } : {}),
    out,
    engine: engine.name,
    ...(limit === undefined ? {} : { limit }),
    signal: interruption.signal,
    onProgress: (progress: Progress) => line.show(progress),
    watch: { ...argv, say },
  };
  try {
    if (nats !== undefined) {
      const { runCluster } = await import('../run-cluster.ts');
      return await runCluster({
        ...common,
        nats,
        lease: lease * 1000,
        onStart: (directory, finished) => {
          say(
            `${directory.resumed ? 'resuming' : 'starting'} ${sweep.resolved.name} (${sweep.expansion.sweep.slice(0, 12)}): ${plural(sweep.expansion.replicas, 'replica')}, ${finished} finished, through ${nats}, into ${out}`,
          );
        },
        onNote: (note) => say(`note: ${note}`),
      });
    }
    return await runLocal({
      ...common,
      threads: workers,
      arithmetic: engine.arithmetic,
      company: engine.company ?? 1,
      onDevice: engine.onDevice ?? false,
      checkpointMs: checkpointMsOf(checkpoint),
      onStart: (directory, finished, threads) => {
        say(
          `${directory.resumed ? 'resuming' : 'starting'} ${sweep.resolved.name}: ${plural(sweep.expansion.replicas, 'replica')}, ${finished} finished, ${plural(threads, 'thread')}, into ${out}`,
        );
      },
    });
  } finally {
    line.stop();
    process.off('SIGINT', interrupt);
    process.off('SIGTERM', interrupt);
  }
}

/** The workers of a server have processors of their own. */
function lockOf({ resolved, expansion }: LoadedSweep, engine: string, machine: Pick<Lock, 'arithmetic' | 'processor'>): Lock {
  const versions = { loligo: packageVersion(), node: process.versions.node, v8: process.versions.v8 };
  return { sweep: expansion.sweep, resolved, engine, ...machine, versions, startedAt: new Date().toISOString() };
}

/** 3 when a larger share of the finished replicas failed or diverged than the spec allows. */
function exitCodeOf(end: RunEnd, { counts }: Summary, tolerate: ResolvedTolerate): number {
  const tooMany = counts.failed > tolerate.failed * counts.finished || counts.diverged > tolerate.diverged * counts.finished;
  if (tooMany) {
    say(
      `too many replicas failed (${counts.failed}) or diverged (${counts.diverged}) for tolerate: { failed: ${tolerate.failed}, diverged: ${tolerate.diverged} }`,
    );
    return EXIT.intolerable;
  }
  if (end.kind !== 'limited') return EXIT.done;
  say(`--limit is reached: ${plural(counts.planned - counts.finished, 'replica')} left; the same command goes on.`);
  return EXIT.budget;
}
