/**
 * How often a replica was tried, on the server: one message per replica, written from its second delivery on, so that a sound sweep
 * writes none. The server's own count of deliveries says only whether it is the first: it also counts what was sent to a worker
 * that was cut off, and what was given back by one that shut down, and a task that is published again starts at one.
 *
 * It is the fence as well: each write expects the message that this lease saw last. A worker whose lease ran out while it was
 * stopped finds another's count there, and gives nothing back.
 *
 * Its headers say which workers failed the replica and which one finished it after them: a worker that finds out that others finish what
 * it fails is the one to go (node-health.ts).
 */
import { JetStreamApiError, type JetStreamClient } from '@nats-io/jetstream';
import { headers, type MsgHdrs, type NatsConnection } from '@nats-io/transport-node';
import { STATE, triesSubject } from '../../schemas/wire.ts';
import { lastMessage } from './last-message.ts';

/** The message of a replica; sequence 0 where there is none. */
export interface Tries {
  readonly count: number | undefined;
  /** Workers that failed it, oldest first. */
  readonly failedBy: readonly string[];
  /** The worker that brought it to an end after others failed it. */
  readonly finishedBy: string | undefined;
  readonly sequence: number;
}

export const NO_TRIES: Tries = { count: undefined, failedBy: [], finishedBy: undefined, sequence: 0 };

/** JetStream: "wrong last sequence", and its form of newer servers. */
const FENCED = new Set([10071, 10164]);
const FAILED_BY = 'Loligo-Failed-By';
const FINISHED_BY = 'Loligo-Finished-By';
/** More than the tries of a replica; uncounted failures are named too. */
const MOST_NAMES = 8;

export async function readTries(connection: NatsConnection, sweep: string, index: number): Promise<Tries> {
  const found = await lastMessage(connection, STATE, triesSubject(sweep, index));
  const count = Number(found?.message.string());
  if (found === undefined || !Number.isInteger(count)) return NO_TRIES;
  const marks = found.message.headers;
  const finishedBy = marks?.last(FINISHED_BY);
  return {
    count,
    failedBy: marks?.values(FAILED_BY) ?? [],
    finishedBy: finishedBy === '' ? undefined : finishedBy,
    sequence: found.sequence,
  };
}

/** What is to be written: a new count, another name. */
export interface TriesChange {
  readonly count: number;
  readonly failedBy?: string;
  readonly finishedBy?: string;
}

/** What was written; undefined when another lease of this replica wrote meanwhile. */
export async function writeTries(
  client: JetStreamClient,
  replica: { readonly sweep: string; readonly index: number },
  change: TriesChange,
  seen: Tries,
): Promise<Tries | undefined> {
  const subject = triesSubject(replica.sweep, replica.index);
  const { count, failedBy: name } = change;
  const failedBy = name === undefined || seen.failedBy.includes(name) ? seen.failedBy : [...seen.failedBy, name].slice(-MOST_NAMES);
  const finishedBy = change.finishedBy ?? seen.finishedBy;
  const marks = headersOf(failedBy, finishedBy);
  try {
    const expect = { lastSubjectSequence: seen.sequence };
    const { seq } = await client.publish(subject, String(count), { expect, ...(marks === undefined ? {} : { headers: marks }) });
    return { count, failedBy, finishedBy, sequence: seq };
  } catch (error) {
    if (error instanceof JetStreamApiError && FENCED.has(error.code)) return undefined;
    throw error;
  }
}

function headersOf(failedBy: readonly string[], finishedBy: string | undefined): MsgHdrs | undefined {
  if (failedBy.length === 0 && finishedBy === undefined) return undefined;
  const marks = headers();
  for (const name of failedBy) marks.append(FAILED_BY, name);
  if (finishedBy !== undefined) marks.set(FINISHED_BY, finishedBy);
  return marks;
}
