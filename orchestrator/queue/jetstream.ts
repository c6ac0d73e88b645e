/**
 * The orchestrator's side of the queue on JetStream. The run directory is the truth; the server holds what is on its way.
 *
 * A replica is stored, or outstanding here. An outstanding one is in the task stream (waiting, or leased by a worker), or in the result
 * stream, or lost. A worker publishes the result and has it confirmed before it acknowledges the task, and a result is acknowledged after
 * it is stored; so whoever looks into the task stream first, into the result stream next and into its own books last sees every
 * replica that is not lost. That is the whole of reconciliation: what is in none of them is published again, whatever lost it.
 *
 * What dies, and what then happens:
 *  - the worker before its result is confirmed: the lease runs out, the task is delivered again, one try more.
 *  - the worker between confirmation and acknowledgement: the task comes again; if its result is stored by then, reconciliation has taken it
 *    out of the stream; if it was leased before, it is trained twice, and the second result is refused by the stream or by the store.
 *  - nobody, but the server's disk stands still for longer than a lease: it goes on by its clock and reads no renewals. A worker acknowledges
 *    what it has handed in, and goes on with what it has (worker/queue/redeliveries.ts); what comes to another one is trained twice.
 *  - the orchestrator before the result is stored: its next start makes the collector anew, and gets it at once.
 *  - the orchestrator between store and acknowledgement: the result comes again, and the store knows it.
 *  - the orchestrator while it publishes: its next start asks the streams first (tasks, then results) and sends only what neither holds.
 *  - the server, with or without its disk: the client comes back, streams and lanes are made anew, all that is outstanding is sent again.
 *    A worker that finishes a lease of the old stream hands its result in as ever. Its acknowledgement may then hit another task that has
 *    the old one's sequence number; that task is lost to the stream, which reconciliation mends.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { jetstream, jetstreamManager, type JetStreamClient, type JetStreamManager } from '@nats-io/jetstream';
import { headers, type MsgHdrs, type NatsConnection } from '@nats-io/transport-node';
import type { Task } from '../../schemas/generated/types.ts';
import type { Server } from '../../schemas/nats-connection.ts';
import { packageVersion } from '../../schemas/package-root.ts';
import type { ResultDelivery, TaskQueue } from '../../schemas/queue.ts';
import * as wire from '../../schemas/wire.ts';
import { prepareServer } from './preparation.ts';
import { ResultCollector } from './result-collector.ts';
import {
  ensureConsumer,
  ensureStreams,
  heldIn,
  isWrongLastSequence,
  missing,
  refusalOf,
  renewConsumer,
  takeOut,
  withdrawTasks,
} from './streams.ts';

/** Outstanding tasks: about 20 MB here and on the server. It grows to three times what the workers hold, so that none waits for the publisher. */
const WINDOW = 8192;
const WINDOW_PER_LEASE = 3;
const MOST_WINDOW = 65_536;
/** Tasks sent between two confirmations: what may be lost unnoticed until the next reconciliation. */
const BATCH = 256;
const RECONCILE_MS = 5000;
/** Tasks published within so long share one wake-up of the idle workers. */
const WAKE_MS = 20;
const RETRY_MS = 250;
const NUMBERS = wire.numbersOf(packageVersion());

export interface JetStreamQueueOptions {
  readonly sweep: string;
  /** Engine that must train it, or `any`. */
  readonly engine: string;
  /** True for a replica whose outcome the run directory holds. */
  readonly stored: (index: number) => boolean;
  /** The task of an index, undefined behind the end of the sweep: results that nobody planned are set aside. */
  readonly taskOf?: (index: number) => Task | undefined;
  readonly window?: number;
  readonly ackWaitMs?: number;
  readonly reconcileMs?: number;
  /** Brings to the server what else the workers need; called at the start and whenever it may have been lost. */
  readonly provide?: () => Promise<void>;
  /** Somebody cancelled the sweep. */
  readonly onCancel?: () => void;
  /** Something went wrong that the next reconciliation mends. */
  readonly onTrouble?: (error: unknown) => void;
}

interface Outstanding {
  readonly task: Task;
  /** Round of confirmation in which it was sent; undefined until it is. */
  round: number | undefined;
}

/** What a reconciliation did. */
export interface Reconciled {
  readonly lost: number;
  readonly leftOver: number;
}

/** Of this opener, for its metrics. */
export interface QueueCounts {
  readonly outstanding: number;
  readonly published: number;
  readonly republished: number;
  readonly reconciliations: number;
  readonly leftOver: number;
  readonly malformed: number;
  readonly resultBytes: number;
}

