/**
 * TensorFlow's C library through @tensorflow/tfjs-node-gpu or @tensorflow/tfjs-node. Neither is among this project's packages: a user who wants
 * one installs it (docs/gpu.md), and it is looked for when the engine is opened. It brings its own copy of TensorFlow.js, which shares the
 * tensors and kernels of this one through the process's global object.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { hostArithmetic } from '../host-arithmetic.ts';
import { processorModel } from '../processor-model.ts';
import type { Backend, TensorPlan } from './backend.ts';

/** The first that works is taken. */
const PACKAGES = ['@tensorflow/tfjs-node-gpu', '@tensorflow/tfjs-node'] as const;

export interface Installed {
  readonly name: (typeof PACKAGES)[number];
  /** Its main file. */
  readonly path: string;
}

/** Packages that are there, in a folder or, where that is '', beside this program (and in NODE_PATH, as Node looks). */
export function findTensorFlow(folder: string): Installed[] {
  const require = createRequire(folder === '' ? import.meta.url : join(resolve(folder), 'package.json'));
  return PACKAGES.flatMap((name) => {
    try {
      return [{ name, path: require.resolve(name) }];
    } catch {
      return []; // not installed
    }
  });
}

/**
 * Read by TensorFlow when it starts. One thread: parallelism is the pool's, and sums must not depend on how many there are. Only warnings
 * that matter to a user. A GPU's memory is taken as it is needed, so that two workers can share it.
 */
const SETTINGS = {
  TF_NUM_INTRAOP_THREADS: '1',
  TF_NUM_INTEROP_THREADS: '1',
  TF_CPP_MIN_LOG_LEVEL: '2',
  TF_FORCE_GPU_ALLOW_GROWTH: 'true',
  // else products of factors rounded to 10 bits: gradients on an H100 were off by 5e-4
  NVIDIA_TF32_OVERRIDE: '0',
};

/** What is read of the backend that tfjs-node registers (its nodejs_kernel_backend.ts). */
interface NodeBackend {
  readonly isUsingGpuDevice: boolean;
  readonly binding: { readonly TF_Version: string };
}

/** Rejects with the reason why it cannot be used. */
export async function openTensorFlow({ name, path }: Installed): Promise<Backend> {
  // in a thread this is a copy, which TensorFlow does not see: the main thread, which opens an engine first, has set them
  for (const [key, value] of Object.entries(SETTINGS)) process.env[key] ??= value;
  const require = createRequire(path);
  restoreUtil(require);
  // keeps it from warning that its copy of TensorFlow.js says the same as ours of what Node is
  tf.enableProdMode();
  require(path);
  if (!(await tf.setBackend('tensorflow'))) throw new Error('its backend did not start');
  // KernelBackend, as TensorFlow.js declares it, is the part that all backends have
  const { isUsingGpuDevice, binding } = tf.backend() as unknown as NodeBackend;
  // a package's own package.json, by its form
  const { version } = require(`${name}/package.json`) as { version: string };
  const library = `TensorFlow ${binding.TF_Version} by ${name.slice('@tensorflow/'.length)} ${version}`;
  const device = isUsingGpuDevice ? gpuModel() : processorModel();
  return {
    text: `${library} on ${isUsingGpuDevice ? device : missingGpu(name)}`,
    arithmetic: `${library} on ${device}, ${hostArithmetic()}`,
    ...(isUsingGpuDevice ? ON_GPU : ON_PROCESSOR),
  };
}

/** Eigen's vectors have 16 numbers at most (AVX-512). Its products were found to be the same alone and in every batch that was tried. */
const ON_PROCESSOR: TensorPlan & Pick<Backend, 'company'> = { company: 32, batch: [1, Infinity], vector: 16, transposes: true };

/** cuBLAS chooses its kernels by the number of products too: it is always the same. What a small cohort wastes is little beside starting the kernels. */
const ON_GPU: TensorPlan & Pick<Backend, 'company'> = { company: 256, batch: [256, 256], vector: 16, transposes: true };

/** Node 23 removed what tfjs-node calls, and Node 22 warns of it. */
function restoreUtil(require: NodeJS.Require): void {
  Object.assign(require('node:util') as object, {
    isArray: Array.isArray,
    isNullOrUndefined: (value: unknown) => value === null || value === undefined,
  });
}

function missingGpu(name: Installed['name']): string {
  return name === '@tensorflow/tfjs-node-gpu'
    ? 'the processor: it finds no GPU, or not the CUDA libraries that it was built for'
    : 'the processor';
}

/** As NVIDIA's driver says it; TensorFlow's C interface does not. */
function gpuModel(): string {
  const folder = '/proc/driver/nvidia/gpus';
  try {
    const models = readdirSync(folder).map(
      (gpu) => /^Model:\s*(.+)$/m.exec(readFileSync(join(folder, gpu, 'information'), 'utf8'))?.[1] ?? '',
    );
    return [...new Set(models)].join(', ');
  } catch {
    return 'a GPU'; // another system, or a container without it
  }
}
