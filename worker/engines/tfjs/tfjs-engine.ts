/**
 * The `tfjs` engine: Adam in float32 on TensorFlow.js, by TensorFlow's C library or WebAssembly (open-backend.ts), replicas of a cohort side by
 * side, weights and moments in float64 on the host (the device gets rounded copies), so that a state saves and resumes bit for bit.
 *
 * What float32 is not enough for runs on the reference implementation in float64, on the same theta: Levenberg-Marquardt, the terms
 * that a stage reports when it ends, and reconstructions. Nothing lies on the device between stages.
 */
import type { AdamStage, LbfgsStage, LevenbergMarquardtStage } from '../../../schemas/generated/types.ts';
import type {
  Cohort,
  Engine,
  Evaluation,
  LossTerm,
  LossTerms,
  Member,
  Reconstruction,
  ReplicaState,
  Shape,
  StageControl,
  StageOutcome,
} from '../engine.ts';
import { inferredValues } from '../layout.ts';
import { lbfgs } from '../lbfgs.ts';
import { levenbergMarquardt } from '../levenberg-marquardt.ts';
import { brokenTerm, totalLoss } from '../loss.ts';
import { adamStep, physicsAt, projectionWeight, projects } from '../reference/adam.ts';
import { Objective } from '../reference/objective.ts';
import { ReferenceSecondOrder } from '../reference/second-order.ts';
import { beginning, endAdam, momentsOf, opened, replicaAt, restoreState, savedState, type ReplicaProgress } from '../replica-progress.ts';
import { beyondPlainGates, beyondPlainNetwork } from '../refusal.ts';
import type { TensorPlan } from './backend.ts';
import { openBackend } from './open-backend.ts';
import { TensorObjective } from './tensor-objective.ts';

/** Rejects with the reason where the backend cannot run. */
export async function createTfjsEngine(): Promise<Engine> {
  const backend = await openBackend();
  return {
    name: 'tfjs',
    arithmetic: backend.arithmetic,
    company: backend.company,
    refuses: (shape, settings) => beyondPlainGates(shape) ?? beyondPlainNetwork(shape, settings),
    open: (shape, members) => Promise.resolve(new TfjsCohort(shape, members, backend)),
    close: () => Promise.resolve(),
  };
}

/** The backend; rejects as the engine does. */
export async function describeTfjs(): Promise<string> {
  const { text } = await openBackend();
  return `${text}, float32; second order in float64 by reference`;
}

interface Replica extends ReplicaProgress {
  readonly member: Member;
  readonly gradient: Float64Array;
  /** Made when it is first needed. */
  objective: Objective | null;
}

class TfjsCohort implements Cohort {
  private readonly shape: Shape;
  private readonly plan: TensorPlan;
  private replicas: readonly Replica[] | null;

  constructor(shape: Shape, members: readonly Member[], plan: TensorPlan) {
    this.shape = shape;
    this.plan = plan;
    this.replicas = members.map((member) => ({
      member,
      gradient: new Float64Array(member.theta.length),
      objective: null,
      ...beginning(member.theta),
    }));
  }

  get size(): number {
    return opened(this.replicas).length;
  }

  async evaluate(physics: number): Promise<Evaluation[]> {
    const replicas = opened(this.replicas);
    return this.onDevice(replicas, (objective) => {
      const thetas = replicas.map(({ theta }) => theta);
      const gradients = thetas.map((theta) => new Float64Array(theta.length));
      objective.gradient(
        thetas,
        thetas.map(() => physics),
        false,
        gradients,
      );
      return objective.terms(thetas).map(({ terms, noiseFactor }, r) => ({
        loss: totalLoss(terms, replicas[r]!.member.weights, physics, noiseFactor),
        terms,
        gradient: gradients[r]!,
      }));
    });
  }

  private onDevice<T>(replicas: readonly Replica[], use: (objective: TensorObjective) => T): T {
    const objective = new TensorObjective(
      this.shape,
      replicas.map(({ member }) => member),
      this.plan,
    );
    try {
      return use(objective);
    } finally {
      objective.close();
    }
  }

