import type { Device, DeviceBuffer } from '../gpu/device.ts';
import { observe } from '../gpu/observe.ts';
import { createDispatch, type Dispatch, type Range } from '../gpu/sequence.ts';
import { sizeOf, type Layout, type Shape, type Tensor } from '../ops/tensor.ts';
import type { LaunchRecord } from './graph.ts';
import { bytesOf, type BufferPlan } from './memory.ts';
import type { Launch, ProgramPlan, Section } from './plan.ts';
import { POISON_BITS } from './poison.ts';

/** Buffers by name: programs that name the same buffer share it. Owns them all. */
export class BufferStore {
  readonly #device: Device;
  readonly #buffers = new Map<string, { buffer: DeviceBuffer; plan: BufferPlan }>();

  constructor(device: Device) {
    this.#device = device;
  }

  get(plan: BufferPlan): DeviceBuffer {
    const existing = this.#buffers.get(plan.name);
    if (existing) return existing.buffer;
    const buffer = this.#device.createBuffer(plan.name, plan.bytes, plan.uniform ? 'uniform' : 'storage');
    this.#buffers.set(plan.name, { buffer, plan });
    return buffer;
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
  readonly plan: ProgramPlan;
  readonly #device: Device;
  readonly #store: BufferStore;
  readonly #dispatches: readonly SectionDispatch[];

  private constructor(device: Device, store: BufferStore, plan: ProgramPlan, dispatches: readonly SectionDispatch[]) {
    this.#device = device;
    this.#store = store;
    this.plan = plan;
    this.#dispatches = dispatches;
  }

  /** Compiles kernels in parallel, then creates what the plan says. `onProgress` counts kernels. */
  static async create(device: Device, store: BufferStore, plan: ProgramPlan, onProgress?: (done: number, total: number) => void): Promise<Program> {
    const pipelines = await device.compile(plan.launches.map(({ kernel }) => kernel), onProgress);
    const buffers = new Map(plan.buffers.map((buffer) => [buffer.name, store.get(buffer)]));
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

  /** The dispatches of the given sections, in order. */
  dispatches(...sections: Section[]): Dispatch[] {
    return this.#dispatches.filter(({ launch }) => sections.includes(launch.section)).map(({ dispatch }) => dispatch);
  }

  /** Where a tensor lies; a view lies where its root does. */
  range(tensor: Tensor): Range {
    const { buffer, offset, bytes } = this.plan.placements.get(tensor.viewOf ?? tensor.id)!;
    return { buffer: this.#store.find(buffer)!, offset, bytes };
  }

  #placeOf({ id, viewOf }: Tensor): string {
    const { buffer, offset } = this.plan.placements.get(viewOf ?? id)!;
    return `${buffer} ${offset}`;
  }

  write(tensor: Tensor, data: Float32Array | Uint32Array): void {
    const { buffer, offset } = this.range(tensor);
    this.#device.write(buffer, offset, data);
  }

  /** The elements of a tensor row by row, however it lies. */
  async read(tensor: Tensor): Promise<Float32Array<ArrayBuffer>> {
    const { buffer, offset } = this.range(tensor);
    const { layout } = tensor;
    const data = new Float32Array(await this.#device.read(buffer, offset, layout ? layout.size * 4 : bytesOf(tensor)));
    return layout ? gathered(data, tensor.shape, layout) : data;
  }

  /**
   * Runs sections launch by launch, in the order and with the buffers of every step, and reads what each launch wrote.
   * With `poison` its outputs hold NaN right before it, so that nothing of an earlier launch or run can pass for a result.
   */
  async observe(label: string, poison: boolean, ...sections: Section[]): Promise<LaunchRecord[]> {
    const part = this.#dispatches.filter(({ launch }) => sections.includes(launch.section));
    const all = part.map(({ launch }) => writes(launch));
    // What several launches write in parts is whole after the last of them, and nobody's before the first.
    const [firsts, lasts] = [new Map<number, number>(), new Map<number, number>()];
    all.forEach((outputs, index) => outputs.forEach(({ tensor, isPart }) => {
      if (!isPart) return;
      if (!firsts.has(tensor.id)) firsts.set(tensor.id, index);
      lasts.set(tensor.id, index);
    }));
    const written = all.map((outputs, index) => outputs.filter(({ tensor, isPart }) => !isPart || lasts.get(tensor.id) === index));
    const data = await observe(this.#device, label, part.map(({ dispatch }, index) => ({
      dispatch,
      outputs: written[index]!.map(({ tensor }) => this.range(tensor)),
      poisoned: all[index]!.filter(({ tensor, isPart }) => !isPart || firsts.get(tensor.id) === index).map(({ tensor }) => this.range(tensor)),
    })), poison ? POISON_BITS : undefined);
    return part.map(({ launch }, index) => ({
      label: launch.label,
      kernel: launch.kernel.name,
      ...(launch.variant ? { variant: launch.variant } : {}),
      reads: launch.kernel.bindings.flatMap(({ access }, at) => (access === 'read' ? this.plan.working.get(launch.tensors[at]!.id) ?? [] : [])),
      outputs: written[index]!.map(({ binding, tensor }, at) => {
        const numbers = tensor.type === 'u32' ? numbersOf(new Uint32Array(data[index]![at]!)) : new Float32Array(data[index]![at]!);
        // Indices that f32 can't hold would look wrong: they are left to those who read them.
        const meaning = numbers && this.plan.meanings.get(tensor.id);
        const working = this.plan.working.get(tensor.id);
        return { binding, shape: tensor.shape, ...(meaning ? { meaning } : working ? { working } : {}), place: this.#placeOf(tensor), data: numbers ?? new Float32Array(data[index]![at]!) };
      }),
    }));
  }

  /**
   * Fills every value and every gradient with a NaN that nothing computes, so that whatever a launch forgets to write
   * is seen; or with other bits. Padding between gradients stays as it is: the optimiser reads it.
   */
  poison(bits = POISON_BITS): void {
    const fill = ({ buffer, offset, bytes }: Range): void => this.#device.write(buffer, offset, new Uint32Array(bytes / 4).fill(bits));
    for (const { name, role, bytes } of this.plan.buffers) {
      if (role === 'activations') fill({ buffer: this.#store.find(name)!, offset: 0, bytes });
    }
    for (const gradient of this.plan.gradients.values()) fill(this.range(gradient));
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

/** The tensors that a launch writes, with their bindings. */
function writes({ kernel, tensors }: Launch): { binding: string; tensor: Tensor; isPart: boolean }[] {
  return kernel.bindings.flatMap(({ name, access }, index) =>
    (access === 'write' || access === 'update' || access === 'part' ? [{ binding: name, tensor: tensors[index]!, isPart: access === 'part' }] : []));
}

/** Indices as the numbers that they are, or undefined where one is none of f32; what was not written stays poison. */
function numbersOf(indices: Uint32Array): Float32Array<ArrayBuffer> | undefined {
  const numbers = Float32Array.from(indices);
  const bits = new Uint32Array(numbers.buffer);
  for (let i = 0; i < indices.length; i++) {
    if (indices[i] === POISON_BITS) bits[i] = POISON_BITS;
    else if (numbers[i] !== indices[i]) return undefined;
  }
  return numbers;
}
