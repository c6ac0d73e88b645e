/**
 * Which backend this thread has: TensorFlow's C library where @tensorflow/tfjs-node-gpu or @tensorflow/tfjs-node is installed and works, else
 * WebAssembly. LOLIGO_TFJS may ask for one: `wasm`, or the folder that one of the packages was installed into.
 */
import { messageOf } from '../../../schemas/errors.ts';
import type { Backend } from './backend.ts';
import { findTensorFlow, openTensorFlow } from './tensorflow-backend.ts';
import { openWasm } from './wasm-backend.ts';

let opened: Promise<Backend> | undefined;

/** Once in each thread. Resolves when tensors can be made; rejects with the reason why this machine cannot. */
export async function openBackend(): Promise<Backend> {
  return (opened ??= open(process.env['LOLIGO_TFJS'] ?? ''));
}

async function open(asked: string): Promise<Backend> {
  if (asked === 'wasm') return openWasm('LOLIGO_TFJS asks for it');
  const found = findTensorFlow(asked);
  // what was asked for is not replaced by something else
  if (asked !== '' && found.length === 0)
    throw new Error(`LOLIGO_TFJS must be "wasm" or a folder with @tensorflow/tfjs-node-gpu or -node in its node_modules; got ${asked}`);
  const failures: string[] = [];
  for (const installed of found) {
    try {
      return await openTensorFlow(installed);
    } catch (error) {
      // the packages' own advice, on the lines below, is about other ways of installing them
      failures.push(`${installed.name} does not load: ${messageOf(error).split('\n', 1)[0]!.trim()}`);
    }
  }
  if (asked !== '') throw new Error(failures.join('; '));
  return openWasm(failures.length === 0 ? 'no @tensorflow/tfjs-node-gpu or -node is installed' : failures.join('; '));
}
