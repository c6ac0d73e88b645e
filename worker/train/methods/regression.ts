/**
 * Regression: the current balance in weak form along the smoothed V (smoothing.ts, weak-form.ts), the gates driven by it (gates-along.ts).
 * Parameters that enter the balance linearly are solved for within their ranges; the others, and the free gates at the beginning, are found
 * around that by Levenberg-Marquardt (variable projection: Golub, Pereyra 1973, SIAM J Numer Anal 10:413-432).
 *
 * Noise in V is in both sides of the balance, and where V rises steeply it is all that is there. The integrals are therefore weighed by the
 * inverse of the covariance that noise gives them at the present estimate, again and again (WENDy: Bortz, Messenger, Dukic 2023, Bull Math Biol
 * 85:110), part of it taken as white so that its smallest eigenvalues, where the linearisation fails, do not decide. What no weight mends is
 * the error of the smoothed V itself.
 */
import { LoligoError } from '../../../schemas/errors.ts';
import { cholesky, solveFactored } from '../../engines/reference/dense.ts';
import { priorResidual, priorSlope } from '../../engines/prior.ts';
import { createInterpreter } from '../../models/interpret.ts';
import { linearParameters, linearParts } from '../../models/linear.ts';
import { findParameter, parameterNamed, parameterValues } from '../../models/parameter-values.ts';
import type { Program } from '../../models/program.ts';
import { covarianceOf, normalMatrix } from '../../simulate/covariance.ts';
import { steadyGates } from '../../simulate/forward.ts';
import { bridgedVoltage, countedSamples } from '../ignored.ts';
import { segmentSpans } from '../segments.ts';
import { shootingCoordinates } from '../shooting-coordinates.ts';
import { gatesAlong } from './gates-along.ts';
import type { MethodOutcome, MethodRequest } from './method.ts';
import { smoothed } from './smoothing.ts';
import { openWhitening, type Whitening } from './whitening.ts';
import { weakForm } from './weak-form.ts';

/** Times that the weights are made anew: the estimate then moves by less than its standard error. */
const REWEIGHTINGS = 8;
/** Iterations under the same weights. */
const MOST_ITERATIONS = 10;
const MOST_REJECTED = 8;
/** Ends where the last step lowered the sum of squares by less than this share. */
const STALL = 1e-6;
/** Step of the difference quotients, in the coordinates of the fit. */
const QUOTIENT = 1e-4;
/** Of the difference quotient by V, mV. */
const VOLTAGE_QUOTIENT = 0.01;

export function regress(request: MethodRequest): MethodOutcome {
  const { model, infer, control } = request;
  const balance = openBalance(request);
  if (balance.equations < infer.length) throw tooFewEquations(balance.equations, infer.length);
  let theta = balance.first;
  let weights = openWhitening();
  let here = balance.solve(theta, weights, undefined);
  let steps = 0;
  let stationarity = 0;
  for (let k = 0; k < REWEIGHTINGS; k++) {
    weights = balance.weights(theta, here.linear);
    const before = balance.parameters(theta, here.linear);
    here = balance.solve(theta, weights, here.linear);
    for (let i = 0; i < MOST_ITERATIONS; i++) {
      if (control.shouldStop()) return { kind: 'interrupted' };
      control.progress(1);
      steps += 1;
      const next = descend(balance, theta, here, weights);
      if (next === null) break;
      const gain = here.sum - next.here.sum;
      ({ theta, here } = next);
      if (gain <= STALL * here.sum) break;
    }
    stationarity = largestChange(request, before, balance.parameters(theta, here.linear));
  }
  const parameters = balance.parameters(theta, here.linear);
  if (!infer.every((name) => Number.isFinite(parameters[name]))) return { kind: 'failed' };
  const states = balance.states(theta, here.linear);
  const [initial, ...furtherInitial] = Array.from(request.observation.segments, (first) =>
    Object.fromEntries(['V', ...model.gates.map(({ name }) => name)].map((name) => [name, states[name]![first]!])),
  );
  return {
    kind: 'done',
    steps,
    parameters,
    initial: initial!,
    furtherInitial,
    stationarity,
    standardErrors: balance.standardErrors(theta, here, weights),
    states,
  };
}

/** The balance at given nonlinear unknowns, the linear ones solved for. Rows are white, with the noise as their unit. */
interface Solved {
  readonly rows: Float64Array;
  readonly sum: number;
  readonly linear: Float64Array;
}