  async adam(stage: Required<AdamStage>, control: StageControl): Promise<StageOutcome[]> {
    const all = opened(this.replicas);
    const outcomes = new Map<Replica, StageOutcome>();
    const taken = new Map(all.map((replica) => [replica, 0]));
    for (const replica of all) {
      const term = brokenTerm(this.termsAhead(replica, stage));
      if (term !== null) outcomes.set(replica, { kind: 'diverged', step: replica.step, term });
    }
    // each round goes on until a replica ends: then the rest, whose numbers do not depend on it, go on without it
    for (let active = all; active.length > 0;) {
      for (const replica of active)
        if (replica.step >= stage.steps && !outcomes.has(replica)) outcomes.set(replica, this.finish(replica, stage, taken.get(replica)!));
      active = active.filter((replica) => !outcomes.has(replica));
      if (active.length > 0) this.onDevice(active, (objective) => this.adamRound(objective, active, stage, control, taken, outcomes));
    }
    return all.map((replica) => outcomes.get(replica)!);
  }

  /** Steps of the active replicas until one of them ends. */
  private adamRound(
    objective: TensorObjective,
    active: readonly Replica[],
    stage: Required<AdamStage>,
    control: StageControl,
    taken: Map<Replica, number>,
    outcomes: Map<Replica, StageOutcome>,
  ): void {
    const project = projects(stage);
    const all = opened(this.replicas);
    while (active.every((replica) => replica.step < stage.steps && !outcomes.has(replica))) {
      if (control.shouldStop()) {
        for (const replica of active)
          outcomes.set(replica, { kind: 'interrupted', steps: taken.get(replica)!, terms: this.termsAhead(replica, stage) });
        return;
      }
      for (const replica of active) control.checkpoint?.(all.indexOf(replica), () => savedState(replica));
      objective.gradient(
        active.map(({ theta }) => theta),
        active.map(({ step }) => physicsAt(stage, step)),
        project,
        active.map(({ gradient }) => gradient),
      );
      let moved = 0;
      for (const replica of active) {
        if (replica.gradient.every(Number.isFinite)) {
          takeStep(replica, stage, objective);
          taken.set(replica, taken.get(replica)! + 1);
          moved += 1;
          control.trace?.(all.indexOf(replica), replica.step, inferredValues(objective.layout, replica.theta));
        } else outcomes.set(replica, { kind: 'diverged', step: replica.step, term: this.culprit(replica) });
      }
      if (moved > 0) control.progress(moved);
    }
  }

  private finish(replica: Replica, stage: Required<AdamStage>, steps: number): StageOutcome {
    return endAdam(replica, stage, this.exactTerms(replica, stage), steps);
  }

  /** Which term broke in float32: the first that is not finite there, or else the largest. */
  private culprit(replica: Replica): LossTerm {
    const terms = this.onDevice([replica], (objective) => objective.terms([replica.theta])[0]!.terms);
    const inFloat32 = { data: Math.fround(terms.data), current: Math.fround(terms.current), gates: Math.fround(terms.gates) };
    return brokenTerm(inFloat32) ?? (['data', 'current', 'gates'] as const).reduce((a, b) => (terms[b] > terms[a] ? b : a));
  }

  /** The terms of the step to come. theta is not moved: its projection is part of that step. */
  private termsAhead(replica: Replica, stage: Required<AdamStage>): LossTerms {
    return this.exact(replica).evaluate(replica.theta.slice(), projectionWeight(stage, replica.step));
  }

  /** In float64; where the stage projects, the linear parameters of theta are solved for. */
  private exactTerms(replica: Replica, stage: Required<AdamStage>): LossTerms {
    return this.exact(replica).evaluate(replica.theta, projectionWeight(stage, replica.step));
  }

  private exact(replica: Replica): Objective {
    return (replica.objective ??= new Objective(this.shape, replica.member));
  }

  async levenbergMarquardt(stage: Required<LevenbergMarquardtStage>, control: StageControl): Promise<StageOutcome[]> {
    return opened(this.replicas).map((replica, r) =>
      levenbergMarquardt(new ReferenceSecondOrder(this.exact(replica)), replica, stage, control, r),
    );
  }

  async lbfgs(stage: Required<LbfgsStage>, control: StageControl): Promise<StageOutcome[]> {
    return opened(this.replicas).map((replica, r) => lbfgs(this.exact(replica), replica, stage, control, r));
  }

  async reconstruct(): Promise<Reconstruction[]> {
    return opened(this.replicas).map((replica) => this.exact(replica).reconstruction(replica.theta));
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

function takeStep(replica: Replica, stage: Required<AdamStage>, { layout }: TensorObjective): void {
  adamStep(replica.theta, replica.gradient, momentsOf(replica), stage, replica.step, layout);
  replica.step += 1;
}
