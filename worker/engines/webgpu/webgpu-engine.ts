/**
 * The `webgpu` engine: Adam in float32 on the GPU by Dawn, thousands of replicas at once, each a workgroup. How a stage is sliced, and which
 * replicas are beside it, changes no bit of a replica. Second order runs on the host (host-training.ts). Refused by name: `refuses`.
 */
import type { Engine, Settings, Shape } from '../engine.ts';
import { hostArithmetic } from '../host-arithmetic.ts';
import { beyondPlainGates, beyondPlainNetwork } from '../refusal.ts';
import { openGpu, type Gpu } from './device.ts';
import { GpuSource } from './gpu-source.ts';
import { HostTraining } from './host-training.ts';
import { WIDEST } from './tiling.ts';
import { WebgpuCohort } from './webgpu-cohort.ts';

/** A GPU is filled by some hundred replicas. */
const FILLS = 1024;

/** Rejects with the reason where there is no GPU, or no Dawn. `open`: how a GPU is opened; again, when it was lost. */
export async function createWebgpuEngine(open: () => Promise<Gpu> = openGpu): Promise<Engine> {
  const first = await open();
  const { text } = first;
  const source = new GpuSource(open, first);
  const host = new HostTraining();
  return {
    name: 'webgpu',
    arithmetic: `${text}, ${hostArithmetic()}`,
    company: FILLS,
    refuses,
    open: async (shape, members) => new WebgpuCohort(shape, members, source, host),
    close: async () => {
      await source.close();
      await host.close();
    },
  };
}

function refuses(shape: Shape, settings: Settings): string | null {
  if (shape.segments > 1) return 'jointly: true';
  if (shape.priors > 0) return 'problem.infer with a prior';
  const variant = beyondPlainGates(shape) ?? beyondPlainNetwork(shape, settings);
  if (variant !== null) return variant;
  return shape.width > WIDEST ? `network.width: ${shape.width} (at most ${WIDEST})` : null;
}

/** The adapter; rejects as the engine does. */
export async function describeWebgpu(): Promise<string> {
  const { device, text } = await openGpu();
  device.destroy();
  return `Adam in float32 by WebGPU on ${text}; second order in float64 on the host`;
}
