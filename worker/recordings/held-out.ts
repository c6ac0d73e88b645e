/**
 * Stretches of recordings that replicas are scored on and not fitted to: those that the spec holds out, and the rest of every sweep that a
 * window was cut from. What is fitted must not be held out.
 */
import type { HeldOut } from '../../schemas/generated/types.ts';
import type { Violation } from '../../schemas/errors.ts';
import { FEWEST_SAMPLES, type Cut } from './cuts.ts';
import type { Trace } from './trace.ts';

/** Samples of a sweep, after the entry's sampleMs, up to which its rest is scored without being asked for: 2 MB stored, 5 s at 20 kHz. */
const MOST_UNASKED = 100_000;

/**
 * Samples that a data unit is scored on beside its own, rests of sweeps included: 115 MB stored, and at 20 kHz 250 s of V, whose simulation takes
 * each accepted replica of a Hodgkin-Huxley neuron a minute.
 */
const MOST_SCORED = 5_000_000;

export function tooManyScored(samples: number, where: string): Violation[] {
  if (samples <= MOST_SCORED) return [];
  const rule = `a data unit is scored on at most ${MOST_SCORED} samples that it is not fitted to, and so is every accepted replica of it`;
  const remedy = 'Hold out fewer or shorter stretches, raise sampleMs, or leave out the rest of its sweeps with rest: false.';
  return [{ code: 'SPEC_DATA', where, rule, got: String(samples), remedy }];
}

/** Samples of one sweep of one file. */
export interface Extent {
  /** path without links */
  readonly file: string;
  readonly sweep: number;
  /** first and last sample */
  readonly from: number;
  readonly to: number;
  readonly label: string;
}

/** A cut of joined sweeps lies in several. */
export function extentsOf(file: string, { trace, from, to, label }: Cut): Extent[] {
  const { sweeps, sweepSamples } = trace;
  return sweeps
    .map((sweep, k) => ({ file, sweep, from: from - k * sweepSamples, to: to - k * sweepSamples, label }))
    .filter((extent) => extent.from < sweepSamples && extent.to >= 0);
}

/** Held-out stretches that share samples with fitted ones. `where` is the path of the held-out data. */
export function leaks(fitted: readonly Extent[], heldOut: readonly Extent[], where: string): Violation[] {
  return heldOut.flatMap((held) => {
    const known = fitted.find((extent) => overlaps(extent, held));
    if (known === undefined) return [];
    const rule = 'what is held out must not be fitted';
    const remedy = 'Take it out of the one or of the other.';
    return [{ code: 'SPEC_DATA' as const, where, rule, got: `"${held.label}", and "${known.label}" is fitted`, remedy }];
  });
}

/** The first pair of stretches of one joint fit that share samples, which would count twice. */
export function doubled(fitted: readonly Extent[], where: string): Violation[] {
  for (const [k, one] of fitted.entries()) {
    const other = fitted.slice(0, k).find((before) => overlaps(before, one));
    if (other === undefined) continue;
    const rule = 'windows that are fitted jointly must not share samples, which would count twice';
    const remedy = 'Shorten them; windows per spike have overlap: drop.';
    return [{ code: 'SPEC_DATA', where, rule, got: `"${other.label}" and "${one.label}"`, remedy }];
  }
  return [];
}

function overlaps(a: Extent, b: Extent): boolean {
  return a.file === b.file && a.sweep === b.sweep && a.from <= b.to && b.from <= a.to;
}

export interface RestRequest {
  /** undefined: where the sweep is not too long */
  readonly asked: boolean | undefined;
  readonly every: number;
  /** Stores a whole trace; returns its hash. */
  readonly storeWhole: (cut: Cut) => string;
}

/** The sweep that a window was cut from as a whole, with the samples that are fitted; nothing where little is left of it. */
export function restOf({ trace, from, to }: Cut, { asked, every, storeWhole }: RestRequest): HeldOut[] {
  const samples = Math.floor((trace.voltageMv.length - 1) / every) + 1;
  const fitted: [number, number] = [Math.ceil(from / every), Math.floor(to / every)];
  if (asked === false || samples - (fitted[1] - fitted[0] + 1) < FEWEST_SAMPLES || isUnaskedFor(trace, asked, every)) return [];
  const label = `${trace.label}, rest`;
  return [{ label, object: storeWhole({ trace, from: 0, to: trace.voltageMv.length - 1, label }), fitted: [fitted] }];
}

/** Of a trace that is scored where it is not fitted; 0 where it is not. */
export function restSamples(trace: Trace, asked: boolean | undefined, every: number): number {
  return asked === false || isUnaskedFor(trace, asked, every) ? 0 : Math.floor((trace.voltageMv.length - 1) / every) + 1;
}

/** Traces whose rest is left out because they are long. */
export function restNotes(traces: readonly Trace[], asked: boolean | undefined, every: number): string[] {
  return traces
    .filter((trace) => isUnaskedFor(trace, asked, every))
    .map(
      ({ label }) =>
        `${label}: longer than ${MOST_UNASKED} samples, so that replicas are not scored on the rest of it. Ask for it with rest: true.`,
    );
}

function isUnaskedFor({ voltageMv }: Trace, asked: boolean | undefined, every: number): boolean {
  return asked === undefined && voltageMv.length / every > MOST_UNASKED;
}
