/**
 * Makes a folder that benchmarks the webgpu engine on a bare Linux GPU host: no Node, no network, only a driver with Vulkan, xz (or
 * Python) and a shell. Node's binary and Dawn packed with xz, the Vulkan loader and GL dispatch libraries of this machine, the built project with the packages
 * that it imports, and `run.sh`, which writes all results to one folder. Needs the built dist/: npm run bundle:gpu [-- FOLDER]
 */
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, realpathSync, rmSync, statSync, writeFileSync, readdirSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const LIMIT_MIB = 64;
const folder = resolve(process.argv[2] ?? join(ROOT, '.gpu-bundle'));
const ENTRIES = [
  'worker/engines/webgpu/webgpu-engine.js',
  'worker/engines/reference/reference-engine.js',
  'worker/train/member.js',
  'worker/train/resolve-problem.js',
  'orchestrator/spec/spec-file.js',
  'orchestrator/spec/resolve.js',
  'orchestrator/expand/expansion.js',
].map((file) => join(ROOT, 'dist', file));
const BENCH = ['gpu.mjs', 'gpu-fma-peak.mjs', 'network-step.mjs', 'rates.mjs', 'gpu-peer.py'];
/** The Vulkan loader, and the dispatch libraries without which NVIDIA's Vulkan driver does not start on a host without a display. */
const LIBRARIES = ['libvulkan.so.1', 'libGLdispatch.so.0', 'libEGL.so.1', 'libGLX.so.0', 'libGL.so.1', 'libOpenGL.so.0'];
const PEER = resolve(ROOT, '../shared/peers/ref_jax.py');

rmSync(folder, { recursive: true, force: true });
mkdirSync(join(folder, 'tests/bench'), { recursive: true });
const packages = copyProject();
copyPackages(packages);
copyRuntime();
writeFileSync(join(folder, 'run.sh'), script(), { mode: 0o755 });
const size = sizeOf(folder) / 2 ** 20;
console.log(`${folder}: ${size.toFixed(1)} MiB, packages: ${[...packages].join(' ')}`);
if (size > LIMIT_MIB) throw new Error(`the bundle is ${size.toFixed(1)} MiB, more than ${LIMIT_MIB}`);

/** The built files that the entries reach, and what the project reads at run time; the packages that they import. */
function copyProject() {
  const packages = new Set();
  const files = new Set();
  const visit = (file) => {
    if (files.has(file)) return;
    files.add(file);
    for (const [, , name] of readFileSync(file, 'utf8').matchAll(/(from|import\(|import)\s*['"]([^'"]+)['"]/g)) {
      if (name.startsWith('.')) visit(resolve(dirname(file), name));
      else if (/^(@[\w.-]+\/)?[\w.-]+(\/|$)/.test(name)) packages.add(packageOf(name));
    }
    for (const [, name] of readFileSync(file, 'utf8').matchAll(/require\(['"]([a-z@][^'"]*)['"]\)/g)) packages.add(packageOf(name));
  };
  ENTRIES.forEach(visit);
  for (const file of files) cpSync(file, join(folder, relative(ROOT, file)));
  for (const path of ['package.json', 'worker/models/builtin']) cpSync(join(ROOT, path), join(folder, path), { recursive: true });
  for (const file of BENCH) cpSync(join(ROOT, 'tests/bench', file), join(folder, 'tests/bench', file));
  if (existsSync(PEER)) cpSync(PEER, join(folder, 'tests/bench/ref_jax.py'));
  return packages;
}

function packageOf(name) {
  return name
    .split('/')
    .slice(0, name.startsWith('@') ? 2 : 1)
    .join('/');
}

/** With what they depend on; types, maps and sources of packages stay behind, and of webgpu the binaries. */
function copyPackages(names) {
  const done = new Set();
  const copy = (name) => {
    const from = join(ROOT, 'node_modules', name);
    if (done.has(name) || !existsSync(from)) return;
    done.add(name);
    const skipped = /\.(map|ts|cts|mts|md|flow|node|dll)$|\/(src|types|test|docs|build)$/;
    cpSync(realpathSync(from), join(folder, 'node_modules', name), {
      recursive: true,
      filter: (path) => !skipped.test(path) && !(name === 'mathjs' && /lib\/(cjs|esm)/.test(path)),
    });
    Object.keys(JSON.parse(readFileSync(join(from, 'package.json'), 'utf8')).dependencies ?? {}).forEach(copy);
  };
  // of mathjs the project imports the one-file browser build, which needs nothing else
  for (const name of names) if (name !== 'mathjs') copy(name);
  cpSync(join(ROOT, 'node_modules/mathjs/package.json'), join(folder, 'node_modules/mathjs/package.json'));
  cpSync(join(ROOT, 'node_modules/mathjs/lib/browser'), join(folder, 'node_modules/mathjs/lib/browser'), {
    recursive: true,
    filter: (path) => !path.endsWith('.map'),
  });
}

function copyRuntime() {
  const pack = (file, name) => writeFileSync(join(folder, name), execFileSync('xz', ['-6', '-T0', '-c', file], { maxBuffer: 2 ** 28 }));
  pack(realpathSync(process.execPath), 'node.xz');
  pack(join(ROOT, `node_modules/webgpu/dist/linux-${process.arch}/dawn.node`), 'dawn.node.xz');
  const libraries = execFileSync('/sbin/ldconfig', ['-p'], { encoding: 'utf8' });
  for (const name of LIBRARIES) {
    const found = libraries.match(new RegExp(`${name.replaceAll('.', '\\.')} .*=> (\\S+)`))?.[1];
    if (found === undefined) throw new Error(`this machine has no ${name}: install libvulkan1, libegl1, libgl1 and libopengl0`);
    cpSync(realpathSync(found), join(folder, 'lib', name));
  }
}

function script() {
  return `#!/bin/sh
# Unpacks Node and Dawn beside this script and runs the GPU benchmark: sh run.sh RESULTS [options of gpu.mjs]
set -e
here=$(cd "$(dirname "$0")" && pwd)
results=\${1:-results}
[ $# -gt 0 ] && shift
mkdir -p "$results" "$here/node_modules/webgpu/dist/linux-${process.arch}"
unpack() { xz -dc "$1" > "$2" 2>/dev/null || python3 -c 'import lzma, shutil, sys; shutil.copyfileobj(lzma.open(sys.argv[1]), open(sys.argv[2], "wb"))' "$1" "$2"; }
unpack "$here/node.xz" "$here/node"
unpack "$here/dawn.node.xz" "$here/node_modules/webgpu/dist/linux-${process.arch}/dawn.node"
chmod +x "$here/node"
export LD_LIBRARY_PATH="$here/lib\${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
"$here/node" "$here/tests/bench/gpu.mjs" --json "$results/gpu.json" "$@" 2>&1 | tee "$results/gpu.txt"
`;
}

function sizeOf(path) {
  const stat = statSync(path);
  return stat.isDirectory() ? readdirSync(path).reduce((sum, name) => sum + sizeOf(join(path, name)), 0) : stat.size;
}
