import type { Device, DeviceBuffer } from './device.ts';
import { encodeDispatch, type Dispatch, type Range } from './sequence.ts';

/** A launch with the memory that it writes. */
export interface Observed {
  readonly dispatch: Dispatch;
  /** What is read back right after it. */
  readonly outputs: readonly Range[];
  /** What is poisoned right before it. Default its outputs; of memory that several launches write in parts only the first poisons. */
  readonly poisoned?: readonly Range[];
}

/** Bytes that are copied out in one submit: however large a net is, its check takes no more staging memory than this, or one launch's outputs. */
const STAGING_BYTES = 64 * 2 ** 20;

/**
 * Runs launches in order and reads back what each wrote, as it was right after it: memory that launches share is seen in
 * every state. With `poison`, every output holds these bits right before its launch (or the first of those that write it in parts). The launches, their buffers and their
 * order are the ones that `submit` runs; only copies stand between them.
 */
export async function observe(device: Device, label: string, launches: readonly Observed[], poison: number | undefined, stagingBytes = STAGING_BYTES): Promise<ArrayBuffer[][]> {
  const results: ArrayBuffer[][] = [];
  const largest = Math.max(16, ...launches.flatMap(({ outputs, poisoned: before = [] }) => [...outputs, ...before].map(({ bytes }) => bytes)));
  const poisoned = poison === undefined ? undefined : device.createBuffer('poison', largest, 'storage');
  try {
    if (poisoned) device.write(poisoned, 0, new Uint32Array(largest / 4).fill(poison!));
    for (let start = 0; start < launches.length;) {
      let end = start;
      let total = 0;
      do {
        total += bytesOf(launches[end]!);
        end += 1;
      } while (end < launches.length && total + bytesOf(launches[end]!) <= stagingBytes);
      results.push(...await observeSome(device, label, launches.slice(start, end), total, poisoned));
      start = end;
    }
  } finally {
    poisoned?.destroy();
  }
  return results;
}

function bytesOf({ outputs }: Observed): number {
  return outputs.reduce((sum, { bytes }) => sum + bytes, 0);
}

async function observeSome(device: Device, label: string, launches: readonly Observed[], total: number, poisoned: DeviceBuffer | undefined): Promise<ArrayBuffer[][]> {
  const staging = device.createBuffer(`${label}, outputs`, total, 'staging');
  try {
    const encoder = device.raw.createCommandEncoder({ label });
    let at = 0;
    for (const { dispatch, outputs, poisoned: before = outputs } of launches) {
      if (poisoned) for (const { buffer, offset, bytes } of before) encoder.copyBufferToBuffer(poisoned, 0, buffer, offset, bytes);
      encodeDispatch(encoder, dispatch);
      for (const { buffer, offset, bytes } of outputs) {
        encoder.copyBufferToBuffer(buffer, offset, staging, at, bytes);
        at += bytes;
      }
    }
    device.raw.queue.submit([encoder.finish()]);
    const all = await device.mapped(staging, total);
    at = 0;
    return launches.map(({ outputs }) => outputs.map(({ bytes }) => {
      at += bytes;
      return all.slice(at - bytes, at);
    }));
  } finally {
    staging.destroy();
  }
}
