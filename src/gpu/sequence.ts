import type { Kernel } from '../../shaders/kernel.ts';
import { GpuError, LimitError } from '../errors.ts';
import type { Device, DeviceBuffer } from './device.ts';
import type { Pipeline } from './pipelines.ts';

/** Workgroups that WebGPU takes in one dimension; one more drops the whole command buffer in silence. */
const MAX_GROUPS = 65_535;

/** Folds a count of workgroups over two dimensions; kernels put them together again. */
export function foldGroups(label: string, groups: number): [number, number] {
  if (!Number.isSafeInteger(groups) || groups < 1 || groups > MAX_GROUPS * MAX_GROUPS) {
    throw new LimitError(label, `between 1 and ${(MAX_GROUPS ** 2).toLocaleString('en')} workgroups`, groups.toLocaleString('en'), 'Use a smaller batch or a narrower layer.');
  }
  const rows = Math.ceil(groups / MAX_GROUPS);
  return [Math.ceil(groups / rows), rows];
}

/** A part of a buffer. */
export interface Range {
  readonly buffer: DeviceBuffer;
  readonly offset: number;
  readonly bytes: number;
}

export interface Dispatch {
  readonly label: string;
  readonly pipeline: Pipeline;
  readonly bindGroup: GPUBindGroup;
  readonly groups: readonly [number, number];
}

/** A launch with everything fixed: made once, dispatched in every step. */
export function createDispatch(device: Device, label: string, kernel: Kernel, pipeline: Pipeline, ranges: readonly Range[]): Dispatch {
  const read = new Set<DeviceBuffer>();
  const written = new Set<DeviceBuffer>();
  kernel.bindings.forEach(({ access }, index) => (access === 'read' || access === 'uniform' ? read : written).add(ranges[index]!.buffer));
  const most = device.memoryLimits.maxStorageBufferBindingSize;
  kernel.bindings.forEach(({ access, name }, index) => {
    const { bytes } = ranges[index]!;
    if (access !== 'uniform' && bytes > most) throw new LimitError(label, `at most ${most.toLocaleString('en')} bytes for ${name}`, bytes.toLocaleString('en'), 'Use a smaller batch or a narrower layer.');
  });
  for (const buffer of written) {
    if (read.has(buffer)) throw new GpuError('gpu', label, 'a launch to read and write different buffers', `${buffer.label} for both`);
  }
  const bindGroup = device.raw.createBindGroup({
    label,
    layout: pipeline.layout,
    entries: ranges.map(({ buffer, offset, bytes }, binding) => ({ binding, resource: { buffer, offset, size: Math.ceil(bytes / 16) * 16 } })),
  });
  return withPipeline({ label, bindGroup }, kernel, pipeline);
}

/** A launch with another kernel over the same bindings. */
export function withPipeline({ label, bindGroup }: Pick<Dispatch, 'label' | 'bindGroup'>, kernel: Kernel, pipeline: Pipeline): Dispatch {
  const groups = kernel.cooperative ? kernel.count : Math.ceil(kernel.count / kernel.workgroupSize);
  return { label, pipeline, bindGroup, groups: foldGroups(label, groups) };
}

/** Adds a launch to an encoder in a pass of its own. */
export function encodeDispatch(encoder: GPUCommandEncoder, { label, pipeline, bindGroup, groups }: Dispatch): void {
  const pass = encoder.beginComputePass({ label });
  pass.setPipeline(pipeline.raw);
  pass.setBindGroup(0, bindGroup);
  pass.dispatchWorkgroups(groups[0], groups[1]);
  pass.end();
}

/** Runs launches in order: one encoder, one compute pass, one submit. Copies (if any) follow in the same submit. */
export function submit(
  device: Device, label: string, dispatches: readonly Dispatch[],
  copies: readonly { readonly from: Range; readonly to: DeviceBuffer; readonly at: number }[] = [],
): void {
  const encoder = device.raw.createCommandEncoder({ label });
  const pass = encoder.beginComputePass({ label });
  let current: Pipeline | undefined;
  for (const { pipeline, bindGroup, groups } of dispatches) {
    if (pipeline !== current) pass.setPipeline(pipeline.raw);
    current = pipeline;
    pass.setBindGroup(0, bindGroup);
    pass.dispatchWorkgroups(groups[0], groups[1]);
  }
  pass.end();
  for (const { from, to, at } of copies) encoder.copyBufferToBuffer(from.buffer, from.offset, to, at, from.bytes);
  device.raw.queue.submit([encoder.finish()]);
}
