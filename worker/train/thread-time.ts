/**
 * Processor time of the calling thread: what a replica cost, whatever else the machine did meanwhile. Linux tells it in /proc, Node from 22.19 on
 * everywhere. Other threads are not in it: V8's own, a GPU's, TensorFlow's.
 */
import { readFileSync } from 'node:fs';

/** Linux resolves this name to the thread that opens it. Nanoseconds on a processor come first; 0 where the kernel does not count. */
const SCHEDULER_STATISTICS = '/proc/thread-self/schedstat';

/** Engines whose arithmetic runs in the thread that calls them. */
const IN_THREAD: ReadonlySet<string> = new Set(['reference', 'native', 'wasm']);

/**
 * Since `began`, shared by so many replicas; as a field of a result, which is absent where the time is not known, or says nothing of the engine that
 * took part.
 */
export function cpuShare(began: number | undefined, replicas: number, engine?: string): { cpuSeconds?: number } {
  const now = engine === undefined || IN_THREAD.has(engine) ? threadSeconds() : undefined;
  return began === undefined || now === undefined ? {} : { cpuSeconds: (now - began) / replicas };
}

/** Undefined where the system does not tell it. */
export function threadSeconds(): number | undefined {
  // @types/node are those of Node 20, which lacks it
  const { threadCpuUsage } = process as { threadCpuUsage?: () => { user: number; system: number } };
  if (threadCpuUsage !== undefined) {
    const { user, system } = threadCpuUsage.call(process);
    return (user + system) / 1e6;
  }
  try {
    const seconds = Number.parseInt(readFileSync(SCHEDULER_STATISTICS, 'latin1'), 10) / 1e9;
    return seconds > 0 ? seconds : undefined;
  } catch {
    return undefined;
  }
}
