/**
 * The `tfjs` engine: Adam in float32 on TensorFlow.js' WebAssembly backend, replicas of a cohort side by side, weights and moments in
 * float64 on the host (the device gets rounded copies), so that a state saves and resumes bit for bit.
 *
 * What float32 is not enough for runs on the reference implementation in float64, on the same theta: Levenberg-Marquardt, the terms
 * that a stage reports when it ends, and reconstructions. Nothing lies on the device between stages.
 */
import type { AdamStage, LevenbergMarquardtStage } from '../../../schemas/generated/types.ts';
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
import { adamStep, type Moments } from '../reference/adam.ts';
import { brokenTerm, levenbergMarquardt } from '../reference/levenberg-marquardt.ts';
import { Objective } from '../reference/objective.ts';
import { inferredValues, parameterValues } from '../reference/program-run.ts';
import { openBackend } from './backend.ts';
import { TensorObjective } from './tensor-objective.ts';

/** Rejects with the reason where the backend cannot run. */
export async function createTfjsEngine(): Promise<Engine> {
  await openBackend();
  return {
    name: 'tfjs',
    open: (shape, members) => Promise.resolve(new TfjsCohort(shape, members)),
    close: () => Promise.resolve(),
  };
}

interface Replica {
  readonly member: Member;
  readonly theta: Float64Array;
  readonly gradient: Float64Array;
  /** Made when it is first needed. */
  objective: Objective | null;
  moments: Moments | null;
  step: number;
}

class TfjsCohort implements Cohort {
  private readonly shape: Shape;
  private replicas: Replica[] | null;

  constructor(shape: Shape, members: readonly Member[]) {
    this.shape = shape;
    this.replicas = members.map((member) => ({
      member,
      theta: member.theta.slice(),
      gradient: new Float64Array(member.theta.length),
      objective: null,
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
    const replicas = this.open();
    return this.onDevice(replicas, physics, (objective) => {
      const thetas = replicas.map(({ theta }) => theta);
      const gradients = thetas.map((theta) => new Float64Array(theta.length));
      objective.gradient(thetas, false, gradients);
      return objective.terms(thetas).map((terms, r) => {
        const { weights } = replicas[r]!.member;
        const loss = weights.data * terms.data + physics * (weights.current * terms.current + weights.gates * terms.gates);
        return { loss, terms, gradient: gradients[r]! };
      });
    });
  }

  private onDevice<T>(replicas: readonly Replica[], physics: number, use: (objective: TensorObjective) => T): T {
    const objective = new TensorObjective(
      this.shape,
      replicas.map(({ member }) => member),
      physics,
    );
    try {
      return use(objective);
    } finally {
      objective.close();
    }
  }

  async adam(stage: Required<AdamStage>, control: StageControl): Promise<StageOutcome[]> {
    const all = this.open();
    const outcomes = new Map<Replica, StageOutcome>();
    const taken = new Map(all.map((replica) => [replica, 0]));
    const project = stage.project && stage.physics > 0;
    for (const replica of all) {
      const term = brokenTerm(this.exactTerms(replica, project));
      if (term !== null) outcomes.set(replica, { kind: 'diverged', step: replica.step, term });
    }
    // each round goes on until a replica ends: then the rest, whose numbers do not depend on it, go on without it
    for (let active = all; active.length > 0;) {
      for (const replica of active)
        if (replica.step >= stage.steps && !outcomes.has(replica)) outcomes.set(replica, this.finish(replica, stage, taken.get(replica)!));
      active = active.filter((replica) => !outcomes.has(replica));
      if (active.length > 0)
        this.onDevice(active, stage.physics, (objective) => this.adamRound(objective, active, stage, control, taken, outcomes));
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
    const project = stage.project && stage.physics > 0;
    const all = this.open();
    while (active.every((replica) => replica.step < stage.steps && !outcomes.has(replica))) {
      if (control.shouldStop()) {
        for (const replica of active)
          outcomes.set(replica, { kind: 'interrupted', steps: taken.get(replica)!, terms: this.exactTerms(replica, project) });
        return;
      }
      objective.gradient(
        active.map(({ theta }) => theta),
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
        } else outcomes.set(replica, { kind: 'diverged', step: replica.step, term: this.culprit(replica, stage.physics) });
      }
      if (moved > 0) control.progress(moved);
    }
  }

  private finish(replica: Replica, stage: Required<AdamStage>, steps: number): StageOutcome {
    const terms = this.exactTerms(replica, stage.project && stage.physics > 0);
    replica.moments = null;
    replica.step = 0;
    const term = brokenTerm(terms);
    return term === null ? { kind: 'done', steps, terms } : { kind: 'diverged', step: stage.steps, term };
  }

  /** Which term broke in float32: the first that is not finite there, or else the largest. */
  private culprit(replica: Replica, physics: number): keyof LossTerms {
    const terms = this.onDevice([replica], physics, (objective) => objective.terms([replica.theta])[0]!);
    const inFloat32 = { data: Math.fround(terms.data), current: Math.fround(terms.current), gates: Math.fround(terms.gates) };
    return brokenTerm(inFloat32) ?? (['data', 'current', 'gates'] as const).reduce((a, b) => (terms[b] > terms[a] ? b : a));
  }

  /** In float64; with `project`, the linear parameters of theta are solved for. */
  private exactTerms(replica: Replica, project: boolean): LossTerms {
    return this.exact(replica).evaluate(replica.theta, project);
  }

  private exact(replica: Replica): Objective {
    return (replica.objective ??= new Objective(this.shape, replica.member));
  }

  async levenbergMarquardt(stage: Required<LevenbergMarquardtStage>, control: StageControl): Promise<StageOutcome[]> {
    return this.open().map((replica, r) => levenbergMarquardt(this.exact(replica), replica.theta, stage, control, r));
  }

  async reconstruct(): Promise<Reconstruction[]> {
    return this.open().map((replica) => {
      const objective = this.exact(replica);
      objective.evaluate(replica.theta);
      return { states: objective.head.states(), parameters: parameterValues(objective.layout, replica.theta) };
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

function takeStep(replica: Replica, stage: Required<AdamStage>, { layout }: TensorObjective): void {
  const { theta, gradient } = replica;
  const moments = (replica.moments ??= { first: new Float64Array(theta.length), second: new Float64Array(theta.length) });
  adamStep(theta, gradient, moments, stage, replica.step, layout);
  replica.step += 1;
}