export interface JetStreamQueue extends TaskQueue {
  /** At once, beside those by time. */
  reconcile(): Promise<Reconciled>;
  /** Takes everything of the sweep off the server. For a sweep that is finished or not wanted. */
  retire(): Promise<void>;
  /** Messages that were no results. */
  readonly malformed: number;
  counts(): QueueCounts;
  /** Shapes of which a task was published. */
  shapes(): string[];
}

class JetStreamTaskQueue implements JetStreamQueue {
  readonly #connection: NatsConnection;
  readonly #client: JetStreamClient;
  readonly #manager: JetStreamManager;
  readonly #options: JetStreamQueueOptions;
  #window: number;
  /** Tasks that the server's store holds, as far as it said so by refusing one. */
  #room = Infinity;
  readonly #outstanding = new Map<number, Outstanding>();
  /** Held by the server since before this opener: adopted, not sent again. */
  readonly #known: Set<number>;
  readonly #lanes = new Map<string, Promise<void>>();
  readonly #collector: ResultCollector;
  /** Lanes that seemed stuck at the last reconciliation. */
  readonly #suspects = new Set<string>();
  readonly #publishers: (() => void)[] = [];
  readonly #counted = { published: 0, republished: 0, reconciliations: 0, leftOver: 0 };
  readonly #closing = new AbortController();
  readonly #watching: Promise<void>;
  #reconciling: Promise<Reconciled> | undefined;
  #round = 1;
  #sentInRound = 0;
  readonly #unsent: { readonly task: Task; readonly again: boolean }[] = [];
  #sending: NodeJS.Immediate | undefined;
  #wake: NodeJS.Timeout | undefined;

