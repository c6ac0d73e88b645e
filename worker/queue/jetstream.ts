/**
 * The worker's side of the queue on JetStream: looks for a lane with work, takes at most as many tasks of it as there are places, and
 * keeps their leases alive. It never holds a task that was not asked for.
 *
 * Which crash costs what is told in orchestrator/queue/jetstream.ts.
 */
import { jetstream, jetstreamManager, type JetStreamClient, type JetStreamManager } from '@nats-io/jetstream';
import type { Msg, NatsConnection, Subscription } from '@nats-io/transport-node';
import type { LaneRefusal, Task } from '../../schemas/generated/types.ts';
import { flushed, type Server } from '../../schemas/nats-connection.ts';
import { parseTask } from '../../schemas/parse.ts';
import { deliveredOf, giveBack, pullMessages, setAside } from '../../schemas/pull.ts';
import type { Lease, TaskSource } from '../../schemas/queue.ts';
import { taskSubject, TASKS, WORK, type Lane } from '../../schemas/wire.ts';
import type { CohortSizes } from './cohort-size.ts';
import { Heartbeat } from './heartbeat.ts';
import { JetStreamLease, wasSentBefore } from './jetstream-lease.ts';
import { LaneDirectory, type KnownLane } from './lane-directory.ts';
import { Redeliveries } from './redeliveries.ts';
import { ResultPublisher } from './result-publisher.ts';
import { NO_TRIES, readTries, writeTries, type Tries } from './tries.ts';
import type { NodeHealth } from './node-health.ts';
import { UnwantedLeases } from './unwanted-leases.ts';
import { tryOf, type ReportEvent } from './worker-event.ts';

/** An idle worker that heard of no work looks for it all the same: a lease may have run out elsewhere. */
const POLL_MS = 1000;
/**
 * A worker looks for work for so much of its idle time and no more, heard or not: of a thousand idle ones twenty ask the server at a time, which
 * sets their pace. Without it 300 of them over 500 lanes made an answer of the server's take 7 s.
 */
const MOST_LOOKING = 0.02;
const MOST_REST_MS = 60_000;
const DOUBTFUL_BEATS = 2;
/** What is left to others is out of this worker's way for so long, and of theirs. */
const LEFT_MS = 1000;
const MOST_PASSED = 32;
/** Malformed messages remembered; more than a few are no accident. */
const MOST_ASIDE = 1000;

export interface JetStreamSource extends TaskSource {
  /** Gives back what is leased still, uncounted. The connection stays its owner's. */
  close(): Promise<void>;
  /** Messages that were no tasks. */
  readonly malformed: number;
  /** Leases that ran out before they ended, or were not wanted any more. */
  readonly lost: number;
  /** Lanes that this worker cannot serve, and why. */
  refusals(): LaneRefusal[];
  /** Leases held, by sweep. */
  held(): Record<string, number>;
}

/** What this worker cannot train, as a sentence about itself; null: it can. */
export interface Refusals {
  /** By what a lane says of itself. */
  lane(lane: Lane): string | null;
  /** Asked of each task before it is trained; the lane of one that is refused is served no more. */
  task(task: Task): Promise<string | null>;
}

export interface SourceOptions {
  /** Serves everything when absent. */
  readonly refusals?: Refusals;
  /** Name of this worker, for those who look at who failed a replica. */
  readonly worker?: string;
  /** What this worker leaves to others for a while. */
  readonly health?: Pick<NodeHealth, 'leaves' | 'holds'>;
  /** How many of a shape fit into memory together. */
  readonly sizes?: CohortSizes;
  /** From now on nobody waits for a server that is away: a result that cannot be handed in is lost. */
  readonly stop?: AbortSignal;
  readonly onEvent?: ReportEvent;
  /** Something failed that is tried again. */
  readonly onTrouble?: (error: unknown) => void;
}

