/**
 * Compiles the WebAssembly module that is committed in wasm/: `npm run build:wasm`, after a change of core/. Needs Debian's clang-19 and
 * lld-19, so that the same sources give the same bytes; who only runs loligo needs neither. The compiler's version stands in the module, in
 * a custom section "loligo".
 *
 * `--check` compiles and compares with what is committed instead of writing. Where another clang, or none, is there it says so and passes:
 * the engine contract suite then decides. With CI=true the compiler has to be there.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { FLAGS } from './build.mjs';

const FOLDER = dirname(fileURLToPath(import.meta.url));
const COMPILER = 'clang++-19';
const LINKER = 'wasm-ld-19';

const MODULE = join(FOLDER, 'wasm/loligo-simd.wasm');

/**
 * Node 20 has all of them without a flag. Not -mrelaxed-simd: with its fused multiply-add a step of W1 was 12 % slower on Node 20.20 and no
 * faster on Node 24 (AVX-512 machine, alternating slices).
 */
const TARGET = [
  '-msimd128',
  '-DLOLIGO_ISA=simd',
  '--target=wasm32',
  '-nostdlib',
  '-ffreestanding',
  '-mbulk-memory',
  '-mnontrapping-fptoint',
  '-msign-ext',
  '-fvisibility=hidden',
];

/** 1 MiB of stack; the memory grows as cohorts ask. */
const LINK = ['--no-entry', '--gc-sections', '--strip-all', '--stack-first', '-z', 'stack-size=1048576', '--lto-O3'];

function version() {
  try {
    return execFileSync(COMPILER, ['--version'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).split('\n')[0];
  } catch {
    return null;
  }
}

/** Hash of what a module is made of: a changed core with an old module is caught also where there is no clang. */
function sourceHash() {
  const core = join(FOLDER, 'core');
  const hash = createHash('sha256');
  for (const name of readdirSync(core)
    .filter((file) => /^(?!addon).*[.][ch]pp$/.test(file))
    .toSorted())
    hash.update(name).update(readFileSync(join(core, name)));
  return hash
    .update(readFileSync(fileURLToPath(import.meta.url)))
    .update(FLAGS.join(' '))
    .digest('hex')
    .slice(0, 16);
}

function compile(compiler) {
  const work = mkdtempSync(join(tmpdir(), 'loligo-wasm-'));
  try {
    const [object, module] = [join(work, 'core.o'), join(work, 'core.wasm')];
    // a path of the machine must not reach the module
    const flags = [...FLAGS.filter((flag) => flag !== '-fvisibility=hidden'), ...TARGET, `-ffile-prefix-map=${FOLDER}=.`];
    execFileSync(COMPILER, [...flags, '-c', join(FOLDER, 'core/exports.cpp'), '-o', object], { stdio: 'inherit' });
    execFileSync(LINKER, [...LINK, object, '-o', module], { stdio: 'inherit' });
    return withSection(readFileSync(module), 'loligo', `${sourceHash()} ${compiler}`);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** The module with a custom section (WebAssembly core specification, 5.5.3) at its end. */
function withSection(module, name, text) {
  const content = Buffer.concat([leb(name.length), Buffer.from(name), Buffer.from(text)]);
  return Buffer.concat([module, Buffer.from([0]), leb(content.length), content]);
}

/** Unsigned LEB128. */
function leb(value) {
  const bytes = [];
  do {
    bytes.push((value & 127) | (value > 127 ? 128 : 0));
    value >>>= 7;
  } while (value > 0);
  return Buffer.from(bytes);
}

/** "hash compiler" of a module, or null. Read here and not by WebAssembly.Module, which Node 20 gives only for what it can run. */
function stampOf(module) {
  for (let at = 8; at < module.length;) {
    const id = module[at];
    const size = readLeb(module, at + 1);
    if (id === 0) {
      const name = readLeb(module, size.end);
      const text = name.end + name.value;
      if (module.toString('utf8', name.end, text) === 'loligo') return module.toString('utf8', text, size.end + size.value);
    }
    at = size.end + size.value;
  }
  return null;
}

function readLeb(bytes, at) {
  let [value, shift] = [0, 0];
  for (;;) {
    const byte = bytes[at++];
    value += (byte & 127) * 2 ** shift;
    shift += 7;
    if (byte < 128 || byte === undefined) return { value, end: at };
  }
}

function check(compiler) {
  const committed = readFileSync(MODULE);
  const [hash, ...rest] = (stampOf(committed) ?? '').split(' ');
  const madeBy = rest.join(' ');
  if (hash !== sourceHash()) return fail(`${MODULE} was made from other sources: run "npm run build:wasm"`);
  if (compiler === madeBy) {
    if (!compile(compiler).equals(committed)) fail(`${MODULE} is not what ${compiler} makes of these sources: run "npm run build:wasm"`);
    return;
  }
  if (process.env.CI === 'true' && compiler === null) return fail(`${COMPILER} is not there to compare the module`);
  process.stdout.write(`not compared: the module was made by "${madeBy}", here is ${compiler ?? 'no ' + COMPILER}\n`);
}

function fail(message) {
  process.stderr.write(`${message}\n`);
  process.exitCode = 1;
}

const compiler = version();
if (process.argv.includes('--check')) check(compiler);
else if (compiler === null) fail(`${COMPILER} and ${LINKER} are needed: apt-get install clang-19 lld-19`);
else {
  mkdirSync(dirname(MODULE), { recursive: true });
  const module = compile(compiler);
  writeFileSync(MODULE, module);
  process.stdout.write(`${MODULE}: ${module.length} bytes\n`);
}
