/**
 * Shooting: Levenberg-Marquardt on the forward solution. The unknowns are the inferred parameters, and V(0) and the free gates of each
 * segment; the residuals are simulated V minus data, equally weighted, so that the minimum is the maximum-likelihood estimate under
 * independent Gaussian noise. Priors are residuals of their own (engines/prior.ts), in the same unit by the noise: sigmaMv, or where the noise
 * is estimated the root mean square misfit at which each step begins.
 * Knows no network: it goes from wherever it is told to, and only a start in the basin ends at the best minimum.
 *
 * Damping in units of the largest column norms seen (More 1978, scaling 3.5), raised and lowered by the gain ratio (Nielsen 1999, 2.4).
 */
import { priorResidual, priorSlope, type Prior } from '../engines/prior.ts';
import { cholesky, solveFactored } from '../engines/reference/dense.ts';
import type { Model } from '../models/model.ts';
import { parameterNamed } from '../models/parameter-values.ts';
import { covarianceOf, normalMatrix } from '../simulate/covariance.ts';
import { openSensitivities } from '../simulate/sensitivity.ts';
import type { Sensitivities } from '../simulate/sensitivity.ts';
import { shootingCoordinates } from './shooting-coordinates.ts';
import type { Coordinates } from './shooting-coordinates.ts';
import { bridgedVoltage, countedSamples, type Ignored } from './ignored.ts';
import { segmentSpans, type Segment } from './segments.ts';

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
  /** samples that do not count; none when absent */
  readonly ignored?: Ignored;
  /** index of each segment's first sample; in each the solution begins anew */
  readonly segments: ArrayLike<number>;
  /** of parameters of `infer`; none when absent */
  readonly priors?: readonly Prior[];
  /** noise that priors are weighed against, mV; its estimate from the misfit when absent */
  readonly sigmaMv?: number;
  /** of the integrator, relative and absolute; the sensitivities' own when absent */
  readonly tolerance?: number;
  /** 1/ms, how strongly simulated V is drawn to the data (coupled-shooting.ts); the model alone when absent */
  readonly couplingPerMs?: number;
  /** how far to go; to the minimum when absent */
  readonly effort?: Effort;
}

export interface Effort {
  /** integrations at most, rejected steps included */
  readonly solutions: number;
  /** ends where a step lowers the sum of squares by less than this share */
  readonly stall: number;
}

export interface ShootingStart {
  readonly parameters: Readonly<Record<string, number>>;
  /** V and the free gates, by name */
  readonly initial: Readonly<Record<string, number>>;
  /** of the segments after the first */
  readonly furtherInitial?: readonly Readonly<Record<string, number>>[];
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
      /** the same at the beginning of each further segment */
      readonly furtherInitial: readonly Readonly<Record<string, number>>[];
      readonly rmseMv: number;
      /** By parameter, in the model's units; Infinity where V and priors say nothing. Noise as large as the residuals, independent from sample to sample. */
      readonly standardErrors: Readonly<Record<string, number>>;
      /** Largest change of a parameter in the last accepted step: relative for positive parameters, else as a share of the range. */
      readonly lastChange: number;
    }
  | { readonly kind: 'interrupted'; readonly iterations: number }
  /** The start has no forward solution. */
  | { readonly kind: 'failed'; readonly atMs: number; readonly reason: 'step-limit' | 'not-finite' };

/**
 * From a start in the basin it takes 5 to 15 integrations. An initial gate on its way to 0 or 1 always promises more than GAIN_TOLERANCE: it
 * ends by what the last step has brought.
 */
const TO_THE_MINIMUM: Effort = { solutions: 200, stall: 1e-9 };
const MOST_REJECTED = 12;
const INITIAL_DAMPING = 1e-3;
const SMALLEST_DAMPING = 1e-12;
/**
 * Ends where the undamped step would lower the sum of squares by less than this share: with 500 samples 0.002 of a standard error from
 * the minimum.
 */
const GAIN_TOLERANCE = 1e-8;
/** Residuals below this, in mV, are the integrator's own. */
const FLOOR_MV = 1e-6;

