/** One run of a kernel over its buffers, and reading a buffer back. */

/** Queue `workgroups` of a pipeline; binding k is buffer k. */
export function dispatch(device: GPUDevice, pipeline: GPUComputePipeline, buffers: readonly GPUBuffer[], workgroups: number): void {
  const entries = buffers.map((buffer, binding) => ({ binding, resource: { buffer } }));
  const encoder = device.createCommandEncoder();
  const pass = encoder.beginComputePass();
  pass.setPipeline(pipeline);
  pass.setBindGroup(0, device.createBindGroup({ layout: pipeline.getBindGroupLayout(0), entries }));
  pass.dispatchWorkgroups(workgroups);
  pass.end();
  device.queue.submit([encoder.finish()]);
}

/** `bytes` from byte `from` on, after all that is queued. `wait`: for the device's answer. */
export async function readBack(
  device: GPUDevice,
  buffer: GPUBuffer,
  { from, bytes }: { readonly from: number; readonly bytes: number },
  wait: (answer: Promise<undefined>) => Promise<unknown> = (answer) => answer,
): Promise<ArrayBuffer> {
  const copy = device.createBuffer({ size: bytes, usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST });
  const encoder = device.createCommandEncoder();
  encoder.copyBufferToBuffer(buffer, from, copy, 0, bytes);
  device.queue.submit([encoder.finish()]);
  await wait(copy.mapAsync(GPUMapMode.READ));
  const values = copy.getMappedRange().slice(0);
  copy.destroy();
  return values;
}
