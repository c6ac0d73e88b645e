/**
 * Runs many steps in slices of some tens of milliseconds, one slice queued ahead of the one that is waited for, so that the device does
 * not idle while the host reads. The control is asked before each slice; a slice that is queued is finished and counted.
 */
const SLICE_MS = 50;
/** Steps of the first slice, before one was timed. Slices grow by a half at most: a stage that is stopped soon overshoots by little. */
const FIRST_SLICE = 1;
const GROWTH = 1.5;
/** Parameters of so many steps are kept for the trace. */
export const LONGEST_SLICE = 64;
const AHEAD = 2;

/**
 * `remaining`: steps that the slowest replica still needs, as far as reports were taken. `run` queues at once and resolves when it is done;
 * `take` is given what it resolves to, in order.
 */
export async function sliceSteps<T>(
  remaining: () => number,
  shouldStop: () => boolean,
  run: (steps: number) => Promise<T>,
  take: (result: T) => void | Promise<void>,
): Promise<void> {
  const queued: { readonly steps: number; readonly result: Promise<T> }[] = [];
  let slice = FIRST_SLICE;
  let stopping = false;
  let last = performance.now();
  for (;;) {
    while (!stopping && queued.length < AHEAD) {
      const left = remaining() - queued.reduce((sum, { steps }) => sum + steps, 0);
      if (left <= 0) break;
      stopping = shouldStop();
      if (stopping) break;
      const steps = Math.min(slice, left);
      const result = run(steps);
      // a failure is thrown where the result is awaited; until then it must not count as unhandled
      result.catch(() => undefined);
      queued.push({ steps, result });
    }
    const next = queued.shift();
    if (next === undefined) return;
    await take(await next.result);
    const now = performance.now();
    slice = Math.max(1, Math.min(Math.ceil(GROWTH * slice), LONGEST_SLICE, Math.floor((SLICE_MS * next.steps) / (now - last))));
    last = now;
  }
}
