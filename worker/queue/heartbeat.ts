/** Extends every open lease at a third of its length, so that one lost heartbeat loses no replica. Runs on the main thread, which trains nothing. */
export interface Renewable {
  readonly ackWaitMs: number;
  renew(): void;
}

export class Heartbeat {
  readonly #leases = new Set<Renewable>();
  #timer: NodeJS.Timeout | undefined;
  #everyMs = Infinity;

  add(lease: Renewable): void {
    this.#leases.add(lease);
    const everyMs = lease.ackWaitMs / 3;
    if (this.#timer !== undefined && everyMs >= this.#everyMs) return;
    clearInterval(this.#timer);
    this.#everyMs = everyMs;
    // the shortest lease sets the pace of all
    this.#timer = setInterval(() => this.#beat(), everyMs);
  }

  delete(lease: Renewable): void {
    this.#leases.delete(lease);
    if (this.#leases.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #beat(): void {
    for (const lease of this.#leases) lease.renew();
  }
}
