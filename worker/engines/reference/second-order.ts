/**
 * The damped system of Levenberg-Marquardt in float64, in the space of residuals: with R = diag(row scales), J_w the residuals' Jacobian
 * by the network's weights and J_p by everything else in theta,
 *   K = R (J_w J_w^T + s^2 J_p J_p^T) R,   (K + lambda I) y = R r,   step = -(J_w^T R y, s^2 J_p^T R y).
 * This is the damped Gauss-Newton step (Levenberg 1944; Nocedal, Wright 2006, 10.3) after the push-through identity: a system of as
 * many equations as residuals instead of weights. The parameters are damped s^2 times less than the weights: they are few and well
 * determined, and the damping that a network needs would hold them back along their soft direction.
 */
import type { LossTerms } from '../engine.ts';
import { heldBySecondOrder, type Layout } from '../layout.ts';
import type { DampedStep, SecondOrder } from '../levenberg-marquardt.ts';
import { cholesky, solveFactored } from './dense.ts';
import type { Objective } from './objective.ts';

/** s: parameters move this much more freely than weights. 3 to 30 end alike (30 begins slower), 300 throws the first steps far off. */
const PARAMETER_FREEDOM = 10;

/** Where the system was built. */
interface Linearisation {
  readonly theta: Float64Array;
  readonly scale: Float64Array;
  /** R r */
  readonly residual: Float64Array;
  /** K, lower triangle, [rows, rows] */
  readonly system: Float64Array;
}

export class ReferenceSecondOrder implements SecondOrder {
  private readonly objective: Objective;
  private linearisation: Linearisation | null = null;
  /** Whether the objective has left the linearised state, so that a pullback would go through another. */
  private moved = false;

  constructor(objective: Objective) {
    this.objective = objective;
  }

  get layout(): Layout {
    return this.objective.layout;
  }

  evaluate(theta: Float64Array, project: number | null): LossTerms {
    this.moved = true;
    return this.objective.evaluate(theta, project);
  }

  total(terms: LossTerms, physics: number): number {
    return this.objective.total(terms, physics);
  }

  linearise(theta: Float64Array, physics: number): void {
    const { objective } = this;
    objective.linearise(theta);
    const scale = objective.rowScales(physics);
    const residual = objective.residual().map((value, r) => (scale[r] === 0 ? 0 : scale[r]! * value));
    this.linearisation = { theta: theta.slice(), scale, residual, system: createSystem(objective, theta, scale) };
    this.moved = false;
  }

  solve(damping: number): DampedStep | null {
    const { objective, linearisation } = this;
    if (linearisation === null) throw new Error('internal: nothing was linearised');
    const { theta, scale, residual, system } = linearisation;
    const y = solveDamped(system, residual, damping);
    if (y === null) return null;
    if (this.moved) {
      objective.evaluate(theta);
      objective.linearise(theta);
      this.moved = false;
    }
    // K y + lambda y = r, so lambda y is what the linear model leaves of the residual
    const predicted = squared(residual) - damping ** 2 * squared(y);
    for (let r = 0; r < y.length; r++) y[r]! *= -scale[r]!;
    const step = new Float64Array(this.layout.size);
    objective.pullback(theta, y, step);
    // pullback gives J^T R y; what is beyond the network carries the factor s^2
    for (let i = this.layout.networkSize; i < step.length; i++) step[i]! *= PARAMETER_FREEDOM ** 2;
    for (const [from, to] of heldBySecondOrder(this.layout)) step.fill(0, from, to);
    return { step, predicted };
  }
}

function squared(y: Float64Array): number {
  return y.reduce((sum, value) => sum + value * value, 0);
}

/** K, lower triangle. */
function createSystem(objective: Objective, theta: Float64Array, scale: Float64Array): Float64Array {
  const gram = objective.gram(theta);
  const rows = scale.length;
  const columns = objective.columns();
  for (let r = 0; r < rows; r++) {
    for (let s = 0; s <= r; s++) {
      let value = gram[r * rows + s]!;
      for (const column of columns) value += PARAMETER_FREEDOM ** 2 * column[r]! * column[s]!;
      gram[r * rows + s] = scale[r] === 0 || scale[s] === 0 ? 0 : value * scale[r]! * scale[s]!;
    }
  }
  return gram;
}

function solveDamped(system: Float64Array, residual: Float64Array, lambda: number): Float64Array | null {
  const n = residual.length;
  const factor = system.slice();
  for (let i = 0; i < n; i++) factor[i * n + i]! += lambda;
  if (!cholesky(factor, n)) return null;
  const y = residual.slice();
  solveFactored(factor, n, y);
  return y;
}
