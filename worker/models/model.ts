/**
 * A neuron model, compiled: the equations of a model file as programs. Made by compile.ts from a ModelFile; the same object feeds
 * the forward simulation, the Fisher information and every engine.
 *
 * States are V (mV) and the gates (1). Input names in programs: `V`, each gate's name, `d:V` (mV/ms) and `d:<gate>` (1/ms) for time
 * derivatives, `I` for the stimulus, and the names of parameters. Constants are folded in.
 */
import type { ContinuousDistribution } from '../../schemas/generated/types.ts';
import type { Program } from './program.ts';

export interface Gate {
  readonly name: string;
  /** steady: x(0) is tied to the steady state at V(0); free: x(0) is inferred. */
  readonly initial: 'steady' | 'free';
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

export interface Model {
  readonly name: string;
  readonly source: string;
  readonly currentUnit: string;
  /** mV. A simulation starts here, gates at their steady state. */
  readonly rest: number;
  readonly gates: readonly Gate[];
  readonly parameters: readonly Parameter[];

  /** Inputs V, gates, I, parameters. Outputs `d:V`, `d:<gate>`: the right-hand side of the ODE, per ms. */
  readonly derivatives: Program;
  /** Inputs V, gates, d:V, I, parameters. Output `residual:V` = (C d:V - balance) / C0 in mV/ms, C0 being the file's own value of C. */
  readonly currentResidual: Program;
  /** Inputs V, gates, d:<gate>, parameters. Outputs `residual:<gate>` = (d:x - rate (inf - x)) / sqrt(rate), the gates scaled by their rate. */
  readonly gateResiduals: Program;
  /** Inputs V, parameters. Outputs `inf:<gate>` (1) and `rate:<gate>` (1/ms, alpha + beta). Given V each gate obeys dx/dt = rate (inf - x). */
  readonly gateRates: Program;
}

/** V, then the gates in the model's order. */
export function stateNames(model: Model): string[] {
  return ['V', ...model.gates.map(({ name }) => name)];
}
