/** What the benchmarks of engines share: options of the command line, which engines to time, where they run, notes on the way. */
import { execFileSync } from 'node:child_process';
import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import { listOf, oneLine } from './rates.mjs';
import { allowedCores, hasTaskset } from './runners.mjs';

const built = (path) => import(new URL(`../../dist/${path}`, import.meta.url).href);
const { readInstructionSets } = await built('orchestrator/cli/instruction-sets.js');
const { openEngine } = await built('worker/engines/registry.js');

export const instructionSets = readInstructionSets();

/** Replicas of a cohort. The reference takes its replicas one by one and slowly. */
const REPLICAS = { reference: 1 };

const ENGINE_RUNNER = fileURLToPath(new URL('engine-runner.mjs', import.meta.url));

/** The core that everything is pinned to: the last, because the system's own work tends to the first. */
export function benchCore(asked) {
  if (!hasTaskset()) return null;
  return asked ?? String(allowedCores().at(-1) ?? 0);
}

/** Of a list of names those that work here. Opened once in this process, so that a build on first use is over before anything is timed. */
export async function presentEngines(text, onAbsent) {
  const present = [];
  for (const name of listOf(text)) {
    try {
      const { engine } = await openEngine(engineOf(name).engine);
      await engine.close();
      present.push(name);
    } catch (error) {
      onAbsent(name, oneLine(error));
    }
  }
  return present;
}

/** `native` is joined by each of its instruction sets that runs here, and `tfjs`, where it has TensorFlow, by what it is without. */
export async function withVariants(names) {
  const sets = names.includes('native') ? (await (await built('worker/engines/fused/native.js')).loadNative()).runnable : [];
  const variants = { native: sets.map((set) => `native:${set}`), tfjs: (await hasTensorFlow()) ? ['tfjs:wasm'] : [] };
  return names.flatMap((name) => [name, ...(variants[name] ?? [])]);
}

async function hasTensorFlow() {
  const asked = process.env.LOLIGO_TFJS ?? '';
  const { findTensorFlow } = await built('worker/engines/tfjs/tensorflow-backend.js');
  return asked !== 'wasm' && findTensorFlow(asked).length > 0;
}

/** Asked for by environment: an instruction set of `native` ("native:avx2"), WebAssembly for `tfjs` ("tfjs:wasm"). */
const VARIANT_OF = { native: 'LOLIGO_ISA', tfjs: 'LOLIGO_TFJS' };

/** The engine and the environment that asks for its variant. */
export function engineOf(name) {
  const [engine, variant] = name.split(':');
  return { engine, env: variant === undefined ? {} : { [VARIANT_OF[engine]]: variant } };
}

/** Description for startRunner of an engine ("native", "native:avx2") on a step of a size. */
export function engineRunner(name, size, { cores, slice, replicas, label = name }) {
  const { engine, env } = engineOf(name);
  const count = replicas ?? REPLICAS[engine] ?? 8;
  return {
    name: label,
    command: process.execPath,
    args: [ENGINE_RUNNER, engine, JSON.stringify(size), String(count)],
    env: { SLICE: String(slice), ...env },
    cores,
  };
}

/** Where and when: what a table needs beside it. */
export function circumstances(cores) {
  return {
    machine: cpus()[0]?.model ?? 'unknown processor',
    instructionSets,
    node: process.version,
    date: new Date().toISOString().slice(0, 10),
    command: [...process.argv.slice(1, 2).map((path) => path.replace(/^.*\//, '')), ...process.argv.slice(2)].join(' '),
    pinnedTo: cores,
  };
}

/** Progress and reasons go to stderr, once each. */
export function notes() {
  const absent = [];
  const note = (text) => process.stderr.write(`${text}\n`);
  const onAbsent = (name, reason) => {
    if (absent.some((entry) => entry.name === name && entry.reason === reason)) return;
    absent.push({ name, reason });
    note(`without ${name}: ${reason}`);
  };
  return { absent, note, onAbsent };
}

/** The first of these programs that is there. */
export function firstProgram(names) {
  return names.find((name) => {
    try {
      execFileSync(name, ['--version'], { stdio: 'ignore' });
      return true;
    } catch {
      return false; // not there: the next one may be
    }
  });
}
