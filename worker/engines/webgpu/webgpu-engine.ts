/**
 * The `webgpu` engine: Adam in float32 on the GPU by Dawn, thousands of replicas at once, each a workgroup. Weights, moments and gradients
 * stay on the device; the host queues slices of steps, one ahead of what it reads, and reads a few numbers per replica and slice.
 * How a stage is sliced, and which replicas are beside it, changes no bit of a replica.
 *
 * What float32 is not enough for runs on the host in float64 by the reference implementation, on the same theta: second order,
 * reconstructions. Refused by name: everything in `refuses`. An Adam stage is not checkpointed by time: its state is on the device while it runs.
 */
import type { AdamStage, LbfgsStage, LevenbergMarquardtStage } from '../../../schemas/generated/types.ts';
import type {
  Cohort,
  Engine,
  Evaluation,
  LossTerms,
  Member,
  RampPosition,
  Reconstruction,
  ReplicaState,
  Settings,
  Shape,
  StageControl,
  StageOutcome,
} from '../engine.ts';
import { hostArithmetic } from '../host-arithmetic.ts';
import { layoutOf, thetaToParameter, type Layout } from '../layout.ts';
import { lbfgs } from '../lbfgs.ts';
import { levenbergMarquardt } from '../levenberg-marquardt.ts';
import { brokenTerm, totalLoss } from '../loss.ts';
import { projects } from '../reference/adam.ts';
import { Objective } from '../reference/objective.ts';
import { ReferenceSecondOrder } from '../reference/second-order.ts';
import { beyondPlainNetwork } from '../refusal.ts';
import { opened, replicaAt, type SecondOrderProgress } from '../replica-progress.ts';
import { openGpu, type Gpu } from './device.ts';
import { Group, type Report } from './group.ts';
import { largestShare } from './kernel.ts';
import { sliceSteps, LONGEST_SLICE } from './slice.ts';
import { tilingOf, WIDEST } from './tiling.ts';

/** Rejects with the reason where there is no GPU, or no Dawn. */
export async function createWebgpuEngine(): Promise<Engine> {
  const gpu = await openGpu();
  return {
    name: 'webgpu',
    arithmetic: `${gpu.text}, ${hostArithmetic()}`,
    refuses,
    open: (shape, members) => openCohort(gpu, shape, members),
    close: async () => gpu.device.destroy(),
  };
}

function refuses(shape: Shape, settings: Settings): string | null {
  if (shape.states !== 'network') return `states: ${shape.states}`;
  const variant = beyondPlainNetwork(shape, settings);
  if (variant !== null) return variant;
  if (shape.activation !== 'tanh' && shape.activation !== 'sin') return `network.activation: ${shape.activation}`;
  if (shape.width > WIDEST) return `network.width: ${shape.width} (at most ${WIDEST})`;
  if (Number.isFinite(settings.huberMv)) return `loss.huberMv: ${settings.huberMv}`;
  if (settings.noise !== 'known') return `loss.noise: ${settings.noise}`;
  const projected = settings.training.find((stage) => stage.optimizer === 'adam' && stage.project === true && stage.physics !== 0);
  return projected === undefined ? null : 'training: an Adam stage with project: true';
}

/** As few groups as the device's largest buffer allows, of equal size. */
async function openCohort(gpu: Gpu, shape: Shape, members: readonly Member[]): Promise<Cohort> {
  const tiling = tilingOf(shape, gpu.limits);
  const { maxStorageBufferBindingSize, maxBufferSize } = gpu.device.limits;
  const most = Math.max(1, Math.floor(Math.min(maxStorageBufferBindingSize, maxBufferSize) / largestShare(tiling)));
  const size = Math.ceil(members.length / Math.ceil(members.length / most));
  const groups: Group[] = [];
  try {
    for (let first = 0; first < members.length; first += size)
      groups.push(await Group.open(gpu, tiling, members.slice(first, first + size), LONGEST_SLICE));
  } catch (error) {
    for (const group of groups) group.close();
    throw error;
  }
  return new WebgpuCohort(shape, members, groups);
}

