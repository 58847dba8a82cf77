import { GpuError } from '../errors.ts';
import { submit, type Dispatch, type Range } from './sequence.ts';
import type { Device, DeviceBuffer } from './device.ts';

/** Steps that may be on their way at once: enough to keep the GPU busy, few enough that stopping is quick. */
export const IN_FLIGHT = 3;

interface Slot {
  readonly staging: DeviceBuffer;
  /** Settles when the slot can be used again; never rejects. */
  free: Promise<void>;
  busy: boolean;
  /** The tag that the staging buffer still holds from the last step that used it. */
  tag: number;
}

/**
 * Carries what steps report back to the host through rotating staging buffers: nobody awaits a step's own readback
 * before the next step is submitted. The report's first word is the step's number, written by its last launch.
 */
export class ReportRing {
  readonly #device: Device;
  readonly #slots: Slot[];
  readonly #copies: readonly { readonly from: Range; readonly at: number }[];
  readonly #bytes: number;
  #next = 0;

  /** `reports` are copied one behind the other; the first begins with the tag. */
  constructor(device: Device, label: string, reports: readonly Range[]) {
    this.#device = device;
    let bytes = 0;
    this.#copies = reports.map((from) => {
      bytes += from.bytes;
      return { from, at: bytes - from.bytes };
    });
    this.#bytes = bytes;
    this.#slots = Array.from({ length: IN_FLIGHT }, (_, index) => ({
      staging: device.createBuffer(`${label} staging ${index}`, bytes, 'staging'), free: Promise.resolve(), busy: false, tag: 0,
    }));
  }

  /** Bytes of the staging buffers for reports of so many bytes together. */
  static bytesFor(report: number): number {
    return IN_FLIGHT * Math.max(16, Math.ceil(report / 16) * 16);
  }

  /** Bytes of all staging buffers. */
  get bytes(): number {
    return ReportRing.bytesFor(this.#bytes);
  }

  /** Resolves when one more step may be submitted. Awaits nothing while fewer than three are on their way. */
  async ready(): Promise<void> {
    const slot = this.#slots[this.#next]!;
    if (slot.busy) await slot.free;
    this.#device.check();
  }

  /** Submits a step (after `ready`); the promise settles a few steps later with what it reported, tag checked. */
  submit(label: string, tag: number, dispatches: readonly Dispatch[]): Promise<Uint32Array> {
    const slot = this.#slots[this.#next]!;
    this.#next = (this.#next + 1) % this.#slots.length;
    // After a load, step numbers repeat: a stale report must not pass for a new one.
    if (slot.tag === tag) this.#device.write(slot.staging, 0, new Uint32Array([~tag]));
    slot.tag = tag;
    submit(this.#device, label, dispatches, this.#copies.map((copy) => ({ ...copy, to: slot.staging })));
    slot.busy = true;
    const result = this.#collect(slot, tag);
    slot.free = result.then(() => undefined, () => undefined);
    return result;
  }

  async #collect(slot: Slot, tag: number): Promise<Uint32Array> {
    try {
      await this.#device.guard(slot.staging.mapAsync(GPUMapMode.READ));
      const words = new Uint32Array(slot.staging.getMappedRange().slice(0, this.#bytes));
      slot.staging.unmap();
      this.#device.check();
      if (words[0] !== tag >>> 0) {
        throw new GpuError('gpu', `step ${tag}`, 'its own tag from its last launch', String(words[0]), 'The GPU did not run this step: its result is not used.');
      }
      return words;
    } finally {
      slot.busy = false;
    }
  }

  /** Resolves when nothing is on its way. */
  async drained(): Promise<void> {
    await Promise.all(this.#slots.map(({ free }) => free));
  }

  destroy(): void {
    for (const { staging } of this.#slots) staging.destroy();
  }
}
