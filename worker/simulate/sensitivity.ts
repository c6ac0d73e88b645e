/**
 * Forward sensitivities: V(t) and its derivative by unknown parameters and initial values, from one integration of the states x
 * together with S = dx / d unknown, dS/dt = (df/dx) S + df/d unknown (Hairer, Norsett, Wanner, Solving Ordinary Differential Equations I,
 * 2nd ed., section I.14). Both Jacobians are the model's own derivative programs. The steps are chosen by the states alone, so that S is
 * the derivative of the numerical solution at fixed steps (Bock's internal differentiation), and V is what `simulate` gives.
 *
 * Where asked for, V is coupled to a measured one by a further term of dV/dt: the solution then follows the measurement, whatever the parameters.
 */
import { partials } from '../models/differentiate.ts';
import { createGraph, emit, outputNode, replay, specialise } from '../models/graph.ts';
import { createScalar } from '../models/interpret.ts';
import type { ScalarProgram } from '../models/interpret.ts';
import { stateNames, type Model } from '../models/model.ts';
import { parameterValues } from '../models/parameter-values.ts';
import type { Program } from '../models/program.ts';
import { integrate } from './dormand-prince.ts';
import type { Derivative } from './dormand-prince.ts';
import { stepLimit } from './forward.ts';

export interface SensitivityRequest {
  /** values of the parameters that are not unknown; the model's own for a name not given */
  readonly fixed: Readonly<Record<string, number>>;
  /** names of the unknown parameters */
  readonly infer: readonly string[];
  /** states whose initial values are unknown */
  readonly freeInitial: readonly string[];
  /** initial values that are known; V is the model's rest when it is neither here nor free, a gate is then tied to its steady state at V(0) */
  readonly initial?: Readonly<Record<string, number>>;
  /** in the model's unit, one value per sample */
  readonly current: Float64Array;
  readonly sampleMs: number;
  /** a term perMs * (towardsMv - V) in dV/dt; none when absent */
  readonly coupling?: Coupling;
  readonly rtol?: number;
  readonly atol?: number;
  /** Steps after which the integration is given up; enough for any sensible neuron when absent. */
  readonly maxSteps?: number;
}

export interface Coupling {
  readonly perMs: number;
  /** mV, one value per sample, linear between samples */
  readonly towardsMv: Float64Array;
}

export type SensitivityOutcome =
  | {
      readonly kind: 'done';
      /** mV, one value per sample */
      readonly V: Float64Array;
      /** dV / d unknown in mV per unit of the unknown; unknowns x samples, row by row */
      readonly jacobian: Float64Array;
    }
  | { readonly kind: 'failed'; readonly atMs: number; readonly reason: 'step-limit' | 'not-finite' };

export interface Sensitivities {
  /** Length of `values`: unknown parameters, then free initial values, each in the order asked for, in the model's units. */
  readonly unknowns: number;
  /** All initial values by name, tied ones included. */
  initialStates(values: Float64Array): Record<string, number>;
  solve(values: Float64Array): SensitivityOutcome;
}

const TOLERANCE = 1e-9;

export function openSensitivities(model: Model, request: SensitivityRequest): Sensitivities {
  const { infer, freeInitial, current, sampleMs, rtol = TOLERANCE, atol = TOLERANCE } = request;
  const names = stateNames(model);
  const unknowns = infer.length + freeInitial.length;
  const known = knownParameters(model, request);
  const start = openStart(model, request, known);
  const f = rightHandSide(model, request, known);
  const dimension = names.length * (1 + unknowns);
  const { maxSteps = stepLimit(current.length, sampleMs) } = request;
  return {
    unknowns,
    initialStates: (values) => {
      const row = new Float64Array(dimension);
      start(values, row);
      return Object.fromEntries(names.map((name, s) => [name, row[s]!]));
    },
    solve: (values) => {
      const rows = new Float64Array(current.length * dimension);
      start(values, rows);
      const tolerance = { rtol, atol, maxSteps, controlled: names.length };
      const integration = integrate(f(values), dimension, sampleMs, rows, tolerance);
      if (integration.kind === 'failed') return integration;
      return { kind: 'done', ...voltageOf(rows, names.length, unknowns, current.length) };
    },
  };
}

function knownParameters(model: Model, { fixed, infer }: SensitivityRequest): Record<string, number> {
  return Object.fromEntries(Object.entries(parameterValues(model, fixed)).filter(([name]) => !infer.includes(name)));
}

/** Rows hold the states, then S unknown by unknown: row[n * (1 + k) + s] = d state s / d unknown k, and state 0 is V. */
function voltageOf(rows: Float64Array, n: number, unknowns: number, samples: number): { V: Float64Array; jacobian: Float64Array } {
  const dimension = n * (1 + unknowns);
  const V = new Float64Array(samples);
  const jacobian = new Float64Array(unknowns * samples);
  for (let i = 0; i < samples; i++) {
    V[i] = rows[i * dimension]!;
    for (let k = 0; k < unknowns; k++) jacobian[k * samples + i] = rows[i * dimension + n * (1 + k)]!;
  }
  return { V, jacobian };
}

