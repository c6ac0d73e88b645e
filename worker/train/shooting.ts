/**
 * Shooting: Levenberg-Marquardt on the forward solution. The unknowns are the inferred parameters, V(0) and the free gates; the residuals
 * are simulated V minus data, equally weighted, so that the minimum is the maximum-likelihood estimate under independent Gaussian noise.
 * Knows no network: it goes from wherever it is told to, and only a start in the basin ends at the best minimum.
 *
 * Damping in units of the largest column norms seen (More 1978, scaling 3.5), raised and lowered by the gain ratio (Nielsen 1999, 2.4).
 */
import { cholesky, solveFactored } from '../engines/reference/dense.ts';
import type { Model } from '../models/model.ts';
import { parameterNamed } from '../models/parameter-values.ts';
import { covarianceOf, normalMatrix } from '../simulate/covariance.ts';
import { openSensitivities } from '../simulate/sensitivity.ts';
import type { Sensitivities } from '../simulate/sensitivity.ts';
import { shootingCoordinates } from './shooting-coordinates.ts';
import type { Coordinates } from './shooting-coordinates.ts';

export interface ShootingProblem {
  readonly model: Model;
  /** names of the unknown parameters */
  readonly infer: readonly string[];
  /** values of the other parameters; the model's own for a name not given */
  readonly fixed: Readonly<Record<string, number>>;
  /** gates whose initial value is unknown; the others are tied to their steady state at V(0), which is always unknown */
  readonly freeGates: readonly string[];
  /** mV, one per sample */
  readonly voltageMv: Float64Array;
  /** in the model's unit, one per sample */
  readonly current: Float64Array;
  readonly sampleMs: number;
  /** of the integrator, relative and absolute; the sensitivities' own when absent */
  readonly tolerance?: number;
}

export interface ShootingStart {
  readonly parameters: Readonly<Record<string, number>>;
  /** V and the free gates, by name */
  readonly initial: Readonly<Record<string, number>>;
}

export interface ShootingControl {
  shouldStop(): boolean;
  progress(steps: number): void;
}

export type ShootingOutcome =
  | {
      readonly kind: 'done';
      readonly iterations: number;
      readonly parameters: Readonly<Record<string, number>>;
      /** V and every gate at t = 0 */
      readonly initial: Readonly<Record<string, number>>;
      readonly rmseMv: number;
      /** By parameter, in the model's units; Infinity where V says nothing. Noise as large as the residuals, independent from sample to sample. */
      readonly standardErrors: Readonly<Record<string, number>>;
      /** Largest change of a parameter in the last accepted step: relative for positive parameters, else as a share of the range. */
      readonly lastChange: number;
    }
  | { readonly kind: 'interrupted'; readonly iterations: number }
  /** The start has no forward solution. */
  | { readonly kind: 'failed'; readonly atMs: number; readonly reason: 'step-limit' | 'not-finite' };

/** Integrations, rejected steps included: from a start in the basin it takes 5 to 15. */
const MOST_SOLUTIONS = 200;
const MOST_REJECTED = 12;
const INITIAL_DAMPING = 1e-3;
const SMALLEST_DAMPING = 1e-12;
/**
 * Ends where the undamped step would lower the sum of squares by less than this share: with 500 samples 0.002 of a standard error from
 * the minimum.
 */
const GAIN_TOLERANCE = 1e-8;
/** ... or where the last step lowered it by less than this share: an initial gate on its way to 0 or 1 always promises more. */
const STALL_TOLERANCE = 1e-9;
/** Residuals below this, in mV, are the integrator's own. */
const FLOOR_MV = 1e-6;

export function shoot(problem: ShootingProblem, start: ShootingStart, control: ShootingControl): ShootingOutcome {
  const freeInitial = ['V', ...problem.freeGates];
  const coordinates = shootingCoordinates(problem.model, problem.infer, freeInitial);
  const { tolerance } = problem;
  const tolerances = tolerance === undefined ? {} : { rtol: tolerance, atol: tolerance };
  const sensitivities = openSensitivities(problem.model, { ...problem, ...tolerances, freeInitial });
  let solutions = 0;
  const simulateAt = (theta: Float64Array): Linearised | Failure => {
    solutions += 1;
    return lineariseAt(theta, problem, coordinates, sensitivities);
  };
  let theta = coordinates.toTheta(startValues(problem, start, freeInitial));
  const first = simulateAt(theta);
  if ('kind' in first) return first;
  let here = first;
  const scale = new Float64Array(coordinates.size);
  let damping = INITIAL_DAMPING;
  let lastChange = 0;
  let iterations = 0;
  while (solutions < MOST_SOLUTIONS && !isMinimum(here)) {
    if (control.shouldStop()) return { kind: 'interrupted', iterations };
    iterations += 1;
    control.progress(1);
    raiseScale(scale, here.A);
    const step = descend({ theta, here, scale, damping }, simulateAt, control);
    if (step === 'stopped') return { kind: 'interrupted', iterations };
    if (step === null) break;
    lastChange = largestChange(problem, coordinates.toValues(theta), coordinates.toValues(step.theta));
    const stalled = here.sum - step.here.sum <= STALL_TOLERANCE * here.sum;
    ({ theta, here, damping } = step);
    if (stalled) break;
  }
  const values = coordinates.toValues(theta);
  return {
    kind: 'done',
    iterations,
    parameters: parametersOf(problem, values),
    initial: sensitivities.initialStates(values),
    rmseMv: Math.sqrt(here.sum / problem.voltageMv.length),
    standardErrors: standardErrorsOf(problem, here, coordinates.slopes(theta)),
    lastChange,
  };
}

