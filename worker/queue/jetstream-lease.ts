/**
 * A lease on JetStream: a message that the server delivers to somebody else when it is neither acknowledged nor renewed in time.
 *
 * open -> completing -> ended (result confirmed, task acknowledged), or back to open when that failed
 * open -> ended (given back). A lease that another worker has taken over ends in silence: giving it back would take it from its holder.
 */
import { JetStreamApiError, type JetStreamClient } from '@nats-io/jetstream';
import type { Msg } from '@nats-io/transport-node';
import { setTimeout as delay } from 'node:timers/promises';
import { LoligoError } from '../../schemas/errors.ts';
import type { Result, Task } from '../../schemas/generated/types.ts';
import { parseResult } from '../../schemas/parse.ts';
import { acknowledge, giveBack, renew } from '../../schemas/pull.ts';
import type { Lease } from '../../schemas/queue.ts';
import { MAX_RESULT_BYTES, resultSubject } from '../../schemas/wire.ts';
import type { Heartbeat } from './heartbeat.ts';
import { writeTries, type Tries } from './tries.ts';

/** JetStream: "maximum messages per subject exceeded": the result is there already. */
const ALREADY_THERE = 10077;
const CONFIRM_MS = 5000;
const RETRY_MS = 250;

export interface LeaseOptions {
  readonly task: Task;
  readonly delivery: number;
  readonly message: Msg;
  readonly tries: Tries;
  readonly client: JetStreamClient;
  readonly heartbeat: Heartbeat;
  readonly ackWaitMs: number;
  /** Aborted when the source is closed. */
  readonly closed: AbortSignal;
  readonly onEnd: (lease: JetStreamLease, end: 'completed' | 'given back' | 'lost') => void;
}

export class JetStreamLease implements Lease {
  readonly task: Task;
  readonly delivery: number;
  readonly ackWaitMs: number;
  readonly #options: LeaseOptions;
  #state: 'open' | 'completing' | 'ended' = 'open';

  constructor(options: LeaseOptions) {
    this.task = options.task;
    this.delivery = options.delivery;
    this.ackWaitMs = options.ackWaitMs;
    this.#options = options;
    options.heartbeat.add(this);
  }

  renew(): void {
    renew(this.#options.message);
  }

  /** Tries again for as long as the source is open: the lease is renewed meanwhile. */
  async complete(result: Result): Promise<void> {
    this.#mustBeOpen();
    const payload = payloadOf(result);
    this.#state = 'completing';
    try {
      await this.#publish(payload);
    } catch (error) {
      this.#state = 'open';
      throw error;
    }
    acknowledge(this.#options.message);
    this.#end('completed');
  }

  async release({ counted }: { counted: boolean }): Promise<void> {
    this.#mustBeOpen();
    const { client, tries, message } = this.#options;
    this.#state = 'ended';
    const written = await writeTries(client, this.task, counted ? this.delivery : this.delivery - 1, tries).catch(() => undefined);
    if (written !== undefined) giveBack(message);
    this.#end(written === undefined ? 'lost' : 'given back');
  }

  get ended(): boolean {
    return this.#state === 'ended';
  }

  async #publish(payload: string): Promise<void> {
    const { client, closed } = this.#options;
    const { sweep, index } = this.task;
    for (;;) {
      try {
        await client.publish(resultSubject(sweep, index), payload, { timeout: CONFIRM_MS });
        return;
      } catch (error) {
        if (error instanceof JetStreamApiError && error.code === ALREADY_THERE) return;
        if (closed.aborted) throw error;
        await delay(RETRY_MS, undefined, { signal: closed }).catch(() => undefined);
      }
    }
  }

  #end(end: 'completed' | 'given back' | 'lost'): void {
    this.#state = 'ended';
    this.#options.heartbeat.delete(this);
    this.#options.onEnd(this, end);
  }

  #mustBeOpen(): void {
    if (this.#state !== 'open') throw new Error(`internal: the lease of ${this.task.replica} is ${this.#state}`);
  }
}

/** Throws SCHEMA_MESSAGE. */
function payloadOf(result: Result): string {
  parseResult(result);
  const payload = JSON.stringify(result);
  const bytes = Buffer.byteLength(payload);
  if (bytes <= MAX_RESULT_BYTES) return payload;
  const rule = `a result must have at most ${MAX_RESULT_BYTES} bytes`;
  const remedy = 'Ask for fewer trace points.';
  throw new LoligoError([{ code: 'SCHEMA_MESSAGE', where: `result of replica ${result.index}`, rule, got: `${bytes} bytes`, remedy }]);
}
