/**
 * Compiles the native add-on with the compiler that is there: `node worker/engines/fused/build.mjs` (also after `npm ci`, and by native.ts
 * on first use). No node-gyp and nothing downloaded: the headers are the package node-api-headers.
 *
 * One object per instruction set from the same source, all in parallel, and one add-on of them; which of them a process runs is chosen by
 * the processor it is on. The file's name holds a hash of the sources, this file, the headers' version and the compiler, so a stale build
 * is never loaded. Node-API is stable over versions of Node: its version stands in for Node's ABI. Loading asks for the sources' part of
 * the name only, so that an image without its compiler still has its build.
 */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const FOLDER = dirname(fileURLToPath(import.meta.url));
const CORE = join(FOLDER, 'core');
const BUILD = join(FOLDER, 'build');
const NAPI_VERSION = 8;

/** Flags of each instruction set by processor. The first runs on every processor of its kind. */
const INSTRUCTION_SETS = {
  x64: {
    portable: [],
    avx2: ['-mavx2', '-mfma'],
    avx512: ['-mavx512f', '-mavx512dq', '-mavx512vl', '-mavx512bw', '-mavx2', '-mfma', '-mprefer-vector-width=512'],
  },
  arm64: { neon: [] },
};

/** No -ffast-math: a replica that diverges is told by its NaN. */
export const FLAGS = [
  '-std=c++20',
  '-O3',
  '-fno-exceptions',
  '-fno-rtti',
  '-fno-threadsafe-statics',
  '-fno-math-errno',
  '-fno-trapping-math',
  '-ffp-contract=fast',
  '-fvisibility=hidden',
];

/** How long another process's build is waited for, and after how long its lock is taken for left over. */
const LOCK_MS = 300_000;

/** Instruction sets that are compiled for a processor, and the flags of each. */
export function instructionSets(arch = process.arch) {
  return INSTRUCTION_SETS[arch] ?? { portable: [] };
}

/** Path of the add-on that was built from these sources, or null. */
export function builtAddon() {
  if (!existsSync(BUILD)) return null;
  const built = readdirSync(BUILD).filter((name) => name.startsWith(`${namePrefix()}-`) && name.endsWith('.node'));
  return built.length === 0 ? null : join(BUILD, built[0]);
}

/** Path of the add-on, built now unless it is there. Throws an Error whose message says in a line what is missed. */
export async function ensureAddon() {
  const compiler = await findCompiler();
  const path = join(BUILD, `${namePrefix()}-${digest([compiler.version]).slice(0, 8)}.node`);
  if (existsSync(path)) return path;
  try {
    mkdirSync(BUILD, { recursive: true });
  } catch (cause) {
    throw new Error(`the folder ${BUILD} cannot be written`, { cause });
  }
  await underLock(async () => {
    if (!existsSync(path)) await compileAddon(compiler, path);
  });
  return path;
}

function namePrefix() {
  const files = readdirSync(CORE).filter((name) => /[.][ch]pp$/.test(name));
  const sources = [...files.toSorted().map((name) => join(CORE, name)), fileURLToPath(import.meta.url)];
  const hash = digest([...sources.flatMap((path) => [path.slice(FOLDER.length), readFileSync(path)]), headers().version]).slice(0, 16);
  return `loligo-${process.platform}-${process.arch}-napi${NAPI_VERSION}-${hash}`;
}

function digest(parts) {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(`${part.length}:`).update(part);
  return hash.digest('hex');
}

function headers() {
  const require = createRequire(import.meta.url);
  const { version } = require('node-api-headers/package.json');
  return { version, folder: require('node-api-headers').include_dir };
}

/** The first compiler that answers: CXX alone where that is set. */
export async function findCompiler() {
  if (process.platform === 'win32') throw new Error('the native engine is not built on Windows');
  const asked = process.env.CXX;
  for (const command of asked ? [asked] : ['c++', 'g++', 'clang++']) {
    const [program, ...args] = command.split(' ');
    try {
      const { stdout } = await run(program, [...args, '--version']);
      return { program, args, version: stdout };
    } catch {
      // not there: the next one
    }
  }
  throw new Error(asked ? `the compiler CXX=${asked} does not run` : 'no C++ compiler (c++, g++, clang++) was found');
}

