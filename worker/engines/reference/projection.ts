/**
 * Variable projection (Golub, Pereyra 1973): the conductances, and C, enter the current balance linearly, so their best values given
 * the states are a small weighted least-squares problem. At its solution the gradient of the loss with respect to them is zero, so the
 * gradient of the projected loss is the partial gradient at fixed parameters.
 *
 * A solution outside a parameter's range is not physical: the best one within the ranges is taken. Priors are squares of their own; that of a
 * logarithm has its slope and curvature at the solution before, and the problem is solved again until it stays (Newton's method).
 */
import { linearParameters, linearParts } from '../../models/linear.ts';
import type { Member, Shape } from '../engine.ts';
import { inferredParameters, innerRange, parameterToTheta, thetaToParameter, VOLTAGE_SCALE, type Layout } from '../layout.ts';
import { priorWeight } from '../loss.ts';
import { priorBend, priorResidual, priorSlope, type Prior } from '../prior.ts';
import { cholesky, solveFactored } from './dense.ts';
import type { Head } from './head.ts';
import type { Network } from './network.ts';
import { ProgramRun } from './program-run.ts';

export interface Projection {
  /** Places in theta of the parameters that are projected out. */
  readonly places: readonly number[];
  /** Write the least-squares solution at the head's states into theta; `physics` weighs the points against priors. */
  solve(head: Head, network: Network, theta: Float64Array, physics: number): void;
}

/** Null when no inferred parameter is linear. `weight` is each collocation point's weight, [M]. */
export function createProjection(shape: Shape, layout: Layout, member: Member, weight: Float64Array): Projection | null {
  const names = linearParameters(shape.model.currentResidual, 'residual:V', shape.infer);
  if (names.length === 0) return null;
  const gates = shape.model.gates.map((gate) => gate.name);
  const points = member.grid.length;
  const run = new ProgramRun(linearParts(shape.model.currentResidual, 'residual:V', names), [], points, ['V', 'd:V', 'I', ...gates]);
  run.vector('I').set(member.current);
  const priors = projectionPriors(member);
  const solve = (head: Head, network: Network, theta: Float64Array, physics: number): void => {
    const states = head.states();
    for (const name of ['V', ...gates]) run.vector(name).set(states[name]!);
    const dV = run.vector('d:V');
    for (let p = 0; p < points; p++) dV[p] = VOLTAGE_SCALE * network.dOut[p * network.outputs]! + member.drivenRate[p]!;
    run.setScalars({ ...member.fixed, ...inferredParameters(layout, theta) });
    run.values();
    const slopes = names.map((name) => run.output(`slope:${name}`));
    projectOut(layout, names, slopes, run.output('constant'), weight, theta, { ...priors, physics: physics * member.weights.current });
  };
  return { places: names.map((name) => layout.parameterOffset + positionOf(layout, name)), solve };
}

/**
 * Write into theta the values of the named parameters that make sum_j weight[j] (constant[j] + sum_k x[k] slopes[k][j])^2 least within their
 * ranges; those that the data leave open stay as they are. With priors the sum counts `physics` times, beside theirs.
 */
export function projectOut(
  layout: Layout,
  names: readonly string[],
  slopes: readonly Float64Array[],
  constant: Float64Array,
  weight: Float64Array,
  theta: Float64Array,
  beside: ProjectionPriors & { readonly physics: number },
): void {
  const positions = names.map((name) => positionOf(layout, name));
  const ranges = positions.map((position) => innerRange(layout.parameters[position]!));
  const priors = beside.priors.filter(({ parameter }) => positions.includes(parameter));
  const write = (solution: readonly number[]): void =>
    solution.forEach((value, k) => {
      const position = positions[k]!;
      if (Number.isFinite(value)) theta[layout.parameterOffset + position] = parameterToTheta(layout.parameters[position]!, value);
    });
  const system = normalEquations(slopes, constant, weight);
  if (priors.length === 0) return write(solveBounded(system, ranges));
  let values = positions.map((position) => thetaToParameter(layout.parameters[position]!, theta[layout.parameterOffset + position]!));
  for (let round = 0; round < MOST_ROUNDS; round++) {
    const before = values;
    values = solveBounded(withPriors(system, positions, values, { ...beside, priors }), ranges);
    if (values.every((value, k) => Math.abs(value - before[k]!) <= SETTLED * Math.abs(value))) break;
  }
  write(values);
}