interface Replica {
  readonly member: Member;
  readonly group: Group;
  /** Place in its group. */
  readonly place: number;
  /** Whether it is in the middle of an Adam stage, with moments; and its step there. */
  inStage: boolean;
  step: number;
  /** Of a stage of second order that was interrupted. */
  ramp: RampPosition | null;
  /** In float64 as the host has it; null once the device has moved it. */
  theta: Float64Array | null;
  /** Made when it is first needed. */
  objective: Objective | null;
}

class WebgpuCohort implements Cohort {
  private readonly shape: Shape;
  private readonly layout: Layout;
  private readonly groups: readonly Group[];
  private replicas: readonly Replica[] | null;

  constructor(shape: Shape, members: readonly Member[], groups: readonly Group[]) {
    this.shape = shape;
    this.layout = layoutOf(shape);
    this.groups = groups;
    const places = groups.flatMap((group) => Array.from({ length: group.size }, (_, place) => ({ group, place })));
    this.replicas = members.map((member, r) => ({
      member,
      ...places[r]!,
      inStage: false,
      step: 0,
      ramp: null,
      theta: member.theta.slice(),
      objective: null,
    }));
  }

  get size(): number {
    return opened(this.replicas).length;
  }

  async evaluate(physics: number): Promise<Evaluation[]> {
    const replicas = opened(this.replicas);
    const reports = await this.evaluateAll(physics);
    const gradients = (await Promise.all(this.groups.map((group) => group.gradients()))).flat();
    return reports.map(({ terms }, r) => ({
      loss: totalLoss(terms, replicas[r]!.member.weights, physics),
      terms,
      gradient: gradients[r]!,
    }));
  }

  private async evaluateAll(physics: number): Promise<Report[]> {
    for (const group of this.groups) group.submit({ mode: 'evaluate', physics, steps: 1, total: 1, parameterRate: 1, traced: false });
    return (await Promise.all(this.groups.map((group) => group.reports(0)))).flat();
  }

  async adam(stage: Required<AdamStage>, control: StageControl): Promise<StageOutcome[]> {
    if (projects(stage)) throw new Error('internal: the webgpu engine refuses stages that project');
    const replicas = opened(this.replicas);
    for (const group of this.groups) group.setSchedule(stage);
    this.beginStage(replicas);
    const before = replicas.map(({ step }) => step);
    const broken = await this.runSlices(replicas, stage, control);
    const ends = await this.evaluateAll(1);
    return replicas.map((replica, r) => endStage(replica, stage, broken.get(replica) ?? null, ends[r]!.terms, replica.step - before[r]!));
  }

  /** Take up a stage that was saved in its middle, or begin it. */
  private beginStage(replicas: readonly Replica[]): void {
    for (const group of this.groups) {
      const own = replicas.filter((replica) => replica.group === group);
      const fresh = own.filter(({ inStage }) => !inStage);
      for (const replica of fresh) Object.assign(replica, { inStage: true, step: 0 });
      group.begin(
        own.map(({ step }) => step),
        fresh.map(({ place }) => place),
      );
    }
  }

  /** Steps in slices until all replicas are done or broken, or the control stops them; which term broke, by replica. */
  private async runSlices(
    replicas: readonly Replica[],
    stage: Required<AdamStage>,
    control: StageControl,
  ): Promise<ReadonlyMap<Replica, keyof LossTerms>> {
    const broken = new Map<Replica, keyof LossTerms>();
    const traced = control.trace !== undefined && this.layout.parameters.length > 0;
    const take = (reports: readonly Report[]): void => {
      let moved = 0;
      reports.forEach((report, r) => {
        const replica = replicas[r]!;
        this.trace(report, r, replica.step, control);
        moved += report.step - replica.step;
        if (report.step > replica.step) replica.theta = null;
        replica.step = report.step;
        if (report.broken !== null) broken.set(replica, report.broken);
      });
      if (moved > 0) control.progress(moved);
    };
    const active = (): readonly Replica[] => replicas.filter((replica) => replica.step < stage.steps && !broken.has(replica));
    await sliceSteps(
      () => active().reduce((most, { step }) => Math.max(most, stage.steps - step), 0),
      () => control.shouldStop(),
      async (steps) => {
        for (const group of this.groups)
          group.submit({ mode: 'train', physics: 0, steps, total: stage.steps, parameterRate: stage.parameterRate, traced });
        return (await Promise.all(this.groups.map((group) => group.reports(traced ? steps : 0)))).flat();
      },
      take,
    );
    return broken;
  }

