/** What threads and their pool share while a cohort runs: the wish to stop and the steps done, in one SharedArrayBuffer. */
export interface SharedControl {
  readonly buffer: SharedArrayBuffer;
  stop(): void;
  shouldStop(): boolean;
  progress(steps: number): void;
  /** Replica-steps of all threads. */
  steps(): number;
}

/** Word 0: steps (64 bits); word 1: 1 after stop. */
const BYTES = 16;

export function sharedControl(buffer = new SharedArrayBuffer(BYTES)): SharedControl {
  const words = new BigInt64Array(buffer);
  return {
    buffer,
    stop: () => void Atomics.store(words, 1, 1n),
    shouldStop: () => Atomics.load(words, 1) === 1n,
    progress: (steps) => void Atomics.add(words, 0, BigInt(steps)),
    steps: () => Number(Atomics.load(words, 0)),
  };
}
