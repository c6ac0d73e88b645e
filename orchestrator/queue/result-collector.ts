/**
 * Results from their stream to the one collector. A message is acknowledged after its result is stored, and not before; what is no result,
 * or not that of its subject, is set aside and counted. A replica whose results are malformed again and again gets an outcome that says so.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { Msg } from '@nats-io/transport-node';
import { messageOf } from '../../schemas/errors.ts';
import { failedResult } from '../../schemas/failed-result.ts';
import type { Result, Task } from '../../schemas/generated/types.ts';
import type { Server } from '../../schemas/nats-connection.ts';
import { parseResult } from '../../schemas/parse.ts';
import { acknowledge, pullMessages, setAside } from '../../schemas/pull.ts';
import { MAX_DELIVERIES } from '../../schemas/queue.ts';
import { indexOf, RESULTS } from '../../schemas/wire.ts';
import { Deliveries } from './deliveries.ts';

export interface CollectorOptions {
  readonly sweep: string;
  readonly taskOf: (index: number) => Task | undefined;
  /** Whether an index without a task is none of this sweep. */
  readonly bounded: boolean;
  /** Called when the result of a replica is stored. */
  readonly stored: (index: number) => void;
  readonly signal: AbortSignal;
}

/**
 * Messages asked for at once. Of the largest results 32 MB: a server hangs up on a reader that 64 MB wait for (its max_pending), which is what 256 of
 * them did over a link of 20 MB/s.
 */
const PULL = 32;
const WAIT_MS = 5000;
/** Results taken and not stored yet: a few fsyncs' worth. */
const MOST_UNSTORED = 1024;
const RETRY_MS = 250;

export class ResultCollector {
  readonly #server: Server;
  readonly #options: CollectorOptions;
  readonly #malformedOf = new Map<number, number>();
  readonly deliveries = new Deliveries();
  readonly ended: Promise<void>;
  #unstored = 0;
  #room: (() => void) | undefined;
  malformed = 0;
  /** Of what was taken from the stream. */
  resultBytes = 0;

  constructor(server: Server, options: CollectorOptions) {
    this.#server = server;
    this.#options = options;
    this.ended = this.#collect();
  }

  close(): void {
    this.deliveries.close();
    this.#room?.();
  }

  async #collect(): Promise<void> {
    const { sweep, signal } = this.#options;
    const request = { stream: RESULTS, consumer: sweep, batch: PULL, waitMs: WAIT_MS, signal };
    while (!signal.aborted) {
      while (this.#unstored >= MOST_UNSTORED && !signal.aborted) await new Promise<void>((resolve) => (this.#room = resolve));
      const end = await pullMessages(this.#server, { ...request, take: (message) => void this.#take(message) }).catch(
        () => 'nobody' as const,
      );
      if (end === 'nobody') await delay(RETRY_MS, undefined, { signal }).catch(() => undefined);
    }
  }

  async #take(message: Msg): Promise<void> {
    const result = this.#read(message);
    if (result === undefined) return;
    this.resultBytes += message.data.length;
    this.#unstored += 1;
    try {
      await this.deliveries.hand(result);
      this.#options.stored(result.index);
      acknowledge(message);
    } catch {
      // not stored: it stays in its stream, and the next opener gets it; the collector knows why
    } finally {
      this.#unstored -= 1;
      this.#room?.();
    }
  }

  #read(message: Msg): Result | undefined {
    const index = indexOf(message.subject);
    try {
      const result = parseResult(message.json());
      if (result.index === index && result.sweep === this.#options.sweep && this.#isPlanned(result)) return result;
      return this.#refuse(message, index, 'it is the result of another replica');
    } catch (error) {
      return this.#refuse(message, index, messageOf(error));
    }
  }

  /** What is stored counts towards the end of the sweep: a result of no replica of it, or of one with another id, must not. */
  #isPlanned({ index, replica }: Result): boolean {
    const { taskOf, bounded } = this.#options;
    const task = taskOf(index);
    return task === undefined ? !bounded : task.replica === replica;
  }

  #refuse(message: Msg, index: number | undefined, why: string): Result | undefined {
    this.malformed += 1;
    setAside(message);
    const task = index === undefined ? undefined : this.#options.taskOf(index);
    if (task === undefined) return undefined;
    const times = (this.#malformedOf.get(task.index) ?? 0) + 1;
    this.#malformedOf.set(task.index, times);
    if (times < MAX_DELIVERIES) return undefined;
    return failedResult(task, { attempts: times, worker: 'orchestrator', engine: 'none' }, { code: 'SCHEMA_MESSAGE', message: why });
  }
}
