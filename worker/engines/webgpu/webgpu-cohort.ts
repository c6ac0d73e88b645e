/**
 * A cohort of the `webgpu` engine. The host has every replica's numbers; an Adam stage takes them to the device and back, in as few flights as
 * fit it. A device that has no room gets smaller flights; one that is lost is opened again, and the flight begins again from the numbers
 * that the host has. Where that does not help the call rejects, with ENGINE_UNAVAILABLE if there is no device any more: the replicas go on elsewhere
 * from their checkpoints, on a device, so that each is trained by one arithmetic. What was told is not told twice.
 *
 * What float32 is not enough for runs on the host: Levenberg-Marquardt, L-BFGS and reconstructions, by the fused engine in float64.
 */
import type { AdamStage, LbfgsStage, LevenbergMarquardtStage } from '../../../schemas/generated/types.ts';
import type { Cohort, Evaluation, LossTerms, Member, Reconstruction, ReplicaState, Shape, StageControl, StageOutcome } from '../engine.ts';
import { inferredParameters, layoutOf, type Layout } from '../layout.ts';
import { brokenTerm, noiseFactor, totalLoss } from '../loss.ts';
import { projects } from '../reference/adam.ts';
import { PriorRows } from '../reference/prior-rows.ts';
import { beginning, opened, replicaAt, restoreState, savedState } from '../replica-progress.ts';
import { engineUnavailable } from '../unavailable.ts';
import { allAnswered } from './answer.ts';
import { lossOf, type Gpu } from './device.ts';
import { fly, type Landing, type Passenger } from './flight.ts';
import type { GpuSource } from './gpu-source.ts';
import { Group, NoRoom } from './group.ts';
import type { HostTraining } from './host-training.ts';
import { mostReplicas } from './kernel.ts';
import { LONGEST_SLICE } from './slice.ts';
import { tilingOf, type Extras, type Tiling } from './tiling.ts';
import { projectedPlaces } from './wgsl-projection.ts';

/** Devices lost in a row, none of which brought a replica a look further, before the cohort is given up here. */
const LOSSES = 3;

export class WebgpuCohort implements Cohort {
  private readonly shape: Shape;
  private readonly layout: Layout;
  private readonly source: GpuSource;
  private readonly host: HostTraining;
  private readonly lookMs: number;
  private readonly measures: boolean;
  private readonly canProject: boolean;
  private passengers: readonly Passenger[] | null;
  /** Replicas of a flight at most, as far as the device has shown. */
  private room = Infinity;

  constructor(shape: Shape, members: readonly Member[], source: GpuSource, host: HostTraining, lookMs: number) {
    this.shape = shape;
    this.layout = layoutOf(shape);
    this.source = source;
    this.host = host;
    this.lookMs = lookMs;
    this.measures = members.some(({ noise }) => noise === 'estimated');
    this.canProject = projectedPlaces(shape).length > 0;
    this.passengers = members.map((member, index) => ({ member, index, told: 0, ...beginning(member.theta) }));
  }

  get size(): number {
    return opened(this.passengers).length;
  }

  async evaluate(physics: number): Promise<Evaluation[]> {
    const settings = { mode: 'evaluate', physics, steps: 1, total: 1, parameterRate: 1, traced: false, project: false } as const;
    return this.flights(opened(this.passengers), { measures: this.measures }, async (group, flight) => {
      group.begin(flight);
      group.submit(settings);
      const [reports, gradients] = await Promise.all([group.reports(0), group.gradients()]);
      return reports.map(({ terms: own, square }, r) => {
        const { member } = flight[r]!;
        const terms = { ...own, ...this.priorTerm(flight[r]!) };
        return { terms, gradient: gradients[r]!, loss: totalLoss(terms, member.weights, physics, noiseFactor(member, square)) };
      });
    });
  }

  async adam(stage: Required<AdamStage>, control: StageControl): Promise<StageOutcome[]> {
    const passengers = opened(this.passengers);
    const course = { stage, project: projects(stage) && this.canProject, lookMs: this.lookMs };
    const before = passengers.map(({ step }) => step);
    for (const passenger of passengers) passenger.told = passenger.step;
    return this.flights(passengers, { measures: this.measures, projects: course.project }, async (group, flight) => {
      const landings = await fly(group, flight, this.layout, course, control);
      return flight.map((passenger, r) => {
        const terms = { ...landings[r]!.terms, ...this.priorTerm(passenger) };
        return endStage(passenger, stage, { ...landings[r]!, terms }, before[passenger.index]!);
      });
    });
  }

  /** What is no sum over points, and known on the host. */
  private priorTerm({ member, theta }: Passenger): Pick<LossTerms, 'prior'> {
    const priors = new PriorRows(this.layout, member);
    priors.evaluate(theta);
    return priors.term();
  }