  constructor(server: Server, manager: JetStreamManager, known: Set<number>, options: JetStreamQueueOptions) {
    this.#connection = server.connection;
    this.#client = jetstream(server.connection);
    this.#manager = manager;
    this.#options = options;
    this.#window = options.window ?? WINDOW;
    this.#known = known;
    this.#collector = new ResultCollector(server, {
      sweep: options.sweep,
      taskOf: (index) => this.#outstanding.get(index)?.task ?? options.taskOf?.(index),
      bounded: options.taskOf !== undefined,
      stored: (index) => this.#settled(index),
      signal: this.#closing.signal,
    });
    this.#watching = this.#watch();
  }

  get malformed(): number {
    return this.#collector.malformed;
  }

  counts(): QueueCounts {
    const { malformed, resultBytes } = this.#collector;
    return { ...this.#counted, outstanding: this.#outstanding.size, malformed, resultBytes };
  }

  async publish(task: Task): Promise<boolean> {
    const { index } = task;
    while (!this.#closed && this.#outstanding.size >= Math.min(this.#window, this.#room) && !this.#outstanding.has(index))
      await new Promise<void>((resolve) => this.#publishers.push(resolve));
    if (this.#closed) return false;
    // its result may have come while the publisher waited
    if (this.#outstanding.has(index) || this.#options.stored(index)) return true;
    const entry: Outstanding = { task, round: undefined };
    this.#outstanding.set(index, entry);
    await this.#openLane(task.shape);
    // the same while the lane was opened: sent now, a finished replica would be trained once more
    if (this.#outstanding.get(index) !== entry) return !this.#closed;
    if (this.#known.delete(index)) entry.round = 0;
    else this.#send(entry, false);
    if (this.#sentInRound >= BATCH) await this.#confirm();
    return !this.#closed;
  }

  results(): AsyncIterable<ResultDelivery> {
    return this.#collector.deliveries;
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closing.abort();
    this.#sendOut();
    clearTimeout(this.#wake);
    this.#wakePublishers();
    this.#collector.close();
    await Promise.allSettled([this.#watching, this.#reconciling, this.#collector.ended]);
  }

  reconcile(): Promise<Reconciled> {
    this.#reconciling ??= this.#reconcile().finally(() => (this.#reconciling = undefined));
    return this.#reconciling;
  }

  shapes(): string[] {
    return [...this.#lanes.keys()];
  }

  async retire(): Promise<void> {
    const { sweep } = this.#options;
    await withdrawTasks(this.#manager, sweep);
    await missing(() => this.#manager.consumers.delete(wire.RESULTS, sweep));
    await missing(() => this.#manager.streams.purge(wire.CHECKPOINTS, { filter: wire.checkpointsOf(sweep) }));
    await takeOut(this.#manager, wire.RESULTS, (await heldIn(this.#manager, wire.RESULTS, wire.resultsOf(sweep))).values());
  }

  get #closed(): boolean {
    return this.#closing.signal.aborted;
  }

  #settled(index: number): void {
    this.#outstanding.delete(index);
    this.#known.delete(index);
    this.#wakePublishers();
  }

  #wakePublishers(): void {
    for (const wake of this.#publishers.splice(0)) wake();
  }

  /** No answer is asked for: the barrier of its round says that it has arrived, and reconciliation that it was kept. */
  #send(entry: Outstanding, again: boolean): void {
    entry.round = this.#round;
    if (again) this.#counted.republished += 1;
    else this.#counted.published += 1;
    this.#sentInRound += 1;
    this.#unsent.push({ task: entry.task, again });
    this.#sending ??= setImmediate(() => this.#sendOut());
  }

  /** What was published in one turn of the loop together: sent one by one, each is a write to the socket, a third of what publishing costs. */
  #sendOut(): void {
    clearImmediate(this.#sending);
    this.#sending = undefined;
    const batch = this.#unsent.splice(0);
    if (batch.length === 0 || this.#connection.isClosed()) return;
    for (const { task, again } of batch) this.#connection.publish(...messageOfTask(task, again));
    this.#wake ??= setTimeout(() => {
      this.#wake = undefined;
      if (!this.#closed && !this.#connection.isClosed()) this.#connection.publish(wire.WORK);
    }, WAKE_MS);
  }

  #openLane(shape: string): Promise<void> {
    let opening = this.#lanes.get(shape);
    if (opening === undefined) {
      opening = this.#insist(() => ensureConsumer(this.#manager, wire.TASKS, this.#laneConsumer(shape)));
      this.#lanes.set(shape, opening);
    }
    return opening;
  }

  #laneConsumer(shape: string): ReturnType<typeof wire.laneConsumer> {
    const { sweep, engine, ackWaitMs } = this.#options;
    return wire.laneConsumer({ sweep, shape, engine, numbers: NUMBERS }, ackWaitMs ?? wire.ACK_WAIT_MS);
  }

  /** Holds the publisher until the server has taken what was sent: the bounded window of what is under way. */
  async #confirm(): Promise<void> {
    await this.#insist(() => this.#barrier());
    this.#connection.publish(wire.WORK);
  }

  /** Until it works, or the queue closes. */
  async #insist(request: () => Promise<unknown>): Promise<void> {
    while (!this.#closed) {
      try {
        await request();
        return;
      } catch (error) {
        this.#trouble(error);
        await this.#pause(RETRY_MS);
        await this.reconcile().catch((again: unknown) => this.#trouble(again));
      }
    }
  }

  /**
   * Resolves when the stream has dealt with everything sent before: a message with an expectation that cannot hold is refused in its
   * turn, and leaves nothing behind.
   */
  async #barrier(): Promise<void> {
    this.#sendOut();
    this.#round += 1;
    this.#sentInRound = 0;
    try {
      await this.#client.publish(wire.barrierSubject(this.#options.sweep), '', { expect: { lastSequence: Number.MAX_SAFE_INTEGER } });
    } catch (error) {
      if (!isWrongLastSequence(error)) throw error;
    }
  }

  async #watch(): Promise<void> {
    while (!this.#closed) {
      await this.#pause(this.#options.reconcileMs ?? RECONCILE_MS);
      if (!this.#closed && !this.#connection.isClosed()) await this.reconcile().catch((error: unknown) => this.#trouble(error));
    }
  }

  /** Order matters, see the head of this file. */
  async #reconcile(): Promise<Reconciled> {
    const { sweep, stored, provide, onCancel } = this.#options;
    await ensureStreams(this.#manager);
    if ((await this.#manager.streams.getMessage(wire.STATE, { last_by_subj: wire.cancelSubject(sweep) })) !== null) {
      onCancel?.();
      return { lost: 0, leftOver: 0 };
    }
    await ensureConsumer(this.#manager, wire.RESULTS, wire.collectorConsumer(sweep));
    for (const shape of this.#lanes.keys()) await ensureConsumer(this.#manager, wire.TASKS, this.#laneConsumer(shape));
    await provide?.();
    const upTo = this.#round;
    await this.#barrier();
    const tasks = await heldIn(this.#manager, wire.TASKS, wire.tasksOf(sweep));
    const results = await heldIn(this.#manager, wire.RESULTS, wire.resultsOf(sweep));
    const leftOver = [...tasks].filter(([index]) => stored(index));
    await takeOut(
      this.#manager,
      wire.TASKS,
      leftOver.map(([, subject]) => subject),
    );
    const leases = await this.#freeStuckLanes(new Map([...tasks].filter(([index]) => !stored(index))));
    this.#widenWindow(leases);
    const lost = [...this.#outstanding].filter(
      ([index, { round }]) => round !== undefined && round <= upTo && !tasks.has(index) && !results.has(index),
    );
    // a queue that was closed meanwhile sends nothing any more: its connection may be on its way out
    if (!this.#closed) await this.#sendAgain(lost, tasks);
    this.#counted.reconciliations += 1;
    this.#counted.leftOver += leftOver.length;
    return { lost: lost.length, leftOver: leftOver.length };
  }

  /**
   * One of them is sent for its answer: a stream whose store is full refuses without a word what asks for none. What fills a store keeps results out too,
   * and nothing would move any more: so half of the tasks are taken out, the last ones first, and wait here until others are done.
   */
  async #sendAgain(lost: readonly [number, Outstanding][], held: ReadonlyMap<number, string>): Promise<void> {
    const [first, ...rest] = lost.slice(0, Math.max(0, this.#room - held.size)).map(([, entry]) => entry);
    if (first === undefined) return;
    const refusal = await refusalOf(() => this.#sendForAnswer(first));
    if (refusal === undefined) {
      for (const entry of rest) this.#send(entry, true);
      return;
    }
    this.#room = Math.max(1, Math.floor(held.size / 2));
    const last = [...this.#outstanding.keys()].filter((index) => held.has(index)).slice(this.#room);
    await takeOut(
      this.#manager,
      wire.TASKS,
      last.map((index) => held.get(index)!),
    );
    this.#trouble(
      new Error(
        `the server takes no more tasks (${refusal}): it gets ${this.#room} at a time until it has more room (max_file_store, or the storage of the account)`,
      ),
    );
  }

  #sendForAnswer(entry: Outstanding): Promise<unknown> {
    entry.round = this.#round;
    this.#counted.republished += 1;
    return this.#client.publish(...messageOfTask(entry.task, true));
  }

  /**
   * A lane whose consumer knows of no task while the stream holds some, twice in a row, has been moved past them (a purge by somebody
   * on nats-server 2.9, a restored file): it is made anew. What was leased then comes once more. Returns how many are leased.
   */
  async #freeStuckLanes(tasks: ReadonlyMap<number, string>): Promise<number> {
    const { sweep } = this.#options;
    const subjects = new Set([...tasks.values()].map((subject) => subject.slice(0, subject.lastIndexOf('.'))));
    let leases = 0;
    for (const shape of this.#lanes.keys()) {
      const held = subjects.has(wire.taskSubject(sweep, shape, '*').slice(0, -2));
      const { num_pending: pending, num_ack_pending: leased } = await this.#manager.consumers.info(
        wire.TASKS,
        wire.laneName({ sweep, shape }),
      );
      leases += leased;
      if (!held || pending + leased > 0) this.#suspects.delete(shape);
      else if (!this.#suspects.has(shape)) this.#suspects.add(shape);
      else {
        this.#suspects.delete(shape);
        await renewConsumer(this.#manager, wire.TASKS, this.#laneConsumer(shape));
      }
    }
    return leases;
  }

  /** A fixed window would leave the threads of a large cluster idle: a thousand workers of sixteen threads hold twice WINDOW. */
  #widenWindow(leases: number): void {
    if (this.#options.window !== undefined) return;
    this.#window = Math.max(this.#window, Math.min(WINDOW_PER_LEASE * leases, MOST_WINDOW));
    if (this.#outstanding.size < Math.min(this.#window, this.#room)) this.#wakePublishers();
  }

  #trouble(error: unknown): void {
    if (!this.#closed) this.#options.onTrouble?.(error);
  }

  async #pause(ms: number): Promise<void> {
    await delay(ms, undefined, { signal: this.#closing.signal }).catch(() => undefined);
  }
}

function messageOfTask(task: Task, again: boolean): [subject: string, payload: string, options: { headers?: MsgHdrs }] {
  const marks = again ? headers() : undefined;
  marks?.set(wire.AGAIN_HEADER, '1');
  return [wire.taskSubject(task.sweep, task.shape, task.index), JSON.stringify(task), marks === undefined ? {} : { headers: marks }];
}

/** Opens the queue of a sweep for its one orchestrator. The connection stays its owner's. Throws NATS_UNREACHABLE. */
export async function openJetStreamQueue(server: Server, options: JetStreamQueueOptions): Promise<JetStreamQueue> {
  const manager = await jetstreamManager(server.connection, { checkAPI: false });
  return new JetStreamTaskQueue(server, manager, await prepareServer(server, manager, options), options);
}
