/**
 * How many neighbouring invocations of a workgroup can shuffle. WGSL does not promise that invocations lie in subgroups in their order, so the
 * device is asked: each invocation gets the number of another one, for all distances, and all must be the expected ones.
 */
import { dispatch, readBack } from './dispatch.ts';

const THREADS = 128;

/** 1 where the adapter has no subgroups, or lays them out in another way. */
export async function subgroupOf(device: GPUDevice, { subgroupMinSize }: GPUAdapterInfo): Promise<number> {
  const size = Math.min(THREADS, subgroupMinSize ?? 1);
  if (!device.features.has('subgroups') || size < 2) return 1;
  const masks = Array.from({ length: Math.log2(size) }, (_, k) => 2 ** k);
  const numbers = await exchanged(device, masks);
  return masks.every((mask, k) => numbers.subarray(k * THREADS, (k + 1) * THREADS).every((other, tid) => other === (tid ^ mask)))
    ? size
    : 1;
}

/** [mask][invocation]: the number that came from the other side. */
async function exchanged(device: GPUDevice, masks: readonly number[]): Promise<Uint32Array> {
  const code = /* wgsl */ `enable subgroups;
@group(0) @binding(0) var<storage, read_write> numbers: array<u32>;
@compute @workgroup_size(${THREADS})
fn main(@builtin(local_invocation_index) tid: u32) {
  ${masks.map((mask, k) => `numbers[${k * THREADS}u + tid] = subgroupShuffleXor(tid, ${mask}u);`).join('\n')}
}`;
  const pipeline = device.createComputePipeline({
    layout: 'auto',
    compute: { module: device.createShaderModule({ code }), entryPoint: 'main' },
  });
  const size = 4 * THREADS * masks.length;
  const buffer = device.createBuffer({ size, usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC });
  dispatch(device, pipeline, [buffer], 1);
  const numbers = new Uint32Array(await readBack(device, buffer, { from: 0, bytes: size }));
  buffer.destroy();
  return numbers;
}
