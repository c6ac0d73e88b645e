/**
 * How long a client waits between two tries to come back to its server: the connection's `reconnectDelayHandler`. By the monotonic clock:
 * the client compares the time of day with that of its last try, and when the clock has been set back by an hour it would not try for an hour
 * (nats-core 3.3.1, protocol.ts, dodialLoop). So this keeps the time, and a try that is due is due at any time of day.
 */
const AT_ONCE = -Infinity;
/** Workers that lost one server do not come back in one moment. */
const SPREAD = 0.2;

export function reconnectPace(everyMs: number, now = (): number => performance.now()): () => number {
  let dueMs = -Infinity;
  return () => {
    const leftMs = dueMs - now();
    if (leftMs > 0) return leftMs;
    dueMs = now() + everyMs * (1 + SPREAD * Math.random());
    return AT_ONCE;
  };
}
