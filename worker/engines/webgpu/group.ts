/**
 * Replicas of one shape on the device: their buffers, filled once, and the runs of the kernel over them. Nothing is read back unless asked for.
 */
import type { AdamStage } from '../../../schemas/generated/types.ts';
import type { LossTerm, LossTerms, Member } from '../engine.ts';
import type { Moments, ReplicaProgress } from '../replica-progress.ts';
import { answered } from './answer.ts';
import { adamSchedule } from './schedule.ts';
import { pipelineOf, type Gpu } from './device.ts';
import { dispatch, readBack } from './dispatch.ts';
import { OUTCOME, pointSize, scalarSize, scratchSize, writeKernel } from './kernel.ts';
import { localBasis, type LocalBasis } from './local-basis.ts';
import { memberScalars, pointTable, shareBasis } from './tables.ts';
import { placesOf, type Tiling } from './tiling.ts';

/** A replica after a run. */
export interface Report {
  readonly step: number;
  /** null: goes on */
  readonly broken: LossTerm | null;
  readonly terms: LossTerms;
  /** Mean of (V - data)^2, mV^2; where the kernel measures it. */
  readonly square: number;
  /** theta of the inferred parameters after each step of the run, [steps][infer]; empty when not traced */
  readonly trace: Float32Array;
}

/** A replica as the device has it. */
export interface DeviceState {
  readonly step: number;
  readonly theta: Float64Array;
  readonly moments: Moments | null;
}

const TERMS = ['data', 'current', 'gates'] as const;
/** Workgroups at most; each has scratch of its own. An H100 is busy with one for each of its 132 multiprocessors. */
const WORKGROUPS = 528;
const RUN_BYTES = 48;
/** Bytes that are copied back at a time. */
const READ_BYTES = 2 ** 26;

export interface RunSettings {
  readonly mode: 'evaluate' | 'train';
  readonly physics: number;
  readonly steps: number;
  readonly total: number;
  readonly parameterRate: number;
  readonly traced: boolean;
  /** Solve for the linear parameters: before each step; in an evaluation, of the replicas that are at `total`. */
  readonly project: boolean;
}

type Buffers = Readonly<Record<'run' | 'theta' | 'state' | 'basis' | 'points' | 'scalars' | 'scratch' | 'outcome', GPUBuffer>>;

/** The device has no room for so many replicas. */
export class NoRoom extends Error {}

export class Group {
  readonly size: number;
  private readonly gpu: Gpu;
  private readonly tiling: Tiling;
  private readonly places: Int32Array;
  private readonly pipeline: GPUComputePipeline;
  private readonly workgroups: number;
  /** vec4s of a replica's basis. */
  private readonly basisSize: number;
  private readonly buffers: Buffers;
  private schedule: GPUBuffer;
  private window = { first: 0, count: 1 };

  private constructor(gpu: Gpu, tiling: Tiling, members: readonly Member[], bases: readonly LocalBasis[], tracedSteps: number) {
    const { device } = gpu;
    this.gpu = gpu;
    this.tiling = tiling;
    this.pipeline = pipelineOf(gpu, writeKernel(tiling));
    this.size = members.length;
    this.places = placesOf(tiling);
    const fitting = Math.floor(device.limits.maxStorageBufferBindingSize / (16 * scratchSize(tiling)));
    this.workgroups = Math.max(1, Math.min(members.length, WORKGROUPS, fitting));
    this.schedule = createSchedule(device, 16);
    this.basisSize = largest(bases);
    this.buffers = createBuffers(device, tiling, {
      replicas: members.length,
      workgroups: this.workgroups,
      tracedSteps,
      basis: this.basisSize,
    });
    members.forEach((member, r) => this.fill(member, r, bases[r]!));
  }

  /** `tracedSteps`: steps of a run whose parameters are kept at most. Rejects with NoRoom where the device has none. */
  static async open(gpu: Gpu, tiling: Tiling, members: readonly Member[], tracedSteps: number): Promise<Group> {
    const { device } = gpu;
    const bases = basesOf(tiling, members);
    const most = device.limits.maxStorageBufferBindingSize;
    if (16 * largest(bases) * members.length > most)
      throw new NoRoom(`the GPU binds ${most} bytes at most, too few for the first layers of ${members.length} replicas`);
    device.pushErrorScope('validation');
    device.pushErrorScope('out-of-memory');
    const group = new Group(gpu, tiling, members, bases, tracedSteps);
    const [room, validity] = await Promise.all([device.popErrorScope(), device.popErrorScope()]);
    if (room !== null || validity !== null) {
      group.close();
      if (room === null) {
        gpu.pipelines.clear();
        throw new Error(`internal: ${validity!.message}`);
      }
      throw new NoRoom(`the GPU has no room for ${members.length} replicas: ${room.message}`);
    }
    return group;
  }

