/**
 * Part of `npm run check`: the C++ sources are formatted and pass clang-tidy, and the committed WebAssembly modules are what these sources
 * give. A tool that is not there is named and passed over; with CI=true it has to be there.
 */
import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { FLAGS, instructionSets } from './build.mjs';

const FOLDER = dirname(fileURLToPath(import.meta.url));
const ROOT = join(FOLDER, '../../..');
const CORE = join(FOLDER, 'core');
const TESTS = [join(ROOT, 'tests/native'), join(ROOT, 'tests/worker/engines/fused')];

const sources = [CORE, ...TESTS].flatMap((folder) =>
  readdirSync(folder)
    .filter((name) => /[.][ch]pp$/.test(name))
    .map((name) => join(folder, name)),
);

function run(tool, args) {
  try {
    execFileSync(tool, args, { cwd: ROOT, stdio: 'pipe', encoding: 'utf8' });
  } catch (error) {
    if (error.code !== 'ENOENT') return report(tool, `${error.stdout}${error.stderr}` || error.message);
    process.stdout.write(`${tool} is not here: passed over\n`);
    if (process.env.CI === 'true') process.exitCode = 1;
  }
}

function report(tool, text) {
  process.stderr.write(`${tool}:\n${text.split('\n').slice(0, 40).join('\n')}\n`);
  process.exitCode = 1;
}

run('clang-format-19', [
  `--style=file:${join(CORE, '.clang-format')}`,
  '--dry-run',
  '-Werror',
  ...sources.map((path) => relative(ROOT, path)),
]);
const isa = Object.entries(instructionSets()).at(-1);
run('clang-tidy-19', [
  '--quiet',
  `--config-file=${join(CORE, '.clang-tidy')}`,
  '--header-filter=fused/core/',
  join(CORE, 'exports.cpp'),
  '--',
  ...FLAGS,
  `-DLOLIGO_ISA=${isa[0]}`,
  ...isa[1],
]);
run(process.execPath, [join(FOLDER, 'build-wasm.mjs'), '--check']);
