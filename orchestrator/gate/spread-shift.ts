/**
 * How much wider the values scatter: the logarithm of the ratio of mean absolute deviations from the median. Tested on the deviations
 * themselves, as Brown and Forsythe, "Robust tests for the equality of variances", J. American Statistical Association 69 (1974) 364, so
 * that values need not be normal; the standard error of the logarithm by linearisation (Davison and Hinkley 1997, section 2.7.2).
 */
import { median } from '../../schemas/sample-quantile.ts';
import type { Contrast } from './contrast.ts';
import type { Pairing } from './design.ts';
import { contrastOf } from './location-shift.ts';
import type { MatchedValues } from './matched-values.ts';
import { average, trimmedMean } from '../statistics/trimmed-mean.ts';

/** Two lie equally far from their median, however far they scatter: their deviations have no scatter of their own, and any change would be significant. */
const FEWEST_UNITS = 3;

export interface SpreadShift {
  /** Undefined where there are too few units, or no scatter to compare with. */
  readonly contrast: Contrast | undefined;
  /** Mean absolute deviations on the working scale; null of nothing. */
  readonly before: number | null;
  readonly after: number | null;
}

export function spreadShift(values: MatchedValues, pairing: Pairing): SpreadShift {
  const before = deviations(values.before);
  const after = deviations(values.after);
  const [old, fresh] = [meanOf(before), meanOf(after)];
  return { contrast: contrastBetween(values, pairing, before, after), before: old, after: fresh };
}

function contrastBetween(
  values: MatchedValues,
  pairing: Pairing,
  before: readonly number[],
  after: readonly number[],
): Contrast | undefined {
  const [old, fresh] = [average(before), average(after)];
  if (before.length < 2 || after.length < 2) return undefined;
  if (before.length === after.length && before.every((value, u) => value === after[u]))
    return { shift: 0, standardError: 0, df: 1, units: before.length, replicas: values.after.flat().length };
  if (old === 0 || fresh === 0 || Math.min(before.length, after.length) < FEWEST_UNITS) return undefined;
  const shares = (units: readonly number[], mean: number): number[] => units.map((value) => value / mean);
  const scatter = contrastOf(values, pairing, shares(before, old), shares(after, fresh), (units) => trimmedMean(units, 0));
  return scatter === undefined ? undefined : { ...scatter, shift: Math.log(fresh / old) };
}

/** Mean absolute deviation from the median of all, unit by unit. */
function deviations(units: readonly (readonly number[])[]): number[] {
  const centre = median(units.flat()) ?? NaN;
  return units.map((unit) => average(unit.map((value) => Math.abs(value - centre))));
}

function meanOf(values: readonly number[]): number | null {
  return values.length === 0 ? null : average(values);
}
