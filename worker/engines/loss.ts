/**
 * What the loss is, the same for every engine:
 *
 *   loss = w_data mean((V - data)^2) / 10^2 + physics (w_current mean(residual:V^2) / 50^2 + w_gates sum over gates mean(residual:gate^2))
 *
 * means being over the rows that count: padded samples, and collocation points that touch one, weigh nothing.
 */
import type { LossTerms, LossWeights, Member, Shape } from './engine.ts';
import { gridSize } from './layout.ts';

/** Scales of the residuals: a misfit of 10 mV and a current that moves V by 50 mV/ms cost the same. */
const DATA_SCALE_MV = 10;
const CURRENT_SCALE_MV_PER_MS = 50;

export function totalLoss(terms: LossTerms, weights: LossWeights, physics: number): number {
  return weights.data * terms.data + physics * (weights.current * terms.current + weights.gates * terms.gates);
}

/** The first term that is not finite. */
export function brokenTerm(terms: LossTerms): keyof LossTerms | null {
  for (const term of ['data', 'current', 'gates'] as const) if (!Number.isFinite(terms[term])) return term;
  return null;
}

/** Rows of residuals of each kind; `gates` is a multiple of the grid's points. */
export interface ResidualRows {
  readonly data: number;
  readonly current: number;
  readonly gates: number;
}

/** Weight of each row of residuals within its term: 1 / (scale^2 * number of rows that count), or 0. Rows: data, current, gates. */
export function rowWeights(shape: Shape, member: Member, rows: ResidualRows): Float64Array {
  const points = gridSize(shape);
  const grid = new Float64Array(points);
  for (let p = 0; p < points; p++) {
    const before = Math.floor(p / shape.perSample);
    const after = Math.ceil(p / shape.perSample);
    grid[p] = member.sampleWeight[before]! * member.sampleWeight[after]!;
  }
  const weights = new Float64Array(rows.data + rows.current + rows.gates);
  const samples = member.sampleWeight.reduce((sum, weight) => sum + weight, 0);
  const counted = grid.reduce((sum, weight) => sum + weight, 0);
  for (let i = 0; i < shape.samples; i++) weights[i] = member.sampleWeight[i]! / (samples * DATA_SCALE_MV ** 2);
  for (let p = 0; p < rows.current; p++) weights[shape.samples + p] = grid[p]! / (counted * CURRENT_SCALE_MV_PER_MS ** 2);
  for (let r = 0; r < rows.gates; r++) weights[shape.samples + points + r] = grid[r % points]! / counted;
  return weights;
}
