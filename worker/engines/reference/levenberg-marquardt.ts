/**
 * Levenberg-Marquardt on the whole residual vector in float64, in the space of residuals: with R = diag(row scales), J_w the residuals'
 * Jacobian by the network's weights and J_p by everything else in theta,
 *   K = R (J_w J_w^T + s^2 J_p J_p^T) R + lambda I,   K y = R r,   step = -(J_w^T R y, s^2 J_p^T R y).
 * This is the damped Gauss-Newton step (Levenberg 1944; Nocedal, Wright 2006, 10.3) after the push-through identity: a system of as
 * many equations as residuals instead of weights. The parameters are damped s^2 times less than the weights: they are few and well
 * determined, and the damping that a network needs would hold them back along their soft direction.
 *
 * The physics weight rises along the stage's ramp, each weight starting from the last state; the best state is the last accepted.
 */
import type { LevenbergMarquardtStage } from '../../../schemas/generated/types.ts';
import type { LossTerms, StageControl, StageOutcome } from '../engine.ts';
import { inferredValues } from '../layout.ts';
import { brokenTerm } from '../loss.ts';
import { cholesky, solveFactored } from './dense.ts';
import type { Objective } from './objective.ts';

/** s: parameters move this much more freely than weights. 3 to 30 end alike (30 begins slower), 300 throws the first steps far off. */
const PARAMETER_FREEDOM = 10;
const INITIAL_DAMPING = 1e-3;
const SMALLEST_DAMPING = 1e-12;
/** Rejected steps in a row after which a weight of the ramp is at its floor. */
const MAX_REJECTED = 12;

export function levenbergMarquardt(
  objective: Objective,
  theta: Float64Array,
  stage: Required<LevenbergMarquardtStage>,
  control: StageControl,
  replica: number,
): StageOutcome {
  const ramp = typeof stage.physics === 'number' ? [stage.physics] : stage.physics;
  let terms = objective.evaluate(theta, stage.project);
  let steps = 0;
  const broken = brokenTerm(terms);
  if (broken !== null) return { kind: 'diverged', step: 0, term: broken };
  for (const physics of ramp) {
    let damping = INITIAL_DAMPING;
    for (let iteration = 0; iteration < stage.steps; iteration++) {
      if (control.shouldStop()) return { kind: 'interrupted', steps, terms };
      const loss = objective.total(terms, physics);
      const result = iterate(objective, theta, physics, loss, damping);
      steps += 1;
      control.progress(1);
      control.trace?.(replica, steps, inferredValues(objective.layout, theta));
      damping = result.damping;
      if (!result.accepted) break;
      terms = result.terms;
      if (loss - objective.total(terms, physics) < stage.tolerance * loss) break;
    }
  }
  return { kind: 'done', steps, terms };
}

interface Iteration {
  accepted: boolean;
  damping: number;
  terms: LossTerms;
}

/** One linearisation and as many dampings as it takes to decrease the loss; theta moves when one does. */
function iterate(objective: Objective, theta: Float64Array, physics: number, loss: number, damping: number): Iteration {
  const { layout } = objective;
  objective.linearise(theta);
  const scale = objective.rowScales(physics);
  const system = createSystem(objective, theta, scale);
  const residual = objective.head.residual.map((value, r) => (scale[r] === 0 ? 0 : scale[r]! * value));
  const columns = objective.head.columns();
  const step = new Float64Array(layout.size);
  const trial = new Float64Array(layout.size);
  const before = theta.slice();
  let lambda = damping;
  for (let rejected = 0; rejected < MAX_REJECTED; rejected++) {
    const y = solveDamped(system, residual, lambda);
    if (y !== null) {
      // K y + lambda y = r, so lambda y is what the linear model leaves of the residual
      const predicted = loss - lambda ** 2 * squared(y);
      for (let r = 0; r < y.length; r++) y[r]! *= scale[r]!;
      step.fill(0);
      objective.pullback(before, y, step);
      // pullback gives J^T R y; the columns beyond the network carry the factor s^2
      columns.forEach((_, k) => (step[layout.networkSize + k]! *= PARAMETER_FREEDOM ** 2));
      for (let i = 0; i < trial.length; i++) trial[i] = before[i]! - step[i]!;
      const terms = objective.evaluate(trial);
      const decrease = loss - objective.total(terms, physics);
      if (decrease > 0) {
        theta.set(trial);
        return { accepted: true, damping: Math.max(lambda * dampingFactor(decrease / predicted), SMALLEST_DAMPING), terms };
      }
      // the tapes must hold the linearised state again before the next pullback
      objective.evaluate(before);
      objective.linearise(before);
    }
    lambda *= 4;
  }
  return { accepted: false, damping: lambda, terms: objective.evaluate(before) };
}

function squared(y: Float64Array): number {
  return y.reduce((sum, value) => sum + value * value, 0);
}

/** By the ratio of the loss's decrease to the one that the linear model predicts (Nielsen 1999, eq. 2.5, with a fifth for his third). */
function dampingFactor(gain: number): number {
  return Math.max(1 / 5, 1 - (2 * gain - 1) ** 3);
}

/** R (J_w J_w^T + s^2 J_p J_p^T) R, lower triangle. */
function createSystem(objective: Objective, theta: Float64Array, scale: Float64Array): Float64Array {
  const gram = objective.gram(theta);
  const rows = scale.length;
  const columns = objective.head.columns();
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
