/**
 * Variable projection (Golub, Pereyra 1973): the conductances, and C, enter the current balance linearly, so their best values given
 * the states are a small weighted least-squares problem. At its solution the gradient of the loss with respect to them is zero, so the
 * gradient of the projected loss is the partial gradient at fixed parameters.
 *
 * A solution outside a parameter's range is not physical: the most violating parameter is fixed at its bound and the rest solved again.
 */
import { linearParameters, linearParts } from '../../models/linear.ts';
import type { Member, Shape } from '../engine.ts';
import { gridSize, innerRange, parameterToTheta, VOLTAGE_SCALE, type Layout } from '../layout.ts';
import { cholesky, solveFactored } from './dense.ts';
import type { Head } from './head.ts';
import type { Network } from './network.ts';
import { parameterValues, ProgramRun } from './program-run.ts';

export interface Projection {
  /** Places in theta of the parameters that are projected out. */
  readonly places: readonly number[];
  /** Write the least-squares solution at the head's states into theta. */
  solve(head: Head, network: Network, theta: Float64Array): void;
}

/** Null when no inferred parameter is linear. `weight` is each collocation point's weight, [M]. */
export function createProjection(shape: Shape, layout: Layout, member: Member, weight: Float64Array): Projection | null {
  const names = linearParameters(shape.model.currentResidual, 'residual:V', shape.infer);
  if (names.length === 0) return null;
  const gates = shape.model.gates.map((gate) => gate.name);
  const points = gridSize(shape);
  const run = new ProgramRun(linearParts(shape.model.currentResidual, 'residual:V', names), [], points, ['V', 'd:V', 'I', ...gates]);
  run.vector('I').set(member.current);
  const places = names.map((name) => layout.parameters.findIndex((parameter) => parameter.name === name));
  const solve = (head: Head, network: Network, theta: Float64Array): void => {
    const states = head.states();
    for (const name of ['V', ...gates]) run.vector(name).set(states[name]!);
    const dV = run.vector('d:V');
    for (let p = 0; p < points; p++) dV[p] = VOLTAGE_SCALE * network.dOut[p * network.outputs]!;
    run.setScalars({ ...member.fixed, ...parameterValues(layout, theta) });
    run.values();
    const slopes = names.map((name) => run.output(`slope:${name}`));
    const ranges = places.map((place) => innerRange(layout.parameters[place]!));
    const values = boundedLeastSquares(slopes, run.output('constant'), weight, ranges);
    places.forEach((place, k) => {
      if (Number.isFinite(values[k]!)) theta[layout.parameterOffset + place] = parameterToTheta(layout.parameters[place]!, values[k]!);
    });
  };
  return { places: places.map((place) => layout.parameterOffset + place), solve };
}

/** Minimise sum_j weight[j] (constant[j] + sum_k x[k] slopes[k][j])^2 with each x[k] in its range. */
export function boundedLeastSquares(
  slopes: readonly Float64Array[],
  constant: Float64Array,
  weight: Float64Array,
  ranges: readonly (readonly [number, number])[],
): number[] {
  const n = slopes.length;
  const normal = Array.from({ length: n * n }, (_, i) => weightedInner(slopes[Math.floor(i / n)]!, slopes[i % n]!, weight));
  const right = slopes.map((slope) => -weightedInner(slope, constant, weight));
  const value = Array.from({ length: n }, () => Number.NaN);
  const free = new Set(slopes.keys());
  while (free.size > 0) {
    const solution = solveSubset(normal, right, value, [...free], n);
    const worst = mostViolating(solution, ranges);
    if (worst === undefined) {
      for (const [k, x] of solution) value[k] = x;
      return value;
    }
    value[worst.k] = worst.bound;
    free.delete(worst.k);
  }
  return value;
}

function weightedInner(a: Float64Array, b: Float64Array, weight: Float64Array): number {
  let sum = 0;
  for (let j = 0; j < weight.length; j++) if (weight[j]! > 0) sum += weight[j]! * a[j]! * b[j]!;
  return sum;
}

/** Solve for the free unknowns, the others at their present value. Columns are scaled to unit length first. */
function solveSubset(
  normal: readonly number[],
  right: readonly number[],
  value: readonly number[],
  free: readonly number[],
  n: number,
): [number, number][] {
  const scale = free.map((k) => 1 / Math.sqrt(normal[k * n + k]! || 1));
  const A = new Float64Array(free.length ** 2);
  const b = new Float64Array(free.length);
  free.forEach((k, i) => {
    free.forEach((l, j) => (A[i * free.length + j] = normal[k * n + l]! * scale[i]! * scale[j]! + (i === j ? 1e-12 : 0)));
    const known = value.reduce((sum, x, l) => (Number.isNaN(x) ? sum : sum + normal[k * n + l]! * x), 0);
    b[i] = (right[k]! - known) * scale[i]!;
  });
  const ok = cholesky(A, free.length);
  if (ok) solveFactored(A, free.length, b);
  return free.map((k, i) => [k, ok ? b[i]! * scale[i]! : Number.NaN]);
}

function mostViolating(
  solution: readonly [number, number][],
  ranges: readonly (readonly [number, number])[],
): { k: number; bound: number } | undefined {
  let worst: { k: number; bound: number; excess: number } | undefined;
  for (const [k, x] of solution) {
    const [low, high] = ranges[k]!;
    const bound = x < low ? low : high;
    const excess = (x < low ? low - x : x - high) / (high - low);
    if (excess > 0 && (worst === undefined || excess > worst.excess)) worst = { k, bound, excess };
  }
  return worst;
}
