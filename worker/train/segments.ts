/**
 * Segments: the stretches of one observation that do not follow each other in time, each with its own initial state. Samples of all of
 * them stand in one array, segment after segment.
 */
import { LoligoError } from '../../schemas/errors.ts';
import type { DataUnit } from '../../schemas/generated/types.ts';

/** Samples from `from` up to and without `to`. */
export interface Segment {
  readonly from: number;
  readonly to: number;
}

/** `segments`: index of each one's first sample, as in Observation. */
export function segmentSpans(segments: ArrayLike<number>, samples: number): Segment[] {
  return Array.from(segments, (from, k) => ({ from, to: segments[k + 1] ?? samples }));
}

export function concatenated(parts: readonly Float64Array[]): Float64Array {
  const whole = new Float64Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** Index of each segment's first sample, where `lengths` follow each other. */
export function firstSamples(lengths: readonly number[]): number[] {
  let next = 0;
  return lengths.map((length) => {
    next += length;
    return next - length;
  });
}

/** Throws SPEC_DATA where `found` segments are not those of the data unit, which its shape is made for. */
export function unitSegments({ label, samples, segments = [0] }: DataUnit, found: readonly number[] = [0]): Int32Array {
  const rule = `must have its segments at ${shown(segments)}, as the task says`;
  if (shown(segments) !== shown(found)) throw new LoligoError([{ code: 'SPEC_DATA', where: label, rule, got: shown(found) }]);
  if (segmentSpans(segments, samples).some(({ from, to }) => to - from < 2) || segments[0] !== 0)
    throw new LoligoError([{ code: 'SPEC_DATA', where: label, rule: 'every segment must have two samples', got: shown(segments) }]);
  return Int32Array.from(segments);
}

function shown(segments: readonly number[]): string {
  return `[${segments.join(', ')}]`;
}
