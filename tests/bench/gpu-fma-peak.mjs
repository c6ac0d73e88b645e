/** What a GPU's float32 units do at most, measured: 16 chains of fused multiply-adds in every invocation of a grid that fills it. Needs the built dist/. */
const { dispatch, readBack } = await import(new URL('../../dist/worker/engines/webgpu/dispatch.js', import.meta.url).href);

const CHAINS = 16;
const ROUNDS = 1024;
const UNROLLED = 4;
const THREADS = 256;
const MOST_WORKGROUPS = 65_535;
/** A try takes about so long. */
const TRY_MS = 50;

const chains = Array.from({ length: CHAINS }, (_, i) => i);
const CODE = `
@group(0) @binding(0) var<storage, read_write> result: array<f32>;
@group(0) @binding(1) var<storage, read> factor: array<f32>;
@compute @workgroup_size(${THREADS}) fn main(@builtin(global_invocation_id) id: vec3u) {
  let a = factor[0];
  let b = factor[1];
  ${chains.map((i) => `var x${i} = f32(id.x + ${i}u);`).join(' ')}
  for (var k = 0u; k < ${ROUNDS}u; k++) {
    ${Array.from({ length: UNROLLED }, () => chains.map((i) => `x${i} = fma(x${i}, a, b);`).join(' ')).join(' ')}
  }
  result[id.x] = ${chains.map((i) => `x${i}`).join(' + ')};
}`;

/** FLOP/s, the best of some tries; a fused multiply-add counts as two. */
export async function gpuFmaPeak(device) {
  const pipeline = device.createComputePipeline({
    layout: 'auto',
    compute: { module: device.createShaderModule({ code: CODE }), entryPoint: 'main' },
  });
  const { STORAGE, COPY_DST, COPY_SRC } = globalThis.GPUBufferUsage;
  const result = device.createBuffer({ size: 4 * MOST_WORKGROUPS * THREADS, usage: STORAGE | COPY_SRC });
  const factor = device.createBuffer({ size: 8, usage: STORAGE | COPY_DST });
  device.queue.writeBuffer(factor, 0, new Float32Array([0.999, 0.001]));
  /** Seconds that a grid of so many workgroups takes. */
  const run = async (workgroups) => {
    const began = performance.now();
    dispatch(device, pipeline, [result, factor], workgroups);
    await readBack(device, result, { from: 0, bytes: 4 });
    return (performance.now() - began) / 1000;
  };
  let workgroups = 1;
  while (1000 * (await run(workgroups)) < TRY_MS && 2 * workgroups <= MOST_WORKGROUPS) workgroups *= 2;
  let best = 0;
  for (let k = 0; k < 5; k++) best = Math.max(best, (workgroups * THREADS * ROUNDS * UNROLLED * CHAINS * 2) / (await run(workgroups)));
  result.destroy();
  factor.destroy();
  return best;
}
