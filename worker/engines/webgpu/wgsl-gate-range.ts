/** WGSL of gate-range.ts: a state at a share of its range, and how fast it moves with the share. A gate in the narrow sense is its share. */
import type { Gate } from '../../models/model.ts';
import { literal } from './wgsl-elementary.ts';

/** The value at a share; `rest` is what the share lacks to 1. Along a logarithm from the middle of the range, kept in two floats: see wgsl-parameters.ts. */
export function valueAtShare({ range: [low, high], positive }: Gate, share: string, rest: string): string {
  if (!positive) return `fma(${literal(high - low)}, ${share}, ${literal(low)})`;
  const middle = (Math.log(low) + Math.log(high)) / 2;
  const near = Math.fround(middle);
  return `exp_sum(${literal(near)}, fma(${literal(Math.log(high / low) / 2)}, ${share} - ${rest}, ${literal(middle - near)}))`;
}

/** d value / d share at a value. */
export function slopeByShare({ range: [low, high], positive }: Gate, value: string): string {
  return positive ? `${literal(Math.log(high / low))} * ${value}` : literal(high - low);
}

/** (d^2 value / d share^2) / (d value / d share) */
export function bendByShare({ range: [low, high], positive }: Gate): string {
  return literal(positive ? Math.log(high / low) : 0);
}