interface Balance {
  /** integrals of the balance, clear of samples whose V is not known */
  readonly equations: number;
  /** nonlinear unknowns at their first guesses */
  readonly first: Float64Array;
  solve(theta: Float64Array, weights: Whitening, last: Float64Array | undefined): Solved;
  weights(theta: Float64Array, linear: Float64Array): Whitening;
  parameters(theta: Float64Array, linear: Float64Array): Record<string, number>;
  states(theta: Float64Array, linear: Float64Array): Record<string, Float64Array>;
  standardErrors(theta: Float64Array, here: Solved, weights: Whitening): Record<string, number>;
}

function openBalance(request: MethodRequest): Balance {
  const { model, observation, infer, starts, fixed, priors, freeGates } = request;
  const { segments, voltageMv, current, sampleMs, sigmaMv } = observation;
  const bridged = bridgedVoltage(observation);
  const spans = segmentSpans(segments, voltageMv.length);
  const V = new Float64Array(voltageMv.length);
  for (const { from, to } of spans) V.set(smoothed(bridged.subarray(from, to)), from);
  const weak = weakForm({ segments, sampleMs, counted: countedSamples(observation) });
  const along = gatesAlong(model, V, segments, sampleMs);

  const linearNames = linearUnknowns(request);
  const parts = linearParts(model.currentResidual, 'residual:V', linearNames);
  const nonlinearNames = infer.filter((name) => !linearNames.includes(name));
  const unknownStates = spans.flatMap(() => freeGates);
  const coordinates = shootingCoordinates(model, nonlinearNames, unknownStates);
  const guesses = Object.fromEntries(infer.map((name, p) => [name, starts[p]!]));
  const first = coordinates.toTheta(
    Float64Array.from([
      ...nonlinearNames.map((name) => guesses[name]!),
      ...spans.flatMap(({ from }) => {
        const steady = steadyGates(model, { ...fixed, ...guesses }, V[from]!);
        return freeGates.map((name) => steady[name]!);
      }),
    ]),
  );

  const valuesOf = (theta: Float64Array, linear: Float64Array): Record<string, number> => {
    const values = coordinates.toValues(theta);
    return parameterValues(model, {
      ...fixed,
      ...Object.fromEntries(nonlinearNames.map((name, p) => [name, values[p]!])),
      ...Object.fromEntries(linearNames.map((name, p) => [name, linear[p]!])),
    });
  };
  // the rates of gates do not read the linear unknowns
  const gatesAt = (theta: Float64Array): Record<string, Float64Array> => {
    const values = coordinates.toValues(theta);
    const initial = spans.map((_, s) =>
      Object.fromEntries(freeGates.map((name, k) => [name, values[nonlinearNames.length + s * freeGates.length + k]!])),
    );
    return along.integrate(valuesOf(theta, new Float64Array(linearNames.length)), initial);
  };
  /** Integrals of the balance without the linear unknowns, and of each of their slopes. */
  const columnsAt = (theta: Float64Array, gates: Record<string, Float64Array>): Float64Array[] => {
    const parameters = valuesOf(theta, new Float64Array(linearNames.length));
    const at = (slope: number): Map<string, Float64Array> => evaluated(parts, { V, ...gates, I: current }, { ...parameters, 'd:V': slope });
    const [still, moving] = [at(0), at(1)];
    return [...still].map(([name, values]) => {
      const perSlope = moving.get(name)![0]! - values[0]!;
      const derivative = perSlope === 0 ? undefined : weak.ofDerivative(bridged);
      return weak.of(values).map((value, f) => value + (derivative === undefined ? 0 : perSlope * derivative[f]!));
    });
  };
  const solve = (theta: Float64Array, weights: Whitening, last: Float64Array | undefined): Solved => {
    const [constant, ...slopes] = columnsAt(theta, gatesAt(theta)).map((column) => weights.whitened(column, sigmaMv));
    const values = coordinates.toValues(theta);
    const extra = priors.map((prior) => {
      const name = infer[prior.parameter]!;
      const p = linearNames.indexOf(name);
      const value = p < 0 ? values[nonlinearNames.indexOf(name)]! : (last?.[p] ?? parameterNamed(model, name).value);
      return { p, residual: priorResidual(prior, value), slope: priorSlope(prior, value), value };
    });
    // a prior of a linear unknown is linear around its last value
    const target = joined(
      constant!,
      extra.map(({ p, residual, slope, value }) => (p < 0 ? residual : residual - slope * value)),
    );
    const columns = slopes.map((column, q) =>
      joined(
        column,
        extra.map(({ p, slope }) => (p === q ? slope : 0)),
      ),
    );
    const ranges = linearNames.map((name) => parameterNamed(model, name).range);
    const linear = solvedWithin(columns, target, ranges);
    const rows = target.map((value, f) => columns.reduce((sum, column, p) => sum + linear[p]! * column[f]!, value));
    return { rows, sum: rows.reduce((sum, value) => sum + value ** 2, 0), linear };
  };
  return {
    equations: weak.functions,
    first,
    solve,
    parameters: (theta, linear) => {
      const values = valuesOf(theta, linear);
      return Object.fromEntries(infer.map((name) => [name, values[name]!]));
    },
    states: (theta) => ({ V, ...gatesAt(theta) }),
    weights: (theta, linear) => {
      const parameters = valuesOf(theta, linear);
      const { byV, bySlope } = sensitivityToV(request, V, gatesAt(theta), parameters);
      return openWhitening({ covariance: weak.covariance(byV, bySlope), functions: weak.functions, bandwidth: weak.bandwidth });
    },
    standardErrors: (theta, here, weights) => {
      const [, ...slopes] = columnsAt(theta, gatesAt(theta)).map((column) => weights.whitened(column, sigmaMv));
      const own = theta.map((_, k) => k);
      const quotients = Array.from(own, (k) => quotient(theta, k, (moved) => unprojected(moved, here.linear, weights)));
      const n = slopes.length + quotients.length;
      const rows = weak.functions;
      const J = new Float64Array(n * rows);
      [...slopes, ...quotients].forEach((column, k) => J.set(column.subarray(0, rows), k * rows));
      const C = covarianceOf(normalMatrix(J, n), n);
      const steepness = coordinates.slopes(theta);
      return Object.fromEntries([
        ...linearNames.map((name, p): [string, number] => [name, Math.sqrt(C[p * n + p]!)]),
        ...nonlinearNames.map((name, q): [string, number] => {
          const k = slopes.length + q;
          return [name, Math.abs(steepness[q]!) * Math.sqrt(C[k * n + k]!)];
        }),
      ]);
    },
  };

  function unprojected(theta: Float64Array, linear: Float64Array, weights: Whitening): Float64Array {
    const [constant, ...slopes] = columnsAt(theta, gatesAt(theta)).map((column) => weights.whitened(column, sigmaMv));
    return constant!.map((value, f) => slopes.reduce((sum, column, p) => sum + linear[p]! * column[f]!, value));
  }
}

