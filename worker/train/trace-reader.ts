/** Stored stretches by content hash, each read once: replicas of a cohort are scored on the same ones. */
import type { TraceObject } from '../../schemas/generated/types.ts';
import { parseTrace } from '../../schemas/parse.ts';

export function traceReader(objects: (hash: string) => string): (hash: string) => TraceObject {
  const read = new Map<string, TraceObject>();
  return (hash) => {
    const trace = read.get(hash) ?? parseTrace(JSON.parse(objects(hash)));
    read.set(hash, trace);
    return trace;
  };
}
