/**
 * Replicas of one shape on the device: their buffers, filled once, and the runs of the kernel over them. Nothing is read back unless asked for.
 */
import type { AdamStage } from '../../../schemas/generated/types.ts';
import type { LossTerms, Member, ReplicaState } from '../engine.ts';
import { VOLTAGE_CENTRE } from '../layout.ts';
import { rowWeights } from '../loss.ts';
import { adamSchedule } from './schedule.ts';
import { pipelineOf, type Gpu } from './device.ts';
import { OUTCOME, scalarSize, scratchSize, writeKernel } from './kernel.ts';
import { parameterNames } from './wgsl-parameters.ts';
import { placesOf, type Tiling } from './tiling.ts';

/** A replica after a run. */
export interface Report {
  readonly step: number;
  /** null: goes on */
  readonly broken: keyof LossTerms | null;
  readonly terms: LossTerms;
  /** theta of the inferred parameters after each step of the run, [steps][infer]; empty when not traced */
  readonly trace: Float32Array;
}

const TERMS = ['data', 'current', 'gates'] as const;
/** Workgroups at most; each has scratch of its own. An H100 is busy with one for each of its 132 multiprocessors. */
const WORKGROUPS = 528;
const RUN_BYTES = 32;

export interface RunSettings {
  readonly mode: 'evaluate' | 'train';
  readonly physics: number;
  readonly steps: number;
  readonly total: number;
  readonly parameterRate: number;
  readonly traced: boolean;
}

export class Group {
  readonly size: number;
  private readonly gpu: Gpu;
  private readonly tiling: Tiling;
  private readonly places: Int32Array;
  private readonly pipeline: GPUComputePipeline;
  private readonly workgroups: number;
  private readonly buffers: Readonly<
    Record<'run' | 'theta' | 'state' | 'features' | 'points' | 'scalars' | 'scratch' | 'outcome', GPUBuffer>
  >;
  private schedule: GPUBuffer | null = null;

  private constructor(gpu: Gpu, tiling: Tiling, members: readonly Member[], pipeline: GPUComputePipeline, tracedSteps: number) {
    this.gpu = gpu;
    this.tiling = tiling;
    this.pipeline = pipeline;
    this.size = members.length;
    this.places = placesOf(tiling);
    this.workgroups = Math.min(
      members.length,
      WORKGROUPS,
      Math.floor(gpu.device.limits.maxStorageBufferBindingSize / (16 * scratchSize(tiling))),
    );
    const { thetaSize } = tiling;
    const R = members.length;
    const storage = (floats: number): GPUBuffer =>
      gpu.device.createBuffer({ size: 4 * floats, usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST });
    this.buffers = {
      run: gpu.device.createBuffer({ size: RUN_BYTES, usage: GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST }),
      theta: storage(R * 4 * thetaSize),
      state: storage(R * 12 * thetaSize),
      features: storage(R * tiling.frequencies * 4 * tiling.allPairs),
      points: storage(R * 16 * tiling.allPairs),
      scalars: storage(R * scalarSize(tiling)),
      scratch: storage(this.workgroups * 4 * scratchSize(tiling)),
      outcome: storage(R * (OUTCOME + tracedSteps * tiling.layout.parameters.length)),
    };
    let before: { readonly member: Member; readonly features: Float32Array<ArrayBuffer> } | null = null;
    for (const [r, member] of members.entries()) {
      // members that share frequencies and grid share their features: a hundred times the work of all else here
      const same: boolean = before?.member.frequencies === member.frequencies && before.member.grid === member.grid;
      const features: Float32Array<ArrayBuffer> = same && before !== null ? before.features : featureTable(tiling, member);
      this.fill(member, r, features);
      before = { member, features };
    }
  }

