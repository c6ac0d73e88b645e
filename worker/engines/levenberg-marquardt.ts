/**
 * The driver of Levenberg-Marquardt, the same for every engine: ramp of the physics weight, damping, stop rules, control and trace. The
 * arithmetic is behind `SecondOrder`: reference/second-order.ts says what the damped system is, the fused engine has it in C++.
 *
 * The physics weight rises along the stage's ramp, each weight starting from the last state; the best state is the last accepted.
 * Huber rows are re-weighted, and a noise that is estimated is taken anew, at each linearisation; the loss before a step and the losses
 * of its trials are all taken under the weights of that linearisation, so that `total` is asked after `linearise`, never before.
 *
 * Between iterations everything follows from theta, the damping and the place in the ramp: a stage that was interrupted goes on from
 * these, on the same bits.
 */
import type { LevenbergMarquardtStage } from '../../schemas/generated/types.ts';
import type { LossTerms, RampPosition, StageControl, StageOutcome } from './engine.ts';
import { inferredValues, type Layout } from './layout.ts';
import { brokenTerm } from './loss.ts';
import { endSecondOrder, rampOf, secondOrderState, type SecondOrderProgress } from './replica-progress.ts';

/** One replica's loss to second order, in float64. */
export interface SecondOrder {
  readonly layout: Layout;
  /** Bring the state to theta. With `project`, a physics weight, first solve for the linear parameters under it and write them into theta. */
  evaluate(theta: Float64Array, project: number | null): LossTerms;
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

/** Moves the replica's theta; the outcome's terms are those of the theta it leaves. Takes up a stage that was interrupted, or begins it. */
export function levenbergMarquardt(
  problem: SecondOrder,
  replica: SecondOrderProgress,
  stage: Required<LevenbergMarquardtStage>,
  control: StageControl,
  index: number,
): StageOutcome {
  const { theta } = replica;
  const weights = rampOf(stage);
  const first = replica.step;
  let terms = problem.evaluate(theta, stage.project && replica.ramp === null ? weights[0]! : null);
  const broken = brokenTerm(terms);
  if (broken !== null) return { kind: 'diverged', step: replica.step, term: broken };
  let at = replica.ramp ?? beginningOf(0);
  while (at.weight < weights.length) {
    replica.ramp = at;
    if (control.shouldStop()) return { kind: 'interrupted', steps: replica.step - first, terms };
    control.checkpoint?.(index, () => secondOrderState(replica));
    const physics = weights[at.weight]!;
    problem.linearise(theta, physics);
    const loss = problem.total(terms, physics);
    const { damping, terms: lowered } = damped(problem, theta, physics, loss, at.damping);
    replica.step += 1;
    control.progress(1);
    control.trace?.(index, replica.step, inferredValues(problem.layout, theta));
    terms = lowered ?? problem.evaluate(theta, null);
    const ended = lowered === null || loss - problem.total(lowered, physics) < stage.tolerance * loss || at.iteration + 1 === stage.steps;
    at = ended ? beginningOf(at.weight + 1) : { ...at, iteration: at.iteration + 1, damping };
  }
  return endSecondOrder(replica, first, terms);
}

function beginningOf(weight: number): RampPosition {
  return { weight, iteration: 0, damping: INITIAL_DAMPING, pairs: [] };
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
      const terms = problem.evaluate(trial, null);
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
