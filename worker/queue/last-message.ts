/** The last message of a subject in a stream, by JetStream's direct get: one request, which a worker's permissions name subject by subject. */
import type { Msg, NatsConnection } from '@nats-io/transport-node';

const TIMEOUT_MS = 1000;

/** undefined where the stream holds none. Rejects where the server does not answer. */
export async function lastMessage(
  connection: NatsConnection,
  stream: string,
  subject: string,
  timeoutMs = TIMEOUT_MS,
): Promise<{ readonly message: Msg; readonly sequence: number } | undefined> {
  const message = await connection.request(`$JS.API.DIRECT.GET.${stream}.${subject}`, '', { timeout: timeoutMs });
  const sequence = Number(message.headers?.get('Nats-Sequence'));
  return sequence > 0 ? { message, sequence } : undefined;
}
