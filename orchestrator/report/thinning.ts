/** Fewer points with the same look, so that the size of a report does not grow with the size of a sweep. */
import { evenSample } from '../statistics/even-sample.ts';

/** Positions of at most about `most` values that keep every extreme: the first, least and greatest of each of equal stretches, and the last. */
export function thinLine(values: ArrayLike<number>, most: number): number[] {
  if (values.length <= most) return Array.from({ length: values.length }, (_, i) => i);
  const stretches = Math.max(1, Math.floor(most / 3));
  const kept = new Set<number>([values.length - 1]);
  for (const [from, to] of stretchesOf(values.length, stretches)) {
    let least = from;
    let greatest = from;
    for (let i = from; i < to; i++) {
      if (values[i]! < values[least]!) least = i;
      if (values[i]! > values[greatest]!) greatest = i;
    }
    kept.add(from).add(least).add(greatest);
  }
  return [...kept].toSorted((a, b) => a - b);
}

/** Positions that thinLine keeps of any of several series of one length. */
export function thinTogether(series: readonly ArrayLike<number>[], most: number): number[] {
  return [...new Set(series.flatMap((values) => thinLine(values, most)))].toSorted((a, b) => a - b);
}

export interface Envelope {
  readonly t: number[];
  readonly low: number[];
  readonly high: number[];
}

/** A band in at most `most` stretches, each as wide as the band is anywhere in it. */
export function thinBand(tMs: ArrayLike<number>, low: ArrayLike<number>, high: ArrayLike<number>, most: number): Envelope {
  if (tMs.length <= most) return { t: Array.from(tMs), low: Array.from(low), high: Array.from(high) };
  const parts = stretchesOf(tMs.length, most).map(([from, to]) => ({
    t: (tMs[from]! + tMs[to - 1]!) / 2,
    low: Math.min(...range(from, to).map((i) => low[i]!)),
    high: Math.max(...range(from, to).map((i) => high[i]!)),
  }));
  return { t: parts.map(({ t }) => t), low: parts.map((part) => part.low), high: parts.map((part) => part.high) };
}

/** At most `most` of the items, evenly by position, also where they stand in groups. */
export function thinItems<T>(items: readonly T[], most: number): T[] {
  return Array.from(evenSample(items.length, most), (i) => items[i]!);
}

function stretchesOf(length: number, count: number): [from: number, to: number][] {
  return Array.from({ length: count }, (_, i) => [Math.floor((i * length) / count), Math.floor(((i + 1) * length) / count)]);
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, i) => from + i);
}
