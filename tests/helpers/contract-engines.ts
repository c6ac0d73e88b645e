/**
 * The engines that the contract suites run on: of the fused core every build that this machine runs, each instruction set and each WebAssembly
 * module by itself.
 */
import { createNativeEngine, createWasmEngine } from '../../worker/engines/fused/fused-engine.ts';
import { loadNative } from '../../worker/engines/fused/native.ts';
import { runnableVariants } from '../../worker/engines/fused/wasm.ts';
import type { Engine } from '../../worker/engines/engine.ts';
import { createReferenceEngine } from '../../worker/engines/reference/reference-engine.ts';
import { createTfjsEngine } from '../../worker/engines/tfjs/tfjs-engine.ts';

type ContractEngine = readonly [name: string, create: () => Promise<Engine>];

export const ENGINES: readonly ContractEngine[] = [
  ['reference', () => Promise.resolve(createReferenceEngine())],
  ['tfjs', createTfjsEngine],
  ...(await nativeEngines()),
  ...runnableVariants().map((variant): ContractEngine => [`wasm, ${variant}`, () => createWasmEngine(variant)]),
];

async function nativeEngines(): Promise<ContractEngine[]> {
  // without a compiler there is no native engine, and nothing to hold to its promises
  const build = await loadNative().catch((reason: unknown) => {
    if (process.env['CI'] === 'true') throw reason;
    return null;
  });
  return (build?.runnable ?? []).map((isa) => [`native, ${isa}`, () => createNativeEngine(isa)]);
}