export function shoot(problem: ShootingProblem, start: ShootingStart, control: ShootingControl): ShootingOutcome {
  const course = openCourse(problem);
  const { coordinates } = course;
  const { effort = TO_THE_MINIMUM } = problem;
  let solutions = 0;
  const simulateAt = (theta: Float64Array): Linearised | Failure => {
    solutions += 1;
    return lineariseAt(theta, problem, course);
  };
  let theta = coordinates.toTheta(startValues(problem, course, start));
  const first = simulateAt(theta);
  if ('kind' in first) return first;
  let here = first;
  const scale = new Float64Array(coordinates.size);
  let damping = INITIAL_DAMPING;
  let lastChange = 0;
  let iterations = 0;
  while (solutions < effort.solutions && !isMinimum(weighed(here, varianceAt(problem, here)))) {
    if (control.shouldStop()) return { kind: 'interrupted', iterations };
    iterations += 1;
    control.progress(1);
    const variance = varianceAt(problem, here);
    const step = descend({ theta, here, scale, damping }, variance, simulateAt, control);
    if (step === 'stopped') return { kind: 'interrupted', iterations };
    if (step === null) break;
    lastChange = largestChange(problem, coordinates.toValues(theta), coordinates.toValues(step.theta));
    const before = weighed(here, variance).sum;
    const stalled = before - weighed(step.here, variance).sum <= effort.stall * before;
    ({ theta, here, damping } = step);
    if (stalled) break;
  }
  const values = coordinates.toValues(theta);
  const [initial, ...furtherInitial] = course.parts.map(({ sensitivities, unknowns }) =>
    sensitivities.initialStates(pick(values, unknowns)),
  );
  return {
    kind: 'done',
    iterations,
    parameters: parametersOf(problem, values),
    initial: initial!,
    furtherInitial,
    rmseMv: Math.sqrt(here.sum / here.samples),
    standardErrors: standardErrorsOf(problem, here, coordinates.slopes(theta)),
    lastChange,
  };
}

/** One segment's own problem. */
interface Part extends Segment {
  readonly sensitivities: Sensitivities;
  /** Places of its unknowns among all: parameters, then its own initial values. */
  readonly unknowns: readonly number[];
}

/** All segments; the unknowns are the parameters, then the initial values of each segment. */
interface Course {
  readonly freeInitial: readonly string[];
  readonly coordinates: Coordinates;
  readonly parts: readonly Part[];
}

function openCourse(problem: ShootingProblem): Course {
  const { model, infer, tolerance, current, segments, couplingPerMs } = problem;
  const freeInitial = ['V', ...problem.freeGates];
  const tolerances = tolerance === undefined ? {} : { rtol: tolerance, atol: tolerance };
  const measured = bridgedVoltage(problem);
  const parts = segmentSpans(segments, current.length).map(({ from, to }, s): Part => {
    const coupling = couplingPerMs === undefined ? {} : { coupling: { perMs: couplingPerMs, towardsMv: measured.subarray(from, to) } };
    const own = { ...problem, ...tolerances, ...coupling, freeInitial, current: current.subarray(from, to) };
    const unknowns = [...infer.keys(), ...freeInitial.map((_, k) => infer.length + s * freeInitial.length + k)];
    return { from, to, sensitivities: openSensitivities(model, own), unknowns };
  });
  const coordinates = shootingCoordinates(
    model,
    infer,
    parts.flatMap(() => freeInitial),
  );
  return { freeInitial, coordinates, parts };
}

function pick(values: Float64Array, places: readonly number[]): Float64Array {
  return Float64Array.from(places, (place) => values[place]!);
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
  /** The same of the priors, in units of their standard deviations. */
  readonly prior: { readonly sum: number; readonly A: Float64Array; readonly g: Float64Array };
}

function lineariseAt(theta: Float64Array, problem: ShootingProblem, { coordinates, parts }: Course): Linearised | Failure {
  const values = coordinates.toValues(theta);
  const slopes = coordinates.slopes(theta);
  const n = coordinates.size;
  const A = new Float64Array(n * n);
  const g = new Float64Array(n);
  const counted = countedSamples(problem);
  let sum = 0;
  for (const { from, to, sensitivities, unknowns } of parts) {
    const solution = sensitivities.solve(pick(values, unknowns));
    if (solution.kind === 'failed') return solution;
    const { V, jacobian } = solution;
    const samples = to - from;
    for (let at = 0; at < jacobian.length; at++) jacobian[at]! *= slopes[unknowns[Math.floor(at / samples)]!]!;
    for (let at = 0; at < jacobian.length; at++) if (counted[from + (at % samples)] === 0) jacobian[at] = 0;
    const residual = V.map((value, i) => (counted[from + i] === 0 ? 0 : value - problem.voltageMv[from + i]!));
    const own = normalMatrix(jacobian, unknowns.length);
    unknowns.forEach((p, k) => {
      g[p]! += dot(jacobian.subarray(k * samples, (k + 1) * samples), residual);
      unknowns.forEach((q, l) => (A[p * n + q]! += own[k * unknowns.length + l]!));
    });
    sum += dot(residual, residual);
  }
  return { sum, samples: counted.reduce((count, one) => count + one, 0), A, g, prior: priorTerms(problem, values, slopes) };
}

