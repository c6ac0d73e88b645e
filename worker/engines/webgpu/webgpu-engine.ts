/**
 * The `webgpu` engine: Adam in float32 on the GPU by Dawn, thousands of replicas at once, each a workgroup. How a stage is sliced, and which
 * replicas are beside it, changes no bit of a replica. Second order runs on the host (host-training.ts). Refused by name: `refuses`.
 */
import type { Engine, Settings, Shape } from '../engine.ts';
import { hostArithmetic } from '../host-arithmetic.ts';
import { beyondPlainNetwork } from '../refusal.ts';
import { openGpu, type Gpu } from './device.ts';
import { GpuSource } from './gpu-source.ts';
import { HostTraining } from './host-training.ts';
import { initialGates, MOST_INITIAL, WIDEST } from './tiling.ts';
import { WebgpuCohort } from './webgpu-cohort.ts';

/** A GPU is filled by some hundred replicas. */
const FILLS = 1024;

/**
 * Rejects with the reason where there is no GPU, or no Dawn. `open`: how a GPU is opened; again, when it was lost. `arithmetic`: that of an engine
 * of another thread of this process; no GPU is opened here then before one is needed.
 */
export async function createWebgpuEngine(open: () => Promise<Gpu> = openGpu, arithmetic?: string): Promise<Engine> {
  const first = arithmetic === undefined ? await open() : undefined;
  const source = new GpuSource(open, first);
  const host = new HostTraining();
  return {
    name: 'webgpu',
    arithmetic: arithmetic ?? `${first!.text}, ${hostArithmetic()}`,
    company: FILLS,
    onDevice: true,
    refuses,
    open: async (shape, members) => new WebgpuCohort(shape, members, source, host),
    close: async () => {
      await source.close();
      await host.close();
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

/** The adapter; rejects as the engine does. */
export async function describeWebgpu(): Promise<string> {
  const { device, text } = await openGpu();
  device.destroy();
  return `Adam in float32 by WebGPU on ${text}; second order in float64 on the host`;
}
