/**
 * A neuron model, compiled: the equations of a model file as programs. Made by compile.ts from a ModelFile; the same object feeds
 * the forward simulation, the Fisher information and every engine.
 *
 * States are V (mV) and the gates. Given V and the gates before it, each gate x obeys the linear equation dx/dt = rate (inf - x). Most are
 * gates in the narrow sense (from 0 to 1, their rates functions of V alone: `isPlainGate`). The file's pools, such as a calcium
 * concentration, stand among them: they have a unit and a range, and their inf and rate may read gates (through a current), as the rates of a
 * gate may read a pool. The gates stand in an order in which each reads only V and gates before it; without pools that is the file's order.
 *
 * Input names in programs: `V`, each gate's name, `d:V` (mV/ms) and `d:<gate>` (its unit per ms) for time derivatives, `I` for the stimulus,
 * and the names of parameters. Constants are folded in, tied parameters replaced by what they are tied to.
 */
import type { ContinuousDistribution } from '../../schemas/generated/types.ts';
import type { Program } from './program.ts';

/** A state beside V. */
export interface Gate {
  readonly name: string;
  /** steady: x(0) is tied to the steady state at V(0); free: x(0) is inferred. */
  readonly initial: 'steady' | 'free';
  /** "1" for a gate in the narrow sense. */
  readonly unit: string;
  /** Where x lies, [0, 1] for a gate in the narrow sense: a network gives x as a share of it, an inferred x(0) stays within it. A simulation does not look at it. */
  readonly range: readonly [number, number];
  /** Its share of the range is that of log x; range[0] > 0. */
  readonly positive: boolean;
  /** Names of the gates that its inf and rate read; each stands before it. */
  readonly reads: readonly string[];
}

export interface Parameter {
  readonly name: string;
  readonly unit: string;
  readonly value: number;
  /** Values outside are not biophysical. */
  readonly range: readonly [number, number];
  /** Fitted as its logarithm; range[0] > 0. */
  readonly positive: boolean;
  readonly start: ContinuousDistribution | number;
}

export interface TiedParameter {
  readonly name: string;
  readonly unit: string;
  readonly positive: boolean;
  /** As the file or the spec writes it, e.g. "0.3 * gNa". */
  readonly equation: string;
}

export interface Model {
  readonly name: string;
  readonly source: string;
  readonly currentUnit: string;
  /** mV. A simulation starts here, gates at their steady state. */
  readonly rest: number;
  readonly gates: readonly Gate[];
  /** Those that have a value of their own: tied ones are not among them. */
  readonly parameters: readonly Parameter[];
  readonly tied: readonly TiedParameter[];

  /** Inputs V, gates, I, parameters. Outputs `d:V`, `d:<gate>`: the right-hand side of the ODE, per ms. */
  readonly derivatives: Program;
  /** Inputs V, gates, d:V, I, parameters. Output `residual:V` = (C d:V - balance) / C0 in mV/ms, C0 being the file's own value of C. */
  readonly currentResidual: Program;
  /**
   * Inputs V, gates, d:<gate>, parameters. Outputs `residual:<gate>` = (d:x - rate (inf - x)) / (scale sqrt(rate)): gates scaled by their
   * rate. The scale is 1 for a gate in the narrow sense, x for a positive pool, the width of the range for another.
   */
  readonly gateResiduals: Program;
  /** Inputs V, gates, parameters. Outputs `inf:<gate>` (its unit) and `rate:<gate>` (1/ms), which read only V and the gates in `reads`: dx/dt = rate (inf - x). */
  readonly gateRates: Program;
  /** Inputs V, parameters. Outputs `steady:<gate>`: where all gates come to rest when V is held; for a gate that reads no other its inf. */
  readonly steadyStates: Program;
  /** Inputs parameters. Outputs the tied parameters by name. */
  readonly tiedValues: Program;
  /** The same model with every parameter on its own, for data that were not made with the tie; absent where nothing is tied. */
  readonly untied?: Model;
}

/** V, then the gates in the model's order. */
export function stateNames(model: Model): string[] {
  return ['V', ...model.gates.map(({ name }) => name)];
}

/** Not a gate in the narrow sense, which has no unit and lies from 0 to 1. */
export function isPool({ unit, range, positive }: Gate): boolean {
  return unit !== '1' || range[0] !== 0 || range[1] !== 1 || positive;
}

/** A gate in the narrow sense, moved by V alone. */
export function isPlainGate(gate: Gate): boolean {
  return !isPool(gate) && gate.reads.length === 0;
}