async function compileAddon(compiler, path) {
  const work = `${path}.${process.pid}`;
  mkdirSync(work, { recursive: true });
  try {
    const { folder } = headers();
    const units = [
      { source: 'addon.cpp', object: 'addon.o', flags: [`-DNAPI_VERSION=${NAPI_VERSION}`, `-I${folder}`, ...instructionSetList()] },
      ...Object.entries(instructionSets()).map(([isa, flags]) => ({
        source: 'exports.cpp',
        object: `${isa}.o`,
        flags: [`-DLOLIGO_ISA=${isa}`, ...flags],
      })),
    ];
    const compile = ({ source, object, flags }) =>
      invoke(compiler, [...FLAGS, '-fPIC', ...flags, '-c', join(CORE, source), '-o', join(work, object)]);
    await eachOf(units, availableParallelism(), compile);
    const shared = process.platform === 'darwin' ? ['-shared', '-undefined', 'dynamic_lookup'] : ['-shared', '-Wl,--as-needed'];
    const linked = join(work, 'loligo.node');
    await invoke(compiler, [...shared, ...units.map(({ object }) => join(work, object)), '-o', linked]);
    // older builds go before the new one appears: whoever runs one keeps it open
    for (const name of readdirSync(BUILD)) if (name.endsWith('.node')) rmSync(join(BUILD, name));
    renameSync(linked, path);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** The add-on's table of kernels, best first. */
function instructionSetList() {
  return [
    `-DLOLIGO_KERNELS=${Object.keys(instructionSets())
      .toReversed()
      .map((isa) => `LOLIGO_KERNEL(${isa})`)
      .join('')}`,
  ];
}

async function invoke({ program, args }, more) {
  try {
    await run(program, [...args, ...more]);
  } catch (error) {
    const { stderr = '' } = error;
    const reason = /error: (.*)/.exec(stderr)?.[1] ?? error.message.split('\n')[0];
    throw new Error(`${program} could not compile the add-on: ${reason}`, { cause: error });
  }
}

async function eachOf(items, width, action) {
  const left = [...items];
  const worker = async () => {
    for (let item = left.shift(); item !== undefined; item = left.shift()) await action(item);
  };
  await Promise.all(Array.from({ length: Math.max(1, width) }, worker));
}

/** One build at a time: `npm ci` and the first threads of a pool may all come here at once. */
async function underLock(action) {
  const lock = join(BUILD, 'lock');
  const deadline = Date.now() + LOCK_MS;
  while (!takeLock(lock)) {
    if (Date.now() > deadline) throw new Error(`another build holds ${lock}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  try {
    await action();
  } finally {
    rmSync(lock, { force: true });
  }
}

function takeLock(lock) {
  try {
    writeFileSync(lock, String(process.pid), { flag: 'wx' });
    return true;
  } catch (error) {
    if (error.code !== 'EEXIST') throw error;
    if (isLeftOver(lock)) rmSync(lock, { force: true });
    return false;
  }
}

function isLeftOver(lock) {
  try {
    const holder = Number(readFileSync(lock, 'utf8'));
    if (Date.now() - statSync(lock).mtimeMs > LOCK_MS) return true;
    // empty between the lock's making and its writing; threads of one process wait for each other
    if (holder > 0 && holder !== process.pid) process.kill(holder, 0);
    return false;
  } catch (error) {
    return error.code === 'ESRCH';
  }
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const started = Date.now();
  try {
    const there = builtAddon();
    await ensureAddon();
    const seconds = ((Date.now() - started) / 1000).toFixed(0);
    process.stdout.write(
      `native engine: ${Object.keys(instructionSets()).join(', ')} ${there === null ? `built in ${seconds} s` : 'ready'}\n`,
    );
  } catch (error) {
    // an install goes on: the engine `wasm` needs no compiler
    process.stdout.write(`native engine not built: ${error.message}. Training goes on with WebAssembly, several times slower.\n`);
    process.exitCode = process.argv.includes('--install') ? 0 : 1;
  }
}
