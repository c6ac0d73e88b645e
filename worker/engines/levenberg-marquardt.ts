/**
 * The driver of Levenberg-Marquardt, the same for every engine: ramp of the physics weight, damping, stop rules, control and trace. The
 * arithmetic is behind `SecondOrder`: reference/second-order.ts says what the damped system is, the fused engine has it in C++.
 *
 * The physics weight rises along the stage's ramp, each weight starting from the last state; the best state is the last accepted.
 * Huber rows are re-weighted, and a noise that is estimated is taken anew, at each linearisation; the loss before a step and the losses
 * of its trials are all taken under the weights of that linearisation, so that `total` is asked after `linearise`, never before.
 */
import type { LevenbergMarquardtStage } from '../../schemas/generated/types.ts';
import type { LossTerms, StageControl, StageOutcome } from './engine.ts';
import { inferredValues, type Layout } from './layout.ts';
import { brokenTerm } from './loss.ts';

/** One replica's loss to second order, in float64. */
export interface SecondOrder {
  readonly layout: Layout;
  /** Bring the state to theta. With `project`, first solve for the linear parameters and write them into theta. */
  evaluate(theta: Float64Array, project: boolean): LossTerms;
  /** The loss under the weights of the last linearisation. */
  total(terms: LossTerms, physics: number): number;
  /** Build the damped system at theta, which is the one last evaluated. Later evaluations leave it as it is. */
  linearise(theta: Float64Array, physics: number): void;
  /** The step of the last linearisation under a damping; null where the damped matrix is not positive definite. */
  solve(damping: number): DampedStep | null;
}

export interface DampedStep {
  /** To be added to theta; valid until the next `solve`. */
  readonly step: Float64Array;
  /** Decrease of the loss that the linear model promises. */
  readonly predicted: number;
}

const INITIAL_DAMPING = 1e-3;
const SMALLEST_DAMPING = 1e-12;
/** Rejected steps in a row after which a weight of the ramp is at its floor. */
const MAX_REJECTED = 12;

/** Moves theta; the outcome's terms are those of the theta it leaves. */
export function levenbergMarquardt(
  problem: SecondOrder,
  theta: Float64Array,
  stage: Required<LevenbergMarquardtStage>,
  control: StageControl,
  replica: number,
): StageOutcome {
  const ramp = typeof stage.physics === 'number' ? [stage.physics] : stage.physics;
  let terms = problem.evaluate(theta, stage.project);
  let steps = 0;
  const broken = brokenTerm(terms);
  if (broken !== null) return { kind: 'diverged', step: 0, term: broken };
  for (const physics of ramp) {
    let damping = INITIAL_DAMPING;
    for (let iteration = 0; iteration < stage.steps; iteration++) {
      if (control.shouldStop()) return { kind: 'interrupted', steps, terms };
      problem.linearise(theta, physics);
      const loss = problem.total(terms, physics);
      const result = damped(problem, theta, physics, loss, damping);
      steps += 1;
      control.progress(1);
      control.trace?.(replica, steps, inferredValues(problem.layout, theta));
      damping = result.damping;
      if (result.terms === null) {
        terms = problem.evaluate(theta, false);
        break;
      }
      terms = result.terms;
      if (loss - problem.total(terms, physics) < stage.tolerance * loss) break;
    }
  }
  return { kind: 'done', steps, terms };
}

interface Trial {
  readonly damping: number;
  /** Null when no damping lowered the loss; theta is then where it was. */
  readonly terms: LossTerms | null;
}

/** As many dampings of one linearisation as it takes to lower the loss; theta moves when one does. */
function damped(problem: SecondOrder, theta: Float64Array, physics: number, loss: number, initial: number): Trial {
  const trial = new Float64Array(theta.length);
  let lambda = initial;
  for (let rejected = 0; rejected < MAX_REJECTED; rejected++) {
    const solution = problem.solve(lambda);
    if (solution !== null) {
      for (let i = 0; i < trial.length; i++) trial[i] = theta[i]! + solution.step[i]!;
      const terms = problem.evaluate(trial, false);
      const decrease = loss - problem.total(terms, physics);
      if (decrease > 0) {
        theta.set(trial);
        return { damping: Math.max(lambda * dampingFactor(decrease / solution.predicted), SMALLEST_DAMPING), terms };
      }
    }
    lambda *= 4;
  }
  return { damping: lambda, terms: null };
}

/** By the ratio of the loss's decrease to the one that the linear model predicts (Nielsen 1999, eq. 2.5, with a fifth for his third). */
function dampingFactor(gain: number): number {
  return Math.max(1 / 5, 1 - (2 * gain - 1) ** 3);
}
