/** The engines that the contract suites run on: of the fused core every build that this machine runs, each instruction set by itself. */
import { createNativeEngine, createWasmEngine } from '../../worker/engines/fused/fused-engine.ts';
import { loadNative } from '../../worker/engines/fused/native.ts';
import type { Engine } from '../../worker/engines/engine.ts';
import { createReferenceEngine } from '../../worker/engines/reference/reference-engine.ts';
import { createTfjsEngine } from '../../worker/engines/tfjs/tfjs-engine.ts';
import { createWebgpuEngine } from '../../worker/engines/webgpu/webgpu-engine.ts';
import { useSoftwareGpu } from './software-gpu.ts';

type ContractEngine = readonly [name: string, create: () => Promise<Engine>];

const [best, ...lesser] = await nativeEngines();
useSoftwareGpu();

/** One of each name, `native` with the instruction set that it takes here. */
export const NAMED_ENGINES: readonly ContractEngine[] = [
  ['reference', () => Promise.resolve(createReferenceEngine())],
  ['tfjs', createTfjsEngine],
  ...(best === undefined ? [] : [best]),
  ['wasm', createWasmEngine],
  ...(await webgpuEngines()),
];

/** With the other instruction sets, which differ in the width of vectors and the blocks of their kernels only. */
export const ENGINES: readonly ContractEngine[] = [...NAMED_ENGINES, ...lesser];

async function nativeEngines(): Promise<ContractEngine[]> {
  // without a compiler there is no native engine, and nothing to hold to its promises
  const build = await loadNative().catch((reason: unknown) => {
    if (process.env['CI'] === 'true') throw reason;
    return null;
  });
  return (build?.runnable ?? []).map((isa) => [`native, ${isa}`, () => createNativeEngine(isa)]);
}

async function webgpuEngines(): Promise<ContractEngine[]> {
  // without a GPU, or a driver that plays one, there is nothing to hold to its promises
  const engine = await createWebgpuEngine().catch((reason: unknown) => {
    if (process.env['CI'] === 'true') throw reason;
    return null;
  });
  if (engine === null) return [];
  await engine.close();
  // a look after each slice: what a look takes over must be all that a replica needs
  return [['webgpu', () => createWebgpuEngine({ lookMs: 0 })]];
}
