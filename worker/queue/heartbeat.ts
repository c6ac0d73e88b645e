/** Extends every open lease at a third of its length, so that one lost heartbeat loses no replica. Runs on the main thread, which trains nothing. */
export interface Renewable {
  readonly ackWaitMs: number;
  renew(): void;
}

export class Heartbeat {
  readonly #leases = new Set<Renewable>();
  readonly #beaten: (late: boolean) => void;
  #timer: NodeJS.Timeout | undefined;
  #everyMs = Infinity;
  #lastMs = 0;

  /** `beaten` is called after each beat; `late`: so long after the one before that leases may have run out (the process was stopped). */
  constructor(beaten: (late: boolean) => void = () => undefined) {
    this.#beaten = beaten;
  }

  add(lease: Renewable): void {
    this.#leases.add(lease);
    const everyMs = lease.ackWaitMs / 3;
    if (this.#timer !== undefined && everyMs >= this.#everyMs) return;
    clearInterval(this.#timer);
    this.#everyMs = everyMs;
    this.#lastMs = performance.now();
    // the shortest lease sets the pace of all
    this.#timer = setInterval(() => this.beat(), everyMs);
  }

  delete(lease: Renewable): void {
    this.#leases.delete(lease);
    if (this.#leases.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  /** At once, beside those by time. */
  beat(): void {
    const now = performance.now();
    const late = now - this.#lastMs > 3 * this.#everyMs;
    this.#lastMs = now;
    for (const lease of this.#leases) lease.renew();
    this.#beaten(late);
  }
}
