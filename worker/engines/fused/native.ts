/**
 * The native build of the core: a Node-API add-on, compiled by build.mjs from the sources beside this file by whatever compiler the machine
 * has, at `npm ci` or here on first use. It holds one kernel for each instruction set; the best that processor and system run is taken.
 */
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { packageRoot } from '../../../schemas/package-root.ts';
import type * as Build from './build.mjs';
import type { Description } from './description.ts';
import { accepted, NOT_POSITIVE, type Kernel, type KernelCohort } from './kernel.ts';

/** The add-on's object of an open cohort. */
type Handle = object;

/** core/addon.cpp. Functions return a code, negative where the core refuses. */
interface Addon {
  compiled(): string[];
  runnable(): string[];
  open(isa: string, ints: Int32Array, reals: Float64Array, detail: Int32Array): Handle | number;
  close(cohort: Handle): number;
  bytes(cohort: Handle): number;
  setTheta(cohort: Handle, replica: number, theta: Float64Array): number;
  getTheta(cohort: Handle, replica: number, theta: Float64Array): number;
  setMoments(cohort: Handle, replica: number, first: Float64Array, second: Float64Array): number;
  getMoments(cohort: Handle, replica: number, first: Float64Array, second: Float64Array): number;
  setFactors(cohort: Handle, replica: number, factors: Float64Array): number;
  getFactors(cohort: Handle, replica: number, factors: Float64Array): number;
  adam(
    cohort: Handle,
    replica: number,
    stage: Float64Array,
    step: number,
    steps: number,
    terms: Float64Array,
    trace: Float64Array | null,
  ): number;
  evaluate(cohort: Handle, replica: number, theta: Float64Array, project: number, terms: Float64Array): number;
  gradient(cohort: Handle, replica: number, physics: number, gradient: Float64Array): number;
  gradient32(cohort: Handle, replica: number, theta: Float64Array, physics: number, gradient: Float64Array, terms: Float64Array): number;
  refresh(cohort: Handle, replica: number, factor: Float64Array): number;
  linearise(cohort: Handle, replica: number, physics: number): number;
  solve(cohort: Handle, replica: number, damping: number, step: Float64Array, predicted: Float64Array): number;
  reconstruct(cohort: Handle, replica: number, states: Float64Array, parameters: Float64Array): number;
}

export interface NativeBuild {
  /** Best first. */
  readonly compiled: readonly string[];
  /** Those that run here, best first. */
  readonly runnable: readonly string[];
  kernel(instructionSet: string): Kernel;
}

/** Load the add-on, building it where it is absent. Throws an Error whose message says in a line what is missed. */
export async function loadNative(): Promise<NativeBuild> {
  const script = pathToFileURL(join(packageRoot(), 'worker/engines/fused/build.mjs'));
  // from the package's root, also where this file lies in dist/
  const build = (await import(script.href)) as typeof Build;
  const path = build.builtAddon() ?? (await build.ensureAddon());
  // addon.cpp defines exactly these functions
  const addon = createRequire(import.meta.url)(path) as Addon;
  return {
    compiled: addon.compiled(),
    runnable: addon.runnable(),
    kernel: (instructionSet) => ({ instructionSet, open: (description) => openCohort(addon, instructionSet, description) }),
  };
}

/** The best kernel that runs here, or the one that LOLIGO_ISA names. */
export function chooseKernel(build: NativeBuild, asked = process.env['LOLIGO_ISA']): Kernel {
  const name = asked === undefined || asked === '' ? build.runnable[0] : asked;
  if (name !== undefined && build.runnable.includes(name)) return build.kernel(name);
  throw new Error(
    `${name ?? 'no instruction set'} does not run here: ${build.compiled.join(', ')} are compiled, of which ${build.runnable.join(', ') || 'none'} run`,
  );
}

function openCohort(addon: Addon, isa: string, { ints, reals }: Description): KernelCohort {
  const detail = new Int32Array(1);
  const cohort = addon.open(isa, ints, reals, detail);
  if (typeof cohort === 'number') throw new Error(`internal: a refused cohort has the code ${accepted(cohort, 'open', detail[0])}`);
  const one = new Float64Array(1);
  return {
    get bytes() {
      return addon.bytes(cohort);
    },
    getTheta: (r, theta) => void accepted(addon.getTheta(cohort, r, theta), 'getTheta'),
    setTheta: (r, theta) => void accepted(addon.setTheta(cohort, r, theta), 'setTheta'),
    getMoments: (r, first, second) => void accepted(addon.getMoments(cohort, r, first, second), 'getMoments'),
    setMoments: (r, first, second) => void accepted(addon.setMoments(cohort, r, first, second), 'setMoments'),
    getFactors: (r, factors) => void accepted(addon.getFactors(cohort, r, factors), 'getFactors'),
    setFactors: (r, factors) => void accepted(addon.setFactors(cohort, r, factors), 'setFactors'),
    adam: (r, stage, step, steps, terms, trace) => accepted(addon.adam(cohort, r, stage, step, steps, terms, trace), 'adam'),
    evaluate: (r, theta, project, terms) => void accepted(addon.evaluate(cohort, r, theta, project ?? -1, terms), 'evaluate'),
    gradient: (r, physics, gradient) => void accepted(addon.gradient(cohort, r, physics, gradient), 'gradient'),
    gradient32: (r, theta, physics, gradient, terms) =>
      void accepted(addon.gradient32(cohort, r, theta, physics, gradient, terms), 'gradient32'),
    refresh: (r) => {
      accepted(addon.refresh(cohort, r, one), 'refresh');
      return one[0]!;
    },
    linearise: (r, physics) => void accepted(addon.linearise(cohort, r, physics), 'linearise'),
    solve: (r, damping, step) => {
      const code = addon.solve(cohort, r, damping, step, one);
      return code === NOT_POSITIVE ? null : (accepted(code, 'solve'), one[0]!);
    },
    reconstruct: (r, states, parameters) => void accepted(addon.reconstruct(cohort, r, states, parameters), 'reconstruct'),
    close: () => void addon.close(cohort),
  };
}
