/**
 * What a compiled build of the core offers, the same for the add-on and for WebAssembly: the functions of core/exports.hpp over one cohort.
 * Calls are synchronous. What the core refuses is thrown by the builds: a bug, or memory that has ended.
 */
import { LoligoError } from '../../../schemas/errors.ts';
import type { Description } from './description.ts';

export interface Kernel {
  /** Instruction set that it was compiled for. */
  readonly instructionSet: string;
  open(description: Description): KernelCohort;
}

/** Replicas by index. Lengths: theta, moments, gradients and steps that of theta; terms 3 (data, current, gates). */
export interface KernelCohort {
  /** Memory that it holds. */
  readonly bytes: number;
  getTheta(replica: number, theta: Float64Array): void;
  setTheta(replica: number, theta: Float64Array): void;
  getMoments(replica: number, first: Float64Array, second: Float64Array): void;
  setMoments(replica: number, first: Float64Array, second: Float64Array): void;
  /** Multipliers of the terms (weighting.ts), 3. */
  getFactors(replica: number, factors: Float64Array): void;
  setFactors(replica: number, factors: Float64Array): void;
  /**
   * Up to `steps` Adam steps from step `step` in float32; the number taken is less where the replica diverged, of which `terms` say in
   * what. `trace`, if any: [steps][inferred parameters].
   */
  adam(replica: number, stage: Float64Array, step: number, steps: number, terms: Float64Array, trace: Float64Array | null): number;
  /** In float64; with `project`, a physics weight, theta's linear parameters are first solved for under it, in place. */
  evaluate(replica: number, theta: Float64Array, project: number | null, terms: Float64Array): void;
  /** At the theta last evaluated, overwritten. */
  gradient(replica: number, physics: number, gradient: Float64Array): void;
  /** Terms and gradient in the arithmetic of `adam`. */
  gradient32(replica: number, theta: Float64Array, physics: number, gradient: Float64Array, terms: Float64Array): void;
  /** Takes the factor of the data term anew at the theta last evaluated, and returns it. */
  refresh(replica: number): number;
  linearise(replica: number, physics: number): void;
  /** The step to be added and, as `predicted`, the decrease of the loss; null where the damped matrix is not positive definite. */
  solve(replica: number, damping: number, step: Float64Array): number | null;
  /** states: [1 + gates][points] */
  reconstruct(replica: number, states: Float64Array, parameters: Float64Array): void;
  /** Releases everything; a second time does nothing. */
  close(): void;
}

/** Code and Refusal of the core. */
const CODES = ['', 'description', 'memory', 'replica', 'length', 'stage', 'order', 'definiteness', 'support'];
export const NOT_POSITIVE = -7;
const OUT_OF_MEMORY = -2;

/** The core's result, or what it refused as an error. */
export function accepted(code: number, call: string, detail = 0): number {
  if (code >= 0) return code;
  if (code === OUT_OF_MEMORY) throw outOfMemory();
  throw new Error(`internal: the compiled core refused ${call} by its ${CODES[-code] ?? code} (check ${detail})`);
}

function outOfMemory(): LoligoError {
  return new LoligoError([
    {
      code: 'OUT_OF_MEMORY',
      where: 'training',
      rule: 'the memory must hold the cohort',
      remedy: 'Train smaller networks, shorter windows, or on fewer threads (--workers).',
    },
  ]);
}