type Failure = Extract<ShootingOutcome, { kind: 'failed' }>;

/** The problem around a theta; J is by theta. */
interface Linearised {
  /** sum of squared residuals, mV^2 */
  readonly sum: number;
  readonly samples: number;
  /** J^T J, n x n */
  readonly A: Float64Array;
  /** J^T r, length n */
  readonly g: Float64Array;
}

function lineariseAt(
  theta: Float64Array,
  { voltageMv }: ShootingProblem,
  coordinates: Coordinates,
  sensitivities: Sensitivities,
): Linearised | Failure {
  const solution = sensitivities.solve(coordinates.toValues(theta));
  if (solution.kind === 'failed') return solution;
  const { V, jacobian } = solution;
  const samples = voltageMv.length;
  const slopes = coordinates.slopes(theta);
  for (let at = 0; at < jacobian.length; at++) jacobian[at]! *= slopes[Math.floor(at / samples)]!;
  const residual = V.map((value, i) => value - voltageMv[i]!);
  const g = Float64Array.from(slopes, (_, k) => dot(jacobian.subarray(k * samples, (k + 1) * samples), residual));
  return { sum: dot(residual, residual), samples, A: normalMatrix(jacobian, coordinates.size), g };
}

/** Whether the undamped step promises next to nothing. */
function isMinimum({ sum, samples, A, g }: Linearised): boolean {
  if (sum <= samples * FLOOR_MV ** 2) return true;
  const step = solveDamped(
    A,
    g,
    Float64Array.from(g, (_, k) => A[k * g.length + k]!),
    SMALLEST_DAMPING,
  );
  return step !== null && dot(step, g) <= GAIN_TOLERANCE * sum;
}

interface Step {
  readonly theta: Float64Array;
  readonly here: Linearised;
  readonly damping: number;
}

/** As many dampings as it takes to lower the sum of squares; null when none does. A trial may take long where parameters are stiff. */
function descend(
  { theta, here, scale, damping }: Step & { readonly scale: Float64Array },
  simulateAt: (theta: Float64Array) => Linearised | Failure,
  control: ShootingControl,
): Step | 'stopped' | null {
  let lambda = damping;
  let growth = 2;
  for (let tried = 0; tried < MOST_REJECTED; tried++) {
    if (tried > 0 && control.shouldStop()) return 'stopped';
    const step = solveDamped(here.A, here.g, scale, lambda);
    if (step !== null) {
      const trial = theta.map((value, k) => value - step[k]!);
      const there = simulateAt(trial);
      if (!('kind' in there) && there.sum < here.sum) {
        const predicted = dot(step, here.g) + lambda * step.reduce((sum, value, k) => sum + scale[k]! * value ** 2, 0);
        const gain = (here.sum - there.sum) / predicted;
        const factor = Math.max(1 / 10, 1 - (2 * gain - 1) ** 3);
        return { theta: trial, here: there, damping: Math.max(SMALLEST_DAMPING, lambda * factor) };
      }
    }
    lambda *= growth;
    growth *= 2;
  }
  return null;
}

/** (A + lambda diag(scale))^-1 g; null when that is not positive definite or not finite. */
function solveDamped(A: Float64Array, g: Float64Array, scale: Float64Array, lambda: number): Float64Array | null {
  const n = g.length;
  const factor = A.slice();
  for (let k = 0; k < n; k++) factor[k * n + k]! += lambda * (scale[k]! > 0 ? scale[k]! : 1);
  if (!cholesky(factor, n)) return null;
  const step = g.slice();
  solveFactored(factor, n, step);
  return step.every(Number.isFinite) ? step : null;
}

function raiseScale(scale: Float64Array, A: Float64Array): void {
  for (let k = 0; k < scale.length; k++) scale[k] = Math.max(scale[k]!, A[k * scale.length + k]!);
}

function startValues({ infer }: ShootingProblem, { parameters, initial }: ShootingStart, freeInitial: readonly string[]): Float64Array {
  const value = (of: Readonly<Record<string, number>>, name: string): number => {
    const found = of[name];
    if (found === undefined) throw new Error(`internal: shooting has no start for ${name}`);
    return found;
  };
  return Float64Array.from([...infer.map((name) => value(parameters, name)), ...freeInitial.map((name) => value(initial, name))]);
}

function parametersOf({ infer }: ShootingProblem, values: Float64Array): Record<string, number> {
  return Object.fromEntries(infer.map((name, p) => [name, values[p]!]));
}

function largestChange({ model, infer }: ShootingProblem, before: Float64Array, after: Float64Array): number {
  return infer.reduce((largest, name, p) => {
    const { positive, range } = parameterNamed(model, name);
    const reference = positive ? Math.abs(after[p]!) : range[1] - range[0];
    return Math.max(largest, Math.abs(after[p]! - before[p]!) / reference);
  }, 0);
}

function standardErrorsOf({ infer }: ShootingProblem, { sum, samples, A }: Linearised, slopes: Float64Array): Record<string, number> {
  const n = slopes.length;
  const variance = Math.max(sum, samples * FLOOR_MV ** 2) / Math.max(1, samples - n);
  const C = covarianceOf(A, n);
  return Object.fromEntries(infer.map((name, p) => [name, Math.abs(slopes[p]!) * Math.sqrt(variance * C[p * n + p]!)]));
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}
