/** True parameter values of synthetic data; kept for scoring only. */
import type { DataUnit } from '../../schemas/generated/types.ts';

export function truthOf(unit: DataUnit, parameter: string): number | undefined {
  return unit.source.kind === 'synthetic' ? unit.source.parameters[parameter] : undefined;
}

/** The one true value of a parameter where all data are synthetic and share it. */
export function commonTruth(units: readonly DataUnit[], parameter: string): number | undefined {
  const truths = new Set(units.map((unit) => truthOf(unit, parameter)));
  const [only] = truths;
  return truths.size === 1 ? only : undefined;
}

/** Signed; null where the truth is 0 or there is no estimate. */
export function relativeError(estimate: number | null, truth: number): number | null {
  return estimate === null || truth === 0 ? null : (estimate - truth) / Math.abs(truth);
}
