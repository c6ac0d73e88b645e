/** Waiting for the device: not for ever, and without taking a core for it. */

/** Of a Gpu (device.ts). */
interface Asked {
  readonly device: GPUDevice;
  readonly answerMs: number;
  lost: string | null;
}

/** Devices that did not answer. To let one go is to wait for it. */
const abandoned: GPUDevice[] = [];

/** What this thread waits for. */
const pending = new Set<Promise<unknown>>();
let resting = false;
const REST_MS = 1;
const nobodyWakes = new Int32Array(new SharedArrayBuffer(4));

/** What the device was asked for; rejects, and the device counts as lost, when it does not answer in time. */
export async function answered<T>(gpu: Asked, answer: Promise<T>): Promise<T> {
  let limit: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    limit = setTimeout(() => {
      gpu.lost ??= `it did not answer within ${gpu.answerMs / 1000} s`;
      abandoned.push(gpu.device);
      reject(new Error(gpu.lost));
    }, gpu.answerMs);
  });
  const awaited = Promise.race([answer, late]);
  pending.add(awaited);
  if (!resting) setImmediate(rest);
  resting = true;
  try {
    return await awaited;
  } finally {
    pending.delete(awaited);
    clearTimeout(limit);
  }
}

/**
 * Whatever this thread waited for has come, or failed. Before a thread may end after a failure: Dawn crashes the process when one ends to which it owes
 * an answer.
 */
export async function allAnswered(): Promise<void> {
  await Promise.allSettled(pending);
}

/**
 * Dawn asks the driver in each turn of the event loop, and takes a core's whole time for it: 1.0 s of 4.5 s that a loaded processor waited for
 * SwiftShader, 0.1 s of 2.6 s with a rest. The device has a slice beyond the one that is waited for (slice.ts).
 */
function rest(): void {
  resting = pending.size > 0;
  if (!resting) return;
  Atomics.wait(nobodyWakes, 0, 0, REST_MS);
  setImmediate(rest);
}
