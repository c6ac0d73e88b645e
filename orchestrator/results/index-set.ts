/** A set of replica indices as bits: a million finished replicas take 128 kB. */
const FIRST_WORDS = 32;

export class IndexSet {
  #words = new Uint32Array(FIRST_WORDS);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  has(index: number): boolean {
    const word = this.#words[Math.floor(index / 32)] ?? 0;
    return ((word >>> (index % 32)) & 1) === 1;
  }

  /** False when it was there already. */
  add(index: number): boolean {
    if (this.has(index)) return false;
    const position = Math.floor(index / 32);
    if (position >= this.#words.length) this.#grow(position);
    this.#words[position] = (this.#words[position] ?? 0) | (1 << (index % 32));
    this.#size += 1;
    return true;
  }

  delete(index: number): void {
    if (!this.has(index)) return;
    const position = Math.floor(index / 32);
    this.#words[position] = (this.#words[position] ?? 0) & ~(1 << (index % 32));
    this.#size -= 1;
  }

  #grow(position: number): void {
    const larger = new Uint32Array(Math.max(position + 1, 2 * this.#words.length));
    larger.set(this.#words);
    this.#words = larger;
  }
}
