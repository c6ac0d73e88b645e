/**
 * How the share of accepted replicas changed. Shares are no normal numbers near 0 and 1, so the standard error is that of a sample with a
 * success and a failure more: Agresti and Min, "Simple improved confidence intervals for comparing matched proportions", Statistics in
 * Medicine 24 (2005) 729 (pairs: a loss and a gain more); Agresti and Caffo, The American Statistician 54 (2000) 280 (independent runs).
 */
import type { GatedReplica } from '../../schemas/generated/types.ts';
import type { Contrast } from './contrast.ts';
import type { Design } from './design.ts';
import { average, difference, trimmedMean } from '../statistics/trimmed-mean.ts';

export function successShift({ pairing, before, after }: Design): Contrast | undefined {
  const [old, fresh] = [before.map(share), after.map(share)];
  const units = Math.min(old.length, fresh.length);
  const replicas = after.flat().length;
  if (units === 0) return undefined;
  if (pairing === 'none') {
    const [a, b] = [trimmedMean(withOneMore(old, before), 0), trimmedMean(withOneMore(fresh, after), 0)];
    if (units < 2 || a === undefined || b === undefined) return undefined;
    const { variance, df } = difference(a, b);
    return { shift: average(fresh) - average(old), standardError: Math.sqrt(variance), df, units, replicas };
  }
  const changes = fresh.map((value, u) => value - old[u]!);
  const one = 1 / replicasPerUnit(after);
  const scatter = trimmedMean([...changes, one, -one], 0);
  if (scatter === undefined) return undefined;
  return { shift: average(changes), standardError: Math.sqrt(scatter.variance), df: scatter.df, units, replicas };
}

function share(unit: readonly GatedReplica[]): number {
  return average(unit.map(({ accepted }) => Number(accepted)));
}

/** The shares and those of two units more, in which one replica more succeeded, and one more failed. */
function withOneMore(shares: readonly number[], units: Design['after']): number[] {
  const mean = average(shares);
  const one = 1 / replicasPerUnit(units);
  return [...shares, mean + (1 - mean) * one, mean - mean * one];
}

function replicasPerUnit(units: Design['after']): number {
  return average(units.map(({ length }) => length));
}
