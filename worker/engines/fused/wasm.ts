/**
 * The WebAssembly build of the core: the same source, compiled by build-wasm.mjs with SIMD, committed in wasm/. Needs nothing but Node.
 * One instance for each cohort: WebAssembly's memory only grows, so dropping the instance is what gives a cohort's memory back.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../../../schemas/package-root.ts';
import type { Description } from './description.ts';
import { accepted, NOT_POSITIVE, type Kernel, type KernelCohort } from './kernel.ts';

/** What is used of WebAssembly: the types of Node 20 leave it out. */
declare const WebAssembly: {
  validate(bytes: Uint8Array): boolean;
  readonly Module: new (bytes: Uint8Array) => WasmModule;
  readonly Instance: new (module: WasmModule, imports: object) => { readonly exports: unknown };
};
type WasmModule = object;

/** Exported functions: core/exports.cpp. Pointers are byte offsets in `memory`. */
interface CoreExports {
  readonly memory: { readonly buffer: ArrayBuffer };
  loligo_take(bytes: number): number;
  loligo_open(ints: number, nInts: number, reals: number, nReals: number, out: number, detail: number): number;
  loligo_bytes(cohort: number): number;
  loligo_set_theta(cohort: number, replica: number, theta: number, n: number): number;
  loligo_get_theta(cohort: number, replica: number, theta: number, n: number): number;
  loligo_set_moments(cohort: number, replica: number, first: number, second: number, n: number): number;
  loligo_get_moments(cohort: number, replica: number, first: number, second: number, n: number): number;
  loligo_set_factors(cohort: number, replica: number, factors: number, n: number): number;
  loligo_get_factors(cohort: number, replica: number, factors: number, n: number): number;
  loligo_adam(
    cohort: number,
    replica: number,
    stage: number,
    nStage: number,
    step: number,
    steps: number,
    terms: number,
    trace: number,
    nTrace: number,
  ): number;
  loligo_evaluate(cohort: number, replica: number, theta: number, n: number, project: number, terms: number): number;
  loligo_gradient(cohort: number, replica: number, physics: number, gradient: number, n: number): number;
  loligo_gradient32(cohort: number, replica: number, theta: number, n: number, physics: number, gradient: number, terms: number): number;
  loligo_refresh(cohort: number, replica: number, factor: number): number;
  loligo_linearise(cohort: number, replica: number, physics: number): number;
  loligo_solve(cohort: number, replica: number, damping: number, step: number, n: number, predicted: number): number;
  loligo_reconstruct(cohort: number, replica: number, states: number, nStates: number, parameters: number, nParameters: number): number;
}

/** Throws an Error where this Node has no WebAssembly SIMD. */
export function wasmKernel(): Kernel {
  const bytes = new Uint8Array(readFileSync(join(packageRoot(), 'worker/engines/fused/wasm/loligo-simd.wasm')));
  if (!WebAssembly.validate(bytes)) throw new Error('this Node runs no WebAssembly SIMD');
  const module = new WebAssembly.Module(bytes);
  return { instructionSet: 'simd', open: (description) => openCohort(module, description) };
}

