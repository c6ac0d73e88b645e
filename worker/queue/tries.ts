/**
 * How often a replica was tried, on the server: one message per replica, written from its second delivery on, so that a sound sweep
 * writes none. The server's own count of deliveries says only whether it is the first: it also counts what was sent to a worker
 * that was cut off, and what was given back by one that shut down, and a task that is published again starts at one.
 *
 * It is the fence as well: each write expects the message that this lease saw last. A worker whose lease ran out while it was
 * stopped finds another's count there, and gives nothing back.
 */
import { JetStreamApiError, type JetStreamClient } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { STATE, triesSubject } from '../../schemas/wire.ts';

/** The message of a replica; sequence 0 where there is none. */
export interface Tries {
  readonly count: number | undefined;
  readonly sequence: number;
}

export const NO_TRIES: Tries = { count: undefined, sequence: 0 };

/** JetStream: "wrong last sequence", and its form of newer servers. */
const FENCED = new Set([10071, 10164]);

export async function readTries(connection: NatsConnection, sweep: string, index: number): Promise<Tries> {
  const answer = await connection.request(`$JS.API.DIRECT.GET.${STATE}.${triesSubject(sweep, index)}`);
  const count = Number(answer.string());
  const sequence = Number(answer.headers?.get('Nats-Sequence'));
  if (answer.headers?.code === 404 || !Number.isInteger(count) || !(sequence > 0)) return NO_TRIES;
  return { count, sequence };
}

/** What was written; undefined when another lease of this replica wrote meanwhile. */
export async function writeTries(
  client: JetStreamClient,
  replica: { readonly sweep: string; readonly index: number },
  count: number,
  seen: Tries,
): Promise<Tries | undefined> {
  const subject = triesSubject(replica.sweep, replica.index);
  try {
    const { seq } = await client.publish(subject, String(count), { expect: { lastSubjectSequence: seen.sequence } });
    return { count, sequence: seq };
  } catch (error) {
    if (error instanceof JetStreamApiError && FENCED.has(error.code)) return undefined;
    throw error;
  }
}