function tooFewEquations(equations: number, unknowns: number): LoligoError {
  const rule = `a regression of ${unknowns} parameters needs as many integrals of the current balance clear of samples that do not count`;
  const remedy = 'Widen the window, lower blankMs, or take another method.';
  return new LoligoError([{ code: 'SPEC_DATA', where: 'method regression', rule, got: String(equations), remedy }]);
}

/** Inferred parameters in which the balance is linear and that move no gate; conductances before the potentials they multiply. */
function linearUnknowns({ model, infer }: MethodRequest): string[] {
  const candidates = infer.filter((name) => !model.gateRates.inputs.includes(name));
  const positive = candidates.filter((name) => findParameter(model, name)?.positive === true);
  return linearParameters(model.currentResidual, 'residual:V', [...positive, ...candidates.filter((name) => !positive.includes(name))]);
}

function evaluated(
  program: Program,
  states: Readonly<Record<string, Float64Array>>,
  uniform: Readonly<Record<string, number>>,
): Map<string, Float64Array> {
  const interpreter = createInterpreter(
    program,
    states['V']!.length,
    program.inputs.filter((name) => states[name] === undefined),
  );
  for (const name of program.inputs) interpreter.bind(name, states[name] ?? Float64Array.of(uniform[name]!));
  interpreter.run();
  return new Map(program.outputs.map(({ name }) => [name, interpreter.output(name)]));
}

/** d residual / d V, gates that forget quickly following at once, and d residual / d (dV/dt): what noise in V does to the balance. */
function sensitivityToV(
  { model, observation }: MethodRequest,
  V: Float64Array,
  gates: Readonly<Record<string, Float64Array>>,
  parameters: Readonly<Record<string, number>>,
): { byV: Float64Array; bySlope: Float64Array } {
  const fast = model.gates.filter(({ initial }) => initial === 'steady').map(({ name }) => name);
  const steady = evaluated(model.gateRates, { V, ...gates }, parameters);
  const before = new Map(fast.map((name) => [name, steady.get(`inf:${name}`)!.slice()]));
  const moved = (by: number): Float64Array => {
    const shifted = V.map((value) => value + by);
    const there = evaluated(model.gateRates, { V: shifted, ...gates }, parameters);
    const follow = fast.map((name): [string, Float64Array] => {
      const inf = there.get(`inf:${name}`)!;
      return [name, gates[name]!.map((x, i) => x + inf[i]! - before.get(name)![i]!)];
    });
    const states = { V: shifted, ...gates, ...Object.fromEntries(follow), I: observation.current };
    return evaluated(model.currentResidual, states, { ...parameters, 'd:V': 0 }).get('residual:V')!;
  };
  const [above, below] = [moved(VOLTAGE_QUOTIENT), moved(-VOLTAGE_QUOTIENT)];
  const states = { V, ...gates, I: observation.current };
  const still = evaluated(model.currentResidual, states, { ...parameters, 'd:V': 0 }).get('residual:V')!;
  const moving = evaluated(model.currentResidual, states, { ...parameters, 'd:V': 1 }).get('residual:V')!;
  return {
    byV: above.map((value, i) => (value - below[i]!) / (2 * VOLTAGE_QUOTIENT)),
    bySlope: moving.map((value, i) => value - still[i]!),
  };
}