/** Of Newton's method; a handful is enough but for a prior far from the data. */
const MOST_ROUNDS = 50;
const SETTLED = 1e-12;

export interface ProjectionPriors {
  readonly priors: readonly Prior[];
  /** Of their squared residuals in the loss. */
  readonly strength: number;
}

export function projectionPriors(member: Member): ProjectionPriors {
  return { priors: member.priors, strength: member.weights.data * priorWeight(member) };
}

/** physics times the system, and the priors' squares about `values`. */
function withPriors(
  { normal, right }: NormalEquations,
  positions: readonly number[],
  values: readonly number[],
  { priors, strength, physics }: ProjectionPriors & { readonly physics: number },
): NormalEquations {
  const n = positions.length;
  const all = { normal: normal.map((value) => physics * value), right: right.map((value) => physics * value) };
  for (const prior of priors) {
    const k = positions.indexOf(prior.parameter);
    const slope = priorSlope(prior, values[k]!);
    const curved = priorBend(prior, values[k]!) * slope;
    all.normal[k * n + k]! += strength * slope * curved;
    all.right[k]! += strength * slope * (curved * values[k]! - priorResidual(prior, values[k]!));
  }
  return all;
}

function positionOf({ parameters }: Layout, name: string): number {
  return parameters.findIndex((parameter) => parameter.name === name);
}

/**
 * Minimise sum_j weight[j] (constant[j] + sum_k x[k] slopes[k][j])^2 with each x[k] in its range, by active sets (Stark, Parker 1995,
 * BVLS): what leaves its range is put on its bound; what is held there against the slope of the misfit is let go again.
 */
export function boundedLeastSquares(
  slopes: readonly Float64Array[],
  constant: Float64Array,
  weight: Float64Array,
  ranges: readonly Range[],
): number[] {
  return solveBounded(normalEquations(slopes, constant, weight), ranges);
}

function solveBounded(system: NormalEquations, ranges: readonly Range[]): number[] {
  const free = new Set(ranges.keys());
  const x = putOnBounds(system, ranges, free);
  // each round lowers the misfit, so no set of bounds comes twice; the limit is for rounding
  for (let round = 0; round < 3 * ranges.length && x.every(Number.isFinite); round++) {
    const k = heldBack(system, ranges, free, x);
    if (k === undefined) break;
    free.add(k);
    descend(system, ranges, free, x);
  }
  return x;
}

type Range = readonly [low: number, high: number];

/** The least-squares problem as normal x = right. */
interface NormalEquations {
  readonly normal: readonly number[];
  readonly right: readonly number[];
}

function normalEquations(slopes: readonly Float64Array[], constant: Float64Array, weight: Float64Array): NormalEquations {
  const n = slopes.length;
  return {
    normal: Array.from({ length: n * n }, (_, i) => weightedInner(slopes[Math.floor(i / n)]!, slopes[i % n]!, weight)),
    right: slopes.map((slope) => -weightedInner(slope, constant, weight)),
  };
}

/** Solve freely, put the unknown that leaves its range farthest on its bound, and so on; `free` keeps those that need no bound. */
function putOnBounds(system: NormalEquations, ranges: readonly Range[], free: Set<number>): number[] {
  const x = ranges.map(() => Number.NaN);
  while (free.size > 0) {
    const solution = solveSubset(system, x, [...free]);
    const worst = mostViolating(solution, ranges);
    if (worst === undefined) {
      for (const [k, value] of solution) x[k] = value;
      return x;
    }
    x[worst.k] = worst.bound;
    free.delete(worst.k);
  }
  return x;
}

