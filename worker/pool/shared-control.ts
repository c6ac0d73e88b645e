/**
 * What threads and their pool share while cohorts run, in SharedArrayBuffers: the wish to stop, of all or of one cohort, and the steps
 * done. A cohort's own flag is gone with the cohort.
 */
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

/** The wish to stop one cohort. */
export interface StopFlag {
  readonly buffer: SharedArrayBuffer;
  raise(): void;
  raised(): boolean;
}

export function stopFlag(buffer = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT)): StopFlag {
  const word = new Int32Array(buffer);
  return { buffer, raise: () => void Atomics.store(word, 0, 1), raised: () => Atomics.load(word, 0) === 1 };
}
