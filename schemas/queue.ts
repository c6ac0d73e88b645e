/**
 * The queue's two sides: what an orchestrator and a worker may ask of it. `local` is both sides in one process; `jetstream` is a
 * TaskQueue in the orchestrator and a TaskSource in every worker. Both pass tests/contract/queue.
 *
 * Promised:
 *  1. A published task is delivered until a result for it was accepted or it was given up: at least once, never silently lost.
 *     Publishing a task that is outstanding changes nothing.
 *  2. `pull` returns tasks of one shape only, and at most as many as asked for.
 *  3. A lease that is released, or whose worker dies, is delivered again with `delivery` raised by one (not raised when it was
 *     released uncounted). The count survives the death of the process.
 *  4. `complete` resolves only when no death can lose the result any more: it is stored (local), or in a stream from which the
 *     collector gets it until it acknowledges it (jetstream). When it rejects, the lease is open still. A result that breaks its
 *     schema is refused with SCHEMA_MESSAGE.
 *  5. `publish` waits while the window of outstanding tasks is full: a sweep is streamed, never held.
 *  6. Close ends `results()`, every waiting `pull` and every waiting `publish`; what was leased on the closed side and not completed
 *     is delivered again. A close is no failure: that delivery is not counted.
 *  7. A replica is delivered any number of times; who leases one more often than MAX_DELIVERIES gives it up untrained.
 *  8. `unwanted` of a lease aborts when its outcome is wanted from this worker no more: within seconds of a cancel, and once a worker
 *     that was stopped or cut off finds that another one holds the replica. Such a lease may still be completed; a release drops it.
 *
 * Not promised: order between tasks; that a task is delivered only once (the store of results must be idempotent); counts after the
 * death of the machine (a lower count costs a try more).
 */
import type { Result, Task } from './generated/types.ts';

/** A replica is tried so often; then it is given up (failed-result.ts). */
export const MAX_DELIVERIES = 3;

/** The right to train one replica. */
export interface Lease {
  readonly task: Task;
  /** Tries of this task, this one included: 1 for the first, in whatever process. */
  readonly delivery: number;
  /** False where the task was certainly never leased before: there is no checkpoint of it to be asked for. */
  readonly again: boolean;
  /** Aborts when this worker should not train the replica any longer: its sweep was cancelled, or another worker has it. */
  readonly unwanted: AbortSignal;
  /** Hand in the outcome. Resolves when it cannot be lost any more; rejects with what kept it from that. */
  complete(result: Result): Promise<void>;
  /**
   * Give the task back untrained, for another worker. `counted: false` takes back this delivery from the count (a shutdown, not a
   * failure). An unwanted lease is dropped: nothing is given back, nothing is counted.
   */
  release(options: {
    readonly counted: boolean;
    /** It was tried here and failed, counted or not; as `counted` when absent. */
    readonly failed?: boolean;
  }): Promise<void>;
}

/** The worker's side. */
export interface TaskSource {
  /** Wait for tasks of one shape. Resolves with [] when the source is closed or `signal` aborts. */
  pull(places: number, signal: AbortSignal): Promise<Lease[]>;
}

/** A result on its way to the store. */
export interface ResultDelivery {
  readonly result: Result;
  /** Call after the result is durable. */
  acknowledge(): void;
  /** The result could not be stored. Whoever waits in `complete` gets this error; a stream delivers the result again to the next opener. */
  reject(error: Error): void;
}

/** The orchestrator's side. */
export interface TaskQueue {
  /** Resolves with true when the task is queued, with false when the queue was closed first. */
  publish(task: Task): Promise<boolean>;
  /** For one collector. */
  results(): AsyncIterable<ResultDelivery>;
  close(): Promise<void>;
}
