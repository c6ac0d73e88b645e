/** Building and choosing: what is said where the machine lacks something. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { packageRoot } from '../../../../schemas/package-root.ts';
import { chooseKernel, type NativeBuild } from '../../../../worker/engines/fused/native.ts';
import { wasmKernel } from '../../../../worker/engines/fused/wasm.ts';

const SCRIPT = join(packageRoot(), 'worker/engines/fused/build.mjs');

test('an install without a compiler goes on and says in one line what is missed', () => {
  const { status, stdout } = spawnSync(process.execPath, [SCRIPT, '--install'], {
    env: { ...process.env, CXX: '/no/such/compiler' },
    encoding: 'utf8',
  });
  expect(status).toBe(0);
  expect(stdout).toBe(
    'native engine not built: the compiler CXX=/no/such/compiler does not run. Training goes on with WebAssembly, several times slower.\n',
  );
});

test('the best instruction set that runs is taken, unless another is asked for', () => {
  const build: NativeBuild = {
    compiled: ['avx512', 'avx2', 'portable'],
    runnable: ['avx2', 'portable'],
    kernel: (instructionSet) => ({ ...wasmKernel(), instructionSet }),
  };
  expect(chooseKernel(build, '').instructionSet).toBe('avx2');
  expect(chooseKernel(build, 'portable').instructionSet).toBe('portable');
  expect(() => chooseKernel(build, 'avx512')).toThrow(
    'avx512 does not run here: avx512, avx2, portable are compiled, of which avx2, portable run',
  );
});
