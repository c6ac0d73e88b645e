/**
 * A sweep through a NATS server: this process publishes, collects and stores, workers elsewhere train. It may be stopped and started again
 * wherever the run directory is.
 */
import type { Lock } from '../../schemas/generated/types.ts';
import { messageOf } from '../../schemas/errors.ts';
import { connectServer } from '../../schemas/nats-connection.ts';
import { cancelSubject, noticeSubject, ROLL } from '../../schemas/wire.ts';
import { openJetStreamQueue } from '../queue/jetstream.ts';
import { provideObjects } from '../queue/objects.ts';
import { openOutcomeLog } from '../results/outcome-log.ts';
import { openProgramLog } from '../results/program-log.ts';
import { openRun, type WritableRun } from '../results/run-directory.ts';
import type { Progress } from '../run/progress.ts';
import { runSweep, type RunEnd } from '../run/run-sweep.ts';
import type { LoadedSweep } from './load-sweep.ts';
import { closeAll } from './run-local.ts';

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
  readonly signal: AbortSignal;
  onStart(run: WritableRun, finished: number): void;
  onProgress(progress: Progress): void;
  /** Something that the user should know of, once. */
  readonly onNote: (note: string) => void;
}

/** Between two looks at who serves. */
const ROLL_MS = 10_000;

export async function runCluster(options: ClusterRunOptions): Promise<RunEnd> {
  const { sweep, lock, out, engine } = options;
  const server = await connectServer(options.nats, 'orchestrator', process.env);
  const { connection } = server;
  const closing: (() => unknown)[] = [() => connection.close()];
  try {
    const run = openRun(out, lock);
    closing.push(() => run.close());
    for (const text of sweep.objects.values()) run.objects.put(text);
    const programLog = openProgramLog(out);
    closing.push(() => programLog.close());
    const log = openOutcomeLog(out, { replicas: sweep.expansion.replicas });
    closing.push(() => log.close());
    const cancelled = new AbortController();
    const queue = await openJetStreamQueue(server, {
      sweep: lock.sweep,
      engine,
      ackWaitMs: options.lease,
      stored: (index) => log.has(index),
      provide: () => provideObjects(connection, sweep.objects),
      onCancel: () => cancelled.abort(),
      onTrouble: (error) => programLog.logger.warn({ sweep: lock.sweep, error: messageOf(error) }, 'the server failed, trying again'),
    });
    closing.push(() => queue.close());
    cancelled.signal.addEventListener('abort', () => void queue.close(), { once: true });
    connection.subscribe(cancelSubject(lock.sweep), { callback: () => cancelled.abort() });
    options.onStart(run, log.stored);
    programLog.logger.info({ sweep: lock.sweep, engine, finished: log.stored }, 'run started');
    const roll = watchRoll(options, connection, () => log.stored < sweep.expansion.replicas);
    closing.push(() => clearInterval(roll));
    // nothing drains here: workers go on without us, and what they hand in waits for the next start
    options.signal.addEventListener('abort', () => void queue.close(), { once: true });
    const end = await runSweep({
      expansion: sweep.expansion,
      queue,
      log,
      ...(options.limit === undefined ? {} : { limit: options.limit }),
      signal: AbortSignal.any([options.signal, cancelled.signal]),
      onProgress: (progress) => {
        options.onProgress(progress);
        if (!connection.isClosed()) connection.publish(noticeSubject(lock.sweep), noticeOf(lock, progress));
      },
    });
    await queue.close();
    if (cancelled.signal.aborted) options.onNote('the sweep was cancelled: what is stored stays, and the same command goes on');
    if (end.kind !== 'interrupted' || cancelled.signal.aborted) await queue.retire();
    programLog.logger.info({ sweep: lock.sweep, end: end.kind, finished: end.progress.finished, malformed: queue.malformed }, 'run ended');
    await connection.flush();
    return end;
  } finally {
    await closeAll(closing.toReversed());
  }
}

/** What `loligo status` prints of a sweep. */
function noticeOf(lock: Lock, { planned, finished, byOutcome, replicasPerSecond, secondsLeft }: Progress): string {
  return JSON.stringify({
    sweep: lock.sweep,
    name: lock.resolved.name,
    at: Date.now(),
    planned,
    finished,
    byOutcome,
    replicasPerSecond,
    secondsLeft,
  });
}

/** Says so when nobody can train this sweep. */
function watchRoll(
  { engine, onNote }: ClusterRunOptions,
  connection: Awaited<ReturnType<typeof connectServer>>['connection'],
  unfinished: () => boolean,
): NodeJS.Timeout {
  let said = '';
  const look = async (): Promise<void> => {
    if (!unfinished() || connection.isClosed()) return;
    const engines: string[] = [];
    try {
      for await (const answer of await connection.requestMany(ROLL, '', { strategy: 'stall', maxWait: 2000 }))
        engines.push(String(answer.json<{ engine?: unknown }>().engine));
    } catch {
      // nobody answers
    }
    const serves = engines.some((name) => engine === 'any' || name === engine);
    const note = serves
      ? ''
      : `no worker can train this sweep: ${engines.length} connected${engines.length === 0 ? '' : ` (${[...new Set(engines)].join(', ')})`}, engine ${engine} is wanted. Start one with "loligo worker --nats URL".`;
    if (note !== '' && note !== said) onNote(note);
    said = note;
  };
  const first = setTimeout(() => void look(), 1000);
  first.unref();
  return setInterval(() => void look(), ROLL_MS);
}
