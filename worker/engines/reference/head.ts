/**
 * The head turns what the network puts out into residuals: the part that differs between the two formulations, network-head.ts
 * (one network gives V and every gate) and integrated-head.ts (the network gives V, gates are integrated along it).
 *
 * Rows of residuals, in this order: data (V - recording, one per sample), current (residual:V, one per collocation point), gates
 * (network formulation only: one per gate and point). All are in physical units here; objective.ts scales and weights them.
 */
import type { ResidualRows } from '../loss.ts';
import type { Network } from './network.ts';

/** Functionals by their local derivatives with respect to the network's outputs: functional r looks at one point only. */
export interface Functionals {
  /** Collocation point of each functional. */
  readonly point: Int32Array;
  /** d functional / d output and / d (d output / dt) at that point, [rows, outputs]. dBar is 0 in rows before `firstTangent`. */
  readonly bar: Float64Array;
  readonly dBar: Float64Array;
  readonly firstTangent: number;
}

export interface Head {
  readonly rows: ResidualRows;
  /** All residuals after `evaluate`. */
  readonly residual: Float64Array;
  /** Read the network's outputs and theta, fill `residual`. */
  evaluate(network: Network, theta: Float64Array): void;
  /** Compute the derivatives at the state last evaluated; `pullback`, `functionals`, `transform` and `columns` read them. */
  linearise(network: Network, theta: Float64Array): void;
  /** Adjoints of the residuals -> adjoints of the network's outputs (overwritten) and of the rest of theta (added to `gradient`). */
  pullback(residualBar: Float64Array, outBar: Float64Array, dOutBar: Float64Array, gradient: Float64Array): void;
  /** Functionals whose span holds every residual's dependence on the network. */
  functionals(): Functionals;
  /** Gram matrix of the functionals [q, q] (symmetric, full) -> Gram matrix of the residuals [rows, rows]. May reuse the argument's memory. */
  transform(gram: Float64Array): Float64Array;
  /** d residual / d theta for theta beyond the network: [theta.size - networkSize][rows]. */
  columns(): readonly Float64Array[];
  /** V and each gate on the collocation grid at the state last evaluated. */
  states(): Readonly<Record<string, Float64Array>>;
}
