/**
 * TensorFlow.js on WebAssembly, one thread. The .wasm files come from the installed package: no download. Each pool thread has its own
 * instance; parallelism is the pool's, not the backend's.
 */
import { createRequire } from 'node:module';
import { dirname, sep } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { setThreadsCount, setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import { hostArithmetic } from '../host-arithmetic.ts';
import type { Backend } from './backend.ts';

/** `why`: not TensorFlow. */
export async function openWasm(why: string): Promise<Backend> {
  const require = createRequire(import.meta.url);
  setWasmPaths(dirname(require.resolve('@tensorflow/tfjs-backend-wasm')) + sep);
  setThreadsCount(1);
  const release = keepListeners(['uncaughtException', 'unhandledRejection']);
  try {
    if (!(await tf.setBackend('wasm'))) throw new Error('the WebAssembly backend of TensorFlow.js did not start');
    if (!(await tf.env().getAsync('WASM_HAS_SIMD_SUPPORT'))) throw new Error('this Node has no WebAssembly SIMD');
  } finally {
    release();
  }
  const name = `TensorFlow.js ${tf.version_core} on WebAssembly SIMD`;
  return {
    text: `${name} (${why})`,
    arithmetic: `${name}, ${hostArithmetic()}`,
    company: 8,
    // measured: [512, 32] x [32, 32] takes 45 to 75 us by itself, and 480 us per replica in a batched or transposed product, a plain loop
    batch: [1, 1],
    vector: 1,
    transposes: false,
  };
}

/**
 * Emscripten's start-up code installs process-wide handlers that rethrow every error and rejection of the host program: take away what
 * it added. (Never dispose the backend: its own clean-up removes the host's handlers too.)
 */
function keepListeners(events: readonly ('uncaughtException' | 'unhandledRejection')[]): () => void {
  const listenersOf = (event: string): readonly unknown[] => process.rawListeners(event);
  const before = new Map(events.map((event) => [event, new Set(listenersOf(event))]));
  return () => {
    for (const event of events)
      for (const listener of process.rawListeners(event))
        // rawListeners is typed as Function[], which removeListener does not take
        if (before.get(event)?.has(listener) !== true) process.removeListener(event, listener as (...values: unknown[]) => void);
  };
}
