/** A run held against a baseline: what `loligo compare --json` prints. */
import type { Pairing } from './design.ts';
import type { Verdict } from './judgement.ts';
import type { Clock } from './speed-shift.ts';

export interface Compared {
  readonly verdict: Verdict;
  /** Location or rate: of the baseline and of the new run, in the unit; null of nothing. */
  readonly before: number | null;
  readonly after: number | null;
  /** Share (0.01 is 1 %) for what is compared by ratio, else in the unit. */
  readonly shift: number | null;
  readonly ci95: readonly [number, number] | null;
  /** In the form of the shift; for ratios (1 + tolerance), and 1 over that. */
  readonly tolerance: number;
  /** Replicas of the new run that it rests on. */
  readonly n: number;
  /** What is counted as independent of them. */
  readonly units: number;
  /** Of location and speed: the shift in robust standard deviations of the baseline (Glass's delta). Of rates: Cohen's h. */
  readonly effect?: number | null;
  /** No shift at all, corrected for how much is compared. */
  readonly pHolm: number | null;
  /** A shift beyond the tolerance. */
  readonly pEquivalence: number | null;
  /** Where undecided; null where no number would do. */
  readonly replicasToDecide?: number | null;
}

/** Location and, beside it, spread; verdict and numbers of the entry itself are the location's. */
export interface ComparedMeasure extends Compared {
  readonly unit: string;
  readonly scale: 'log' | 'linear';
  readonly truth?: number;
  /** Mean absolute deviation from the median: on the logarithm for scale log, else in the unit. */
  readonly spread: Compared;
}

/** Seconds of a replica, by one clock or the other. */
export type ComparedSpeed = { readonly clock: Clock } & (
  | ({ readonly compared: true } & Compared)
  | { readonly compared: false; readonly reason: string; readonly before: number | null; readonly after: number | null }
);

export interface Comparison {
  readonly verdict: Verdict;
  readonly name: string;
  readonly pairing: Pairing;
  readonly unit: 'draw' | 'replica';
  readonly parameters: Readonly<Record<string, ComparedMeasure>>;
  readonly reconstruction: Readonly<Record<string, ComparedMeasure>>;
  readonly predictive: Readonly<Record<string, ComparedMeasure>>;
  readonly successRate: Compared;
  readonly speed: ComparedSpeed;
  /** What a reader should know before believing it. */
  readonly notes: readonly string[];
}
