/**
 * The worker's side of the queue on JetStream: looks for a lane with work, takes at most as many tasks of it as there are places, and
 * keeps their leases alive. It never holds a task that was not asked for.
 *
 * Which crash costs what is told in orchestrator/queue/jetstream.ts.
 */
import { jetstream, jetstreamManager, type JetStreamClient, type JetStreamManager } from '@nats-io/jetstream';
import type { Msg, NatsConnection, Subscription } from '@nats-io/transport-node';
import type { Task } from '../../schemas/generated/types.ts';
import type { Server } from '../../schemas/nats-connection.ts';
import { parseTask } from '../../schemas/parse.ts';
import { deliveredOf, giveBack, pullMessages, setAside } from '../../schemas/pull.ts';
import type { Lease, TaskSource } from '../../schemas/queue.ts';
import { AGAIN_HEADER, taskSubject, TASKS, WORK, type Lane } from '../../schemas/wire.ts';
import { Heartbeat } from './heartbeat.ts';
import { JetStreamLease } from './jetstream-lease.ts';
import { LaneDirectory, type KnownLane } from './lane-directory.ts';
import { NO_TRIES, readTries, writeTries, type Tries } from './tries.ts';

/** An idle worker that heard of no work looks for it all the same: a lease may have run out elsewhere. */
const POLL_MS = 1000;

export interface JetStreamSource extends TaskSource {
  /** Gives back what is leased still, uncounted. The connection stays its owner's. */
  close(): Promise<void>;
  /** Messages that were no tasks. */
  readonly malformed: number;
  /** Leases that ran out before they ended. */
  readonly lost: number;
}

export interface SourceOptions {
  /** Lanes whose replicas this worker can train. */
  readonly serves: (lane: Lane) => boolean;
  /** Something failed that is tried again. */
  readonly onTrouble?: (error: unknown) => void;
}

class JetStreamTaskSource implements JetStreamSource {
  readonly #server: Server;
  readonly #connection: NatsConnection;
  readonly #client: JetStreamClient;
  readonly #directory: LaneDirectory;
  readonly #options: SourceOptions;
  readonly #heartbeat = new Heartbeat();
  readonly #leases = new Set<JetStreamLease>();
  readonly #closing = new AbortController();
  readonly #work: Subscription;
  #heard = false;
  #wake: (() => void) | undefined;
  malformed = 0;
  lost = 0;

  constructor(server: Server, manager: JetStreamManager, options: SourceOptions) {
    this.#server = server;
    this.#connection = server.connection;
    this.#client = jetstream(server.connection);
    this.#directory = new LaneDirectory(manager, options.serves);
    this.#options = options;
    this.#work = this.#connection.subscribe(WORK, {
      callback: () => {
        this.#heard = true;
        this.#wake?.();
      },
    });
  }

  async pull(places: number, signal: AbortSignal): Promise<Lease[]> {
    const enough = AbortSignal.any([signal, this.#closing.signal]);
    while (!enough.aborted) {
      this.#heard = false;
      const leases = await this.#look(places, enough).catch((error: unknown): JetStreamLease[] => {
        this.#options.onTrouble?.(error);
        return [];
      });
      if (enough.aborted) await Promise.all(leases.map(async (lease) => lease.ended || lease.release({ counted: false })));
      else if (leases.length > 0) return leases;
      else await this.#idle(enough);
    }
    return [];
  }

  async close(): Promise<void> {
    if (this.#closing.signal.aborted) return;
    this.#closing.abort();
    if (this.#connection.isClosed()) return;
    this.#work.unsubscribe();
    await Promise.all([...this.#leases].map((lease) => lease.release({ counted: false }).catch(() => undefined)));
    // what was given back must be at the server before the process ends
    await this.#connection.flush().catch(() => undefined);
  }

  /** The first lane that has something. */
  async #look(places: number, signal: AbortSignal): Promise<JetStreamLease[]> {
    for (const lane of await this.#directory.candidates()) {
      const leases = await this.#take(lane, places, signal);
      this.#directory.served(lane, places, leases.length);
      if (leases.length > 0 || signal.aborted) return leases;
    }
    return [];
  }

  async #take(lane: KnownLane, places: number, signal: AbortSignal): Promise<JetStreamLease[]> {
    const messages: Msg[] = [];
    const { inboxPrefix } = this.#server;
    const take = (message: Msg): void => void messages.push(message);
    // an abort does not end this: what is under way arrives within milliseconds, and is given back
    const ended = new AbortController().signal;
    if (signal.aborted) return [];
    await pullMessages(this.#connection, {
      stream: TASKS,
      consumer: lane.name,
      batch: places,
      waitMs: 0,
      inboxPrefix,
      take,
      signal: ended,
    });
    const leases = await Promise.all(messages.map((message) => this.#lease(message, lane)));
    return leases.filter((lease) => lease !== undefined);
  }

  /** Counts the try before anybody can die of it. */
  async #lease(message: Msg, lane: KnownLane): Promise<JetStreamLease | undefined> {
    const task = this.#read(message, lane);
    if (task === undefined) return undefined;
    const { delivery, tries } = await this.#count(message, task);
    // another worker has it by now
    if (tries === undefined) return undefined;
    const lease = new JetStreamLease({
      task,
      delivery,
      message,
      tries,
      client: this.#client,
      heartbeat: this.#heartbeat,
      ackWaitMs: lane.ackWaitMs,
      closed: this.#closing.signal,
      onEnd: (ended, end) => this.#ended(ended, end),
    });
    this.#leases.add(lease);
    return lease;
  }

  #ended(lease: JetStreamLease, end: 'completed' | 'given back' | 'lost'): void {
    this.#leases.delete(lease);
    if (end === 'lost') this.lost += 1;
    if (end === 'given back' && !this.#connection.isClosed()) this.#connection.publish(WORK);
  }

  /** A first delivery of a first message needs no look at the server. Of one delivered before, a try is presumed where nothing is written. */
  async #count(message: Msg, task: Task): Promise<{ delivery: number; tries: Tries | undefined }> {
    const delivered = deliveredOf(message);
    if (delivered === 1 && message.headers?.has(AGAIN_HEADER) !== true) return { delivery: 1, tries: NO_TRIES };
    try {
      const seen = await readTries(this.#connection, task.sweep, task.index);
      const delivery = (seen.count ?? (delivered > 1 ? 1 : 0)) + 1;
      return { delivery, tries: await writeTries(this.#client, task, delivery, seen) };
    } catch (error) {
      this.#options.onTrouble?.(error);
      giveBack(message);
      return { delivery: 0, tries: undefined };
    }
  }

  #read(message: Msg, lane: KnownLane): Task | undefined {
    try {
      const task = parseTask(message.json());
      if (message.subject === taskSubject(task.sweep, task.shape, task.index) && task.sweep === lane.sweep) return task;
    } catch (error) {
      this.#options.onTrouble?.(error);
    }
    this.malformed += 1;
    setAside(message);
    return undefined;
  }

  /** Until there may be work. */
  #idle(signal: AbortSignal): Promise<void> {
    if (this.#heard || signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const end = (): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', end);
        this.#wake = undefined;
        resolve();
      };
      const timer = setTimeout(end, POLL_MS);
      signal.addEventListener('abort', end, { once: true });
      this.#wake = end;
    });
  }
}

export async function openJetStreamSource(server: Server, options: SourceOptions): Promise<JetStreamSource> {
  return new JetStreamTaskSource(server, await jetstreamManager(server.connection, { checkAPI: false }), options);
}
