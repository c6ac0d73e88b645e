/** Who serves: all workers of a server are asked at once, and each answers with its card. What is no card is passed over. */
import type { NatsConnection } from '@nats-io/transport-node';
import type { WorkerCard } from './generated/types.ts';
import { parseCard } from './parse.ts';
import { ROLL } from './wire.ts';

/** Longest silence after an answer; the first may take the whole time. */
const STALL_MS = 300;

/** As they come. Fails where nobody listens, and where the server does not answer. */
export async function* callRoll(connection: NatsConnection, longestMs: number): AsyncGenerator<WorkerCard> {
  for await (const answer of await connection.requestMany(ROLL, '', { strategy: 'stall', stall: STALL_MS, maxWait: longestMs })) {
    const card = readable(() => parseCard(answer.json()));
    if (card !== undefined) yield card;
  }
}

/** undefined for a message that is none of ours. */
export function readable<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
