/**
 * The queue's two sides: what an orchestrator and a worker may ask of it. Two implementations are planned, `local` (in process)
 * and `jetstream`; both pass tests/contract/queue.
 *
 * Promised:
 *  1. A published task is delivered until a result for it was accepted or it was given up: at least once, never silently lost.
 *  2. `pull` returns tasks of one shape only, and at most as many as asked for.
 *  3. A lease that is released, or whose worker dies, is delivered again with `delivery` raised by one. The count survives a restart.
 *  4. `complete` resolves only after the collector has stored the result and acknowledged it; until then the task counts as running.
 *  5. `publish` waits while the window of outstanding tasks is full: a sweep is streamed, never held.
 *  6. Close ends `results()` and every waiting `pull`; what was leased and not completed is delivered again by the next opener.
 *
 * Not promised: order between tasks; that a task is delivered only once (the store of results must be idempotent).
 */
import type { Result, Task } from './generated/types.ts';

/** The right to train one replica. */
export interface Lease {
  readonly task: Task;
  /** 1 for the first delivery of this task, in this process or an earlier one. */
  readonly delivery: number;
  /** Hand in the outcome. Resolves when it is stored. */
  complete(result: Result): Promise<void>;
  /** Give the task back untrained, for another worker. `counted: false` takes back this delivery from the count (a shutdown, not a failure). */
  release(options: { counted: boolean }): Promise<void>;
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
  /** The result could not be stored; the worker's `complete` rejects with this error. */
  reject(error: Error): void;
}

/** The orchestrator's side. */
export interface TaskQueue extends TaskSource {
  publish(task: Task): Promise<void>;
  results(): AsyncIterable<ResultDelivery>;
  /** How often a task was delivered before, in this process or an earlier one. */
  deliveries(replica: string): number;
  close(): Promise<void>;
}
