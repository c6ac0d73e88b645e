/**
 * What every comparison comes down to: an estimated shift from the baseline to the new run on its working scale (logarithm or unit), its
 * standard error and the degrees of freedom of that. From here on a median, a spread and a success rate are judged alike.
 */
import { upperQuantile, upperTail } from '../statistics/student-t.ts';

export interface Contrast {
  readonly shift: number;
  readonly standardError: number;
  readonly df: number;
  /** Independent values that it rests on: draws or replicas, of the smaller side where they are not paired. */
  readonly units: number;
  /** Replicas of the new run behind it. */
  readonly replicas: number;
}

/** Two-sided p of no shift at all. */
export function pDifference({ shift, standardError, df }: Contrast): number {
  if (standardError === 0) return shift === 0 ? 1 : 0;
  return 2 * upperTail(Math.abs(shift) / standardError, df);
}

/**
 * p of a shift of `tolerance` or more, either way, by two one-sided tests: Schuirmann, "A comparison of the two one-sided tests procedure
 * and the power approach", J. Pharmacokinetics and Biopharmaceutics 15 (1987) 657.
 */
export function pEquivalence({ shift, standardError, df }: Contrast, tolerance: number): number {
  const room = tolerance - Math.abs(shift);
  if (standardError === 0) return room > 0 ? 0 : 1;
  return upperTail(room / standardError, df);
}

/** Confidence interval of the shift; 0.95 for 95 %. */
export function interval({ shift, standardError, df }: Contrast, confidence: number): [number, number] {
  if (standardError === 0) return [shift, shift];
  const half = upperQuantile((1 - confidence) / 2, df) * standardError;
  return [shift - half, shift + half];
}
