/**
 * The `webgpu` engine: Adam in float32 on the GPU by Dawn, thousands of replicas at once, each a workgroup. How a stage is sliced, and which
 * replicas are beside it, changes no bit of a replica. Second order runs on the host (host-training.ts). Refused by name: `refuses`.
 */
import type { Engine, Settings, Shape } from '../engine.ts';
import { createNativeEngine, createWasmEngine } from '../fused/fused-engine.ts';
import { beyondPlainNetwork } from '../refusal.ts';
import { openGpu, type Gpu } from './device.ts';
import { GpuSource } from './gpu-source.ts';
import { HostTraining } from './host-training.ts';
import { initialGates, MOST_INITIAL, WIDEST, type DeviceLimits } from './tiling.ts';
import { WebgpuCohort } from './webgpu-cohort.ts';

/** A GPU is filled by some hundred replicas. */
const FILLS = 1024;
/** So often the host takes the device's numbers over in the middle of a stage; only then the control is asked for checkpoints. */
const LOOK_MS = 15_000;

interface WebgpuOptions {
  /** How a GPU is opened; again, when it was lost. */
  readonly open?: () => Promise<Gpu>;
  /** Of an engine of another thread of this process: no GPU is opened here then before one is needed. */
  readonly arithmetic?: string | undefined;
  readonly lookMs?: number;
  /** As GpuSource has them. */
  readonly pausesMs?: readonly number[];
}

/** Rejects with the reason where there is no GPU, or no Dawn. */
export async function createWebgpuEngine({ open = openGpu, arithmetic, lookMs = LOOK_MS, pausesMs }: WebgpuOptions = {}): Promise<Engine> {
  const first = arithmetic === undefined ? await open() : undefined;
  const source = new GpuSource(open, first, pausesMs);
  const fused = await createNativeEngine().catch(() => createWasmEngine());
  const host = new HostTraining(fused);
  return {
    name: 'webgpu',
    arithmetic: arithmetic ?? `${first!.text}; ${fused.name}: ${fused.arithmetic}`,
    company: FILLS,
    onDevice: true,
    refuses,
    open: async (shape, members) => new WebgpuCohort(shape, members, source, host, lookMs),
    close: async () => {
      await source.close();
      await fused.close();
    },
  };
}

function refuses(shape: Shape, settings: Settings): string | null {
  const variant = beyondPlainNetwork(shape, settings);
  if (variant !== null) return variant;
  if (initialGates(shape) > MOST_INITIAL) {
    const most = Math.floor(MOST_INITIAL / shape.model.gates.length);
    return `jointly: true with ${shape.segments} windows (at most ${most} with the gates of ${shape.model.name})`;
  }
  return shape.width > WIDEST ? `network.width: ${shape.width} (at most ${WIDEST})` : null;
}

/** The adapter, and how the engine uses it; rejects as the engine does. */
export async function describeWebgpu(): Promise<string> {
  const { device, text, limits } = await openGpu();
  device.destroy();
  return `Adam in float32 by WebGPU on ${text}, a replica to ${useOf(limits)}; second order in float64 on the host`;
}

function useOf({ invocations, workgroupStorage, subgroup, block }: DeviceLimits): string {
  const sums = subgroup > 1 ? `within subgroups of ${subgroup}` : 'by way of workgroup memory';
  return `${Math.min(invocations, block.threads)} invocations with ${workgroupStorage / 1024} KiB, summed ${sums}`;
}
