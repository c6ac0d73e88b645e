/**
 * What the contract of engines (tests/contract) does not ask of the webgpu engine: a device that is lost or has no room, several flights, the
 * block of sums that real GPUs get. On the GPU that is there, or on SwiftShader.
 */
import { afterAll, describe, expect, test } from 'vitest';
import type { Engine, Member, ReplicaState, Shape, StageControl } from '../../../../worker/engines/engine.ts';
import { createReferenceEngine } from '../../../../worker/engines/reference/reference-engine.ts';
import { openGpu, type Gpu } from '../../../../worker/engines/webgpu/device.ts';
import { dispatch } from '../../../../worker/engines/webgpu/dispatch.ts';
import { Group, NoRoom } from '../../../../worker/engines/webgpu/group.ts';
import { localBasis } from '../../../../worker/engines/webgpu/local-basis.ts';
import { GPU_BLOCK, SOFTWARE_BLOCK, tilingOf, type DeviceLimits } from '../../../../worker/engines/webgpu/tiling.ts';
import { createWebgpuEngine } from '../../../../worker/engines/webgpu/webgpu-engine.ts';
import { adamStage, controlOf, distance, memberOf, settingsOf, shapeOf, trained, withCohort } from '../../../helpers/engine-cohorts.ts';
import { useSoftwareGpu } from '../../../helpers/software-gpu.ts';

useSoftwareGpu();

const found = await openOne().catch((reason: unknown) => {
  if (process.env['CI'] === 'true') throw reason;
  return String(reason);
});
const reason = typeof found === 'string' ? found : '';

/** Engines on this device share its kernels. */
async function openOne(): Promise<{ gpu: Gpu; engine: Engine }> {
  const gpu = await openGpu();
  return { gpu, engine: await createWebgpuEngine({ open: async () => gpu }) };
}

