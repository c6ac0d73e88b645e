/**
 * Replicas that were given up, on the server: entries for `dead list`, and the wishes of `dead retry`. The run directory is the truth; what is
 * here is brought to agree with it, again and again, and from wherever a death left it (schemas/wire.ts tells the order of a retry).
 *
 * A server that loses its disk loses wishes that no orchestrator had taken up: their replicas are listed as dead again, and can be asked for again.
 */
import { jetstream, type JetStreamManager } from '@nats-io/jetstream';
import type { NatsConnection, Subscription } from '@nats-io/transport-node';
import type { DeadReplica } from '../../schemas/generated/types.ts';
import {
  CHECKPOINTS,
  checkpointsOf,
  deadSubject,
  resultsOf,
  RESULTS,
  retrySubject,
  STATE,
  TASKS,
  tasksOf,
  triesSubject,
} from '../../schemas/wire.ts';
import type { OutcomeLog } from '../results/outcome-log.ts';
import { heldIn, takeOut } from './streams.ts';

export interface DeadLettersOptions {
  readonly sweep: string;
  readonly log: Pick<OutcomeLog, 'dead' | 'retries' | 'has' | 'withdraw'>;
  readonly describe: (index: number) => DeadReplica;
  /** Called when the outcome of a replica was withdrawn. */
  readonly again: (index: number) => void;
  /** Something failed that is tried again. */
  readonly onTrouble: (error: unknown) => void;
}

/** Entries on the server, about 1 kB each; of a sweep with more, the others follow when these were put back. */
const MOST_ENTRIES = 10_000;
/** Wishes that come within so long are granted together. */
const TOGETHER_MS = 100;

export class DeadLetters {
  readonly #manager: JetStreamManager;
  readonly #connection: NatsConnection;
  readonly #options: DeadLettersOptions;
  readonly #wishes: Subscription;
  /** What is told on the server, as far as this process knows. */
  #told = -1;
  #cleared = false;
  #working: Promise<void> = Promise.resolve();
  #timer: NodeJS.Timeout | undefined;

  constructor(connection: NatsConnection, manager: JetStreamManager, options: DeadLettersOptions) {
    this.#connection = connection;
    this.#manager = manager;
    this.#options = options;
    this.#wishes = connection.subscribe(retrySubject(options.sweep, '*'), { callback: () => this.#soon() });
  }

  /** Grants wishes, and makes the entries those of the log. One at a time. */
  reconcile(): Promise<void> {
    return this.#next(async () => {
      await this.#clearOld();
      await this.#grant();
      await this.#tell();
    });
  }

  /** Makes the entries those of the log: cheap while nothing changed. */
  async tell(): Promise<void> {
    if (this.#told !== this.#options.log.dead.size) await this.#next(() => this.#tell());
  }

  async close(): Promise<void> {
    clearTimeout(this.#timer);
    this.#wishes.unsubscribe();
    await this.#working;
  }

  #next(work: () => Promise<void>): Promise<void> {
    const done = this.#working.then(work);
    // whoever asked for it hears of its failure; the next one starts all the same
    this.#working = done.catch(() => undefined);
    return done;
  }

  #soon(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.reconcile().catch(this.#options.onTrouble);
    }, TOGETHER_MS);
  }

  /** Outcomes that were withdrawn without a server (`dead retry DIR`): unless their tasks are out already, their tries are of the past. */
  async #clearOld(): Promise<void> {
    if (this.#cleared) return;
    const { sweep, log } = this.#options;
    const indices = [...log.retries.keys()].filter((index) => !log.has(index));
    if (indices.length > 0) {
      const [tasks, results] = [await heldIn(this.#manager, TASKS, tasksOf(sweep)), await heldIn(this.#manager, RESULTS, resultsOf(sweep))];
      for (const index of indices) if (!tasks.has(index) && !results.has(index)) await this.#purge(triesSubject(sweep, index));
    }
    this.#cleared = true;
  }

  async #grant(): Promise<void> {
    const { sweep, log, again } = this.#options;
    const wishes = await heldIn(this.#manager, STATE, retrySubject(sweep, '*'));
    if (wishes.size === 0) return;
    const granted = new Set<number>();
    for (const [index, subject] of wishes) {
      const message = await this.#manager.streams.getMessage(STATE, { last_by_subj: subject });
      if (message !== null && Number(message.string()) === log.dead.get(index)?.retries) granted.add(index);
    }
    if (granted.size > 0) await this.#takeOutLeftOvers(granted);
    await Promise.all([...granted].map((index) => log.withdraw(index)));
    for (const [index, subject] of wishes) {
      if (!log.dead.has(index)) await this.#purge(deadSubject(sweep, index));
      await this.#purge(subject);
    }
    for (const index of granted) again(index);
  }

  /** Of the tries that failed: an echo of their outcome would be taken for the new one. */
  async #takeOutLeftOvers(granted: ReadonlySet<number>): Promise<void> {
    const { sweep } = this.#options;
    for (const [stream, filter] of [
      [TASKS, tasksOf(sweep)],
      [RESULTS, resultsOf(sweep)],
    ] as const) {
      const held = await heldIn(this.#manager, stream, filter);
      await takeOut(
        this.#manager,
        stream,
        [...held].filter(([index]) => granted.has(index)).map(([, subject]) => subject),
      );
    }
    for (const index of granted) {
      await this.#purge(triesSubject(sweep, index));
      // what killed its workers may be in there
      await this.#manager.streams.purge(CHECKPOINTS, { filter: checkpointsOf(sweep, index) });
    }
  }

  async #tell(): Promise<void> {
    const { sweep, log, describe } = this.#options;
    const size = log.dead.size;
    const told = await heldIn(this.#manager, STATE, deadSubject(sweep, '*'));
    for (const [index, subject] of told) if (!log.dead.has(index)) await this.#purge(subject);
    const untold = [...log.dead.keys()].filter((index) => !told.has(index)).slice(0, Math.max(0, MOST_ENTRIES - told.size));
    const client = jetstream(this.#connection);
    for (const index of untold) await client.publish(deadSubject(sweep, index), JSON.stringify(describe(index)));
    this.#told = size;
  }

  async #purge(subject: string): Promise<void> {
    await this.#manager.streams.purge(STATE, { filter: subject });
  }
}
