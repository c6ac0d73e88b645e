/**
 * A sweep through a NATS server: this process publishes, collects and stores, workers elsewhere train. It may be stopped and started again
 * wherever the run directory is.
 */
import { jetstreamManager } from '@nats-io/jetstream';
import type { Lock, SweepNotice } from '../../schemas/generated/types.ts';
import { messageOf } from '../../schemas/errors.ts';
import { connectServer, flushed } from '../../schemas/nats-connection.ts';
import { packageVersion } from '../../schemas/package-root.ts';
import { cancelSubject, noticeSubject } from '../../schemas/wire.ts';
import { DeadLetters } from '../queue/dead-letters.ts';
import { openJetStreamQueue } from '../queue/jetstream.ts';
import { provideObjects } from '../queue/objects.ts';
import { refuseLargeTasks } from '../queue/task-size.ts';
import { describeDead } from '../results/dead-replica.ts';
import { readProgress, writeProgress } from '../results/progress-file.ts';
import type { WritableRun } from '../results/run-directory.ts';
import type { Progress } from '../run/progress.ts';
import { runSweep, type RunEnd } from '../run/run-sweep.ts';
import type { LoadedSweep } from './load-sweep.ts';
import { watchConnection } from './connection-watch.ts';
import { closeAll, openRunFiles } from './run-files.ts';
import { openRunWatch, probeOf, type RunWatchOptions } from './run-watch.ts';
import { soleOrchestrator } from './sole-orchestrator.ts';
import { noticeOf } from './sweep-notices.ts';
import { watchServing } from './who-serves.ts';

export interface ClusterRunOptions {
  readonly sweep: LoadedSweep;
  readonly lock: Lock;
  readonly out: string;
  readonly nats: string;
  /** An engine's name, or `any`. */
  readonly engine: string;
  /** ms */
  readonly lease: number;
  readonly limit?: number;
  readonly watch: RunWatchOptions;
  readonly signal: AbortSignal;
  onStart(run: WritableRun, finished: number): void;
  onProgress(progress: Progress): void;
  /** Something that the user should know of, once. */
  readonly onNote: (note: string) => void;
}

/** Different troubles that are shown. */
const MOST_TOLD = 20;

