/** Samples that do not count: where an amplifier settles after a step of the current (worker/recordings/corrections.ts), or what was fitted elsewhere. */

/** Samples [first, last], both of them. */
export type Ignored = readonly (readonly [number, number])[];

/** 1 for a sample that counts. */
export function countedSamples(samples: number, ignored: Ignored = []): Uint8Array {
  const counted = new Uint8Array(samples).fill(1);
  for (const [first, last] of ignored) counted.fill(0, first, last + 1);
  return counted;
}