class JetStreamTaskSource implements JetStreamSource {
  readonly #server: Server;
  readonly #results: ResultPublisher;
  readonly #connection: NatsConnection;
  readonly #client: JetStreamClient;
  readonly #directory: LaneDirectory;
  readonly #options: SourceOptions;
  readonly #leases = new Set<JetStreamLease>();
  readonly #redeliveries = new Redeliveries();
  readonly #unwanted: UnwantedLeases;
  readonly #heartbeat = new Heartbeat((late) => this.#lookUnwanted(late));
  readonly #closing = new AbortController();
  /** Of `closing` and `stop`. */
  readonly #ending: AbortSignal;
  readonly #work: Subscription;
  /** Beats left at which leases may have run out: after a cut or a stop, the first may be too early to see who took them over. */
  #doubts = 0;
  /** Messages of the last pull that it passes by: replicas that other workers should have, and its own that came again. */
  #passed = 0;
  #heard = false;
  /** Idle and rested: the next word of work wakes it. */
  #listening = false;
  #wake: (() => void) | undefined;
  /** Subjects of the messages that were set aside. */
  readonly #aside = new Set<string>();
  malformed = 0;
  lost = 0;

  constructor(server: Server, manager: JetStreamManager, options: SourceOptions) {
    this.#server = server;
    this.#results = new ResultPublisher(server);
    this.#connection = server.connection;
    this.#client = jetstream(server.connection);
    this.#options = options;
    this.#ending = AbortSignal.any([this.#closing.signal, ...(options.stop === undefined ? [] : [options.stop])]);
    this.#unwanted = new UnwantedLeases(server.connection, {
      leases: this.#leases,
      onCancel: (sweep) => this.#directory.cancel(sweep),
      onReturn: () => {
        this.#wake?.();
        this.#doubts = DOUBTFUL_BEATS;
        this.#heartbeat.beat();
      },
    });
    this.#directory = new LaneDirectory(manager, {
      refuses: (lane) => options.refusals?.lane(lane) ?? null,
      isCancelled: (sweep) => this.#unwanted.isCancelled(sweep),
      holds: (lane) => options.health?.holds(lane) ?? null,
    });
    this.#work = this.#connection.subscribe(WORK, {
      callback: () => {
        this.#heard = true;
        if (this.#listening) this.#wake?.();
      },
    });
  }

  async pull(places: number, signal: AbortSignal): Promise<Lease[]> {
    const enough = AbortSignal.any([signal, this.#closing.signal]);
    while (!enough.aborted) {
      this.#heard = false;
      const started = performance.now();
      const leases = await this.#look(places, enough).catch((error: unknown): JetStreamLease[] => {
        this.#options.onTrouble?.(error);
        return [];
      });
      if (enough.aborted) await Promise.all(leases.map(async (lease) => lease.ended || lease.release({ counted: false })));
      else if (leases.length > 0) return leases;
      else await this.#idle(enough, performance.now() - started);
    }
    return [];
  }

  refusals(): LaneRefusal[] {
    return this.#directory.refusals();
  }

  held(): Record<string, number> {
    const held: Record<string, number> = {};
    for (const { task } of this.#leases) held[task.sweep] = (held[task.sweep] ?? 0) + 1;
    return held;
  }

  async close(): Promise<void> {
    if (this.#closing.signal.aborted) return;
    this.#closing.abort();
    if (this.#connection.isClosed()) return;
    this.#work.unsubscribe();
    this.#unwanted.close();
    await Promise.all([...this.#leases].map((lease) => lease.release({ counted: false }).catch(() => undefined)));
    // what was given back must be at the server before the process ends
    await flushed(this.#connection);
  }

  #lookUnwanted(late: boolean): void {
    if (late) this.#doubts = DOUBTFUL_BEATS;
    const doubtful = this.#doubts > 0;
    if (doubtful) this.#doubts -= 1;
    void this.#unwanted.look(doubtful); // never fails
  }

  /** The first lane that has something. */
  async #look(places: number, signal: AbortSignal): Promise<JetStreamLease[]> {
    for (const lane of await this.#directory.candidates()) {
      const most = this.#options.sizes?.placesFor(lane.shape, places) ?? places;
      let leases = await this.#take(lane, most, signal);
      // behind what it passes by there may be more
      for (let again = 0; leases.length === 0 && this.#passed > 0 && again < MOST_PASSED; again += 1)
        leases = await this.#take(lane, most, signal);
      this.#directory.served(lane, most, leases.length);
      if (leases.length > 0 || signal.aborted) return leases;
    }
    return [];
  }

  async #take(lane: KnownLane, places: number, signal: AbortSignal): Promise<JetStreamLease[]> {
    this.#passed = 0;
    const messages: Msg[] = [];
    const take = (message: Msg): void => void messages.push(message);
    // an abort does not end this: what is under way arrives within milliseconds, and is given back
    const ended = new AbortController().signal;
    if (signal.aborted) return [];
    await pullMessages(this.#server, {
      stream: TASKS,
      consumer: lane.name,
      batch: places,
      waitMs: 0,
      take,
      signal: ended,
    });
    const leases = await Promise.all(messages.map((message) => this.#lease(message, lane)));
    return leases.filter((lease) => lease !== undefined);
  }

  /** Counts the try before anybody can die of it. */
  async #lease(message: Msg, lane: KnownLane): Promise<JetStreamLease | undefined> {
    if (this.#redeliveries.answer(message)) {
      this.#passed += 1;
      return undefined;
    }
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
      results: this.#results,
      connection: this.#connection,
      heartbeat: this.#heartbeat,
      ackWaitMs: lane.ackWaitMs,
      ending: this.#ending,
      worker: this.#options.worker,
      onEvent: this.#options.onEvent,
      onEnd: (ended, end) => {
        this.#redeliveries.letGo(message, end === 'completed');
        this.#ended(ended, end);
      },
    });
    this.#leases.add(lease);
    this.#redeliveries.hold(message);
    lease.unwanted.addEventListener('abort', () => this.#redeliveries.letGo(message, false), { once: true });
    const refusal = (await this.#options.refusals?.task(task)) ?? null;
    if (refusal === null) return lease;
    this.#directory.refuse(lane, refusal);
    await lease.release({ counted: false });
    return undefined;
  }

  #ended(lease: JetStreamLease, end: 'completed' | 'given back' | 'lost'): void {
    this.#leases.delete(lease);
    if (end === 'lost') {
      this.lost += 1;
      this.#options.onEvent?.({ kind: 'lease-lost', of: tryOf(lease) });
    }
    if (end === 'given back' && !this.#connection.isClosed()) this.#connection.publish(WORK);
  }

  /** A first delivery of a first message needs no look at the server. Of one delivered before, a try is presumed where nothing is written. */
  async #count(message: Msg, task: Task): Promise<{ delivery: number; tries: Tries | undefined }> {
    const delivered = deliveredOf(message);
    if (!wasSentBefore(message)) return { delivery: 1, tries: NO_TRIES };
    try {
      const seen = await readTries(this.#connection, task.sweep, task.index);
      if ((await this.#options.health?.leaves(task, seen.failedBy)) === true) {
        this.#passed += 1;
        giveBack(message, LEFT_MS);
        return { delivery: 0, tries: undefined };
      }
      const delivery = (seen.count ?? (delivered > 1 ? 1 : 0)) + 1;
      return { delivery, tries: await writeTries(this.#client, task, { count: delivery }, seen) };
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
    this.#options.onEvent?.({ kind: 'message-malformed' });
    this.#refuseMalformed(message, lane);
    return undefined;
  }

  /** Garbage is set aside, and the orchestrator sends the task anew. What it sends malformed again is of a version that this worker cannot read. */
  #refuseMalformed(message: Msg, lane: KnownLane): void {
    const first = !this.#aside.has(message.subject);
    if (first && this.#aside.size < MOST_ASIDE) {
      this.#aside.add(message.subject);
      return setAside(message);
    }
    this.#directory.refuse(lane, 'it cannot read the tasks: their version is another');
    giveBack(message);
  }

  /** Rests, then waits until there may be work. */
  async #idle(signal: AbortSignal, lookedMs: number): Promise<void> {
    const restMs = spread(Math.min(lookedMs / MOST_LOOKING, MOST_REST_MS));
    await this.#sleep(restMs, signal);
    if (this.#heard) return;
    this.#listening = true;
    await this.#sleep(Math.max(0, spread(POLL_MS) - restMs), signal);
    this.#listening = false;
  }

  /** Ended by `#wake` too. */
  #sleep(ms: number, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const end = (): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', end);
        this.#wake = undefined;
        resolve();
      };
      const timer = setTimeout(end, ms);
      signal.addEventListener('abort', end, { once: true });
      this.#wake = end;
    });
  }
}

/** Workers that were woken together do not come together. */
function spread(ms: number): number {
  return ms * (0.5 + Math.random() / 2);
}

export async function openJetStreamSource(server: Server, options: SourceOptions): Promise<JetStreamSource> {
  return new JetStreamTaskSource(server, await jetstreamManager(server.connection, { checkAPI: false }), options);
}
