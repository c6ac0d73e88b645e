/** Results on their way from leases to the one collector: whoever hands one in waits until the collector stored it. */
import type { Result } from '../../schemas/generated/types.ts';
import type { ResultDelivery } from '../../schemas/queue.ts';

export class Deliveries implements AsyncIterable<ResultDelivery> {
  readonly #handed: ResultDelivery[] = [];
  #wake: (() => void) | undefined;
  #closed = false;

  /** Resolves when acknowledged; rejects with the collector's error, or when the queue closes before the collector took it. */
  hand(result: Result): Promise<void> {
    if (this.#closed) return Promise.reject(closedError(result));
    return new Promise((resolve, reject) => {
      this.#handed.push({ result, acknowledge: resolve, reject });
      this.#wake?.();
    });
  }

  /** What the collector has taken it may still acknowledge. */
  close(): void {
    this.#closed = true;
    for (const delivery of this.#handed.splice(0)) delivery.reject(closedError(delivery.result));
    this.#wake?.();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<ResultDelivery, void, undefined> {
    while (!this.#closed) {
      // one by one: what a collector that breaks off has not taken is rejected by close
      const next = this.#handed.shift();
      if (next !== undefined) yield next;
      else await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }
}

function closedError(result: Result): Error {
  return new Error(`the queue was closed before the result of replica ${result.replica} was stored`);
}
