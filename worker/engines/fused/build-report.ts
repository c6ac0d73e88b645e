/** What `doctor` says of the two builds of the core: which instruction sets were compiled, which of them this machine runs, which is taken. */
import { chooseKernel, loadNative } from './native.ts';
import { wasmKernel } from './wasm.ts';

const ARITHMETIC = 'float32 Adam and float64 second order';

export async function describeNative(): Promise<string> {
  const build = await loadNative();
  const { instructionSet } = chooseKernel(build);
  const lacking = build.compiled.filter((name) => !build.runnable.includes(name));
  const others = build.runnable.filter((name) => name !== instructionSet);
  const notes = [
    ...(others.length === 0 ? [] : [`${others.join(', ')} would run too`]),
    ...(lacking.length === 0 ? [] : [`this processor or system lacks ${lacking.join(', ')}`]),
    ...(process.env['LOLIGO_ISA'] === undefined ? [] : ['asked for by LOLIGO_ISA']),
  ];
  return `compiled C++ with ${instructionSet}${notes.length === 0 ? '' : ` (${notes.join('; ')})`}, ${ARITHMETIC}`;
}

export async function describeWasm(): Promise<string> {
  return `the same C++ as WebAssembly with ${wasmKernel().instructionSet}, ${ARITHMETIC}`;
}
