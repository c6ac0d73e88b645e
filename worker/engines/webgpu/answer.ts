/** Waiting for the device: not for ever, and without taking a core for it. */
import type { Gpu } from './device.ts';

/** Devices that did not answer. To let one go is to wait for it. */
const abandoned: GPUDevice[] = [];

/** Answers that this thread waits for. */
let pending = 0;
let resting = false;
const REST_MS = 1;
const nobodyWakes = new Int32Array(new SharedArrayBuffer(4));

/** What the device was asked for; rejects, and the device counts as lost, when it does not answer in time. */
export async function answered<T>(gpu: Gpu, answer: Promise<T>): Promise<T> {
  let limit: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    limit = setTimeout(() => {
      gpu.lost ??= `it did not answer within ${gpu.answerMs / 1000} s`;
      abandoned.push(gpu.device);
      reject(new Error(gpu.lost));
    }, gpu.answerMs);
  });
  pending += 1;
  if (!resting) setImmediate(rest);
  resting = true;
  try {
    return await Promise.race([answer, late]);
  } finally {
    pending -= 1;
    clearTimeout(limit);
  }
}

/**
 * Dawn asks the driver in each turn of the event loop, and takes a core's whole time for it: 1.0 s of 4.5 s that a loaded processor waited for
 * SwiftShader, 0.1 s of 2.6 s with a rest. The device has a slice beyond the one that is waited for (slice.ts).
 */
function rest(): void {
  resting = pending > 0;
  if (!resting) return;
  Atomics.wait(nobodyWakes, 0, 0, REST_MS);
  setImmediate(rest);
}
