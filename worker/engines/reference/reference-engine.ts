/**
 * The `reference` engine: float64, plain loops, one replica after the other. It is the oracle that every other engine is compared with,
 * and the second-order finish of engines that have none of their own.
 */
import type { AdamStage, LevenbergMarquardtStage } from '../../../schemas/generated/types.ts';
import type { Cohort, Engine, Evaluation, Member, Reconstruction, ReplicaState, Shape, StageControl, StageOutcome } from '../engine.ts';
import { adamStep, type Moments } from './adam.ts';
import { brokenTerm, levenbergMarquardt } from './levenberg-marquardt.ts';
import { Objective } from './objective.ts';
import { inferredValues, parameterValues } from './program-run.ts';

export function createReferenceEngine(): Engine {
  return {
    name: 'reference',
    open: (shape, members) => Promise.resolve(new ReferenceCohort(shape, members)),
    close: () => Promise.resolve(),
  };
}

interface Replica {
  readonly objective: Objective;
  readonly theta: Float64Array;
  moments: Moments | null;
  step: number;
}

class ReferenceCohort implements Cohort {
  private replicas: Replica[] | null;

  constructor(shape: Shape, members: readonly Member[]) {
    this.replicas = members.map((member) => ({
      objective: new Objective(shape, member),
      theta: member.theta.slice(),
      moments: null,
      step: 0,
    }));
  }

  get size(): number {
    return this.open().length;
  }

  private open(): Replica[] {
    if (this.replicas === null) throw new Error('internal: the cohort is closed');
    return this.replicas;
  }

  async evaluate(physics: number): Promise<Evaluation[]> {
    return this.open().map(({ objective, theta }) => objective.evaluation(theta, physics));
  }

  async adam(stage: Required<AdamStage>, control: StageControl): Promise<StageOutcome[]> {
    return this.open().map((replica, r) => trainAdam(replica, stage, control, r));
  }

  async levenbergMarquardt(stage: Required<LevenbergMarquardtStage>, control: StageControl): Promise<StageOutcome[]> {
    return this.open().map(({ objective, theta }, r) => levenbergMarquardt(objective, theta, stage, control, r));
  }

  async reconstruct(): Promise<Reconstruction[]> {
    return this.open().map(({ objective, theta }) => {
      objective.evaluate(theta);
      return { states: objective.head.states(), parameters: parameterValues(objective.layout, theta) };
    });
  }

  async save(replica: number): Promise<ReplicaState> {
    const { theta, moments, step } = this.replica(replica);
    const copied = moments === null ? {} : { moments: { first: moments.first.slice(), second: moments.second.slice() } };
    return { theta: theta.slice(), step, ...copied };
  }

  async load(replica: number, state: ReplicaState): Promise<void> {
    const target = this.replica(replica);
    target.theta.set(state.theta);
    target.step = state.step;
    target.moments = state.moments === undefined ? null : { first: state.moments.first.slice(), second: state.moments.second.slice() };
  }

  private replica(index: number): Replica {
    const replica = this.open()[index];
    if (replica === undefined) throw new Error(`internal: the cohort has no replica ${index}`);
    return replica;
  }

  async close(): Promise<void> {
    this.replicas = null;
  }
}

/** Take up a stage that was saved in its middle (moments present), or begin it. Moments are dropped when it is done. */
function trainAdam(replica: Replica, stage: Required<AdamStage>, control: StageControl, index: number): StageOutcome {
  const { objective, theta } = replica;
  const moments = (replica.moments ??= { first: new Float64Array(theta.length), second: new Float64Array(theta.length) });
  const gradient = new Float64Array(theta.length);
  const project = stage.project && stage.physics > 0;
  let taken = 0;
  while (replica.step < stage.steps) {
    const terms = objective.evaluate(theta, project);
    const term = brokenTerm(terms);
    if (term !== null) return { kind: 'diverged', step: replica.step, term };
    if (control.shouldStop()) return { kind: 'interrupted', steps: taken, terms };
    objective.gradient(theta, stage.physics, gradient);
    if (project) objective.projection?.places.forEach((place) => (gradient[place] = 0));
    adamStep(theta, gradient, moments, stage, replica.step, objective.layout);
    replica.step += 1;
    taken += 1;
    control.progress(1);
    control.trace?.(index, replica.step, inferredValues(objective.layout, theta));
  }
  const terms = objective.evaluate(theta, project);
  replica.moments = null;
  replica.step = 0;
  const term = brokenTerm(terms);
  return term === null ? { kind: 'done', steps: taken, terms } : { kind: 'diverged', step: stage.steps, term };
}