/** The program's outputs and their derivatives by `wrt`, in this order: outputs, then output by output `wrt` by `wrt`; common parts shared. */
function withPartials(program: Program, wrt: readonly string[], known: Readonly<Record<string, number>>): Program {
  const special = specialise(program, known);
  const slopes = partials(special, wrt);
  const graph = createGraph();
  const values = replay(graph, special);
  const derivatives = replay(graph, slopes);
  return emit(graph, [
    ...special.outputs.map(({ name }) => ({ name, node: outputNode(special, values, name) })),
    ...slopes.outputs.map(({ name }) => ({ name, node: outputNode(slopes, derivatives, name) })),
  ]);
}

/** f for the states and all S at given values of the unknowns. */
function rightHandSide(
  model: Model,
  { infer, freeInitial, current, sampleMs, coupling }: SensitivityRequest,
  known: Readonly<Record<string, number>>,
): (values: Float64Array) => Derivative {
  const names = stateNames(model);
  const n = names.length;
  const wrt = [...names, ...infer];
  const evaluate = createScalar(withPartials(model.derivatives, wrt, known), [...names, 'I', ...infer]);
  const inputs = new Float64Array(n + 1 + infer.length);
  const outputs = new Float64Array(n * (1 + wrt.length));
  const last = current.length - 2;
  const unknowns = infer.length + freeInitial.length;
  return (values) => (t, y, dy) => {
    for (let s = 0; s < n; s++) inputs[s] = y[s]!;
    const position = t / sampleMs;
    const i = Math.min(last, Math.floor(position));
    inputs[n] = current[i]! + (position - i) * (current[i + 1]! - current[i]!);
    for (let p = 0; p < infer.length; p++) inputs[n + 1 + p] = values[p]!;
    evaluate(inputs, outputs);
    for (let s = 0; s < n; s++) {
      dy[s] = outputs[s]!;
      const row = n + s * wrt.length;
      for (let k = 0; k < unknowns; k++) {
        const column = n * (1 + k);
        let sum = k < infer.length ? outputs[row + n + k]! : 0;
        for (let j = 0; j < n; j++) sum += outputs[row + j]! * y[column + j]!;
        dy[column + s] = sum;
      }
    }
    if (coupling !== undefined) couple(coupling, position - i, i, n, y, dy);
  };
}

/** Adds the coupling to dV/dt, and its part of dS/dt, at `share` of the way from sample i to the next. V is state 0 of n. */
function couple({ perMs, towardsMv }: Coupling, share: number, i: number, n: number, y: Float64Array, dy: Float64Array): void {
  const measured = towardsMv[i]! + share * (towardsMv[i + 1]! - towardsMv[i]!);
  dy[0]! += perMs * (measured - y[0]!);
  for (let column = n; column < y.length; column += n) dy[column]! -= perMs * y[column]!;
}

/** Writes states and S at t = 0 into the front of `row`. A tied gate moves with V(0) and with the parameters of its rates. */
function openStart(
  model: Model,
  { infer, freeInitial, initial = {} }: SensitivityRequest,
  known: Readonly<Record<string, number>>,
): (values: Float64Array, row: Float64Array) => void {
  const names = stateNames(model);
  const n = names.length;
  const wrt = ['V', ...infer];
  const steady: ScalarProgram = createScalar(withPartials(model.steadyStates, wrt, known), wrt);
  const count = model.steadyStates.outputs.length;
  const outputs = new Float64Array(count * (1 + wrt.length));
  const freeV = freeInitial.indexOf('V');
  return (values, row) => {
    const V = freeV >= 0 ? values[infer.length + freeV]! : (initial['V'] ?? model.rest);
    steady(Float64Array.of(V, ...values.subarray(0, infer.length)), outputs);
    row[0] = V;
    if (freeV >= 0) row[n * (1 + infer.length + freeV)] = 1;
    model.gates.forEach(({ name }, g) => {
      const s = g + 1;
      const free = freeInitial.indexOf(name);
      if (free >= 0) {
        row[s] = values[infer.length + free]!;
        row[n * (1 + infer.length + free) + s] = 1;
      } else if (initial[name] !== undefined) row[s] = initial[name];
      else {
        const slopes = count + g * wrt.length;
        row[s] = outputs[g]!;
        for (let p = 0; p < infer.length; p++) row[n * (1 + p) + s] = outputs[slopes + 1 + p]!;
        if (freeV >= 0) row[n * (1 + infer.length + freeV) + s] = outputs[slopes]!;
      }
    });
  };
}
