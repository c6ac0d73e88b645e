/**
 * The loop of a sweep: publish every replica without an outcome, store what comes back, end when each planned one has its outcome.
 * It trains nothing and knows no worker: whoever pulls from the queue does.
 *
 * Publishing and collecting go on side by side. When the last outcome is stored, the loop closes the queue, which ends the workers'
 * pulls too. After an abort it publishes nothing more but collects on, so that what running cohorts finish is kept: the owner of the
 * workers lets them drain and then closes the queue, which ends this loop.
 */
import { setImmediate as breath } from 'node:timers/promises';
import { LoligoError } from '../../schemas/errors.ts';
import type { Result, Task } from '../../schemas/generated/types.ts';
import type { ResultDelivery, TaskQueue } from '../../schemas/queue.ts';
import type { OutcomeLog } from '../results/outcome-log.ts';
import { Pace } from './progress.ts';
import type { Activity, Progress } from './progress.ts';

/** The replicas of a sweep by position. */
export interface Replicas {
  readonly replicas: number;
  task(index: number): Task;
}

export interface RunSweepOptions {
  readonly expansion: Replicas;
  readonly queue: TaskQueue;
  readonly log: OutcomeLog;
  /** At most so many replicas get their outcome in this call. */
  readonly limit?: number;
  readonly signal: AbortSignal;
  readonly onProgress?: (progress: Progress) => void;
  /** After a result is durable. */
  readonly onResult?: (result: Result) => void;
  /** What the workers are doing now; without it, steps are counted when results come in. */
  readonly activity?: () => Activity;
  /** ms between reports of progress */
  readonly progressMs?: number;
  /** Takes the function to call for a replica whose outcome was withdrawn while this runs: it is published anew. */
  readonly onStart?: (again: (index: number) => Promise<void>) => void;
}

/** finished: every replica has an outcome; limited: `limit` replicas got theirs; interrupted: the queue was closed before. */
export interface RunEnd {
  readonly kind: 'finished' | 'limited' | 'interrupted';
  readonly progress: Progress;
}

const PROGRESS_MS = 1000;
/** Finished replicas are passed over in no time, but a million of them must not hold up the collector. */
const INDICES_PER_BREATH = 1024;

/** Throws what the log, the queue or the expansion throws (DISK, ...), when everything has ended. */
export async function runSweep(options: RunSweepOptions): Promise<RunEnd> {
  const { expansion, log, queue, onProgress } = options;
  const goal = Math.min(expansion.replicas, log.stored + (options.limit ?? Infinity));
  const pace = new Pace({
    planned: expansion.replicas,
    goal,
    stored: () => log.counts,
    activity: options.activity,
    now: () => performance.now(),
  });
  const collector = new Collector(queue, log, goal, (result) => {
    pace.count(result);
    options.onResult?.(result);
  });
  const publisher = new Publisher(options, goal);
  options.onStart?.((index) => publisher.again(index));
  const clock = setInterval(() => onProgress?.(pace.progress()), options.progressMs ?? PROGRESS_MS);
  try {
    await settleBoth(queue, publisher.publish(), collector.collect());
  } finally {
    clearInterval(clock);
  }
  const progress = pace.progress();
  onProgress?.(progress);
  return { kind: endOf(log.stored, goal, expansion.replicas), progress };
}

function endOf(stored: number, goal: number, replicas: number): RunEnd['kind'] {
  if (stored >= replicas) return 'finished';
  return stored >= goal ? 'limited' : 'interrupted';
}

/** A failure of either closes the queue, which ends the other. */
async function settleBoth(queue: TaskQueue, ...parts: Promise<void>[]): Promise<void> {
  const failures: unknown[] = [];
  const note = async (error: unknown): Promise<void> => {
    failures.push(error);
    await queue.close();
  };
  await Promise.all(parts.map((part) => part.catch(note)));
  if (failures.length > 1) throw new AggregateError(failures, 'publishing and collecting both failed');
  if (failures.length === 1) throw failures[0];
}

/** Publishes in the order of the expansion, and no more than will reach the goal. */
class Publisher {
  readonly #options: RunSweepOptions;
  /** Replicas that it may publish yet. */
  #places: number;
  /** Those before it were passed. */
  #position = 0;

  constructor(options: RunSweepOptions, goal: number) {
    this.#options = options;
    this.#places = goal - options.log.stored;
  }

  async publish(): Promise<void> {
    const { expansion, queue, log, signal } = this.#options;
    while (this.#position < expansion.replicas && this.#places > 0 && !signal.aborted) {
      if (this.#position % INDICES_PER_BREATH === 0) await breath();
      const index = this.#position++;
      if (log.has(index)) continue;
      this.#places -= 1;
      if (!(await queue.publish(expansion.task(index)))) return;
    }
    this.#position = expansion.replicas;
  }

  /** The goal needs one more; what the walk has not come to it publishes in its turn. */
  async again(index: number): Promise<void> {
    this.#places += 1;
    if (index >= this.#position || this.#options.signal.aborted) return;
    this.#places -= 1;
    await this.#options.queue.publish(this.#options.expansion.task(index));
  }
}

/** Stores results, many at a time so that they share an fsync, and closes the queue when the goal is reached. */
class Collector {
  readonly #queue: TaskQueue;
  readonly #log: OutcomeLog;
  readonly #goal: number;
  readonly #stored: (result: Result) => void;
  readonly #storing = new Set<Promise<void>>();
  readonly #failures: unknown[] = [];

  constructor(queue: TaskQueue, log: OutcomeLog, goal: number, stored: (result: Result) => void) {
    this.#queue = queue;
    this.#log = log;
    this.#goal = goal;
    this.#stored = stored;
  }

  async collect(): Promise<void> {
    await this.#closeAtGoal();
    for await (const delivery of this.#queue.results()) {
      const storing = this.#settle(delivery).finally(() => this.#storing.delete(storing));
      this.#storing.add(storing);
    }
    await Promise.all(this.#storing);
    // later ones are echoes of the first: the log takes nothing after a failure
    if (this.#failures.length > 0) throw this.#failures[0];
  }

  async #settle(delivery: ResultDelivery): Promise<void> {
    try {
      if (await this.#log.append(delivery.result)) this.#stored(delivery.result);
      delivery.acknowledge();
    } catch (error) {
      delivery.reject(error instanceof Error ? error : new Error(String(error)));
      // a result that breaks its schema is the worker's fault, and the worker hears of it; anything else ends the run
      if (error instanceof LoligoError && error.code === 'SCHEMA_MESSAGE') return;
      this.#failures.push(error);
      await this.#queue.close();
    }
    await this.#closeAtGoal();
  }

  async #closeAtGoal(): Promise<void> {
    if (this.#log.stored >= this.#goal) await this.#queue.close();
  }
}
