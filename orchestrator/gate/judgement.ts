/**
 * From a contrast to a verdict:
 *
 *   same        the shift is within the tolerance, shown by two one-sided tests at 5 %
 *   regressed   the shift is significant at 5 % after Holm's correction over all that is compared, larger than the tolerance, and for the worse
 *   improved    the same for the better
 *   undecided   neither
 *
 * "same" needs no correction: that everything is the same is claimed only where every part is (Berger and Hsu, "Bioequivalence trials,
 * intersection-union tests and equivalence confidence sets", Statistical Science 11 (1996) 283).
 */
import { interval, pEquivalence, type Contrast } from './contrast.ts';
import { differencePower, equivalencePower } from './decision-power.ts';
import { upperQuantile } from '../statistics/student-t.ts';

const ALPHA = 0.05;
const VERDICTS = ['regressed', 'improved', 'undecided', 'same'] as const;
export type Verdict = (typeof VERDICTS)[number];

/** Chance that an undecided comparison would be decided with the replicas it asks for. */
const DECIDED = 0.8;
/** The number is known no better than the scatter. */
const CLOSE = 1.01;
/** More replicas are no answer. */
const MOST_REPLICAS = 1_000_000;

export interface Judged {
  readonly verdict: Verdict;
  readonly ci95: readonly [number, number] | null;
  readonly pHolm: number | null;
  readonly pEquivalence: number | null;
  /** Of an undecided one: how many it takes, were shift and scatter as they look; null where no number would do. */
  readonly replicasToDecide?: number | null;
}

export interface Question {
  /** On the working scale. */
  readonly tolerance: number;
  /** Whether a shift that lies in this interval is for the better. */
  readonly better: (ci95: readonly [number, number]) => boolean;
  /** How many comparisons share the 5 %. */
  readonly family: number;
}

export function judge(contrast: Contrast | undefined, pHolm: number, { tolerance, better, family }: Question): Judged {
  if (contrast === undefined) return { verdict: 'undecided', ci95: null, pHolm: null, pEquivalence: null, replicasToDecide: null };
  const ci95 = interval(contrast, 0.95);
  const p = { pHolm, pEquivalence: pEquivalence(contrast, tolerance) };
  if (p.pEquivalence < ALPHA) return { verdict: 'same', ci95, ...p };
  if (pHolm < ALPHA && Math.abs(contrast.shift) > tolerance) return { verdict: better(ci95) ? 'improved' : 'regressed', ci95, ...p };
  return { verdict: 'undecided', ci95, ...p, replicasToDecide: replicasToDecide(contrast, tolerance, family) };
}

/** Were shift and scatter as estimated, and each unit made of as many replicas. */
function replicasToDecide(contrast: Contrast, tolerance: number, family: number): number | null {
  const { units, replicas } = contrast;
  const decided = (count: number): boolean => chanceOfDecision(contrast, tolerance, family, count) >= DECIDED;
  const most = Math.floor((MOST_REPLICAS * units) / replicas);
  if (!decided(most)) return null;
  let [low, high] = [units, most];
  while (high - low > 1 && high > CLOSE * low) {
    const middle = Math.max(low + 1, Math.floor(Math.sqrt(low * high)));
    if (decided(middle)) high = middle;
    else low = middle;
  }
  return Math.ceil((high * replicas) / units);
}

function chanceOfDecision({ shift, standardError, df, units }: Contrast, tolerance: number, family: number, count: number): number {
  const error = standardError * Math.sqrt(units / count);
  const freedom = (df * count) / units;
  if (Math.abs(shift) > tolerance) return differencePower(shift / error, freedom, upperQuantile(ALPHA / 2 / family, freedom));
  return equivalencePower(shift / error, tolerance / error, freedom, upperQuantile(ALPHA, freedom));
}

/** The worst of several; of none, same. */
export function worst(verdicts: readonly Verdict[]): Verdict {
  return VERDICTS.find((verdict) => verdicts.includes(verdict)) ?? 'same';
}
