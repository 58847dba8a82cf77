import { GpuError } from '../errors.ts';
import { oneLine } from './adapter.ts';
import type { BufferUse, Device, DeviceBuffer } from './device.ts';

/** The GPU had no room for all buffers that were asked for together. Those that it gave are freed. */
export interface OutOfMemory extends GpuError {
  /** Bytes of the buffers that it did give. */
  readonly granted: number;
}

/**
 * Creates all of these buffers or none: then it rejects with an OutOfMemory. Each has an error scope of its own, so that what the GPU has no room for is known before
 * anything is written to it, and the device stays usable.
 */
export async function allocateBuffers(device: Device, wanted: readonly { readonly label: string; readonly bytes: number; readonly use: BufferUse }[]): Promise<DeviceBuffer[]> {
  const made: DeviceBuffer[] = [];
  const scopes: Promise<GPUError | null>[] = [];
  try {
    for (const { label, bytes, use } of wanted) {
      device.raw.pushErrorScope('out-of-memory');
      try {
        made.push(device.createBuffer(label, bytes, use));
      } finally {
        scopes.push(device.raw.popErrorScope());
      }
    }
    const failures = await device.guard(Promise.all(scopes));
    const first = failures.findIndex((failure) => failure !== null);
    if (first < 0) return made;
    throw Object.assign(new GpuError('memory', wanted[first]!.label, 'enough GPU memory', oneLine(failures[first]!.message), 'Use a smaller batch or a smaller net.'), {
      granted: made.reduce((sum, { size }, index) => sum + (failures[index] ? 0 : size), 0),
    }) satisfies OutOfMemory;
  } catch (error) {
    void Promise.allSettled(scopes);
    for (const buffer of made) buffer.destroy();
    throw error;
  }
}
