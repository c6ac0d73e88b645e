import { defineConfig } from 'vitest/config';

/** Node 20 has WebAssembly's relaxed SIMD behind this flag; from 22 on it is always there, and the flag is unknown. */
const RELAXED_SIMD = process.versions.node.startsWith('20.') ? ['--experimental-wasm-relaxed-simd'] : [];

export default defineConfig({
  test: {
    include: ['tests/**/*.test.ts'],
    testTimeout: 30_000,
    pool: 'forks',
    maxWorkers: 2,
    execArgv: RELAXED_SIMD,
  },
});
