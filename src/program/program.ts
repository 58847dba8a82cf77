import { allocateBuffers } from '../gpu/allocate.ts';
import type { Device, DeviceBuffer } from '../gpu/device.ts';
import { createDispatch, withPipeline, type Dispatch, type Range } from '../gpu/sequence.ts';
import { sizeOf, type Layout, type Shape, type Tensor } from '../ops/tensor.ts';
import { bytesOf, type BufferPlan } from './memory.ts';
import type { Launch, ProgramPlan, Section } from './plan.ts';

/** Buffers by name: programs that name the same buffer share it. Owns them all. */
export class BufferStore {
  readonly #device: Device;
  readonly #buffers = new Map<string, { buffer: DeviceBuffer; plan: BufferPlan }>();
  #allocating: Promise<void> = Promise.resolve();

  constructor(device: Device) {
    this.#device = device;
  }

  /** Bytes of all that are there. */
  get bytes(): number {
    return [...this.#buffers.values()].reduce((sum, { buffer }) => sum + buffer.size, 0);
  }

  /** Makes all of these that are not there yet, or none: rejects with an OutOfMemory where the GPU has no room for them. */
  allocate(plans: readonly BufferPlan[]): Promise<void> {
    const mine = this.#allocating.then(async () => {
      const missing = plans.filter(({ name }) => !this.#buffers.has(name));
      const made = await allocateBuffers(this.#device, missing.map(({ name, bytes, uniform }) => ({ label: name, bytes, use: uniform ? 'uniform' : 'storage' })));
      missing.forEach((plan, index) => { this.#buffers.set(plan.name, { buffer: made[index]!, plan }); });
    });
    // In turn: two programs may want a buffer of one name at the same time.
    this.#allocating = mine.catch(() => {});
    return mine;
  }

  find(name: string): DeviceBuffer | undefined {
    return this.#buffers.get(name)?.buffer;
  }

  /** Ends the buffers whose names begin so. */
  release(prefix: string): void {
    for (const [name, { buffer }] of this.#buffers) {
      if (!name.startsWith(prefix)) continue;
      buffer.destroy();
      this.#buffers.delete(name);
    }
  }

  destroy(): void {
    this.release('');
  }
}

interface SectionDispatch {
  readonly launch: Launch;
  readonly dispatch: Dispatch;
}

/** A plan made executable: its pipelines compiled, its buffers and bind groups created once. */
export class Program {
  #plan: ProgramPlan;
  readonly device: Device;
  readonly #store: BufferStore;
  readonly #dispatches: SectionDispatch[];

  private constructor(device: Device, store: BufferStore, plan: ProgramPlan, dispatches: SectionDispatch[]) {
    this.device = device;
    this.#store = store;
    this.#plan = plan;
    this.#dispatches = dispatches;
  }

  /** Compiles kernels in parallel, then creates what the plan says. `onProgress` counts kernels. */
  static async create(device: Device, store: BufferStore, plan: ProgramPlan, onProgress?: (done: number, total: number) => void): Promise<Program> {
    const pipelines = await device.compile(plan.launches.map(({ kernel }) => kernel), onProgress);
    await store.allocate(plan.buffers);
    const buffers = new Map(plan.buffers.map(({ name }) => [name, store.find(name)]));
    const rangeOf = (tensor: Tensor): Range => {
      const { buffer, offset, bytes } = plan.placements.get(tensor.id)!;
      return { buffer: buffers.get(buffer)!, offset, bytes };
    };
    for (const { tensor, value } of plan.constants) device.write(rangeOf(tensor).buffer, 0, new Float32Array(bytesOf(tensor) / 4).fill(value));
    const dispatches = plan.launches.map((launch, index) => ({
      launch, dispatch: createDispatch(device, `${launch.label} ${launch.kernel.name}`, launch.kernel, pipelines[index]!, launch.tensors.map(rangeOf)),
    }));
    return new Program(device, store, plan, dispatches);
  }

  get plan(): ProgramPlan {
    return this.#plan;
  }

  /** Changes to the kernels that compile longer and run faster, one after the other, as each is ready. They give the same bits. */
  async improve(): Promise<void> {
    for (const [index, { later }] of this.#plan.launches.entries()) {
      if (!later) continue;
      const launch = later();
      const [pipeline] = await this.device.compile([launch.kernel]);
      this.#dispatches[index] = { launch, dispatch: withPipeline(this.#dispatches[index]!.dispatch, launch.kernel, pipeline!) };
      this.#plan = { ...this.#plan, launches: this.#plan.launches.with(index, launch) };
    }
  }

  /** The dispatches of the given sections, in order. */
  dispatches(...sections: Section[]): Dispatch[] {
    return this.#dispatches.filter(({ launch }) => sections.includes(launch.section)).map(({ dispatch }) => dispatch);
  }

  /** One of the plan's buffers by its name. */
  buffer(name: string): DeviceBuffer {
    return this.#store.find(name)!;
  }

  /** Where a tensor lies; a view lies where its root does. */
  range(tensor: Tensor): Range {
    const { buffer, offset, bytes } = this.plan.placements.get(tensor.viewOf ?? tensor.id)!;
    return { buffer: this.buffer(buffer), offset, bytes };
  }

  write(tensor: Tensor, data: Float32Array | Uint32Array): void {
    const { buffer, offset } = this.range(tensor);
    this.device.write(buffer, offset, data);
  }

  /** The elements of a tensor row by row, however it lies. */
  async read(tensor: Tensor): Promise<Float32Array<ArrayBuffer>> {
    const { buffer, offset } = this.range(tensor);
    const { layout } = tensor;
    const data = new Float32Array(await this.device.read(buffer, offset, layout ? layout.size * 4 : bytesOf(tensor)));
    return layout ? gathered(data, tensor.shape, layout) : data;
  }
}

/** The elements of a view, out of all those of its root. */
function gathered(root: Float32Array, shape: Shape, { strides, offset }: Layout): Float32Array<ArrayBuffer> {
  return Float32Array.from({ length: sizeOf(shape) }, (_, i) => {
    let at = offset;
    let rest = i;
    for (let axis = shape.length - 1; axis >= 0; axis -= 1) {
      at += (rest % shape[axis]!) * strides[axis]!;
      rest = Math.floor(rest / shape[axis]!);
    }
    return root[at]!;
  });
}
