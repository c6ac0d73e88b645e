/**
 * Makes a folder that tests and benchmarks the webgpu engine on a bare Linux GPU host: no Node, no network, only a driver with Vulkan, xz (or
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
  'worker/pool/pool.js',
  'worker/pool/thread.js',
  'worker/pool/engine-trainer.js',
  'worker/engines/cohort-size.js',
  'worker/queue/consumer.js',
  'worker/train/member.js',
  'worker/train/resolve-problem.js',
  'orchestrator/spec/spec-file.js',
  'orchestrator/spec/resolve.js',
  'orchestrator/expand/expansion.js',
].map((file) => join(ROOT, 'dist', file));
const BENCH = [
  'contract-runner.mjs',
  'gpu-contract.mjs',
  'gpu.mjs',
  'gpu-fma-peak.mjs',
  'gpu-replica.mjs',
  'network-step.mjs',
  'rates.mjs',
  'replica-spec.mjs',
  'gpu-peer.py',
];
/** Builds of a package for other surroundings, as large as the one that is used. */
const FORMS = { mathjs: /lib\/(cjs|esm)/, h5wasm: /dist\/(esm|iife)/ };
const CONTRACT = ['tests/contract/engine.test.ts', 'tests/contract/engine-variants.test.ts'];
/** What the contract runner imports, and whose version names the fused engine's add-on. */
const RUNNER_PACKAGES = ['@vitest/expect', 'chai', 'node-api-headers'];
/** Not asked for on a GPU host, and as large as all else: instead of it a file that says so. */
const LEFT_OUT = { 'worker/engines/tfjs/tfjs-engine.js': 'createTfjsEngine' };
/** What the fused engine reads beside its built code. */
const FUSED = ['build.mjs', 'build', 'core', 'wasm'].map((name) => `worker/engines/fused/${name}`);
/** The Vulkan loader, and the dispatch libraries without which NVIDIA's Vulkan driver does not start on a host without a display. */
const LIBRARIES = ['libvulkan.so.1', 'libGLdispatch.so.0', 'libEGL.so.1', 'libGLX.so.0', 'libGL.so.1', 'libOpenGL.so.0'];
const PEER = resolve(ROOT, '../shared/peers/ref_jax.py');

rmSync(folder, { recursive: true, force: true });
mkdirSync(join(folder, 'tests/bench'), { recursive: true });
const packages = copyProject();
copyContract(packages);
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
    if (files.has(file) || relative(join(ROOT, 'dist'), file) in LEFT_OUT) return;
    files.add(file);
    for (const [, , name] of readFileSync(file, 'utf8').matchAll(/(from|import\(|import)\s*['"]([^'"]+)['"]/g)) {
      if (name.startsWith('.')) visit(resolve(dirname(file), name));
      else if (/^(@[\w.-]+\/)?[\w.-]+(\/|$)/.test(name)) packages.add(packageOf(name));
    }
    for (const [, name] of readFileSync(file, 'utf8').matchAll(/require\(['"]([a-z@][^'"]*)['"]\)/g)) packages.add(packageOf(name));
  };
  ENTRIES.forEach(visit);
  for (const file of files) cpSync(file, join(folder, relative(ROOT, file)));
  for (const [file, name] of Object.entries(LEFT_OUT)) {
    mkdirSync(dirname(join(folder, 'dist', file)), { recursive: true });
    writeFileSync(join(folder, 'dist', file), `export async function ${name}() { throw new Error('left out of this bundle'); }\n`);
  }
  for (const path of ['package.json', 'worker/models/builtin', ...FUSED]) cpSync(join(ROOT, path), join(folder, path), { recursive: true });
  for (const file of BENCH) cpSync(join(ROOT, 'tests/bench', file), join(folder, 'tests/bench', file));
  if (existsSync(PEER)) cpSync(PEER, join(folder, 'tests/bench/ref_jax.py'));
  return packages;
}

/** The contract suite compiled beside the project's code, and stand-ins for what its tests import. */
function copyContract(packages) {
  const compiled = join(folder, '.compiled');
  const settings = join(folder, 'tsconfig.json');
  writeFileSync(
    settings,
    JSON.stringify({
      extends: join(ROOT, 'tsconfig.build.json'),
      compilerOptions: {
        rootDir: ROOT,
        outDir: compiled,
        declaration: false,
        sourceMap: false,
        types: ['node'],
        typeRoots: [join(ROOT, 'node_modules/@types')],
      },
      files: CONTRACT.map((file) => join(ROOT, file)),
      include: [],
    }),
  );
  execFileSync(process.execPath, [join(ROOT, 'node_modules/typescript/bin/tsc'), '-p', settings], { stdio: 'inherit', cwd: ROOT });
  cpSync(join(compiled, 'tests'), join(folder, 'dist/tests'), { recursive: true });
  rmSync(compiled, { recursive: true });
  rmSync(settings);
  standIn('vitest', "export * from '../../tests/bench/contract-runner.mjs';");
  standIn('@tensorflow/tfjs-core', 'export const memory = () => ({ numTensors: 0 });');
  RUNNER_PACKAGES.forEach((name) => packages.add(name));
}

function standIn(name, code) {
  const path = join(folder, 'node_modules', name);
  mkdirSync(path, { recursive: true });
  writeFileSync(join(path, 'package.json'), JSON.stringify({ name, type: 'module', exports: './index.js' }));
  writeFileSync(join(path, 'index.js'), `${code}\n`);
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
      filter: (path) => !skipped.test(path) && !(name in FORMS && FORMS[name].test(path)),
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
# Unpacks Node and Dawn beside this script, runs the contract suite, the benchmark of steps and that of whole replicas, and writes all results to
# one folder: sh run.sh RESULTS [options of gpu.mjs]. Parts of it: PARTS="contract gpu replica".
set -e
here=$(cd "$(dirname "$0")" && pwd)
from=$(pwd)
results=\${1:-results}
[ $# -gt 0 ] && shift
mkdir -p "$results" "$here/node_modules/webgpu/dist/linux-${process.arch}"
unpack() { [ -s "$2" ] || xz -dc "$1" > "$2" 2>/dev/null || python3 -c 'import lzma, shutil, sys; shutil.copyfileobj(lzma.open(sys.argv[1]), open(sys.argv[2], "wb"))' "$1" "$2"; }
unpack "$here/node.xz" "$here/node"
unpack "$here/dawn.node.xz" "$here/node_modules/webgpu/dist/linux-${process.arch}/dawn.node"
chmod +x "$here/node"
export LD_LIBRARY_PATH="$here/lib\${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
cd "$here"
results=$(cd "$from" && cd "$results" && pwd)
failed=0
for part in \${PARTS:-contract gpu replica}; do
  case $part in
    contract) "$here/node" tests/bench/gpu-contract.mjs "$results/contract.json" webgpu dist/tests/contract/*.js > "$results/contract.txt" 2>&1 || failed=1 ; tail -n 1 "$results/contract.txt" ;;
    gpu) "$here/node" tests/bench/gpu.mjs --json "$results/gpu.json" "$@" > "$results/gpu.txt" 2>&1 || failed=1 ; cat "$results/gpu.txt" ;;
    replica) "$here/node" tests/bench/gpu-replica.mjs --json "$results/replica.json" > "$results/replica.txt" 2>&1 || failed=1 ; cat "$results/replica.txt" ;;
  esac
done
exit $failed
`;
}

function sizeOf(path) {
  const stat = statSync(path);
  return stat.isDirectory() ? readdirSync(path).reduce((sum, name) => sum + sizeOf(join(path, name)), 0) : stat.size;
}