  /** `tracedSteps`: steps of a run whose parameters are kept at most. Rejects where the device has no room. */
  static async open(gpu: Gpu, tiling: Tiling, members: readonly Member[], tracedSteps: number): Promise<Group> {
    const { device } = gpu;
    device.pushErrorScope('validation');
    device.pushErrorScope('out-of-memory');
    const group = new Group(gpu, tiling, members, pipelineOf(gpu, writeKernel(tiling)), tracedSteps);
    const [room, validity] = await Promise.all([device.popErrorScope(), device.popErrorScope()]);
    if (room !== null || validity !== null) {
      group.close();
      throw new Error(
        room === null ? `internal: ${validity!.message}` : `the GPU has no room for ${members.length} replicas: ${room.message}`,
      );
    }
    return group;
  }

  private write(buffer: GPUBuffer, float: number, values: Float32Array<ArrayBuffer> | Uint32Array<ArrayBuffer>): void {
    this.gpu.device.queue.writeBuffer(buffer, 4 * float, values);
  }

  private fill(member: Member, r: number, features: Float32Array<ArrayBuffer>): void {
    const { tiling } = this;
    const points = pointTable(tiling, member);
    this.write(this.buffers.features, r * features.length, features);
    this.write(this.buffers.points, r * points.length, points);
    this.write(this.buffers.scalars, r * scalarSize(tiling), memberScalars(tiling, member));
    this.writeTheta(r, member.theta);
  }

  writeTheta(r: number, theta: Float64Array): void {
    this.write(this.buffers.theta, r * 4 * this.tiling.thetaSize, this.toDevice(theta));
  }

  writeState(r: number, { theta, moments }: ReplicaState): void {
    const size = 4 * this.tiling.thetaSize;
    this.writeTheta(r, theta);
    if (moments === undefined) return;
    this.write(this.buffers.state, (3 * r + 1) * size, this.toDevice(moments.first));
    this.write(this.buffers.state, (3 * r + 2) * size, this.toDevice(moments.second));
  }

  private clearMoments(places: readonly number[]): void {
    const bytes = 16 * this.tiling.thetaSize;
    const encoder = this.gpu.device.createCommandEncoder();
    // the gradients that lie between are written anew by every step
    if (places.length === this.size) encoder.clearBuffer(this.buffers.state);
    else for (const r of places) encoder.clearBuffer(this.buffers.state, (3 * r + 1) * bytes, 2 * bytes);
    this.gpu.device.queue.submit([encoder.finish()]);
  }

  /** Every replica goes on from its step, sound until a step shows otherwise; those at `fresh` with moments of zero. */
  begin(steps: readonly number[], fresh: readonly number[]): void {
    if (fresh.length > 0) this.clearMoments(fresh);
    const outcome = new Uint32Array(this.size * OUTCOME);
    steps.forEach((step, r) => (outcome[r * OUTCOME] = step));
    this.write(this.buffers.outcome, 0, outcome);
  }

  private toDevice(values: Float64Array): Float32Array<ArrayBuffer> {
    const result = new Float32Array(4 * this.tiling.thetaSize);
    this.places.forEach((place, i) => (result[place] = values[i]!));
    return result;
  }

  private toHost(values: Float32Array): Float64Array {
    return Float64Array.from(this.places, (place) => values[place]!);
  }

  setSchedule(stage: Required<AdamStage>): void {
    this.schedule?.destroy();
    const table = adamSchedule(stage);
    this.schedule = this.gpu.device.createBuffer({ size: table.byteLength, usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST });
    this.write(this.schedule, 0, table);
  }

