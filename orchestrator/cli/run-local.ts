/**
 * A sweep without a server: queue, workers and collector in this process, training in pool threads. The one place where the
 * orchestrator's side and the worker's side are put together.
 */
import type { Lock, SweepNotice } from '../../schemas/generated/types.ts';
import type { TaskQueue } from '../../schemas/queue.ts';
import { cohortSize } from '../../worker/engines/cohort-size.ts';
import { openPool } from '../../worker/pool/pool.ts';
import { consume } from '../../worker/queue/consumer.ts';
import { openLocalQueue } from '../queue/local.ts';
import { openCheckpointFiles } from '../results/checkpoint-files.ts';
import { writeProgress } from '../results/progress-file.ts';
import type { WritableRun } from '../results/run-directory.ts';
import type { Progress } from '../run/progress.ts';
import { runSweep, type RunEnd } from '../run/run-sweep.ts';
import type { LoadedSweep } from './load-sweep.ts';
import { closeAll, openRunFiles } from './run-files.ts';
import { openRunWatch, probeOf, type RunWatchOptions } from './run-watch.ts';
import { eventLog } from './worker-log.ts';
import { noticeOf } from './sweep-notices.ts';
import { cardOf } from './worker-roll.ts';

export interface LocalRunOptions {
  readonly sweep: LoadedSweep;
  readonly lock: Lock;
  readonly out: string;
  /** An engine's name, not `auto`. */
  readonly engine: string;
  /** Of the engine: what its bits depend on beside its name, and how many replicas it likes together. */
  readonly arithmetic: string;
  readonly company: number;
  /** As Engine.onDevice. */
  readonly onDevice: boolean;
  /** Upper bound: there are no more threads than replicas to train. */
  readonly threads: number;
  readonly limit?: number;
  readonly watch: RunWatchOptions;
  /** Training time between two checkpoints of a replica */
  readonly checkpointMs: number;
  readonly signal: AbortSignal;
  onStart(run: WritableRun, finished: number, threads: number): void;
  onProgress(progress: Progress): void;
}

export async function runLocal(options: LocalRunOptions): Promise<RunEnd> {
  const { sweep, lock, out, engine, signal } = options;
  const closing: (() => unknown)[] = [];
  try {
    const { run, programLog, log } = openRunFiles(options, closing);
    const left = sweep.expansion.replicas - log.stored;
    const threads = Math.max(1, Math.min(options.threads, left));
    const queue = openLocalQueue(out);
    closing.push(() => queue.close());
    const checkpoints = openCheckpointFiles(out);
    const device = options.onDevice ? { arithmetic: options.arithmetic } : undefined;
    const pool = openPool({ threads, engine, device, checkpointMs: options.checkpointMs });
    closing.push(() => pool.close());
    options.onStart(run, log.stored, threads);
    programLog.logger.info({ event: 'run-started', sweep: lock.sweep, engine, threads, finished: log.stored }, 'run started');
    const most = cohortSize(options, Object.values(sweep.resolved.training).flat(), threads);
    const places = Math.max(1, Math.min(most, options.onDevice ? left : Math.ceil(left / threads)));
    const stopped = new AbortController();
    const consumer = consume({
      source: queue,
      runner: pool,
      places,
      objects: async (hash) => run.objects.get(hash),
      signal: AbortSignal.any([signal, stopped.signal]),
      checkpoints,
      onEvent: eventLog(programLog.logger),
    });
    // the workers drain after an abort, and only then is there nothing left to collect
    const drained = closeAfter(consumer.ended, queue);
    const tell = (progress: Progress, state: SweepNotice['state']): void => {
      const kind = { worker: pool.worker, engine: { name: engine, arithmetic: options.arithmetic }, threads };
      const running = consumer.running();
      const card = cardOf(kind, { running, sweeps: { [lock.sweep]: running }, health: 'serving', refuses: [] });
      writeProgress(out, { ...noticeOf({ lock, state, log, progress, malformed: 0 }), workers: state === 'running' ? [card] : [] });
    };
    const probe = { ...probeOf(options, log), logger: programLog.logger, running: () => consumer.running() };
    const watch = await openRunWatch(options.watch, probe).catch(async (error: unknown) => {
      stopped.abort();
      await drained;
      throw error;
    });
    closing.push(() => watch.close());
    const end = runSweep({
      expansion: sweep.expansion,
      queue,
      log,
      ...(options.limit === undefined ? {} : { limit: options.limit }),
      signal,
      onProgress: (progress) => {
        options.onProgress(progress);
        tell(progress, 'running');
      },
      onResult: watch.onResult,
      activity: () => ({ running: consumer.running(), steps: pool.steps() }),
    }).finally(() => stopped.abort());
    const ended = await bothEnded(end, drained);
    if (ended.kind === 'finished') checkpoints.removeAll();
    tell(ended.progress, ended.kind);
    programLog.logger.info({ event: 'run-ended', sweep: lock.sweep, end: ended.kind, finished: ended.progress.finished }, 'run ended');
    return ended;
  } finally {
    await closeAll(closing.toReversed());
  }
}

async function closeAfter(ended: Promise<void>, queue: TaskQueue): Promise<void> {
  try {
    await ended;
  } finally {
    await queue.close();
  }
}

/** Wait for both, and let a failure of either through, the workers' first: it is the cause when both fail. */
async function bothEnded(end: Promise<RunEnd>, drained: Promise<void>): Promise<RunEnd> {
  const [ended, workers] = await Promise.allSettled([end, drained]);
  if (workers.status === 'rejected') throw workers.reason;
  if (ended.status === 'rejected') throw ended.reason;
  return ended.value;
}