describe.skipIf(reason !== '')(`the webgpu engine${reason === '' ? '' : ` (skipped: ${reason})`}`, () => {
  if (typeof found === 'string') return;
  const { gpu, engine } = found;
  const reference = createReferenceEngine();
  const shape = shapeOf('hodgkin-huxley', { states: 'integrated' });
  const members = [1, 2, 3].map((seed) => memberOf(shape, seed));
  const stage = adamStage({ steps: 60 });
  afterAll(() => engine.close());

  /** theta, outcomes and what was told of a stage on another engine. */
  async function stageOn(other: Engine, onProgress: () => void = () => undefined): Promise<Told> {
    const told: number[][] = members.map(() => []);
    let steps = 0;
    const control = {
      shouldStop: () => false,
      progress: (count: number): void => {
        steps += count;
        onProgress();
      },
      trace: (replica: number, step: number): void => void told[replica]!.push(step),
    };
    return withCohort(other, shape, members, async (cohort) => ({
      outcomes: await cohort.adam(stage, control),
      thetas: await Promise.all(members.map(async (_, r) => (await cohort.save(r)).theta)),
      told,
      steps,
    }));
  }

  let once: Promise<Told> | undefined;
  const undisturbed = async (): Promise<Told> => (once ??= stageOn(engine));

  test('a device that is lost in the middle of a stage is opened again, and every replica ends bit for bit as it would have', async () => {
    const gpus: Gpu[] = [];
    const open = async (): Promise<Gpu> => {
      gpus.push(await openGpu());
      return gpus.at(-1)!;
    };
    const opening = await createWebgpuEngine({ open });
    const whole = await undisturbed();
    const broken = await stageOn(opening, () => {
      if (gpus.length === 1) gpus[0]!.device.destroy();
    });
    expect(gpus).toHaveLength(2);
    expect(broken).toEqual(whole);
    expect(broken.told).toEqual(members.map(() => Array.from({ length: stage.steps }, (_, k) => k + 1)));
    expect(broken.steps).toBe(members.length * stage.steps);
    await opening.close();
  });

  test('a device that does not answer in time counts as lost, and every replica ends bit for bit as it would have', async () => {
    const slow = { ...(await openGpu()), answerMs: 50 };
    const gpus = [slow];
    const open = async (): Promise<Gpu> => {
      if (gpus.length === 1 && slow.lost === null) return slow;
      gpus.push(await openGpu());
      return gpus.at(-1)!;
    };
    const opening = await createWebgpuEngine({ open });
    const whole = await undisturbed();
    keepBusy(slow.device);
    expect(await stageOn(opening)).toEqual(whole);
    expect([slow.lost, gpus.length]).toEqual(['it did not answer within 0.05 s', 2]);
    await opening.close();
    await slow.device.queue.onSubmittedWorkDone();
    slow.device.destroy();
  });

  test('where no device can be opened again the engine is unavailable, and no replica is trained by another one', async () => {
    const first = await openGpu();
    const gpus = [first];
    const open = async (): Promise<Gpu> => gpus.pop() ?? Promise.reject(new Error('the driver is gone'));
    const opening = await createWebgpuEngine({ open, pausesMs: [0, 0] });
    const broken = stageOn(opening, () => first.device.destroy());
    await expect(broken).rejects.toThrow(/the driver is gone.*\[ENGINE_UNAVAILABLE\]/);
    await opening.close();
  });

  test('a cohort that loses device after device before a replica comes further is given up with the reason; the second in a row with the engine', async () => {
    let current = gpu;
    const opening = await createWebgpuEngine({ open: async () => (current = { ...gpu, lost: null }) });
    const losing = (): Promise<Told> =>
      stageOn(opening, () => {
        current.lost = 'it fell off the bus';
        throw new Error(current.lost);
      });
    const owed = answersOwed();
    await expect(losing()).rejects.toThrow(/^the GPU was lost 3 times in a row, at last with 1 replica: it fell off the bus$/);
    expect(owed.end()).toBe(0);
    await expect(losing()).rejects.toMatchObject({ code: 'ENGINE_UNAVAILABLE' });
  });

  test('a device that is lost again and again while replicas come further brings them to their end, and none changes by a bit', async () => {
    const whole = await undisturbed();
    let [current, losses, calls] = [gpu, 0, 0];
    const opening = await createWebgpuEngine({ open: async () => (current = { ...gpu, lost: null }), lookMs: 0 });
    const broken = await stageOn(opening, () => {
      calls += 1;
      if (calls % 3 !== 0 || losses === 5) return;
      losses += 1;
      current.lost = 'it did not answer';
      throw new Error(current.lost);
    });
    expect(broken).toEqual(whole);
    expect(losses).toBe(5);
  });

  test('a stage that was saved at its last step, before its last projection, ends as if it had never stopped, whatever its company does', async () => {
    // without priors the weight of the physics says nothing to the projection
    const own = shapeOf('hodgkin-huxley', { priors: 2 });
    const ramped = adamStage({ steps: 12, physics: [0.1, 3], project: true });
    const members = [memberOf(own, 1), memberOf(own, 2)];
    const looking = await createWebgpuEngine({ open: async () => gpu, lookMs: 0 });
    const copies: ReplicaState[] = [];
    const checkpoint = (_: number, save: () => ReplicaState): void => void copies.push(save());
    /** How the first of some members ends. */
    const endOn = (other: Engine, some: readonly Member[], control: Partial<StageControl>, from?: ReplicaState) =>
      withCohort(other, own, some, async (cohort) => {
        if (from !== undefined) await cohort.load(0, from);
        const [outcome] = await cohort.adam(ramped, { ...controlOf(), ...control });
        return { outcome: { ...outcome!, steps: 0 }, state: await cohort.save(0) };
      });
    const whole = await endOn(looking, members.slice(0, 1), { checkpoint });
    const last = copies.at(-1)!;
    expect(last.step).toBe(ramped.steps);
    const exact = await endOn(reference, members.slice(0, 1), {}, last);
    expect(distance(whole.state.theta, exact.state.theta).max).toBeLessThan(1e-5);
    expect(distance(whole.state.theta, last.theta).max).toBeGreaterThan(1e-4);
    for (const shouldStop of [() => false, () => true]) expect(await endOn(looking, members, { shouldStop }, last)).toEqual(whole);
  });

  test('beside an engine of another thread it opens no device for second order, and has the same arithmetic', async () => {
    let opened = 0;
    const open = async (): Promise<Gpu> => {
      opened += 1;
      return gpu;
    };
    const beside = await createWebgpuEngine({ open, arithmetic: engine.arithmetic });
    const second = { optimizer: 'levenberg-marquardt', steps: 1, physics: 1, tolerance: 0, project: false } as const;
    const after = async (each: Engine): Promise<Float64Array> =>
      withCohort(each, shape, members.slice(0, 1), async (cohort) => {
        await cohort.levenbergMarquardt(second, controlOf());
        return (await cohort.save(0)).theta;
      });
    expect(await after(beside)).toEqual(await after(engine));
    expect([opened, beside.arithmetic]).toEqual([0, engine.arithmetic]);
    await withCohort(beside, shape, members.slice(0, 1), (cohort) => cohort.adam(adamStage({ steps: 1 }), controlOf()));
    expect(opened).toBe(1);
  });

  test('replicas that do not fit the device together go one after the other, and none changes by a bit', async () => {
    const whole = await undisturbed();
    const open = Group.open.bind(Group);
    const sizes: number[] = [];
    Group.open = async (gpu, tiling, own, steps) => {
      sizes.push(own.length);
      if (own.length > 1) throw new NoRoom('the GPU has no room');
      return open(gpu, tiling, own, steps);
    };
    try {
      expect(await stageOn(engine)).toEqual(whole);
    } finally {
      Group.open = open;
    }
    expect(sizes).toEqual([3, 2, 1, 1, 1]);
  });

  test('replicas whose first layers have bases of other kinds and sizes train together to the bits of each alone', async () => {
    const [one, other] = [members[0]!, members[1]!];
    const uneven = { ...one, grid: one.grid.map((time, p) => time + 0.01 * Math.sin((Math.PI * p) / (one.grid.length - 1))) };
    const slow = { ...other, frequencies: other.frequencies.map((frequency) => frequency / 8) };
    const ends = async (own: readonly Member[]): Promise<Float64Array[]> => trained(engine, shape, own, adamStage({ steps: 3 }));
    expect(localBasis(tilingOf(shape, gpu.limits), uneven).mirrored).toBe(false);
    expect(localBasis(tilingOf(shape, gpu.limits), slow).rank).toBeLessThan(localBasis(tilingOf(shape, gpu.limits), other).rank);
    const together = await ends([one, uneven, slow, other]);
    for (const [r, member] of [one, uneven, slow, other].entries()) expect((await ends([member]))[0]).toEqual(together[r]);
  });

  test('the block of sums that GPUs get gives the same gradient, also where software runs it', async () => {
    for (const one of [shapeOf('hodgkin-huxley', { samples: 101 }), shapeOf('hodgkin-huxley', { depth: 1, width: 1, features: 1 })])
      await expectSameGradient(one);
  });

  test('without subgroups sums go by way of workgroup memory, to the same gradient', async () => {
    expect(gpu.limits.subgroup).toBeGreaterThan(1);
    await expectSameGradient(shapeOf('hodgkin-huxley', { samples: 101 }), { block: SOFTWARE_BLOCK, subgroup: 1 });
  });

  async function expectSameGradient(one: Shape, limits: Partial<DeviceLimits> = { block: GPU_BLOCK }): Promise<void> {
    const member = memberOf(one, 1);
    const group = await Group.open(gpu, tilingOf(one, { ...gpu.limits, ...limits }), [member], 1);
    group.submit({ mode: 'evaluate', physics: 1, steps: 1, total: 1, parameterRate: 1, traced: false, project: false });
    const [gradient] = await group.gradients();
    const [exact] = await withCohort(reference, one, [member], (cohort) => cohort.evaluate(1));
    expect(distance(gradient!, exact!.gradient).max).toBeLessThan(2e-6);
    group.close();
  }

  test('the loss of one replica stays within a thousandth of the reference for 200 steps', async () => {
    for (const states of ['network', 'integrated'] as const) {
      const own = shapeOf('hodgkin-huxley', { states });
      const loss = async (each: Engine): Promise<number> =>
        withCohort(each, own, [memberOf(own, 2)], async (cohort) => {
          await cohort.adam(adamStage({ steps: 200, project: true }), controlOf());
          return (await cohort.evaluate(1))[0]!.loss;
        });
      expect(Math.abs((await loss(engine)) / (await loss(reference)) - 1)).toBeLessThan(1e-3);
    }
  });

  test('what it lacks it refuses by its name in the spec', () => {
    const settings = settingsOf(memberOf(shape, 1));
    expect(engine.refuses(shape, settings)).toBeNull();
    expect(engine.refuses({ ...shape, architecture: 'modified-mlp' }, settings)).toBe('network.architecture: modified-mlp');
    expect(engine.refuses({ ...shape, factorisation: 'random-weight' }, settings)).toBe('network.factorisation: random-weight');
    expect(engine.refuses({ ...shape, scale: 'trainable' }, settings)).toBe('network.scale: trainable');
    expect(engine.refuses(shape, { ...settings, weighting: 'self-adaptive' })).toBe('loss.weighting: self-adaptive');
    expect(engine.refuses({ ...shape, width: 300 }, settings)).toContain('network.width: 300');
    expect(engine.refuses({ ...shape, segments: 333 }, settings)).toBeNull();
    expect(engine.refuses({ ...shape, segments: 334 }, settings)).toContain('jointly: true with 334 windows (at most 333');
    expect(engine.refuses({ ...shape, segments: 334, states: 'network' }, settings)).toBeNull();
  });
});