  private trace({ step, trace }: Report, r: number, from: number, control: StageControl): void {
    const { parameters } = this.layout;
    if (trace.length === 0) return;
    for (let k = 0; k < step - from; k++)
      control.trace?.(
        r,
        from + k + 1,
        Float64Array.from(parameters, (parameter, p) => thetaToParameter(parameter, trace[k * parameters.length + p]!)),
      );
  }

  async levenbergMarquardt(stage: Required<LevenbergMarquardtStage>, control: StageControl): Promise<StageOutcome[]> {
    return this.onHost((objective, progress, r) => levenbergMarquardt(new ReferenceSecondOrder(objective), progress, stage, control, r));
  }

  async lbfgs(stage: Required<LbfgsStage>, control: StageControl): Promise<StageOutcome[]> {
    return this.onHost((objective, progress, r) => lbfgs(objective, progress, stage, control, r));
  }

  /** Train each replica in float64, one after the other. */
  private async onHost(train: (objective: Objective, progress: SecondOrderProgress, r: number) => StageOutcome): Promise<StageOutcome[]> {
    const outcomes: StageOutcome[] = [];
    for (const [r, replica] of opened(this.replicas).entries()) {
      const progress = { theta: await thetaOf(replica), ramp: replica.ramp, step: replica.step };
      outcomes.push(train(this.exact(replica), progress, r));
      Object.assign(replica, progress);
      replica.group.writeTheta(replica.place, progress.theta);
    }
    return outcomes;
  }

  async reconstruct(): Promise<Reconstruction[]> {
    const results: Reconstruction[] = [];
    for (const replica of opened(this.replicas)) results.push(this.exact(replica).reconstruction(await thetaOf(replica)));
    return results;
  }

  private exact(replica: Replica): Objective {
    return (replica.objective ??= new Objective(this.shape, replica.member));
  }

  async save(replica: number): Promise<ReplicaState> {
    const { group, place, inStage, step, ramp, ...rest } = replicaAt(this.replicas, replica);
    const theta = await thetaOf({ group, place, ...rest });
    return {
      theta: theta.slice(),
      step,
      ...(inStage ? { moments: await group.moments(place) } : {}),
      ...(ramp === null ? {} : { ramp }),
    };
  }

  async load(replica: number, state: ReplicaState): Promise<void> {
    const target = replicaAt(this.replicas, replica);
    target.inStage = state.moments !== undefined;
    target.step = state.step;
    target.ramp = state.ramp ?? null;
    target.theta = state.theta.slice();
    target.group.writeState(target.place, state);
  }

  async close(): Promise<void> {
    this.replicas = null;
    for (const group of this.groups) group.close();
  }
}

/** theta in float64: the host's own, or the device's float32. */
async function thetaOf({ theta, group, place }: Pick<Replica, 'theta' | 'group' | 'place'>): Promise<Float64Array> {
  return theta ?? group.theta(place);
}

/** The end of an Adam stage of which `taken` steps were done in this call; `broken`: the term that a step broke. */
function endStage(
  replica: Replica,
  stage: Required<AdamStage>,
  broken: keyof LossTerms | null,
  terms: LossTerms,
  taken: number,
): StageOutcome {
  const { step } = replica;
  const term = broken ?? brokenTerm(terms);
  const done = broken === null && step >= stage.steps;
  if (done) Object.assign(replica, { inStage: false, step: 0 });
  if (term !== null) return { kind: 'diverged', step, term };
  return { kind: done ? 'done' : 'interrupted', steps: taken, terms };
}
