/**
 * What this worker already has of what is delivered to it. A server whose disk stands still goes on by its clock: renewals and acknowledgements
 * wait unread, leases run out, and tasks come again that are in training here or handed in long since. The server knows a message by its
 * place in the stream, whichever delivery is answered; what is published again is another message, and new here.
 */
import type { Msg } from '@nats-io/transport-node';
import { acknowledge, identityOf, renew } from '../../schemas/pull.ts';

/** Handed in and remembered, 40 bytes each: more than a worker hands in within a lease, but for replicas of a few milliseconds. */
const MOST_REMEMBERED = 10_000;

export class Redeliveries {
  readonly #held = new Set<string>();
  readonly #handedIn = new Set<string>();

  hold(message: Msg): void {
    this.#held.add(identityOf(message));
  }

  /** `handedIn`: its result is confirmed, so that it need never be trained again, even where its acknowledgement is lost. */
  letGo(message: Msg, handedIn: boolean): void {
    const identity = identityOf(message);
    this.#held.delete(identity);
    if (!handedIn) return;
    this.#handedIn.add(identity);
    const [oldest = identity] = this.#handedIn;
    if (this.#handedIn.size > MOST_REMEMBERED) this.#handedIn.delete(oldest);
  }

  /** True when nothing is left to do about the message. */
  answer(message: Msg): boolean {
    const identity = identityOf(message);
    if (this.#handedIn.has(identity)) acknowledge(message);
    else if (this.#held.has(identity)) renew(message);
    else return false;
    return true;
  }
}
