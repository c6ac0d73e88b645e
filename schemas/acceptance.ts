/**
 * The truth-free acceptance filter's own numbers: what a key that `accept` leaves out means, and what `chi2: auto` allows. The worker
 * judges by them, the report draws them.
 */
import type { Accept } from './generated/types.ts';

export const STANDARD_ACCEPT: Required<Accept> = { chi2: 'auto', rmseMv: 'off', spikes: 'equal' };

/** chi2/N of the right model has mean 1 and s.d. sqrt(2/N): `auto` allows three of them. */
export function chi2Limit(accept: 'auto' | number, samples: number): number {
  return accept === 'auto' ? 1 + 3 * Math.sqrt(2 / samples) : accept;
}
