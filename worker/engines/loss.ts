/**
 * What the loss is, the same for every engine:
 *
 *   loss = w_data (k mean(rho(V - data)) / 10^2 + q sum over priors of residual^2)
 *        + physics (w_current mean(residual:V^2) / 50^2 + w_gates sum over gates mean(residual:gate^2))
 *
 * means being over the rows that count. Samples whose V is not known have no data row; the equations hold there as everywhere.
 *
 * rho(r) = r^2, and with a Huber limit d (Huber 1964) 2 d |r| - d^2 beyond |r| = d. Levenberg-Marquardt takes such rows at the weight
 * min(1, d / |r|) of the state that it linearises at (iteratively reweighted), and accepts its steps by the loss itself.
 *
 * k = 1, and with estimated noise (1 mV / sigma)^2, sigma^2 being the present mean of (V - data)^2, at least (0.01 mV)^2. The gradient is
 * taken at fixed k. Priors (prior.ts) weigh against the data as in -2 log posterior, whose data part is N k mean((V - data)^2) / (k sigma^2) over
 * the N samples that count: so q = k sigma^2 / (10^2 N), sigma being the data unit's noise, and (1 mV)^2 / (10^2 N) where it is estimated and
 * k sigma^2 is 1 by definition. Multipliers of a weighting scheme on the data are on the priors too. Adam takes k anew at each step, L-BFGS at each iteration and Levenberg-Marquardt at each linearisation, whose trials are
 * compared at that k.
 */
import type { LossTerm, LossTerms, LossWeights, Member, Shape } from './engine.ts';
import { gridSize } from './layout.ts';

/** Scales of the residuals: a misfit of 10 mV and a current that moves V by 50 mV/ms cost the same. */
export const DATA_SCALE_MV = 10;
const CURRENT_SCALE_MV_PER_MS = 50;

/** `noiseFactor`: k above. */
export function totalLoss(terms: LossTerms, weights: LossWeights, physics: number, noiseFactor = 1): number {
  const ofNetwork = weights.data * noiseFactor * terms.data + physics * (weights.current * terms.current + weights.gates * terms.gates);
  return terms.prior === undefined ? ofNetwork : ofNetwork + weights.data * terms.prior;
}

/** The first term that is not finite. */
export function brokenTerm(terms: LossTerms): LossTerm | null {
  for (const term of ['data', 'current', 'gates'] as const) if (!Number.isFinite(terms[term])) return term;
  return null;
}

/** Rows of residuals of each kind; `gates` is a multiple of the grid's points. */
export interface ResidualRows {
  readonly data: number;
  readonly current: number;
  readonly gates: number;
}

/** Weight of each row of residuals within its term: 1 / (scale^2 * number of rows that count); 0 for V at a sample that does not. Rows: data, current, gates. */
export function rowWeights(shape: Shape, member: Member, rows: ResidualRows): Float64Array {
  const points = gridSize(shape);
  const weights = new Float64Array(rows.data + rows.current + rows.gates);
  const samples = member.sampleWeight.reduce((sum, weight) => sum + weight, 0);
  for (let i = 0; i < shape.samples; i++) weights[i] = member.sampleWeight[i]! / (samples * DATA_SCALE_MV ** 2);
  weights.fill(1 / (points * CURRENT_SCALE_MV_PER_MS ** 2), shape.samples, shape.samples + rows.current);
  weights.fill(1 / points, shape.samples + points);
  return weights;
}

/** q of the header. */
export function priorWeight({ noise, sigmaMv, sampleWeight }: Pick<Member, 'noise' | 'sigmaMv' | 'sampleWeight'>): number {
  const samples = sampleWeight.reduce((sum, weight) => sum + weight, 0);
  return (noise === 'known' ? sigmaMv ** 2 : 1) / (DATA_SCALE_MV ** 2 * samples);
}

/** rho of the header. */
export function huberLoss(residual: number, limit: number): number {
  const size = Math.abs(residual);
  return size <= limit ? residual * residual : 2 * limit * size - limit * limit;
}

/** rho'(r) = 2 r times this. */
export function huberFactor(residual: number, limit: number): number {
  const size = Math.abs(residual);
  return size <= limit ? 1 : limit / size;
}

const SMALLEST_NOISE_MV = 0.01;

/** Standard deviation of the noise that a mean square of V - data (mV^2) shows. */
export function estimatedNoiseMv(meanSquare: number): number {
  return Math.max(Math.sqrt(meanSquare), SMALLEST_NOISE_MV);
}

/** k of the header; `meanSquare` of V - data over the samples that count, mV^2. */
export function noiseFactor({ noise }: Pick<Member, 'noise'>, meanSquare: number): number {
  return noise === 'known' ? 1 : estimatedNoiseMv(meanSquare) ** -2;
}
