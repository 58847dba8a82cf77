import { copyMemory, multiplyAdd, multiplyAddFlops } from '../../shaders/ceilings.wgsl.ts';
import type { Kernel } from '../../shaders/kernel.ts';
import type { Device, DeviceBuffer } from './device.ts';
import { createDispatch } from './sequence.ts';
import { submitCost, timeTogether } from './timing.ts';

/** The most that an adapter does, measured: what figures of launches are fractions of. */
export interface Ceilings {
  /** f32 multiply-adds in registers, two operations each, in GFLOP/s. */
  readonly gigaflopsPerSecond: number;
  /** A copy from memory to memory, bytes read and written, in GB/s. */
  readonly gigabytesPerSecond: number;
}

const ROUNDS = 5;
/** What a launch does: long enough for any clock, short enough for software. The copy is larger than caches. */
const WORK = {
  cpu: { lanes: 4096, rounds: 256, floats: 2 ** 23 },
  gpu: { lanes: 2 ** 18, rounds: 1024, floats: 2 ** 26 },
} as const;

const known = /* @__PURE__ */ new WeakMap<Device, Promise<Ceilings>>();

/** Measures what the device's adapter can do at most: once per device, in about a second. */
export function measureCeilings(device: Device): Promise<Ceilings> {
  let ceilings = known.get(device);
  if (!ceilings) {
    ceilings = measure(device);
    known.set(device, ceilings);
    // A failure is told to whoever asked, and the next who asks measures again.
    ceilings.catch(() => known.delete(device));
  }
  return ceilings;
}

async function measure(device: Device): Promise<Ceilings> {
  const { lanes, rounds, floats } = WORK[device.adapterClass];
  const base = await submitCost(device);
  const timed = async (kernel: Kernel, sizes: readonly number[]): Promise<number> => {
    const buffers: DeviceBuffer[] = [];
    try {
      for (const size of sizes) buffers.push(device.createBuffer('ceiling', size * 4, 'storage'));
      const [pipeline] = await device.compile([kernel]);
      const dispatch = createDispatch(device, kernel.name, kernel, pipeline!, buffers.map((buffer) => ({ buffer, offset: 0, bytes: buffer.size })));
      return await timeTogether(device, [dispatch], ROUNDS, base);
    } finally {
      for (const buffer of buffers) buffer.destroy();
    }
  };
  const most = Math.min(floats, Math.floor(device.maxTensorBytes / 16) * 4);
  const computing = await timed(multiplyAdd({ lanes, rounds }), [lanes]);
  const copying = await timed(copyMemory(most), [most, most]);
  return { gigaflopsPerSecond: multiplyAddFlops({ lanes, rounds }) / computing / 1000, gigabytesPerSecond: 2 * most * 4 / copying / 1000 };
}
