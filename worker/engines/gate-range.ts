/**
 * Where a state beside V lies in its range: x at a share y from 0 to 1, along x itself or, for a positive one, along log x. A network's
 * output, and a free initial value, are such a share; for a gate in the narrow sense, whose range is [0, 1], the share is the gate.
 */
import type { Gate } from '../models/model.ts';

type Range = Pick<Gate, 'range' | 'positive'>;

export function valueAtShare({ range: [low, high], positive }: Range, share: number): number {
  return positive ? Math.exp(Math.log(low) + Math.log(high / low) * share) : low + (high - low) * share;
}

/** Not cut to 0 and 1. */
export function shareOfValue({ range: [low, high], positive }: Range, value: number): number {
  return positive ? Math.log(value / low) / Math.log(high / low) : (value - low) / (high - low);
}

/** d value / d share where the value is this. */
export function slopeByShare({ range: [low, high], positive }: Range, value: number): number {
  return positive ? value * Math.log(high / low) : high - low;
}

/** d^2 value / d share^2 */
export function curvatureByShare({ range: [low, high], positive }: Range, value: number): number {
  return positive ? value * Math.log(high / low) ** 2 : 0;
}
