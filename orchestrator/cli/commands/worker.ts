/** `loligo worker` */
import { availableParallelism, hostname, totalmem } from 'node:os';
import type { CommandModule } from 'yargs';
import { EXIT, messageOf } from '../../../schemas/errors.ts';
import { packageVersion } from '../../../schemas/package-root.ts';
import { connectServer } from '../../../schemas/nats-connection.ts';
import { ROLL } from '../../../schemas/wire.ts';
import { openPool } from '../../../worker/pool/pool.ts';
import { consume } from '../../../worker/queue/consumer.ts';
import { openJetStreamSource } from '../../../worker/queue/jetstream.ts';
import { objectReader } from '../../../worker/queue/objects.ts';
import { say } from '../output.ts';

interface WorkerArguments {
  nats: string;
  engine: string;
  workers: number;
  grace: number;
}

/** Replicas that tfjs trains together on one thread: its head is bound by dispatch. */
const TFJS_COHORT = 8;

export const worker: CommandModule<object, WorkerArguments> = {
  command: 'worker',
  describe: 'serve any sweep of a NATS server until SIGTERM, then finish or give back what runs',
  builder: (yargs) =>
    yargs
      .option('nats', { type: 'string', requiresArg: true, demandOption: true, describe: 'nats://HOST:PORT or tls://HOST:PORT' })
      .option('engine', { type: 'string', requiresArg: true, default: 'auto', describe: 'as for run' })
      .option('workers', { type: 'number', requiresArg: true, default: availableParallelism(), describe: 'threads that train' })
      .option('grace', { type: 'number', requiresArg: true, default: 25, describe: 'seconds that running cohorts have after SIGTERM' })
      .example('$0 worker --nats nats://127.0.0.1:4222', 'secrets: LOLIGO_NATS_USER, LOLIGO_NATS_PASSWORD, ... or files'),
  handler: async ({ nats, engine: asked, workers, grace }) => {
    const engine = await engineNamed(asked);
    const server = await connectServer(nats, 'worker', process.env);
    const pool = openPool({ threads: workers, engine });
    const source = await openJetStreamSource(server, {
      serves: (lane) => lane.engine === 'any' || lane.engine === engine,
      onTrouble: (error) => say(`trying again: ${messageOf(error)}`),
    });
    const card = {
      worker: pool.worker,
      engine,
      threads: workers,
      memoryMb: Math.round(totalmem() / 1e6),
      loligo: packageVersion(),
      node: process.versions.node,
    };
    server.connection.subscribe(ROLL, {
      callback: (_, message) => void message.respond(JSON.stringify({ ...card, running: consumer.running() })),
    });
    const [drain, stop] = [new AbortController(), new AbortController()];
    const consumer = consume({
      source,
      runner: pool,
      places: engine === 'tfjs' ? TFJS_COHORT : 1,
      objects: objectReader(server.connection),
      signal: stop.signal,
      drain: drain.signal,
    });
    const signals = drainOnSignal(drain, stop, grace);
    say(`worker ${hostname()}:${process.pid}: ${workers} threads of ${engine}, serving ${nats}`);
    try {
      await consumer.ended;
      say('drained');
    } finally {
      signals.forget();
      await source.close();
      await pool.close();
      await server.connection.drain();
    }
    process.exitCode = EXIT.done;
  },
};

async function engineNamed(asked: string): Promise<string> {
  const { openEngine } = await import('../../../worker/engines/registry.ts');
  const { engine, why } = await openEngine(asked);
  const { name } = engine;
  await engine.close();
  say(`engine: ${why}`);
  return name;
}

/** SIGTERM or Ctrl-C: nothing more is pulled; after the grace period what still runs is given back. A second one does not wait. */
function drainOnSignal(drain: AbortController, stop: AbortController, graceSeconds: number): { forget: () => void } {
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
