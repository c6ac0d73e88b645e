/**
 * Samples that do not count: where an amplifier settles after a step of the current (worker/recordings/corrections.ts), or what was fitted elsewhere.
 * V is not known there; the current is, and the model's equations hold as everywhere.
 */
import { segmentSpans } from './segments.ts';

/** Samples [first, last], both of them. */
export type Ignored = readonly (readonly [number, number])[];

/** Where V was measured, and where it does not count. */
interface Measured {
  readonly voltageMv: Float64Array;
  /** none when absent */
  readonly ignored?: Ignored;
}

/** 1 for a sample that counts. */
export function countedSamples({ voltageMv, ignored = [] }: Measured): Uint8Array {
  const counted = new Uint8Array(voltageMv.length).fill(1);
  for (const [first, last] of ignored) counted.fill(0, first, last + 1);
  return counted;
}

export function countOf(counted: Uint8Array): number {
  return counted.reduce((sum, one) => sum + one, 0);
}

/**
 * V for those who need a value at every sample, in their first guesses: samples that do not count lie on a line between those of their segment
 * that do, or as high as the nearest one. mV, length N; V itself where all count. `segments`: index of each one's first sample.
 */
export function bridgedVoltage(measured: Measured & { readonly segments: ArrayLike<number> }): Float64Array {
  const { voltageMv, segments, ignored = [] } = measured;
  if (ignored.length === 0) return voltageMv;
  const counted = countedSamples(measured);
  const V = voltageMv.slice();
  for (const { from, to } of segmentSpans(segments, V.length)) bridge(V.subarray(from, to), counted.subarray(from, to));
  return V;
}

function bridge(V: Float64Array, counted: Uint8Array): void {
  for (let i = 0; i < V.length; i++) {
    if (counted[i] === 1) continue;
    let end = i;
    while (end < V.length && counted[end] === 0) end += 1;
    const from = V[i - 1] ?? V[end] ?? V[i]!;
    const to = V[end] ?? from;
    for (let j = i; j < end; j++) V[j] = from + ((j - i + 1) / (end - i + 1)) * (to - from);
    i = end;
  }
}
