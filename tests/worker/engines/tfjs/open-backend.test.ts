/** Which backend is taken where a package is absent, broken, or asked for. Each in a process of its own: a process has one. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, test } from 'vitest';
import { packageRoot } from '../../../../schemas/package-root.ts';
import { scratchFolders } from '../../../helpers/scratch-folder.ts';

const scratch = scratchFolders();
const ENGINE = pathToFileURL(join(packageRoot(), 'dist/worker/engines/tfjs/tfjs-engine.js')).href;

/** What describeTfjs says, or why it cannot. */
function described(environment: Record<string, string>): string {
  const code = `import(${JSON.stringify(ENGINE)}).then((engine) => engine.describeTfjs()).then(console.log, (error) => console.log('rejected:', error.message))`;
  const { LOLIGO_TFJS: _, NODE_PATH: __, ...rest } = process.env;
  return spawnSync(process.execPath, ['-e', code], { encoding: 'utf8', env: { ...rest, ...environment } }).stdout.trim();
}

/** A folder whose tfjs-node was installed without its library, as on a machine that cannot reach Google's storage. */
function withBrokenPackage(): string {
  const folder = scratch();
  const home = join(folder, 'node_modules/@tensorflow/tfjs-node');
  mkdirSync(home, { recursive: true });
  writeFileSync(join(home, 'package.json'), JSON.stringify({ name: '@tensorflow/tfjs-node', version: '4.22.0', main: 'index.js' }));
  writeFileSync(join(home, 'index.js'), "throw new Error('The Node.js native addon module can not be found. \\nPlease run npm rebuild');");
  return folder;
}

test('WebAssembly where no package is installed', () => {
  expect(described({})).toMatch(/WebAssembly SIMD \(no @tensorflow\/tfjs-node-gpu or -node is installed\)/);
});

test('WebAssembly where the package does not load, and why, in one line', () => {
  const text = described({ NODE_PATH: join(withBrokenPackage(), 'node_modules') });
  expect(text).toContain('WebAssembly SIMD (@tensorflow/tfjs-node does not load: The Node.js native addon module can not be found.');
  expect(text.split('\n')).toHaveLength(1);
});

test('nothing else than what LOLIGO_TFJS asks for', () => {
  expect(described({ LOLIGO_TFJS: withBrokenPackage() })).toMatch(/^rejected: @tensorflow\/tfjs-node does not load/);
  expect(described({ LOLIGO_TFJS: scratch() })).toMatch(/^rejected: LOLIGO_TFJS must be "wasm" or a folder with/);
});
