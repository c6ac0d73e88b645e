/**
 * One request for messages of a JetStream pull consumer, by the protocol itself: the client library offers no request that returns at once
 * with what there is, and a worker must not hold 3 tasks while it waits for 8. Status messages end a request (404 none, 408 no more,
 * 409 refused, 503 nobody there); a silent server ends it by time. What the server sends after that nobody
 * hears: its lease runs out, which costs a delivery and no more than one try (worker/queue/tries.ts).
 *
 * Both sides use it. It knows nothing of tasks and results.
 */
import { createInbox, type Msg } from '@nats-io/transport-node';
import type { Server } from './nats-connection.ts';

export interface PullRequest {
  readonly stream: string;
  readonly consumer: string;
  readonly batch: number;
  /** Wait on the server so long for the first ones to come; 0 returns at once with what there is. */
  readonly waitMs: number;
  /** Called for each message as it comes. */
  readonly take: (message: Msg) => void;
  /** Ends the waiting. */
  readonly signal: AbortSignal;
}

/** none: nothing waits; nobody: no such consumer, or the server is silent. */
export type PullEnd = 'full' | 'none' | 'nobody';

/** Longer than any answer takes on a sound link. */
const SILENCE_MS = 2000;

export async function pullMessages({ connection, inboxPrefix }: Server, request: PullRequest): Promise<PullEnd> {
  const { stream, consumer, batch, waitMs, take, signal } = request;
  // not shared with other requests: what comes has the subject of its stream, and only the subscription tells whose it is
  const inbox = createInbox(inboxPrefix);
  let taken = 0;
  let settle: (end: PullEnd) => void = () => undefined;
  const ended = new Promise<PullEnd>((resolve) => (settle = resolve));
  const subscription = connection.subscribe(inbox, {
    callback: (error, message) => {
      if (error !== null) return settle('nobody');
      const status = message.headers?.code ?? 0;
      if (status === 0) {
        taken += 1;
        take(message);
        if (taken === batch) settle('full');
      } else if (status !== 100) settle(status === 503 || status === 409 ? 'nobody' : 'none');
    },
  });
  const silent = setTimeout(() => settle('nobody'), waitMs + SILENCE_MS);
  const abort = (): void => settle('none');
  signal.addEventListener('abort', abort, { once: true });
  try {
    const body = waitMs === 0 ? { batch, no_wait: true } : { batch, expires: waitMs * 1e6 };
    connection.publish(`$JS.API.CONSUMER.MSG.NEXT.${stream}.${consumer}`, JSON.stringify(body), { reply: inbox });
    return await ended;
  } finally {
    clearTimeout(silent);
    signal.removeEventListener('abort', abort);
    subscription.unsubscribe();
  }
}

/** $JS.ACK.<stream>.<consumer>.<delivered>.<place in the stream>.<place in the consumer>.<time>.<pending>, with two more tokens before the stream on newer servers. */
function replyTokens({ reply = '' }: Msg): string[] {
  const tokens = reply.split('.');
  return tokens.slice(tokens.length > 9 ? 6 : 4);
}

/** How often the server delivered this message. */
export function deliveredOf(message: Msg): number {
  return Number(replyTokens(message)[0]);
}

/** The same in every delivery of a message. With the time it was stored at, because a stream that was made anew counts from one. */
export function identityOf(message: Msg): string {
  const [, place, , storedAt] = replyTokens(message);
  return `${place} ${storedAt}`;
}

/** The server forgets the message. No answer comes: what the server did not hear is delivered again. */
export const acknowledge = (message: Msg): void => void message.respond('+ACK');
/** To be delivered again at once, or after a while. */
export const giveBack = (message: Msg, afterMs = 0): void =>
  void message.respond(afterMs === 0 ? '-NAK' : `-NAK {"delay": ${Math.round(afterMs * 1e6)}}`);
/** The lease starts anew. */
export const renew = (message: Msg): void => void message.respond('+WPI');
/** Never again: it is no message of ours. */
export const setAside = (message: Msg): void => void message.respond('+TERM');
