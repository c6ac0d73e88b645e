/**
 * The engines `native` and `wasm`: cohorts on a compiled kernel. Adam runs in float32 in the core, many steps a call; Levenberg-Marquardt
 * and L-BFGS are the drivers that all engines share, over the core's float64 arithmetic. Nothing is computed here.
 *
 * theta, moments and multipliers stand in float64 between calls, in the layout that every engine uses, so that states move.
 */
import type { AdamStage, LbfgsStage, LevenbergMarquardtStage } from '../../../schemas/generated/types.ts';
import type { Cohort, Engine, Evaluation, Member, Reconstruction, ReplicaState, Shape, StageControl, StageOutcome } from '../engine.ts';
import { hostArithmetic } from '../host-arithmetic.ts';
import { gridSize, layoutOf, type Layout } from '../layout.ts';
import { lbfgs } from '../lbfgs.ts';
import { levenbergMarquardt } from '../levenberg-marquardt.ts';
import { beginning, opened, replicaAt, restoreState, savedState, type ReplicaProgress } from '../replica-progress.ts';
import { describeCohort } from './description.ts';
import { trainAdam } from './adam-slices.ts';
import type { Kernel, KernelCohort } from './kernel.ts';
import { chooseKernel, loadNative } from './native.ts';
import { KernelObjective } from './kernel-objective.ts';
import { wasmKernel } from './wasm.ts';

/** Throws an Error whose message says in a line why there is no native build. */
export async function createNativeEngine(instructionSet?: string): Promise<Engine> {
  return fusedEngine('native', chooseKernel(await loadNative(), instructionSet));
}

export async function createWasmEngine(): Promise<Engine> {
  return fusedEngine('wasm', wasmKernel());
}

function fusedEngine(name: 'native' | 'wasm', kernel: Kernel): Engine {
  const open = new Set<FusedCohort>();
  return {
    name,
    arithmetic: `${kernel.instructionSet}, ${hostArithmetic()}`,
    refuses: () => null,
    open: async (shape, members) => {
      const cohort = new FusedCohort(shape, members, kernel, () => open.delete(cohort));
      open.add(cohort);
      return cohort;
    },
    close: async () => {
      for (const cohort of open) await cohort.close();
    },
  };
}

interface Replica extends ReplicaProgress {
  readonly weighting: Member['weighting'];
  readonly objective: KernelObjective;
}

class FusedCohort implements Cohort {
  private readonly shape: Shape;
  private readonly layout: Layout;
  private readonly core: KernelCohort;
  private readonly released: () => void;
  private replicas: readonly Replica[] | null;

  constructor(shape: Shape, members: readonly Member[], kernel: Kernel, released: () => void) {
    this.shape = shape;
    this.layout = layoutOf(shape);
    this.core = kernel.open(describeCohort(shape, members));
    this.released = released;
    this.replicas = members.map((member, r) => ({
      weighting: member.weighting,
      objective: new KernelObjective(this.core, this.layout, member, r),
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
    const outcomes: StageOutcome[] = [];
    for (const [r, replica] of opened(this.replicas).entries())
      outcomes.push(await trainAdam(this.core, replica, this.layout, stage, control, r));
    return outcomes;
  }

  async levenbergMarquardt(stage: Required<LevenbergMarquardtStage>, control: StageControl): Promise<StageOutcome[]> {
    return opened(this.replicas).map((replica, r) => levenbergMarquardt(replica.objective, replica, stage, control, r));
  }

  async lbfgs(stage: Required<LbfgsStage>, control: StageControl): Promise<StageOutcome[]> {
    return opened(this.replicas).map((replica, r) => lbfgs(replica.objective, replica, stage, control, r));
  }

  async reconstruct(): Promise<Reconstruction[]> {
    return opened(this.replicas).map(({ theta }, r) => this.reconstruction(theta, r));
  }

  private reconstruction(theta: Float64Array, r: number): Reconstruction {
    const points = gridSize(this.shape);
    const names = ['V', ...this.shape.model.gates.map(({ name }) => name)];
    const states = new Float64Array(names.length * points);
    const parameters = new Float64Array(this.layout.parameters.length);
    this.core.setTheta(r, theta);
    this.core.reconstruct(r, states, parameters);
    return {
      states: Object.fromEntries(names.map((name, k) => [name, states.slice(k * points, (k + 1) * points)])),
      parameters: Object.fromEntries(this.layout.parameters.map(({ name }, p) => [name, parameters[p]!])),
    };
  }

  async save(replica: number): Promise<ReplicaState> {
    return savedState(replicaAt(this.replicas, replica));
  }

  async load(replica: number, state: ReplicaState): Promise<void> {
    restoreState(replicaAt(this.replicas, replica), state);
  }

  async close(): Promise<void> {
    this.replicas = null;
    this.core.close();
    this.released();
  }
}