function openCohort(module: WasmModule, { ints, reals }: Description): KernelCohort {
  let core: CoreExports | null = instantiate(module);
  const scratch = new Scratch(core);
  scratch.begin(ints.byteLength + reals.byteLength + 16);
  const at = { reals: scratch.write(reals), ints: scratch.write(ints), out: scratch.place(8), detail: scratch.place(8) };
  const code = core.loligo_open(at.ints, ints.length, at.reals, reals.length, at.out, at.detail);
  accepted(code, 'open', scratch.int(at.detail));
  const cohort = scratch.int(at.out);
  const opened = (): CoreExports => {
    if (core === null) throw new Error('internal: the cohort is closed');
    return core;
  };

  /** Call with arrays copied in, and those of `outs` copied out again. */
  const call = (
    name: string,
    arrays: readonly (Float64Array | null)[],
    outs: readonly number[],
    invoke: (core: CoreExports, at: number[]) => number,
  ): number => {
    const live = opened();
    scratch.begin(arrays.reduce((sum, array) => sum + (array?.byteLength ?? 0), 0));
    const places = arrays.map((array) => (array === null ? 0 : scratch.write(array)));
    const code = invoke(live, places);
    for (const k of outs) if (arrays[k] !== null) scratch.read(places[k]!, arrays[k]!);
    return code === NOT_POSITIVE ? code : accepted(code, name);
  };
  const one = new Float64Array(1);
  return {
    get bytes() {
      return opened().loligo_bytes(cohort);
    },
    getTheta: (r, theta) => void call('getTheta', [theta], [0], (c, [a]) => c.loligo_get_theta(cohort, r, a!, theta.length)),
    setTheta: (r, theta) => void call('setTheta', [theta], [], (c, [a]) => c.loligo_set_theta(cohort, r, a!, theta.length)),
    getMoments: (r, first, second) =>
      void call('getMoments', [first, second], [0, 1], (c, [a, b]) => c.loligo_get_moments(cohort, r, a!, b!, first.length)),
    setMoments: (r, first, second) =>
      void call('setMoments', [first, second], [], (c, [a, b]) => c.loligo_set_moments(cohort, r, a!, b!, first.length)),
    getFactors: (r, factors) => void call('getFactors', [factors], [0], (c, [a]) => c.loligo_get_factors(cohort, r, a!, factors.length)),
    setFactors: (r, factors) => void call('setFactors', [factors], [], (c, [a]) => c.loligo_set_factors(cohort, r, a!, factors.length)),
    adam: (r, stage, step, steps, terms, trace) =>
      call('adam', [stage, terms, trace], [1, 2], (c, [s, t, p]) =>
        c.loligo_adam(cohort, r, s!, stage.length, step, steps, t!, p!, trace?.length ?? 0),
      ),
    evaluate: (r, theta, project, terms) =>
      void call('evaluate', [theta, terms], [0, 1], (c, [a, t]) => c.loligo_evaluate(cohort, r, a!, theta.length, project ?? -1, t!)),
    gradient: (r, physics, gradient) =>
      void call('gradient', [gradient], [0], (c, [g]) => c.loligo_gradient(cohort, r, physics, g!, gradient.length)),
    gradient32: (r, theta, physics, gradient, terms) =>
      void call('gradient32', [theta, gradient, terms], [1, 2], (c, [a, g, t]) =>
        c.loligo_gradient32(cohort, r, a!, theta.length, physics, g!, t!),
      ),
    refresh: (r) => {
      call('refresh', [one], [0], (c, [f]) => c.loligo_refresh(cohort, r, f!));
      return one[0]!;
    },
    linearise: (r, physics) => void call('linearise', [], [], (c) => c.loligo_linearise(cohort, r, physics)),
    solve: (r, damping, step) => {
      const code = call('solve', [step, one], [0, 1], (c, [s, p]) => c.loligo_solve(cohort, r, damping, s!, step.length, p!));
      return code === NOT_POSITIVE ? null : one[0]!;
    },
    reconstruct: (r, states, parameters) =>
      void call('reconstruct', [states, parameters], [0, 1], (c, [s, p]) =>
        c.loligo_reconstruct(cohort, r, s!, states.length, p!, parameters.length),
      ),
    close: () => {
      core = null;
      scratch.drop();
    },
  };
}

function instantiate(module: WasmModule): CoreExports {
  // the module exports exactly these: tests/contract/engine.test.ts calls every one
  return new WebAssembly.Instance(module, {}).exports as CoreExports;
}

/** Memory in the instance through which arguments go, taken once and enlarged where a call needs more. */
class Scratch {
  private core: CoreExports | null;
  private base = 0;
  private capacity = 0;
  private used = 0;

  constructor(core: CoreExports) {
    this.core = core;
  }

  /** Ready for so many bytes. The memory may have grown since: views are made anew at each access. */
  begin(bytes: number): void {
    const need = bytes + 256;
    if (need > this.capacity) {
      // addresses beyond 2 GiB come back negative
      this.base = this.core!.loligo_take(need) >>> 0;
      if (this.base === 0) accepted(-2, 'memory');
      this.capacity = need;
    }
    this.used = 0;
  }

  place(bytes: number): number {
    const at = this.base + this.used;
    this.used += Math.ceil(bytes / 8) * 8;
    return at;
  }

  write(values: Float64Array | Int32Array): number {
    const at = this.place(values.byteLength);
    const Kind = values instanceof Float64Array ? Float64Array : Int32Array;
    new Kind(this.core!.memory.buffer, at, values.length).set(values);
    return at;
  }

  read(at: number, into: Float64Array): void {
    into.set(new Float64Array(this.core!.memory.buffer, at, into.length));
  }

  int(at: number): number {
    return new Int32Array(this.core!.memory.buffer, at, 1)[0]!;
  }

  drop(): void {
    this.core = null;
  }
}
