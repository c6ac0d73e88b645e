/**
 * Opens the GPU by Dawn, the WebGPU implementation of the optional npm package `webgpu`. Shaders are generated here and index within
 * their buffers by construction, so the bounds checks that Dawn would add to every access are switched off.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { answered } from './answer.ts';
import { subgroupOf } from './subgroup.ts';
import { GPU_BLOCK, SOFTWARE_BLOCK, type DeviceLimits } from './tiling.ts';

/** Storage buffers that the kernel binds. */
const STORAGE_BUFFERS = 8;
const TOGGLES = ['disable_robustness', 'disable_workgroup_init'];

export interface Gpu {
  readonly device: GPUDevice;
  readonly limits: DeviceLimits;
  /** Adapter's own description of itself. */
  readonly text: string;
  /** Compiled kernels by their source: compiling takes a second or more. */
  readonly pipelines: Map<string, GPUComputePipeline>;
  /** What the device did not do in so long it will never do. */
  readonly answerMs: number;
  /** Why the device is gone; null while it works. */
  lost: string | null;
}

/** A slice of steps is some tens of milliseconds, a single step of the largest cohort some seconds; on a processor that plays GPU minutes. */
const ANSWER_MS = 60_000;
const SOFTWARE_ANSWER_MS = 15 * 60_000;

/**
 * Never let go of. Dawn crashes the process when an instance is collected as garbage while its device is in use; and NVIDIA's driver does (580, H100)
 * when threads that used it end at the same time and nobody else in the process has an instance: the main thread's stays.
 */
const instances: GPU[] = [];

/** Rejects with the reason where there is no package or no adapter. */
export async function openGpu(): Promise<Gpu> {
  const { create, globals } = await import('webgpu');
  Object.assign(globalThis, globals);
  const instance = create([`enable-dawn-features=${TOGGLES.join(',')}`]);
  instances.push(instance);
  const adapter = await instance.requestAdapter({ powerPreference: 'high-performance' });
  if (adapter === null) throw new Error('WebGPU finds no adapter: a Vulkan (or Metal, or Direct3D 12) driver and its loader are needed');
  const { limits, info } = adapter;
  if (limits.maxStorageBuffersPerShaderStage < STORAGE_BUFFERS)
    throw new Error(`the adapter binds fewer than ${STORAGE_BUFFERS} storage buffers`);
  const device = await adapter.requestDevice({
    // the compiler's library does not know the feature yet
    requiredFeatures: adapter.features.has('subgroups') ? ['subgroups' as GPUFeatureName] : [],
    requiredLimits: {
      maxComputeWorkgroupStorageSize: limits.maxComputeWorkgroupStorageSize,
      maxComputeInvocationsPerWorkgroup: limits.maxComputeInvocationsPerWorkgroup,
      maxComputeWorkgroupSizeX: limits.maxComputeWorkgroupSizeX,
      maxStorageBufferBindingSize: limits.maxStorageBufferBindingSize,
      maxBufferSize: limits.maxBufferSize,
    },
  });
  const answerMs = isSoftware(info) ? SOFTWARE_ANSWER_MS : ANSWER_MS;
  const gpu: Gpu = {
    device,
    limits: {
      workgroupStorage: limits.maxComputeWorkgroupStorageSize,
      invocations: limits.maxComputeInvocationsPerWorkgroup,
      subgroup: await answered({ device, answerMs, lost: null }, subgroupOf(device, info)).catch(async (cause: unknown) => {
        const why = await lossOf(device);
        throw why === null ? cause : new Error(`the GPU was lost while it was opened: ${why}`, { cause });
      }),
      block: isSoftware(info) ? SOFTWARE_BLOCK : GPU_BLOCK,
    },
    text: [info.vendor, info.architecture, info.device, info.description].filter((part) => part !== '').join(' '),
    pipelines: new Map(),
    answerMs,
    lost: null,
  };
  void device.lost.then((loss) => (gpu.lost = wordsOf(loss)));
  return gpu;
}

const LOSS_TOLD_MS = 100;

/** Why a device that failed to answer is gone; null when it is there. It says so a moment later, and the answer itself nothing. */
export async function lossOf(device: GPUDevice): Promise<string | null> {
  const loss = await Promise.race([device.lost, delay(LOSS_TOLD_MS)]);
  return loss === undefined ? null : wordsOf(loss);
}

function wordsOf({ reason, message }: GPUDeviceLostInfo): string {
  return message === '' ? reason : message;
}

function isSoftware({ isFallbackAdapter, architecture, description }: GPUAdapterInfo): boolean {
  return isFallbackAdapter || /swiftshader|llvmpipe/i.test(`${architecture} ${description}`);
}

/** The kernel of this source, compiled when it is first asked for. */
export function pipelineOf({ device, pipelines }: Gpu, code: string): GPUComputePipeline {
  const known = pipelines.get(code);
  if (known !== undefined) return known;
  const module = device.createShaderModule({ code });
  const pipeline = device.createComputePipeline({ layout: 'auto', compute: { module, entryPoint: 'main' } });
  pipelines.set(code, pipeline);
  return pipeline;
}
