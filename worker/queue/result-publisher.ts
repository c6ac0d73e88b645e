/**
 * Results into their stream, each confirmed. By the protocol itself, with one subscription for all confirmations: the client library's own
 * request makes three Error objects with stack traces for each answer that is none, a fifth of what a replica cost a worker.
 */
import { createInbox, type Msg, type NatsConnection } from '@nats-io/transport-node';
import type { Server } from '../../schemas/nats-connection.ts';

/** JetStream: "maximum messages per subject exceeded": the result is there already. */
const ALREADY_THERE = 10077;
const CONFIRM_MS = 5000;

export class ResultPublisher {
  readonly #connection: NatsConnection;
  readonly #inbox: string;
  /** Who waits for the answer to which reply subject. */
  readonly #waiting = new Map<string, (answer: Msg) => void>();
  #next = 0;

  constructor({ connection, inboxPrefix }: Server) {
    this.#connection = connection;
    this.#inbox = createInbox(inboxPrefix);
    connection.subscribe(`${this.#inbox}.*`, {
      // an error says that the subscription is gone: whoever waits ends by time
      callback: (error, answer) => {
        if (error === null) this.#waiting.get(answer.subject)?.(answer);
      },
    });
  }

  /** Resolves when the stream holds the result, whoever put it there. */
  async publish(subject: string, payload: string): Promise<void> {
    const answer = await this.#answerTo(subject, payload);
    if (answer.headers?.code === 503) throw new Error('no stream takes results');
    const { error } = answer.json<{ error?: { err_code?: number; description?: string } }>();
    if (error !== undefined && error.err_code !== ALREADY_THERE) throw new Error(`the result was refused: ${error.description}`);
  }

  #answerTo(subject: string, payload: string): Promise<Msg> {
    const reply = `${this.#inbox}.${this.#next++}`;
    this.#connection.publish(subject, payload, { reply });
    return new Promise<Msg>((resolve, reject) => {
      const silent = setTimeout(() => reject(new Error('nobody confirmed the result')), CONFIRM_MS);
      this.#waiting.set(reply, (answer) => {
        clearTimeout(silent);
        resolve(answer);
      });
    }).finally(() => this.#waiting.delete(reply));
  }
}
