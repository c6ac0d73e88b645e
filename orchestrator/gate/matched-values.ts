/** The values of one measure, unit by unit of a design; what a replica lacks, and for pairs of replicas what either lacks, is left out. */
import type { GatedReplica } from '../../schemas/generated/types.ts';
import type { Design } from './design.ts';

/** A value on its working scale, NaN where there is none. */
export type Reading = (replica: GatedReplica) => number;

export interface MatchedValues {
  /** Unit by unit, none empty; as many units as `after` where they are paired. */
  readonly before: readonly (readonly number[])[];
  readonly after: readonly (readonly number[])[];
}

export function matchedValues({ pairing, before, after }: Design, read: Reading): MatchedValues {
  const old = before.map((unit) => unit.map(read));
  const fresh = after.map((unit) => unit.map(read));
  if (pairing === 'none') return { before: finite(old).filter(isFilled), after: finite(fresh).filter(isFilled) };
  if (pairing === 'draw') return bothFilled(finite(old), finite(fresh));
  const isPair = (u: number, i: number): boolean => Number.isFinite(old[u]![i]) && Number.isFinite(fresh[u]![i]);
  const paired = (units: readonly (readonly number[])[]) => units.map((unit, u) => unit.filter((_, i) => isPair(u, i)));
  return bothFilled(paired(old), paired(fresh));
}

function finite(units: readonly (readonly number[])[]): number[][] {
  return units.map((unit) => unit.filter(Number.isFinite));
}

function isFilled(unit: readonly number[]): boolean {
  return unit.length > 0;
}

function bothFilled(before: readonly (readonly number[])[], after: readonly (readonly number[])[]): MatchedValues {
  const filled = (_: readonly number[], u: number): boolean => isFilled(before[u]!) && isFilled(after[u]!);
  return { before: before.filter(filled), after: after.filter(filled) };
}
