/**
 * A GPUDevice as far as the webgpu engine uses one, that runs kernels on machine.ts: slowly, for what SwiftShader cannot show.
 */
import type { Gpu } from '../../../worker/engines/webgpu/device.ts';
import type { DeviceLimits } from '../../../worker/engines/webgpu/tiling.ts';
import { POISON, run } from './machine.ts';
import { translate, type Translation } from './translation.ts';

class WatchedBuffer {
  readonly bytes: ArrayBuffer;
  readonly size: number;
  constructor(size: number) {
    this.size = size;
    this.bytes = new ArrayBuffer(size);
  }
  destroy(): void {}
  async mapAsync(): Promise<void> {}
  getMappedRange(): ArrayBuffer {
    return this.bytes;
  }
}

interface Entry {
  readonly binding: number;
  readonly resource: { readonly buffer: WatchedBuffer };
}

interface Options {
  /** Of the largest buffer that can be bound. */
  readonly bindingBytes: number;
  /** Of a kernel before it is compiled. */
  readonly change?: (code: string) => string;
}

/** The GPU, and what has been found in the kernels that it ran. */
export function watchedGpu(limits: DeviceLimits, { bindingBytes, change = (code) => code }: Options): { gpu: Gpu; findings: string[] } {
  const findings: string[] = [];
  Object.assign(globalThis, {
    GPUBufferUsage: { STORAGE: 1, UNIFORM: 2, COPY_SRC: 4, COPY_DST: 8, MAP_READ: 16 },
    GPUMapMode: { READ: 1 },
  });
  const device = {
    limits: { maxStorageBufferBindingSize: bindingBytes, maxBufferSize: bindingBytes },
    createBuffer: ({ size }: { size: number }) => new WatchedBuffer(size),
    createShaderModule: ({ code }: { code: string }) => translate(change(code)),
    createComputePipeline: ({ compute }: { compute: { module: Translation } }) => ({
      kernel: compute.module,
      getBindGroupLayout: () => null,
    }),
    createBindGroup: ({ entries }: { entries: readonly Entry[] }) => entries,
    pushErrorScope: () => undefined,
    popErrorScope: async () => null,
    createCommandEncoder: () =>
      encoder((kernel, entries, workgroups) => findings.push(...runKernel(kernel, entries, workgroups, limits.subgroup))),
    queue: {
      submit: (commands: readonly (() => void)[][]) => commands.flat().forEach((command) => command()),
      writeBuffer: (buffer: WatchedBuffer, offset: number, data: ArrayBuffer | ArrayBufferView) => {
        const from = ArrayBuffer.isView(data) ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength) : new Uint8Array(data);
        new Uint8Array(buffer.bytes).set(from, offset);
      },
    },
  };
  const gpu = { device, limits, text: 'a watched device', pipelines: new Map(), answerMs: 60_000, lost: null };
  // the engine's few calls are all that is here
  return { gpu: gpu as unknown as Gpu, findings };
}

type Runner = (kernel: Translation, entries: readonly Entry[], workgroups: number) => void;

function encoder(runs: Runner): unknown {
  const commands: (() => void)[] = [];
  let [kernel, entries]: [Translation | null, readonly Entry[]] = [null, []];
  return {
    beginComputePass: () => ({
      setPipeline: (pipeline: { kernel: Translation }) => (kernel = pipeline.kernel),
      setBindGroup: (_: number, group: readonly Entry[]) => (entries = group),
      dispatchWorkgroups: (workgroups: number) => {
        const [own, bound] = [kernel!, entries];
        commands.push(() => runs(own, bound, workgroups));
      },
      end: () => undefined,
    }),
    clearBuffer: (buffer: WatchedBuffer) => commands.push(() => new Uint8Array(buffer.bytes).fill(0)),
    copyBufferToBuffer: (from: WatchedBuffer, at: number, to: WatchedBuffer, toAt: number, bytes: number) =>
      commands.push(() => new Uint8Array(to.bytes).set(new Uint8Array(from.bytes, at, bytes), toAt)),
    finish: () => commands,
  };
}

function runKernel(kernel: Translation, entries: readonly Entry[], workgroups: number, subgroup: number): readonly string[] {
  const bound = entries.toSorted((a, b) => a.binding - b.binding).map(({ resource: { buffer } }) => new Uint32Array(buffer.bytes));
  // what a step leaves there is nothing to the next one
  bound[kernel.globals.find(({ name }) => name === 'scratch')!.binding!]!.fill(POISON);
  return run(kernel, { workgroups, subgroup, bound });
}
