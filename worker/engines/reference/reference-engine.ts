/**
 * The `reference` engine: float64, plain loops, one replica after the other. It is the oracle that every other engine is compared with,
 * and the second-order finish of engines that have none of their own.
 */
import type { AdamStage, LbfgsStage, LevenbergMarquardtStage } from '../../../schemas/generated/types.ts';
import type {
  Cohort,
  Engine,
  Evaluation,
  LossTerms,
  Member,
  Reconstruction,
  ReplicaState,
  Shape,
  StageControl,
  StageOutcome,
} from '../engine.ts';
import { hostArithmetic } from '../host-arithmetic.ts';
import { inferredValues } from '../layout.ts';
import { lbfgs } from '../lbfgs.ts';
import { levenbergMarquardt } from '../levenberg-marquardt.ts';
import { brokenTerm } from '../loss.ts';
import {
  beginning,
  endAdam,
  momentsOf,
  multipliersOf,
  opened,
  replicaAt,
  restoreState,
  savedState,
  type ReplicaProgress,
} from '../replica-progress.ts';
import { balanceGradients, GRADIENT_NORM_INTERVAL, growMultipliers } from '../weighting.ts';
import { adamStep, physicsAt, projectionWeight, projects } from './adam.ts';
import { Objective } from './objective.ts';
import { ReferenceSecondOrder } from './second-order.ts';

export function createReferenceEngine(): Engine {
  return {
    name: 'reference',
    arithmetic: hostArithmetic(),
    refuses: () => null,
    open: (shape, members) => Promise.resolve(new ReferenceCohort(shape, members)),
    close: () => Promise.resolve(),
  };
}

interface Replica extends ReplicaProgress {
  readonly weighting: Member['weighting'];
  readonly objective: Objective;
}

class ReferenceCohort implements Cohort {
  private replicas: readonly Replica[] | null;

  constructor(shape: Shape, members: readonly Member[]) {
    this.replicas = members.map((member) => ({
      weighting: member.weighting,
      objective: new Objective(shape, member),
      ...beginning(member.theta),
    }));
  }

  get size(): number {
    return opened(this.replicas).length;
  }

  async evaluate(physics: number): Promise<Evaluation[]> {
    return opened(this.replicas).map(({ objective, theta }) => objective.evaluation(theta, physics));
  }

  async adam(stage: Required<AdamStage>, control: StageControl): Promise<StageOutcome[]> {
    return opened(this.replicas).map((replica, r) => trainAdam(replica, stage, control, r));
  }

  async levenbergMarquardt(stage: Required<LevenbergMarquardtStage>, control: StageControl): Promise<StageOutcome[]> {
    return opened(this.replicas).map((replica, r) =>
      levenbergMarquardt(new ReferenceSecondOrder(replica.objective), replica, stage, control, r),
    );
  }

  async lbfgs(stage: Required<LbfgsStage>, control: StageControl): Promise<StageOutcome[]> {
    return opened(this.replicas).map((replica, r) => lbfgs(replica.objective, replica, stage, control, r));
  }

  async reconstruct(): Promise<Reconstruction[]> {
    return opened(this.replicas).map(({ objective, theta }) => objective.reconstruction(theta));
  }

  async save(replica: number): Promise<ReplicaState> {
    return savedState(replicaAt(this.replicas, replica));
  }

  async load(replica: number, state: ReplicaState): Promise<void> {
    restoreState(replicaAt(this.replicas, replica), state);
  }

  async close(): Promise<void> {
    this.replicas = null;
  }
}

/** Take up a stage that was saved in its middle (moments present), or begin it. Moments and multipliers are dropped when it is done. */
function trainAdam(replica: Replica, stage: Required<AdamStage>, control: StageControl, index: number): StageOutcome {
  const { objective, theta } = replica;
  const moments = momentsOf(replica);
  const gradient = new Float64Array(theta.length);
  const project = projects(stage);
  const projectAt = (): number | null => projectionWeight(stage, replica.step);
  let taken = 0;
  while (replica.step < stage.steps) {
    // before theta is projected: that is part of the step
    if (control.shouldStop()) return { kind: 'interrupted', steps: taken, terms: objective.evaluate(theta.slice(), projectAt()) };
    control.checkpoint?.(index, () => savedState(replica));
    const terms = objective.evaluate(theta, projectAt());
    const term = brokenTerm(terms);
    if (term !== null) return { kind: 'diverged', step: replica.step, term };
    objective.refresh();
    const physics = physicsAt(stage, replica.step);
    objective.gradient(theta, physics, gradient, balanced(replica, terms, physics));
    if (project) objective.projection?.places.forEach((place) => (gradient[place] = 0));
    adamStep(theta, gradient, moments, stage, replica.step, objective.layout);
    replica.step += 1;
    taken += 1;
    control.progress(1);
    control.trace?.(index, replica.step, inferredValues(objective.layout, theta));
  }
  return endAdam(replica, stage, objective.evaluate(theta, projectAt()), taken);
}

/** The multipliers for the step at the state last evaluated. */
function balanced(replica: Replica, terms: LossTerms, physics: number): Float64Array | undefined {
  const { weighting, objective, theta } = replica;
  if (weighting === 'fixed') return undefined;
  const multipliers = multipliersOf(replica);
  if (physics === 0) return multipliers;
  if (weighting === 'self-adaptive') growMultipliers(multipliers, terms, objective.head.rows.gates > 0 ? 3 : 2);
  else if (replica.step % GRADIENT_NORM_INTERVAL === 0) balanceGradients(multipliers, objective.termGradients(theta));
  return multipliers;
}