function priorTerms({ priors = [] }: ShootingProblem, values: Float64Array, slopes: Float64Array): Linearised['prior'] {
  const n = slopes.length;
  const A = new Float64Array(n * n);
  const g = new Float64Array(n);
  let sum = 0;
  for (const prior of priors) {
    const k = prior.parameter;
    const residual = priorResidual(prior, values[k]!);
    const slope = priorSlope(prior, values[k]!) * slopes[k]!;
    sum += residual ** 2;
    A[k * n + k]! += slope ** 2;
    g[k]! += slope * residual;
  }
  return { sum, A, g };
}

/** Of the noise, mV^2. */
function varianceAt({ sigmaMv }: ShootingProblem, { sum, samples }: Linearised): number {
  return sigmaMv === undefined ? Math.max(sum / samples, FLOOR_MV ** 2) : sigmaMv ** 2;
}

type Weighed = Pick<Linearised, 'sum' | 'samples' | 'A' | 'g'>;

/** Data and priors together, in mV^2, under a variance of the noise. */
function weighed({ sum, samples, A, g, prior }: Linearised, variance: number): Weighed {
  if (prior.sum === 0 && prior.A.every((value) => value === 0)) return { sum, samples, A, g };
  return {
    sum: sum + variance * prior.sum,
    samples,
    A: A.map((value, at) => value + variance * prior.A[at]!),
    g: g.map((value, k) => value + variance * prior.g[k]!),
  };
}

/** Whether the undamped step promises next to nothing. */
function isMinimum({ sum, samples, A, g }: Weighed): boolean {
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
  variance: number,
  simulateAt: (theta: Float64Array) => Linearised | Failure,
  control: ShootingControl,
): Step | 'stopped' | null {
  const { sum, A, g } = weighed(here, variance);
  raiseScale(scale, A);
  let lambda = damping;
  let growth = 2;
  for (let tried = 0; tried < MOST_REJECTED; tried++) {
    if (tried > 0 && control.shouldStop()) return 'stopped';
    const step = solveDamped(A, g, scale, lambda);
    if (step !== null) {
      const trial = theta.map((value, k) => value - step[k]!);
      const there = simulateAt(trial);
      const lowered = 'kind' in there ? Infinity : weighed(there, variance).sum;
      if (!('kind' in there) && lowered < sum) {
        const predicted = dot(step, g) + lambda * step.reduce((total, value, k) => total + scale[k]! * value ** 2, 0);
        const gain = (sum - lowered) / predicted;
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

function startValues(
  { infer }: ShootingProblem,
  { freeInitial }: Course,
  { parameters, initial, furtherInitial = [] }: ShootingStart,
): Float64Array {
  const value = (of: Readonly<Record<string, number>>, name: string): number => {
    const found = of[name];
    if (found === undefined) throw new Error(`internal: shooting has no start for ${name}`);
    return found;
  };
  const ofSegment = (states: Readonly<Record<string, number>>): number[] => freeInitial.map((name) => value(states, name));
  return Float64Array.from([...infer.map((name) => value(parameters, name)), ...[initial, ...furtherInitial].flatMap(ofSegment)]);
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

function standardErrorsOf({ infer }: ShootingProblem, here: Linearised, slopes: Float64Array): Record<string, number> {
  const { sum, samples } = here;
  const n = slopes.length;
  const variance = Math.max(sum, samples * FLOOR_MV ** 2) / Math.max(1, samples - n);
  const C = covarianceOf(weighed(here, variance).A, n);
  return Object.fromEntries(infer.map((name, p) => [name, Math.abs(slopes[p]!) * Math.sqrt(variance * C[p * n + p]!)]));
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}