  /** `use` on the device, flight by flight. */
  private async flights<T>(
    passengers: readonly Passenger[],
    extras: Extras,
    use: (group: Group, flight: readonly Passenger[]) => Promise<T[]>,
  ): Promise<T[]> {
    const results: T[] = [];
    let losses = 0;
    while (results.length < passengers.length) {
      const gpu = await this.source.get();
      if (typeof gpu === 'string') throw unavailable(gpu);
      const rest = passengers.slice(results.length);
      const tiling = tilingOf(this.shape, gpu.limits, extras);
      const flight = rest.slice(0, flightSize(rest.length, Math.min(this.room, mostReplicas(tiling, gpu.device.limits))));
      const before = stepsOf(flight);
      const done = await this.attempt(gpu, tiling, flight, use);
      if (done === 'lost') losses = stepsOf(flight) > before ? 1 : losses + 1;
      else if (done !== 'no room') {
        results.push(...done);
        losses = 0;
        this.source.struggles = false;
      }
      if (losses === LOSSES) throw this.givenUp(`the GPU was lost ${LOSSES} times in a row, at last with ${numberOf(flight)}: ${gpu.lost}`);
    }
    return results;
  }

  /** One cohort may be at fault itself; of two in a row it is the device. */
  private givenUp(why: string): Error {
    if (this.source.struggles) return unavailable(why);
    this.source.struggles = true;
    return new Error(why);
  }

  private async attempt<T>(
    gpu: Gpu,
    tiling: Tiling,
    flight: readonly Passenger[],
    use: (group: Group, flight: readonly Passenger[]) => Promise<T[]>,
  ): Promise<T[] | 'lost' | 'no room'> {
    let group: Group | null = null;
    try {
      group = await Group.open(
        gpu,
        tiling,
        flight.map(({ member }) => member),
        LONGEST_SLICE,
      );
      return await use(group, flight);
    } catch (error) {
      if (error instanceof NoRoom && flight.length > 1) {
        this.room = Math.ceil(flight.length / 2);
        notice(`${error.message}; ${this.room} at a time from now on`);
        return 'no room';
      }
      await allAnswered();
      gpu.lost ??= await lossOf(gpu.device);
      if (gpu.lost === null) throw error;
      // half the replicas are half the time of a run, if it was that
      this.room = Math.max(1, Math.ceil(flight.length / 2));
      notice(`the GPU was lost (${gpu.lost}) with ${numberOf(flight)}`);
      return 'lost';
    } finally {
      group?.close();
    }
  }

  async levenbergMarquardt(stage: Required<LevenbergMarquardtStage>, control: StageControl): Promise<StageOutcome[]> {
    return this.host.secondOrder(this.shape, opened(this.passengers), (cohort, own) => cohort.levenbergMarquardt(stage, own), control);
  }

  async lbfgs(stage: Required<LbfgsStage>, control: StageControl): Promise<StageOutcome[]> {
    return this.host.secondOrder(this.shape, opened(this.passengers), (cohort, own) => cohort.lbfgs(stage, own), control);
  }

  async reconstruct(): Promise<Reconstruction[]> {
    const passengers = opened(this.passengers);
    const reconstructions = await this.host.reconstruct(this.shape, passengers);
    // the parameters of the trace, to the last bit
    return reconstructions.map(({ states }, r) => ({ states, parameters: inferredParameters(this.layout, passengers[r]!.theta) }));
  }

  async save(replica: number): Promise<ReplicaState> {
    return savedState(replicaAt(this.passengers, replica));
  }

  async load(replica: number, state: ReplicaState): Promise<void> {
    restoreState(replicaAt(this.passengers, replica), state);
  }

  async close(): Promise<void> {
    this.passengers = null;
  }
}

function unavailable(why: string): Error {
  const remedy = 'Ask "loligo doctor" what works here now. No finished replica is lost: the same command goes on.';
  return engineUnavailable('webgpu', why, { remedy });
}

function numberOf({ length }: readonly Passenger[]): string {
  return length === 1 ? '1 replica' : `${length} replicas`;
}

function stepsOf(flight: readonly Passenger[]): number {
  return flight.reduce((sum, { step }) => sum + step, 0);
}

/** Of flights of equal size, as few as there must be. */
function flightSize(replicas: number, most: number): number {
  return Math.ceil(replicas / Math.ceil(replicas / most));
}

/** `before`: step at which this call began. */
function endStage(passenger: Passenger, stage: Required<AdamStage>, { broken, terms }: Landing, before: number): StageOutcome {
  const { step } = passenger;
  const term = broken ?? brokenTerm(terms);
  const done = broken === null && step >= stage.steps;
  if (done) Object.assign(passenger, { moments: null, step: 0 });
  if (term !== null) return { kind: 'diverged', step, term };
  return { kind: done ? 'done' : 'interrupted', steps: step - before, terms };
}

/** What an operator may want to know, and no replica suffers from. */
function notice(text: string): void {
  process.emitWarning(`webgpu: ${text}`, 'LoligoGpuWarning');
}