  private write(buffer: GPUBuffer, float: number, values: Float32Array<ArrayBuffer> | Uint32Array<ArrayBuffer>): void {
    this.gpu.device.queue.writeBuffer(buffer, 4 * float, values);
  }

  private fill(member: Member, r: number, basis: LocalBasis): void {
    const { tiling } = this;
    const points = pointTable(tiling, member);
    this.write(this.buffers.basis, r * 4 * this.basisSize, basis.functions);
    this.write(this.buffers.basis, r * 4 * this.basisSize + basis.functions.length, basis.factors);
    this.write(this.buffers.points, r * points.length, points);
    this.write(this.buffers.scalars, r * scalarSize(tiling), memberScalars(tiling, member, basis));
    this.writeTheta(r, member.theta);
  }

  private writeTheta(r: number, theta: Float64Array): void {
    this.write(this.buffers.theta, r * 4 * this.tiling.thetaSize, this.toDevice(theta));
  }

  /** Every replica goes on where it stands, sound until a step shows otherwise. */
  begin(replicas: readonly ReplicaProgress[]): void {
    const outcome = new Uint32Array(this.size * OUTCOME);
    const size = 4 * this.tiling.thetaSize;
    const encoder = this.gpu.device.createCommandEncoder();
    encoder.clearBuffer(this.buffers.state);
    this.gpu.device.queue.submit([encoder.finish()]);
    replicas.forEach(({ theta, moments, step }, r) => {
      outcome[r * OUTCOME] = step;
      this.writeTheta(r, theta);
      if (moments === null) return;
      this.write(this.buffers.state, (3 * r + 1) * size, this.toDevice(moments.first));
      this.write(this.buffers.state, (3 * r + 2) * size, this.toDevice(moments.second));
    });
    this.write(this.buffers.outcome, 0, outcome);
  }

  private toDevice(values: Float64Array): Float32Array<ArrayBuffer> {
    const result = new Float32Array(4 * this.tiling.thetaSize);
    const { places } = this;
    for (let i = 0; i < places.length; i++) result[places[i]!] = values[i]!;
    return result;
  }

  private toHost(values: Float32Array): Float64Array {
    const { places } = this;
    const result = new Float64Array(places.length);
    for (let i = 0; i < places.length; i++) result[i] = values[places[i]!]!;
    return result;
  }

  /** What the stage says of steps `first` .. `first + count - 1`, for the runs queued from now on. */
  setSchedule(stage: Required<AdamStage>, first: number, count: number): void {
    const table = adamSchedule(stage, first, count);
    if (this.schedule.size < table.byteLength) {
      this.schedule.destroy();
      this.schedule = createSchedule(this.gpu.device, 2 * table.byteLength);
    }
    this.write(this.schedule, 0, table);
    this.window = { first, count };
  }

  /** Queue one run of the kernel. */
  submit({ mode, physics, steps, total, parameterRate, traced, project }: RunSettings): void {
    const run = new ArrayBuffer(RUN_BYTES);
    new Uint32Array(run).set([this.size, steps, total, Number(mode === 'train'), 0, 0, Number(traced), Number(project)]);
    new Float32Array(run).set([physics, parameterRate], 4);
    new Float32Array(run)[8] = 1;
    new Uint32Array(run).set([this.window.first, this.window.count, this.basisSize], 9);
    this.gpu.device.queue.writeBuffer(this.buffers.run, 0, run);
    const { run: uniform, theta, state, basis, points, scalars, scratch, outcome } = this.buffers;
    const bound = [uniform, theta, state, basis, points, scalars, scratch, outcome, this.schedule];
    dispatch(this.gpu.device, this.pipeline, bound, this.workgroups);
  }

  /** `traced`: steps of the run last submitted, when it was traced; 0 otherwise. */
  async reports(traced: number): Promise<Report[]> {
    const n = traced * this.tiling.layout.parameters.length;
    const words = new Uint32Array(await this.read(this.buffers.outcome, 0, this.size * (OUTCOME + n)));
    const floats = new Float32Array(words.buffer);
    return Array.from({ length: this.size }, (_, r) => {
      const at = r * OUTCOME;
      const trace = this.size * OUTCOME + r * n;
      return {
        step: words[at]!,
        broken: words[at + 1]! === 0 ? null : TERMS[words[at + 1]! - 1]!,
        terms: { data: floats[at + 2]!, current: floats[at + 3]!, gates: floats[at + 4]! },
        square: floats[at + 5]!,
        trace: floats.subarray(trace, trace + n),
      };
    });
  }

