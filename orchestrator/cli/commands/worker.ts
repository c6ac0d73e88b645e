/** `loligo worker` */
import { availableParallelism, hostname } from 'node:os';
import type { Logger } from 'pino';
import type { CommandModule } from 'yargs';
import { EXIT, LoligoError, messageOf } from '../../../schemas/errors.ts';
import { packageVersion } from '../../../schemas/package-root.ts';
import { connectServer, flushed } from '../../../schemas/nats-connection.ts';
import { placesOf } from '../../../worker/engines/cohort-size.ts';
import type { Engine } from '../../../worker/engines/engine.ts';
import { openPool } from '../../../worker/pool/pool.ts';
import { checkpointStream } from '../../../worker/queue/checkpoint-stream.ts';
import { consume } from '../../../worker/queue/consumer.ts';
import { openJetStreamSource } from '../../../worker/queue/jetstream.ts';
import { objectReader } from '../../../worker/queue/objects.ts';
import { refusalsOf } from '../../../worker/queue/refusals.ts';
import { CohortSizes } from '../../../worker/queue/cohort-size.ts';
import { checkPort } from '../../dashboard/listening-server.ts';
import { checkpointMsOf, checkpointOption } from '../checkpoint-option.ts';
import { watchConnection } from '../connection-watch.ts';
import { logFormatOption, logLevelOption } from '../log-options.ts';
import { metricsHostOption, metricsPortOption, openMetrics, type MetricsArguments } from '../metrics-server.ts';
import { lingerWhenOut, openHealth } from '../worker-health.ts';
import { eventLog, inTurn, openWorkerLog } from '../worker-log.ts';
import { workerMetrics } from '../worker-metrics.ts';
import { answerRoll, memoryBytes } from '../worker-roll.ts';
import { measuredEngine } from '../sweep-engine.ts';

interface WorkerArguments extends MetricsArguments {
  nats: string;
  engine: string;
  workers: number;
  grace: number;
  checkpoint: number;
  log: string;
  'log-level': string;
}

export const worker: CommandModule<object, WorkerArguments> = {
  command: 'worker',
  describe: 'serve any sweep of a NATS server until SIGTERM, then finish or give back what runs',
  builder: (yargs) =>
    yargs
      .option('nats', { type: 'string', requiresArg: true, demandOption: true, describe: 'nats://HOST:PORT or tls://HOST:PORT' })
      .option('engine', { type: 'string', requiresArg: true, default: 'auto', describe: 'as for run' })
      .option('workers', { type: 'number', requiresArg: true, default: availableParallelism(), describe: 'threads that train' })
      .option('grace', { type: 'number', requiresArg: true, default: 25, describe: 'seconds that running cohorts have after SIGTERM' })
      .option('checkpoint', checkpointOption)
      .option('metrics-port', metricsPortOption)
      .option('metrics-host', metricsHostOption)
      .option('log', logFormatOption)
      .option('log-level', logLevelOption)
      .example('$0 worker --nats nats://127.0.0.1:4222', 'secrets: LOLIGO_NATS_USER, LOLIGO_NATS_PASSWORD, ... or files'),
  handler: async (argv) => {
    const checkpointMs = checkpointMsOf(argv.checkpoint);
    checkPort(argv['metrics-port'], '--metrics-port');
    const log = openWorkerLog(argv);
    try {
      await serveSweeps(argv, checkpointMs, log);
      process.exitCode = EXIT.done;
    } catch (error) {
      if (argv.log !== 'json') throw error;
      log.error({ event: 'worker-ended', code: error instanceof LoligoError ? error.code : 'internal' }, messageOf(error));
      process.exitCode = error instanceof LoligoError ? error.exitCode : EXIT.internal;
    }
  },
};

async function serveSweeps(argv: WorkerArguments, checkpointMs: number, log: Logger): Promise<void> {
  const { nats, workers, grace } = argv;
  const say = (line: string): void => log.info(line);
  const engine = await engineNamed(argv.engine, say);
  const server = await connectServer(nats, 'worker', process.env, say);
  const device = engine.onDevice === true ? { arithmetic: engine.arithmetic } : undefined;
  const pool = openPool({ threads: workers, engine: engine.name, device, checkpointMs });
  const connection = watchConnection(server.connection, (change) => log.warn({ event: `server-${change}` }, `the server is ${change}`));
  const probe = { engine: engine.name, threads: workers, connection, running: () => consumer.running(), steps: () => pool.steps() };
  const metrics = workerMetrics(probe);
  const onEvent = inTurn(eventLog(log), metrics.count);
  const [drain, stop] = [new AbortController(), new AbortController()];
  const signals = drainOnSignal(drain, stop, grace, say);
  const health = await openHealth(server.connection, pool, onEvent);
  const objects = objectReader(server.connection);
  const sizes = new CohortSizes();
  const source = await openJetStreamSource(server, {
    refusals: refusalsOf({ engine, memoryBytes: memoryBytes(), version: packageVersion(), objects }),
    worker: pool.worker,
    health,
    sizes,
    stop: stop.signal,
    onEvent,
    onTrouble: (error) => onEvent({ kind: 'trouble', message: messageOf(error) }),
  });
  const consumer = consume({
    source,
    runner: pool,
    places: placesOf(engine, workers),
    objects,
    signal: stop.signal,
    drain: drain.signal,
    health,
    sizes,
    onEvent,
    checkpoints: checkpointStream(server.connection),
  });
  const state = (): string =>
    health.why === undefined ? (drain.signal.aborted ? 'draining' : 'serving') : `out: ${health.why}`.slice(0, 1000);
  answerRoll(server.connection, { worker: pool.worker, engine, threads: workers }, () => ({
    running: consumer.running(),
    sweeps: source.held(),
    health: state(),
    refuses: source.refusals(),
  }));
  const fault = (): string | undefined => (!connection.connected() ? 'the server is away' : state() === 'serving' ? undefined : state());
  const metricsServer = await openMetrics(argv, metrics.registry, fault, say);
  log.info({ event: 'worker-started' }, `worker ${hostname()}:${process.pid}: ${workers} threads of ${engine.name}, serving ${nats}`);
  try {
    await consumer.ended;
    log.info({ event: 'drained' }, 'drained');
  } catch (error) {
    await lingerWhenOut(error, drain.signal);
    throw error;
  } finally {
    signals.forget();
    health.close();
    // nothing can be given back to a server that is away: leases run out, and waiting for it would outlast the grace period
    if (!connection.connected()) await server.connection.close();
    await source.close();
    await pool.close();
    await metricsServer?.close();
    await flushed(server.connection);
    await server.connection.close();
  }
}

async function engineNamed(asked: string, say: (line: string) => void): Promise<Engine> {
  const { openEngine } = await import('../../../worker/engines/registry.ts');
  return measuredEngine(await openEngine(asked), say);
}

/** SIGTERM or Ctrl-C: nothing more is pulled; after the grace period what still runs is given back. A second one does not wait. */
function drainOnSignal(
  drain: AbortController,
  stop: AbortController,
  graceSeconds: number,
  say: (line: string) => void,
): { forget: () => void } {
  let grace: NodeJS.Timeout | undefined;
  const end = (): void => {
    if (drain.signal.aborted) return stop.abort();
    say(`draining: what runs has ${graceSeconds} s`);
    drain.abort();
    grace = setTimeout(() => stop.abort(), graceSeconds * 1000);
  };
  process.on('SIGTERM', end);
  process.on('SIGINT', end);
  return {
    forget: () => {
      clearTimeout(grace);
      process.off('SIGTERM', end);
      process.off('SIGINT', end);
    },
  };
}