/** Damped Gauss-Newton steps of the nonlinear unknowns, with quotients of the projected rows; null when none lowers the sum. */
function descend(balance: Balance, theta: Float64Array, here: Solved, weights: Whitening): { theta: Float64Array; here: Solved } | null {
  const n = theta.length;
  if (n === 0) return null;
  const columns = Array.from(theta, (_, k) => quotient(theta, k, (moved) => balance.solve(moved, weights, here.linear).rows));
  const J = new Float64Array(n * here.rows.length);
  columns.forEach((column, k) => J.set(column, k * here.rows.length));
  const A = normalMatrix(J, n);
  const g = Float64Array.from(columns, (column) => column.reduce((sum, value, f) => sum + value * here.rows[f]!, 0));
  for (let tried = 0, lambda = 1e-3; tried < MOST_REJECTED; tried++, lambda *= 10) {
    const factor = A.slice();
    for (let k = 0; k < n; k++) factor[k * n + k]! += lambda * Math.max(A[k * n + k]!, 1e-12) + 1e-9;
    const step = g.slice();
    if (!cholesky(factor, n)) continue;
    solveFactored(factor, n, step);
    const trial = theta.map((value, k) => value - step[k]!);
    const there = balance.solve(trial, weights, here.linear);
    if (there.sum < here.sum) return { theta: trial, here: there };
  }
  return null;
}

function quotient(theta: Float64Array, k: number, rowsAt: (theta: Float64Array) => Float64Array): Float64Array {
  const moved = (by: number): Float64Array => rowsAt(theta.with(k, theta[k]! + by));
  const below = moved(-QUOTIENT);
  return moved(QUOTIENT).map((value, f) => (value - below[f]!) / (2 * QUOTIENT));
}

/** Least squares of target + sum of x columns, each x within its range: what leaves it most is put to its end, and the others are solved again. */
function solvedWithin(
  columns: readonly Float64Array[],
  target: Float64Array,
  ranges: readonly (readonly [number, number])[],
): Float64Array {
  const x = new Float64Array(columns.length);
  const free = new Set(columns.keys());
  while (free.size > 0) {
    const among = [...free];
    const n = among.length;
    const held = target.map((value, f) => columns.reduce((sum, column, p) => (free.has(p) ? sum : sum + x[p]! * column[f]!), value));
    // columns of one size: conductances differ by factors of hundreds
    const sizes = among.map((p) => Math.sqrt(dot(columns[p]!, columns[p]!)) || 1);
    const A = new Float64Array(n * n);
    among.forEach((p, a) => among.forEach((q, b) => (A[a * n + b] = dot(columns[p]!, columns[q]!) / (sizes[a]! * sizes[b]!))));
    for (let a = 0; a < n; a++) A[a * n + a]! += 1e-12;
    const b = Float64Array.from(among, (p, a) => -dot(columns[p]!, held) / sizes[a]!);
    if (!cholesky(A, n)) break;
    solveFactored(A, n, b);
    among.forEach((p, a) => (x[p] = b[a]! / sizes[a]!));
    const worst = among
      .map((p) => ({ p, outside: Math.max(ranges[p]![0] - x[p]!, x[p]! - ranges[p]![1]) / (ranges[p]![1] - ranges[p]![0]) }))
      .reduce((a, c) => (c.outside > a.outside ? c : a));
    if (!(worst.outside > 0)) break;
    const [low, high] = ranges[worst.p]!;
    x[worst.p] = Math.min(high, Math.max(low, x[worst.p]!));
    free.delete(worst.p);
  }
  return x;
}

function largestChange({ model, infer }: MethodRequest, before: Record<string, number>, after: Record<string, number>): number {
  return infer.reduce((largest, name) => {
    const { positive, range } = parameterNamed(model, name);
    return Math.max(largest, Math.abs(after[name]! - before[name]!) / (positive ? Math.abs(after[name]!) : range[1] - range[0]));
  }, 0);
}

function joined(a: Float64Array, b: readonly number[]): Float64Array {
  return Float64Array.from([...a, ...b]);
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}