  async gradients(): Promise<Float64Array[]> {
    return this.eachState(1, (values) => this.toHost(values));
  }

  /** Step, theta and, if asked for, moments of every replica after the runs submitted so far. */
  async states(withMoments: boolean): Promise<DeviceState[]> {
    const size = 4 * this.tiling.thetaSize;
    // all copies are queued before anything else can be
    const steps = this.read(this.buffers.outcome, 0, this.size * OUTCOME);
    const theta = this.eachOf(this.buffers.theta, size, size, (values) => this.toHost(values));
    const moments = withMoments
      ? this.eachState(3, (values) => ({
          first: this.toHost(values.subarray(size, 2 * size)),
          second: this.toHost(values.subarray(2 * size)),
        }))
      : null;
    const [words, thetas, both] = await Promise.all([steps, theta, moments]);
    const outcome = new Uint32Array(words);
    return thetas.map((values, r) => ({ step: outcome[r * OUTCOME]!, theta: values, moments: both?.[r] ?? null }));
  }

  private eachState<T>(parts: number, take: (values: Float32Array) => T): Promise<T[]> {
    const size = 4 * this.tiling.thetaSize;
    return this.eachOf(this.buffers.state, 3 * size, parts * size, take);
  }

  /** The first `floats` of every replica's share of a buffer. */
  private async eachOf<T>(buffer: GPUBuffer, share: number, floats: number, take: (values: Float32Array) => T): Promise<T[]> {
    const most = Math.max(1, Math.floor(READ_BYTES / (4 * share)));
    const pieces: Promise<T[]>[] = [];
    for (let first = 0; first < this.size; first += most) {
      const count = Math.min(most, this.size - first);
      pieces.push(
        this.read(buffer, first * share, count * share).then((bytes) =>
          Array.from({ length: count }, (_, r) => take(new Float32Array(bytes, 4 * r * share, floats))),
        ),
      );
    }
    return (await Promise.all(pieces)).flat();
  }

  /** Waits for what was submitted, then copies `floats` numbers from `from` on. */
  private async read(buffer: GPUBuffer, from: number, floats: number): Promise<ArrayBuffer> {
    return readBack(this.gpu.device, buffer, { from: 4 * from, bytes: 4 * floats }, (answer) => answered(this.gpu, answer));
  }

  close(): void {
    this.schedule.destroy();
    for (const buffer of Object.values(this.buffers)) buffer.destroy();
  }
}

/** One after the other; most have that of the replica before them. */
function basesOf(tiling: Tiling, members: readonly Member[]): LocalBasis[] {
  const bases: LocalBasis[] = [];
  members.forEach((member, r) => bases.push(r > 0 && shareBasis(members[r - 1]!, member) ? bases[r - 1]! : localBasis(tiling, member)));
  return bases;
}

/** vec4s */
function largest(bases: readonly LocalBasis[]): number {
  return bases.reduce((most, { functions, factors }) => Math.max(most, (functions.length + factors.length) / 4), 0);
}

interface Sizes {
  readonly replicas: number;
  readonly workgroups: number;
  readonly tracedSteps: number;
  /** vec4s of a replica */
  readonly basis: number;
}

function createBuffers(device: GPUDevice, tiling: Tiling, { replicas: R, workgroups, tracedSteps, basis }: Sizes): Buffers {
  const { thetaSize } = tiling;
  const storage = (floats: number): GPUBuffer =>
    device.createBuffer({ size: 4 * floats, usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST });
  return {
    run: device.createBuffer({ size: RUN_BYTES, usage: GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST }),
    theta: storage(R * 4 * thetaSize),
    state: storage(R * 12 * thetaSize),
    basis: storage(R * 4 * basis),
    points: storage(R * 4 * pointSize(tiling)),
    scalars: storage(R * scalarSize(tiling)),
    scratch: storage(workgroups * 4 * scratchSize(tiling)),
    outcome: storage(R * (OUTCOME + tracedSteps * tiling.layout.parameters.length)),
  };
}

function createSchedule(device: GPUDevice, bytes: number): GPUBuffer {
  return device.createBuffer({ size: bytes, usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST });
}