export async function runCluster(options: ClusterRunOptions): Promise<RunEnd> {
  const { sweep, lock, out, engine } = options;
  const server = await connectServer(options.nats, 'orchestrator', process.env, options.onNote);
  const { connection } = server;
  const closing: (() => unknown)[] = [() => connection.close()];
  try {
    refuseLargeTasks(sweep.resolved, sweep.expansion, connection.info?.max_payload);
    const rival = await soleOrchestrator(connection, lock.sweep, readProgress(out)?.by);
    const { run, programLog, log } = openRunFiles(options, closing);
    const cancelled = new AbortController();
    const told = new Set<string>();
    const trouble = (error: unknown): void => {
      const message = messageOf(error);
      programLog.logger.warn({ event: 'trouble', sweep: lock.sweep, error: message }, 'the server failed, trying again');
      // what goes on for hours is said once
      if (!told.has(message) && told.size < MOST_TOLD) options.onNote(`the server failed, trying again: ${message}`);
      told.add(message);
    };
    let again: (index: number) => Promise<void> = () => Promise.resolve();
    const dead = new DeadLetters(connection, await jetstreamManager(connection, { checkAPI: false }), {
      sweep: lock.sweep,
      log,
      describe: (index) => describeDead(sweep.expansion.task(index), deadOutcome(log.dead.get(index)), lock.resolved),
      again: (index) => {
        programLog.logger.info({ event: 'put-back', sweep: lock.sweep, index }, 'put back by "dead retry"');
        again(index).catch(trouble);
      },
      onTrouble: trouble,
    });
    closing.push(() => dead.close());
    const queue = await openJetStreamQueue(server, {
      sweep: lock.sweep,
      engine,
      ackWaitMs: options.lease,
      stored: (index) => log.has(index),
      taskOf: (index) => (index < sweep.expansion.replicas ? sweep.expansion.task(index) : undefined),
      // wishes are granted before the collector starts: an echo of a withdrawn outcome is taken out first
      provide: async () => {
        await provideObjects(connection, sweep.objects);
        await dead.reconcile();
      },
      onCancel: () => cancelled.abort(),
      onTrouble: trouble,
    });
    closing.push(() => queue.close());
    connection.subscribe(cancelSubject(lock.sweep), { callback: () => cancelled.abort() });
    options.onStart(run, log.stored);
    programLog.logger.info({ event: 'run-started', sweep: lock.sweep, engine, finished: log.stored }, 'run started');
    const serving = watchServing(connection, {
      wanted: () =>
        log.stored < sweep.expansion.replicas
          ? { sweep: lock.sweep, engine, version: packageVersion(), shapes: queue.shapes(), nats: options.nats }
          : undefined,
      onNote: options.onNote,
    });
    closing.push(() => serving.stop());
    const running = (): number => serving.cards().reduce((sum, card) => sum + (card.sweeps[lock.sweep] ?? 0), 0);
    const watchedConnection = watchConnection(connection, (change) => {
      programLog.logger.warn({ event: `server-${change}`, sweep: lock.sweep }, `the server is ${change}`);
      options.onNote(`the server is ${change}`);
    });
    const watch = await openRunWatch(options.watch, {
      ...probeOf(options, log),
      logger: programLog.logger,
      running,
      cluster: { connection: watchedConnection, queue: () => queue.counts() },
    });
    closing.push(() => watch.close());
    const tell = (progress: Progress, state: SweepNotice['state']): void => {
      const notice = noticeOf({ lock, state, log, progress, malformed: queue.malformed });
      writeProgress(out, { ...notice, running: running(), workers: [...serving.cards()] });
      if (!connection.isClosed()) connection.publish(noticeSubject(lock.sweep), JSON.stringify(notice));
    };
    // nothing drains here: workers go on without us, and what they hand in waits for the next start
    const enough = AbortSignal.any([options.signal, cancelled.signal, rival]);
    enough.addEventListener('abort', () => void queue.close(), { once: true });
    // it may have come while the queue was opened
    if (enough.aborted) await queue.close();
    const end = await runSweep({
      expansion: sweep.expansion,
      queue,
      log,
      ...(options.limit === undefined ? {} : { limit: options.limit }),
      signal: enough,
      onResult: watch.onResult,
      onStart: (publishAgain) => (again = publishAgain),
      onProgress: (progress) => {
        options.onProgress(progress);
        tell(progress, 'running');
        dead.tell().catch(trouble);
      },
    });
    await queue.close();
    rival.throwIfAborted();
    if (cancelled.signal.aborted) options.onNote('the sweep was cancelled: what is stored stays, and the same command goes on');
    tell(end.progress, cancelled.signal.aborted ? 'cancelled' : end.kind);
    try {
      await dead.tell();
      if (end.kind !== 'interrupted' || cancelled.signal.aborted) await queue.retire();
    } catch (error) {
      // what is stored is stored: no reason to fail
      const rest = 'it may hold a rest of this sweep, which the same command takes off it';
      programLog.logger.warn({ event: 'trouble', sweep: lock.sweep, error: messageOf(error) }, `the server failed at the end: ${rest}`);
      options.onNote(`the server failed at the end (${messageOf(error)}): ${rest}`);
    }
    programLog.logger.info(
      { event: 'run-ended', sweep: lock.sweep, end: end.kind, finished: end.progress.finished, malformed: queue.malformed },
      'run ended',
    );
    await flushed(connection);
    return end;
  } finally {
    await closeAll(closing.toReversed());
  }
}

function deadOutcome<T>(found: T | undefined): T {
  if (found === undefined) throw new Error('internal: a replica that is not dead was to be described');
  return found;
}