  /** Queue one run of the kernel. */
  submit({ mode, physics, steps, total, parameterRate, traced }: RunSettings): void {
    const run = new ArrayBuffer(RUN_BYTES);
    new Uint32Array(run).set([this.size, steps, total, mode === 'train' ? 1 : 0, 0, 0, traced ? 1 : 0]);
    new Float32Array(run).set([physics, parameterRate], 4);
    this.gpu.device.queue.writeBuffer(this.buffers.run, 0, run);
    this.schedule ??= this.gpu.device.createBuffer({ size: 16, usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST });
    const { run: uniform, theta, state, features, points, scalars, scratch, outcome } = this.buffers;
    const entries = [uniform, theta, state, features, points, scalars, scratch, outcome, this.schedule].map((buffer, binding) => ({
      binding,
      resource: { buffer },
    }));
    const encoder = this.gpu.device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    pass.setPipeline(this.pipeline);
    pass.setBindGroup(0, this.gpu.device.createBindGroup({ layout: this.pipeline.getBindGroupLayout(0), entries }));
    pass.dispatchWorkgroups(this.workgroups);
    pass.end();
    this.gpu.device.queue.submit([encoder.finish()]);
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
        trace: floats.subarray(trace, trace + n),
      };
    });
  }

  async gradients(): Promise<Float64Array[]> {
    const size = 4 * this.tiling.thetaSize;
    const all = new Float32Array(await this.read(this.buffers.state, 0, this.size * 3 * size));
    return Array.from({ length: this.size }, (_, r) => this.toHost(all.subarray(3 * r * size, (3 * r + 1) * size)));
  }

  async theta(r: number): Promise<Float64Array> {
    const size = 4 * this.tiling.thetaSize;
    return this.toHost(new Float32Array(await this.read(this.buffers.theta, r * size, size)));
  }

  async moments(r: number): Promise<{ first: Float64Array; second: Float64Array }> {
    const size = 4 * this.tiling.thetaSize;
    const both = new Float32Array(await this.read(this.buffers.state, (3 * r + 1) * size, 2 * size));
    return { first: this.toHost(both.subarray(0, size)), second: this.toHost(both.subarray(size)) };
  }

  /** Waits for what was submitted, then copies `floats` numbers from `from` on. */
  private async read(buffer: GPUBuffer, from: number, floats: number): Promise<ArrayBuffer> {
    const { device } = this.gpu;
    const copy = device.createBuffer({ size: 4 * floats, usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST });
    const encoder = device.createCommandEncoder();
    encoder.copyBufferToBuffer(buffer, 4 * from, copy, 0, 4 * floats);
    device.queue.submit([encoder.finish()]);
    await copy.mapAsync(GPUMapMode.READ);
    const values = copy.getMappedRange().slice(0);
    copy.destroy();
    return values;
  }

  close(): void {
    this.schedule?.destroy();
    for (const buffer of Object.values(this.buffers)) buffer.destroy();
  }
}

/** Fourier features as (sin, cos) of two points per vec4, [F][allPairs]. */
function featureTable(t: Tiling, { grid, frequencies }: Member): Float32Array<ArrayBuffer> {
  const count = grid.length;
  const centre = grid[count - 1]! / 2;
  const features = new Float32Array(t.frequencies * 4 * t.allPairs);
  frequencies.forEach((frequency, k) => {
    const omega = 2 * Math.PI * frequency;
    for (let p = 0; p < count; p++) {
      const at = k * 4 * t.allPairs + 2 * p;
      features[at] = Math.sin(omega * (grid[p]! - centre));
      features[at + 1] = Math.cos(omega * (grid[p]! - centre));
    }
  });
  return features;
}

/** What each point is compared with, see wgsl-head.ts. */
function pointTable(t: Tiling, member: Member): Float32Array<ArrayBuffer> {
  const { samples } = t.shape;
  const { sampleAt } = member;
  const count = member.grid.length;
  const weights = rowWeights(t.shape, member, { data: samples, current: count, gates: count });
  const points = new Float32Array(16 * t.allPairs);
  for (let p = 0; p < count; p++) {
    points[8 * p + 1] = member.current[p]!;
    points[8 * p + 3] = weights[samples + count + p]!;
    points[8 * p + 4] = member.drivenMv[p]!;
    points[8 * p + 5] = member.drivenRate[p]!;
  }
  for (let i = 0; i < samples; i++) {
    points[8 * sampleAt[i]!] = member.voltageMv[i]! - VOLTAGE_CENTRE;
    points[8 * sampleAt[i]! + 2] = weights[i]!;
  }
  return points;
}

function memberScalars(t: Tiling, member: Member): Float32Array<ArrayBuffer> {
  const { weights } = member;
  const omegas = Array.from({ length: t.frequencies }, (_, k) => 2 * Math.PI * (member.frequencies[k] ?? 0));
  const fixed = parameterNames(t).fixed.map((name) => member.fixed[name]!);
  return Float32Array.from([...omegas, ...fixed, weights.data, weights.current, weights.gates]);
}