/** The unknown on a bound that the misfit would leave most steeply, inwards. */
function heldBack(
  { normal, right }: NormalEquations,
  ranges: readonly Range[],
  free: ReadonlySet<number>,
  x: readonly number[],
): number | undefined {
  const n = x.length;
  let steepest: { k: number; pull: number } | undefined;
  for (let k = 0; k < n; k++) {
    if (free.has(k)) continue;
    const slope = x.reduce((sum, value, l) => sum + normal[k * n + l]! * value, -right[k]!);
    const scale = Math.sqrt(normal[k * n + k]!) * Math.sqrt(Math.abs(right[k]!) + 1e-300);
    const pull = (x[k] === ranges[k]![0] ? -slope : slope) / scale;
    if (pull > HELD && pull > (steepest?.pull ?? 0)) steepest = { k, pull };
  }
  return steepest?.k;
}

/** Slopes below this, scaled, are rounding. */
const HELD = 1e-9;

/** Go towards the solution of the free unknowns as far as the ranges allow; what blocks the way is put on its bound. */
function descend(system: NormalEquations, ranges: readonly Range[], free: Set<number>, x: number[]): void {
  while (free.size > 0) {
    const steps = solveSubset(
      system,
      x.map((value, k) => (free.has(k) ? Number.NaN : value)),
      [...free],
    );
    if (!steps.every(([, value]) => Number.isFinite(value))) return;
    const blocks = steps.map(([k, value]) => {
      const [low, high] = ranges[k]!;
      const bound = value < low ? low : high;
      return { k, bound, share: value < low || value > high ? (bound - x[k]!) / (value - x[k]!) : 1 };
    });
    const first = blocks.reduce((a, b) => (b.share < a.share ? b : a));
    for (const [k, value] of steps) x[k]! += first.share * (value - x[k]!);
    if (first.share >= 1) return;
    x[first.k] = first.bound;
    free.delete(first.k);
  }
}

function weightedInner(a: Float64Array, b: Float64Array, weight: Float64Array): number {
  let sum = 0;
  for (let j = 0; j < weight.length; j++) if (weight[j]! > 0) sum += weight[j]! * a[j]! * b[j]!;
  return sum;
}

/** Solve for the free unknowns, the others at their value in `x` (NaN: none yet). Columns are scaled to unit length first. */
function solveSubset({ normal, right }: NormalEquations, x: readonly number[], free: readonly number[]): [number, number][] {
  const n = x.length;
  const scale = free.map((k) => 1 / Math.sqrt(normal[k * n + k]! || 1));
  const A = new Float64Array(free.length ** 2);
  const b = new Float64Array(free.length);
  free.forEach((k, i) => {
    free.forEach((l, j) => (A[i * free.length + j] = normal[k * n + l]! * scale[i]! * scale[j]! + (i === j ? 1e-12 : 0)));
    const known = x.reduce((sum, value, l) => (Number.isNaN(value) ? sum : sum + normal[k * n + l]! * value), 0);
    b[i] = (right[k]! - known) * scale[i]!;
  });
  const ok = cholesky(A, free.length);
  if (ok) solveFactored(A, free.length, b);
  return free.map((k, i) => [k, ok ? b[i]! * scale[i]! : Number.NaN]);
}

function mostViolating(solution: readonly [number, number][], ranges: readonly Range[]): { k: number; bound: number } | undefined {
  let worst: { k: number; bound: number; excess: number } | undefined;
  for (const [k, x] of solution) {
    const [low, high] = ranges[k]!;
    const bound = x < low ? low : high;
    const excess = (x < low ? low - x : x - high) / (high - low);
    if (excess > 0 && (worst === undefined || excess > worst.excess)) worst = { k, bound, excess };
  }
  return worst;
}
