/**
 * Finds the leases that this worker need not serve any more, so that their cohorts stop. A cancel is heard at once; a worker that was
 * cut off when it was given looks for it when it comes back, and whenever it renews its leases. A lease that ran out while the process
 * was stopped or cut off is asked for in the counts of tries: who takes a replica over writes there first.
 *
 * Nothing rests on it: what is trained for nothing is refused by the streams or the store.
 */
import type { NatsConnection, Subscription } from '@nats-io/transport-node';
import { cancelledOf, cancelSubject, STATE } from '../../schemas/wire.ts';
import { lastMessage } from './last-message.ts';
import type { JetStreamLease } from './jetstream-lease.ts';

export interface UnwantedOptions {
  readonly leases: ReadonlySet<JetStreamLease>;
  /** Called for every cancel, of whatever sweep. */
  readonly onCancel: (sweep: string) => void;
  /** Called when the connection came back: leases need renewal, and may have run out. */
  readonly onReturn: () => void;
}

export class UnwantedLeases {
  readonly #connection: NatsConnection;
  readonly #options: UnwantedOptions;
  readonly #cancels: Subscription;

  constructor(connection: NatsConnection, options: UnwantedOptions) {
    this.#connection = connection;
    this.#options = options;
    this.#cancels = connection.subscribe(cancelSubject('*'), { callback: (_, { subject }) => this.#cancelled(cancelledOf(subject)) });
    void this.#watchConnection(); // ends with the connection, and never fails
  }

  /** Looks for what this worker has not heard of. `doubtful`: leases may have run out. */
  async look(doubtful: boolean): Promise<void> {
    const leases = [...this.#options.leases];
    const sweeps = new Set(leases.map(({ task }) => task.sweep));
    const cancels = [...sweeps].map(async (sweep) => (await this.isCancelled(sweep)) && this.#cancelled(sweep));
    const losses = doubtful ? leases.map(async (lease) => (await lease.isTakenOver()) && lease.disown()) : [];
    // a server that does not answer is asked again at the next beat
    await Promise.allSettled([...cancels, ...losses]);
  }

  async isCancelled(sweep: string): Promise<boolean> {
    return (await lastMessage(this.#connection, STATE, cancelSubject(sweep))) !== undefined;
  }

  close(): void {
    this.#cancels.unsubscribe();
  }

  #cancelled(sweep: string | undefined): void {
    if (sweep === undefined) return;
    this.#options.onCancel(sweep);
    for (const lease of this.#options.leases) if (lease.task.sweep === sweep) lease.disown();
  }

  async #watchConnection(): Promise<void> {
    for await (const { type } of this.#connection.status()) if (type === 'reconnect') this.#options.onReturn();
  }
}
