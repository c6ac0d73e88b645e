/**
 * Estimates of the accepted replicas as they come, for a picture: all of them at first, later each second, fourth, ... one, so that a million
 * replicas take no more memory than some thousand. No statistic of the report rests on it.
 */

const MOST = 4096;

export class EstimateSample {
  #values: Readonly<Record<string, number>>[] = [];
  #stride = 1;
  #offered = 0;

  /** Replicas that were offered. */
  get offered(): number {
    return this.#offered;
  }

  /** Of how many one is kept. */
  get stride(): number {
    return this.#stride;
  }

  /** `read` is called where the replica is kept. */
  offer(read: () => Readonly<Record<string, number>>): void {
    const position = this.#offered++;
    if (position % this.#stride !== 0) return;
    this.#values.push(read());
    if (this.#values.length < MOST) return;
    this.#values = this.#values.filter((_, i) => i % 2 === 0);
    this.#stride *= 2;
  }

  /** Finite values of a parameter, ascending. */
  sorted(name: string): Float64Array {
    return Float64Array.from(this.#values, (values) => values[name] ?? NaN)
      .filter(Number.isFinite)
      .sort();
  }
}
