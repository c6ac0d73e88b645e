/**
 * The forward problem: V and gates of a model under a given current. Feeds synthetic data, the predictive check, the Fisher
 * information and `loligo simulate`. The current is linear between samples.
 *
 * Accuracy at the default tolerance: within 1e-7 mV (root mean square) of SciPy's DOP853 at rtol 1e-11 for Hodgkin-Huxley under
 * constant, ramp, sine and fluctuating current and for pospischil-rs (tests/worker/simulate/forward.test.ts). An integrator that is
 * off by millivolts at spikes, as exponential Euler at 0.025 ms is, would bias every estimate scored with it.
 */
import { specialise } from '../models/graph.ts';
import { createScalar } from '../models/interpret.ts';
import { stateNames, type Model } from '../models/model.ts';
import { parameterValues } from '../models/parameter-values.ts';
import { integrate } from './dormand-prince.ts';
import type { Derivative, Integration } from './dormand-prince.ts';

export interface Simulation {
  /** by name, in the model's units; the model's own value for a name not given */
  readonly parameters: Readonly<Record<string, number>>;
  /** V (mV) and gates at t = 0; V is the model's rest when not given, a gate is at its steady state at V */
  readonly initial?: Readonly<Record<string, number>>;
  /** in the model's unit, one value per sample */
  readonly current: Float64Array;
  readonly sampleMs: number;
  readonly rtol?: number;
  /** mV for V, 1 for gates, a pool's own unit for it */
  readonly atol?: number;
  /** Steps after which the integration is given up; enough for any sensible neuron when absent. */
  readonly maxSteps?: number;
}

export type SimulationOutcome =
  /** V (mV) and each gate by name, one value per sample */
  | { readonly kind: 'done'; readonly states: Readonly<Record<string, Float64Array>> }
  | { readonly kind: 'failed'; readonly atMs: number; readonly reason: 'step-limit' | 'not-finite' };

const TOLERANCE = 1e-9;

/**
 * Steps allowed: a Hodgkin-Huxley neuron needs 50 per ms at tolerance 1e-9. Stiffer parameters need more until the explicit method
 * crawls; 2,000 per ms is 100,000 steps, half a second for 50 ms.
 */
const STEPS_PER_MS = 2_000;
const STEPS_AT_LEAST = 10_000;

export function stepLimit(samples: number, sampleMs: number): number {
  return STEPS_AT_LEAST + STEPS_PER_MS * samples * sampleMs;
}

export function simulate(model: Model, simulation: Simulation): SimulationOutcome {
  const { current, sampleMs, rtol = TOLERANCE, atol = TOLERANCE, maxSteps = stepLimit(current.length, sampleMs) } = simulation;
  const parameters = parameterValues(model, simulation.parameters);
  const names = stateNames(model);
  if (current.length < 2) throw new Error('internal: a simulation needs two samples');
  const rows = new Float64Array(current.length * names.length);
  rows.set(initialState(model, parameters, simulation.initial ?? {}));
  const derivative = rightHandSide(model, parameters, current, sampleMs);
  const integration = integrate(derivative, names.length, sampleMs, rows, { rtol, atol, maxSteps });
  return outcomeOf(integration, names, rows);
}

/**
 * Steady state of every gate at V, by name.
 * @param parameters as in Simulation
 */
export function steadyGates(model: Model, parameters: Readonly<Record<string, number>>, V: number): Record<string, number> {
  const program = specialise(model.steadyStates, parameterValues(model, parameters));
  const outputs = new Float64Array(program.outputs.length);
  createScalar(program, ['V'])(Float64Array.of(V), outputs);
  const byOutput = new Map(program.outputs.map(({ name }, k) => [name, outputs[k]!]));
  return Object.fromEntries(model.gates.map(({ name }) => [name, byOutput.get(`steady:${name}`) ?? NaN]));
}

function initialState(model: Model, parameters: Readonly<Record<string, number>>, initial: Readonly<Record<string, number>>): number[] {
  const stranger = Object.keys(initial).find((name) => !stateNames(model).includes(name));
  if (stranger !== undefined) throw new Error(`internal: model ${model.name} has no state ${stranger}`);
  const { V = model.rest } = initial;
  const steady = steadyGates(model, parameters, V);
  return [V, ...model.gates.map(({ name }) => initial[name] ?? steady[name]!)];
}

function rightHandSide(model: Model, parameters: Readonly<Record<string, number>>, current: Float64Array, sampleMs: number): Derivative {
  const names = stateNames(model);
  const program = specialise(model.derivatives, parameters);
  if (program.outputs.some(({ name }, k) => name !== `d:${names[k]}`))
    throw new Error('internal: derivatives are not in the order of states');
  const evaluate = createScalar(program, [...names, 'I']);
  const inputs = new Float64Array(names.length + 1);
  const last = current.length - 2;
  return (t, y, dy) => {
    inputs.set(y);
    const position = t / sampleMs;
    const i = Math.min(last, Math.floor(position));
    inputs[y.length] = current[i]! + (position - i) * (current[i + 1]! - current[i]!);
    evaluate(inputs, dy);
  };
}

function outcomeOf(integration: Integration, names: readonly string[], rows: Float64Array): SimulationOutcome {
  if (integration.kind === 'failed') return integration;
  const samples = rows.length / names.length;
  const column = (k: number): Float64Array => Float64Array.from({ length: samples }, (_, i) => rows[i * names.length + k]!);
  return { kind: 'done', states: Object.fromEntries(names.map((name, k) => [name, column(k)])) };
}
