/**
 * The queue in one process: no server, lanes in memory, delivery counts in the run directory. What should be published again after a
 * death is not kept here: the run computes it from the expansion and the outcome log.
 *
 * A task is waiting, then leased, then (its result acknowledged) gone; a release takes it from leased to waiting. Released uncounted,
 * it goes back to the head of its lane: it was not tried.
 */
import { join } from 'node:path';
import type { Result, Task } from '../../schemas/generated/types.ts';
import { parseResult } from '../../schemas/parse.ts';
import type { Lease, ResultDelivery, TaskQueue, TaskSource } from '../../schemas/queue.ts';
import { AttemptLedger } from './attempt-ledger.ts';
import { Deliveries } from './deliveries.ts';
import { ShapeLanes } from './shape-lanes.ts';

/** Outstanding tasks, about 5 MB. Cohorts are full while it is a few times threads * places * shapes. */
const WINDOW = 1024;

/** One waiting `pull`. */
interface Puller {
  readonly places: number;
  /** Ends the waiting, one way or the other. */
  readonly settle: (settle: (resolve: (leases: Lease[]) => void, reject: (error: unknown) => void) => void) => void;
}

/** Both sides in one. */
export type LocalQueue = TaskQueue & TaskSource;

class InProcessQueue implements LocalQueue {
  readonly #window: number;
  readonly #ledger: AttemptLedger;
  readonly #lanes = new ShapeLanes();
  readonly #results = new Deliveries();
  readonly #outstanding = new Set<string>();
  /** Delivery of each leased replica. */
  readonly #leased = new Map<string, number>();
  readonly #pullers = new Set<Puller>();
  readonly #publishers: (() => void)[] = [];
  #serving = false;
  #closed = false;

  constructor(runDirectory: string, window: number) {
    this.#window = window;
    this.#ledger = new AttemptLedger(join(runDirectory, 'attempts.jsonl'));
  }

  async publish(task: Task): Promise<boolean> {
    while (!this.#closed && this.#outstanding.size >= this.#window && !this.#outstanding.has(task.replica))
      await new Promise<void>((resolve) => this.#publishers.push(resolve));
    if (this.#closed) return false;
    if (this.#outstanding.has(task.replica)) return true;
    this.#outstanding.add(task.replica);
    this.#lanes.pushBack(task);
    this.#serveSoon();
    return true;
  }

  pull(places: number, signal: AbortSignal): Promise<Lease[]> {
    if (this.#closed || signal.aborted) return Promise.resolve([]);
    return new Promise((resolve, reject) => {
      const puller: Puller = {
        places,
        settle: (settle) => {
          signal.removeEventListener('abort', abort);
          this.#pullers.delete(puller);
          settle(resolve, reject);
        },
      };
      const abort = (): void => puller.settle((give) => give([]));
      signal.addEventListener('abort', abort, { once: true });
      this.#pullers.add(puller);
      this.#serveSoon();
    });
  }

  results(): AsyncIterable<ResultDelivery> {
    return this.#results;
  }

  close(): Promise<void> {
    if (this.#closed) return Promise.resolve();
    this.#closed = true;
    for (const puller of this.#pullers) puller.settle((resolve) => resolve([]));
    this.#wakePublishers();
    this.#results.close();
    this.#takeBackLeases();
    this.#ledger.close();
    return Promise.resolve();
  }

  /** An orderly close is nobody's failure: what is leased still was not killed by its replica, and is not counted. */
  #takeBackLeases(): void {
    try {
      this.#ledger.record([...this.#leased].map(([replica, delivery]) => [replica, delivery - 1]));
    } catch {
      // a full disk, which the outcome log has reported already; these replicas have one try less
    }
  }

  /** A turn of the event loop later, so that what is published in one go fills cohorts and is not handed out one by one. */
  #serveSoon(): void {
    if (this.#serving || this.#pullers.size === 0) return;
    this.#serving = true;
    setImmediate(() => {
      this.#serving = false;
      this.#serve();
    });
  }

  /** Gives waiting tasks to waiting pulls, first come first served. */
  #serve(): void {
    for (const puller of this.#pullers) {
      const tasks = this.#lanes.take(puller.places);
      if (tasks.length === 0) return;
      puller.settle((resolve, reject) => {
        try {
          resolve(this.#lease(tasks));
        } catch (error) {
          reject(error);
        }
      });
    }
  }

  /** Counts the delivery before anybody can die of it. */
  #lease(tasks: readonly Task[]): Lease[] {
    const counted = tasks.map((task) => [task, this.#ledger.deliveries(task.replica) + 1] as const);
    try {
      this.#ledger.record(counted.map(([task, delivery]) => [task.replica, delivery]));
    } catch (error) {
      for (const task of tasks.toReversed()) this.#lanes.pushFront(task);
      throw error;
    }
    for (const [task, delivery] of counted) this.#leased.set(task.replica, delivery);
    return counted.map(([task, delivery]) => new LocalLease(task, delivery, this.#results, (end) => this.#end(task, delivery, end)));
  }

  #end(task: Task, delivery: number, end: 'completed' | 'counted' | 'uncounted'): void {
    if (this.#closed) return;
    this.#leased.delete(task.replica);
    switch (end) {
      case 'completed':
        this.#outstanding.delete(task.replica);
        this.#wakePublishers();
        return this.#ledger.record([[task.replica, 0]]);
      case 'counted':
        this.#lanes.pushBack(task);
        return this.#serveSoon();
      case 'uncounted':
        this.#ledger.record([[task.replica, delivery - 1]]);
        this.#lanes.pushFront(task);
        return this.#serveSoon();
      default:
        end satisfies never;
    }
  }

  #wakePublishers(): void {
    for (const wake of this.#publishers.splice(0)) wake();
  }
}

/** A local run that is not wanted any more is stopped whole, and nobody else takes its leases. */
const NEVER = new AbortController().signal;

class LocalLease implements Lease {
  readonly task: Task;
  readonly delivery: number;
  readonly unwanted = NEVER;
  /** Who knows, without a count of what earlier processes gave back; to ask costs nothing here. */
  readonly again = true;
  readonly #results: Deliveries;
  readonly #end: (end: 'completed' | 'counted' | 'uncounted') => void;
  #state: 'open' | 'completing' | 'ended' = 'open';

  constructor(task: Task, delivery: number, results: Deliveries, end: (end: 'completed' | 'counted' | 'uncounted') => void) {
    this.task = task;
    this.delivery = delivery;
    this.#results = results;
    this.#end = end;
  }

  async complete(result: Result): Promise<void> {
    this.#mustBeOpen();
    parseResult(result);
    this.#state = 'completing';
    try {
      await this.#results.hand(result);
    } catch (error) {
      this.#state = 'open';
      throw error;
    }
    this.#state = 'ended';
    this.#end('completed');
  }

  // async, so that a disk error rejects
  async release({ counted }: { counted: boolean }): Promise<void> {
    this.#mustBeOpen();
    this.#state = 'ended';
    this.#end(counted ? 'counted' : 'uncounted');
  }

  #mustBeOpen(): void {
    if (this.#state !== 'open') throw new Error(`internal: the lease of ${this.task.replica} is ${this.#state}`);
  }
}

/** Opens the queue of a run directory for its one process. Throws DISK. */
export function openLocalQueue(runDirectory: string, options: { window?: number } = {}): LocalQueue {
  return new InProcessQueue(runDirectory, options.window ?? WINDOW);
}
