/**
 * A lease on JetStream: a message that the server delivers to somebody else when it is neither acknowledged nor renewed in time.
 *
 * open -> completing -> ended (result confirmed, task acknowledged), or back to open when that failed
 * open -> ended (given back). A lease that another worker has taken over ends in silence: giving it back would take it from its holder.
 * A lease that is not wanted any more is not renewed, and ends in silence too unless its result comes first.
 */
import type { JetStreamClient } from '@nats-io/jetstream';
import type { Msg, NatsConnection } from '@nats-io/transport-node';
import { setTimeout as delay } from 'node:timers/promises';
import { LoligoError, messageOf } from '../../schemas/errors.ts';
import type { Result, Task } from '../../schemas/generated/types.ts';
import { parseResult } from '../../schemas/parse.ts';
import { acknowledge, deliveredOf, giveBack, renew } from '../../schemas/pull.ts';
import type { Lease } from '../../schemas/queue.ts';
import { AGAIN_HEADER, MAX_RESULT_BYTES, resultSubject } from '../../schemas/wire.ts';
import type { Heartbeat } from './heartbeat.ts';
import type { ResultPublisher } from './result-publisher.ts';
import { readTries, writeTries, type Tries } from './tries.ts';
import type { ReportEvent } from './worker-event.ts';

const RETRY_MS = 250;

export interface LeaseOptions {
  readonly task: Task;
  readonly delivery: number;
  readonly message: Msg;
  readonly tries: Tries;
  readonly client: JetStreamClient;
  readonly results: ResultPublisher;
  readonly connection: NatsConnection;
  readonly heartbeat: Heartbeat;
  readonly ackWaitMs: number;
  /** Aborts when nobody waits any longer for a server that is away. */
  readonly ending: AbortSignal;
  /** Named as the one who failed the replica, or finished it after others did. */
  readonly worker: string | undefined;
  readonly onEvent: ReportEvent | undefined;
  readonly onEnd: (lease: JetStreamLease, end: 'completed' | 'given back' | 'lost') => void;
}

export class JetStreamLease implements Lease {
  readonly task: Task;
  readonly delivery: number;
  readonly ackWaitMs: number;
  readonly #options: LeaseOptions;
  readonly #unwanted = new AbortController();
  #tries: Tries;
  #state: 'open' | 'completing' | 'ended' = 'open';
  /** The server did not take its result, and the worker is at its end: nor would it take anything else. */
  #unheard = false;

  constructor(options: LeaseOptions) {
    this.task = options.task;
    this.delivery = options.delivery;
    this.ackWaitMs = options.ackWaitMs;
    this.#options = options;
    this.#tries = options.tries;
    options.heartbeat.add(this);
  }

  get again(): boolean {
    return wasSentBefore(this.#options.message);
  }

  get unwanted(): AbortSignal {
    return this.#unwanted.signal;
  }

  renew(): void {
    renew(this.#options.message);
  }

  /** The sweep was cancelled, or another worker has the replica. */
  disown(): void {
    this.#options.heartbeat.delete(this);
    this.#unwanted.abort();
  }

  /** Whether another lease of this replica was counted since; asked after a time in which this one may have run out. */
  async isTakenOver(): Promise<boolean> {
    const { sequence } = await readTries(this.#options.connection, this.task.sweep, this.task.index);
    return sequence > 0 && sequence !== this.#tries.sequence;
  }

  /** Tries again for as long as the worker may wait: the lease is renewed meanwhile. */
  async complete(result: Result): Promise<void> {
    this.#mustBeOpen();
    const payload = payloadOf(result, this.#options.connection.info?.max_payload);
    this.#state = 'completing';
    try {
      await this.#tellOthers(result);
      await this.#publish(payload);
    } catch (error) {
      this.#state = 'open';
      this.#unheard = true;
      throw error;
    }
    this.#options.onEvent?.({ kind: 'result-published', bytes: Buffer.byteLength(payload) });
    acknowledge(this.#options.message);
    this.#end('completed');
  }

  async release({ counted, failed = counted }: { counted: boolean; failed?: boolean }): Promise<void> {
    this.#mustBeOpen();
    const { client, message, worker } = this.#options;
    this.#state = 'ended';
    if (this.unwanted.aborted || this.#unheard) return this.#end('lost');
    const change = { count: counted ? this.delivery : this.delivery - 1, ...(failed && worker !== undefined ? { failedBy: worker } : {}) };
    const written = await writeTries(client, this.task, change, this.#tries).catch(() => undefined);
    if (written !== undefined) giveBack(message);
    this.#end(written === undefined ? 'lost' : 'given back');
  }

  get ended(): boolean {
    return this.#state === 'ended';
  }

  /**
   * Those who failed the replica look here whether it can be trained (node-health.ts). Before the result, because with the last one the
   * orchestrator takes the counts away; what fails here fails nothing else.
   */
  async #tellOthers({ outcome }: Result): Promise<void> {
    const { client, worker } = this.#options;
    if (worker === undefined || outcome.kind === 'failed' || !this.#tries.failedBy.some((name) => name !== worker)) return;
    const change = { count: this.delivery, finishedBy: worker };
    this.#tries = (await writeTries(client, this.task, change, this.#tries).catch(() => undefined)) ?? this.#tries;
  }

  async #publish(payload: string): Promise<void> {
    const { results, ending, onEvent } = this.#options;
    const { sweep, index } = this.task;
    const enough = AbortSignal.any([ending, this.unwanted]);
    for (let told = ''; ;) {
      try {
        return await results.publish(resultSubject(sweep, index), payload);
      } catch (error) {
        if (enough.aborted) throw error;
        const message = `the result of replica ${index} waits: ${messageOf(error)}`;
        if (message !== told) onEvent?.({ kind: 'trouble', message });
        told = message;
        await delay(RETRY_MS, undefined, { signal: enough }).catch(() => undefined);
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

/** False for the first delivery of a first message. */
export function wasSentBefore(message: Msg): boolean {
  return deliveredOf(message) > 1 || message.headers?.has(AGAIN_HEADER) === true;
}

/** `largest` message of the server. Throws SCHEMA_MESSAGE. */
function payloadOf(result: Result, largest = MAX_RESULT_BYTES): string {
  parseResult(result);
  const payload = JSON.stringify(result);
  const bytes = Buffer.byteLength(payload);
  const most = Math.min(largest, MAX_RESULT_BYTES);
  if (bytes <= most) return payload;
  const rule = `a result must have at most ${most} bytes`;
  const remedy = `Ask for fewer trace points${most < MAX_RESULT_BYTES ? ', or give the server a larger max_payload' : ''}.`;
  throw new LoligoError([{ code: 'SCHEMA_MESSAGE', where: `result of replica ${result.index}`, rule, got: `${bytes} bytes`, remedy }]);
}
