import { GpuError } from '../errors.ts';
import { oneLine } from './adapter.ts';
import type { BufferUse, Device, DeviceBuffer } from './device.ts';

/** The GPU had no room for all buffers that were asked for together. Those that it gave are freed. */
export class OutOfMemoryError extends GpuError {
  override readonly name: string = 'OutOfMemoryError';
  /** Bytes of the buffers that it did give. */
  readonly granted: number;
  /** The label of the first that failed. */
  readonly label: string;
  constructor(label: string, granted: number, message: string) {
    super('memory', 'WebGPU', `enough GPU memory for ${label}`, oneLine(message), 'Use a smaller batch or a smaller net.');
    this.granted = granted;
    this.label = label;
  }
}

/**
 * Creates all of these buffers or none. Each has an error scope of its own, so that what the GPU has no room for is known before
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
    throw new OutOfMemoryError(wanted[first]!.label, made.reduce((sum, { size }, index) => sum + (failures[index] ? 0 : size), 0), failures[first]!.message);
  } catch (error) {
    void Promise.allSettled(scopes);
    for (const buffer of made) buffer.destroy();
    throw error;
  }
}
