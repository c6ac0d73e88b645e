/**
 * How Adam balances the terms of the loss: one multiplier each for data, current and gates, on top of the replica's own loss weights and
 * the stage's physics. They begin at 1 with each stage, stay there while its physics is 0, and are part of a replica's state.
 *
 * `fixed`: all 1.
 * `gradient-norm` (Wang, Teng, Perdikaris 2021, arXiv 2001.04536, algorithm 1): before steps 0, 100, 200, ... each physics term's
 *   multiplier becomes 0.9 of itself and 0.1 of  max |d data / d w| / mean |d term / d w|,  w the network's numbers theta[0 .. networkSize),
 *   data and term the unweighted terms. A term whose gradient vanishes keeps its multiplier. Clipped to [1e-4, 1e4].
 * `self-adaptive` (after McClenny, Braga-Neto 2020, arXiv 2009.04544, with one multiplier per term and ascent in its logarithm): before
 *   each step every multiplier grows by exp(0.01 term / (1 + term)), is clipped to [1e-4, 1e4], and all are scaled to sum to their number
 *   (gates count with `states: network` only).
 */
import type { LossTerm, LossTerms } from './engine.ts';

/** By term, in this order; also the order in a replica's state. */
const TERMS = ['data', 'current', 'gates'] as const satisfies readonly LossTerm[];

/** Steps between two looks at the gradients of the terms. */
export const GRADIENT_NORM_INTERVAL = 100;
const GRADIENT_NORM_MEMORY = 0.9;
const SELF_ADAPTIVE_RATE = 0.01;
const [SMALLEST, LARGEST] = [1e-4, 1e4];

/** Multipliers at the start of a stage. */
export function unitMultipliers(): Float64Array {
  return new Float64Array(TERMS.length).fill(1);
}

/** Take the gradients of the terms (by the network's numbers; null for a term without rows) into the multipliers, in place. */
export function balanceGradients(multipliers: Float64Array, gradients: Readonly<Record<LossTerm, Float64Array | null>>): void {
  const largest = gradients.data === null ? 0 : gradients.data.reduce((max, value) => Math.max(max, Math.abs(value)), 0);
  TERMS.forEach((term, i) => {
    const gradient = gradients[term];
    if (term === 'data' || gradient === null) return;
    const mean = gradient.reduce((sum, value) => sum + Math.abs(value), 0) / gradient.length;
    if (!(mean > 0)) return;
    multipliers[i] = clipped(GRADIENT_NORM_MEMORY * multipliers[i]! + ((1 - GRADIENT_NORM_MEMORY) * largest) / mean);
  });
}

/** Let the multipliers of the terms that count (the first two, or all three) grow with them, in place. */
export function growMultipliers(multipliers: Float64Array, terms: LossTerms, count: 2 | 3): void {
  let sum = 0;
  for (let i = 0; i < count; i++) {
    const term = terms[TERMS[i]!];
    multipliers[i] = clipped(multipliers[i]! * Math.exp((SELF_ADAPTIVE_RATE * term) / (1 + term)));
    sum += multipliers[i]!;
  }
  for (let i = 0; i < count; i++) multipliers[i]! *= count / sum;
}

function clipped(multiplier: number): number {
  return Math.min(LARGEST, Math.max(SMALLEST, multiplier));
}