/** Counts the reads that devices have not answered. Dawn ends the process with a thread that waits for one. */
function answersOwed(): { end: () => number } {
  const { prototype } = GPUBuffer;
  const own = Object.getOwnPropertyDescriptor(prototype, 'mapAsync')!;
  // what the descriptor of a method holds
  const mapAsync = own.value as (this: GPUBuffer, mode: number) => Promise<undefined>;
  let owed = 0;
  prototype.mapAsync = function (this: GPUBuffer, mode) {
    owed += 1;
    return mapAsync.call(this, mode).finally(() => (owed -= 1));
  };
  const end = (): number => {
    Object.defineProperty(prototype, 'mapAsync', own);
    return owed;
  };
  return { end };
}

/** What is queued after this waits for some tenths of a second. */
function keepBusy(device: GPUDevice): void {
  const code = `@group(0) @binding(0) var<storage, read_write> out: array<u32>;
@compute @workgroup_size(1) fn main() {
  var x = out[0];
  for (var i = 0u; i < 200000000u; i++) { x = x * 3u + i; }
  out[0] = x;
}`;
  const pipeline = device.createComputePipeline({ layout: 'auto', compute: { module: device.createShaderModule({ code }) } });
  const buffer = device.createBuffer({ size: 8, usage: GPUBufferUsage.STORAGE });
  dispatch(device, pipeline, [buffer], 1);
}

interface Told {
  readonly outcomes: readonly object[];
  readonly thetas: readonly Float64Array[];
  readonly told: readonly (readonly number[])[];
  readonly steps: number;
}
