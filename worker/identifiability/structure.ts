/**
 * What the equations alone cannot tell apart: changes of parameters that leave the right-hand side of every equation as it is, whatever V and
 * the gates do, under the values that the current takes. Such a change leaves V(t) as it is, exactly, whatever the noise; nothing is
 * simulated.
 *
 * The derivatives by the parameters are the model's own derivative programs, evaluated at random states: a sum of columns that is zero at many
 * of them is zero at all (Sedoglavic 2002, J Symb Comput 33, 735, for the probabilistic rank). Sound for what it finds. What only the
 * course of V hides (a gate that stays closed) is not found here, but by the Fisher information.
 */
import { randomStream } from '../../schemas/random.ts';
import { partials } from '../models/differentiate.ts';
import { specialise } from '../models/graph.ts';
import { createScalar } from '../models/interpret.ts';
import { stateNames, type Model } from '../models/model.ts';
import { dependentColumns, EXACT } from './dependent-columns.ts';
import { borderStep, type Unknown } from './unknown.ts';

export interface StructureRequest {
  readonly unknowns: readonly Unknown[];
  /** every parameter of the model, the unknown ones where the directions are asked for */
  readonly parameters: Readonly<Record<string, number>>;
  /** values that the current takes, in the model's unit */
  readonly currents: readonly number[];
}

/** mV; where V of a neuron may be. */
const VOLTAGES = [-100, 40] as const;
/** Many more than the unknowns of any spec. */
const STATES = 80;

/**
 * Directions in borders, each of few parameters, the largest part being 1. With a tolerance above EXACT also those that hold but for that
 * share of the equations.
 */
export function structuralDirections(
  model: Model,
  { unknowns, parameters, currents }: StructureRequest,
  tolerance: number = EXACT,
): Float64Array[] {
  const infer = unknowns.map(({ name }) => name);
  const known = Object.fromEntries(Object.entries(parameters).filter(([name]) => !infer.includes(name)));
  const states = stateNames(model);
  const program = partials(specialise(model.derivatives, known), infer);
  const evaluate = createScalar(program, [...states, 'I', ...infer]);
  const values = infer.map((name) => parameters[name]!);
  const draws = randomStream(0, 'identifiability:structure');
  const columns = infer.map(() => new Float64Array(STATES * states.length));
  const outputs = new Float64Array(program.outputs.length);
  for (let j = 0; j < STATES; j++) {
    const at = stateAt(model, (k) => draws.uniform(j * states.length + k));
    evaluate(Float64Array.of(...at, currents[j % currents.length]!, ...values), outputs);
    for (let s = 0; s < states.length; s++)
      infer.forEach((_, p) => {
        columns[p]![s * STATES + j] = outputs[s * infer.length + p]! * borderStep(unknowns[p]!, values[p]!);
      });
  }
  for (let row = 0; row < columns[0]!.length; row++) normalise(columns, row);
  return dependentColumns(columns, { tolerance });
}

/** Gates are near their lower end half of the time, so that each current is the largest in some states. */
function stateAt({ gates }: Model, uniform: (k: number) => number): number[] {
  const between = (low: number, high: number, share: number): number => low + (high - low) * share;
  const closed = uniform(0) < 0.5;
  return [
    between(...VOLTAGES, (2 * uniform(0)) % 1),
    ...gates.map(({ range: [low, high], positive }, k) => {
      const share = uniform(k + 1) ** (closed ? 4 : 1);
      return positive ? Math.exp(between(Math.log(low), Math.log(high), share)) : between(low, high, share);
    }),
  ];
}

/** A row to at most 1: at each state every equation counts alike. */
function normalise(columns: readonly Float64Array[], row: number): void {
  const largest = Math.max(...columns.map((column) => Math.abs(column[row]!)));
  if (largest > 0) for (const column of columns) column[row]! /= largest;
}
