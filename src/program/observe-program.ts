import { observe } from '../gpu/observe.ts';
import type { Range } from '../gpu/sequence.ts';
import { sizeOf, type Tensor } from '../ops/tensor.ts';
import { fromFloat16 } from './float16.ts';
import type { LaunchRecord } from './graph.ts';
import type { Launch, Section } from './plan.ts';
import { POISON_BITS } from './poison.ts';
import type { Program } from './program.ts';
import { forcible } from './variant-choices.ts';

// What a check sees of a program. Training never does: it is no part of what trains.

/**
 * Runs sections launch by launch, in the order and with the buffers of every step, and reads what each launch wrote.
 * With `poison` its outputs hold NaN right before it, so that nothing of an earlier launch or run can pass for a result.
 */
export async function observeProgram(program: Program, label: string, poison: boolean, ...sections: Section[]): Promise<LaunchRecord[]> {
  const { plan } = program;
  const launches = plan.launches.filter(({ section }) => sections.includes(section));
  const dispatches = program.dispatches(...sections);
  const all = launches.map(writes);
  // What several launches write in parts is whole after the last of them, and nobody's before the first.
  const [firsts, lasts] = [new Map<number, number>(), new Map<number, number>()];
  all.forEach((outputs, index) => outputs.forEach(({ tensor, isPart }) => {
    if (!isPart) return;
    if (!firsts.has(tensor.id)) firsts.set(tensor.id, index);
    lasts.set(tensor.id, index);
  }));
  const written = all.map((outputs, index) => outputs.filter(({ tensor, isPart }) => !isPart || lasts.get(tensor.id) === index));
  const data = await observe(program.device, label, dispatches.map((dispatch, index) => ({
    dispatch,
    outputs: written[index]!.map(({ tensor }) => program.range(tensor)),
    poisoned: all[index]!.filter(({ tensor, isPart }) => !isPart || firsts.get(tensor.id) === index).map(({ tensor }) => program.range(tensor)),
  })), poison ? POISON_BITS : undefined);
  const placeOf = ({ id, viewOf }: Tensor): string => {
    const { buffer, offset } = plan.placements.get(viewOf ?? id)!;
    return `${buffer} ${offset}`;
  };
  return launches.map((launch, index) => {
    const variant = forcible(launch);
    return {
      label: launch.label,
      kernel: launch.kernel.name,
      ...(variant ? { variant } : {}),
      reads: launch.kernel.bindings.flatMap(({ access }, at) => (access === 'read' ? plan.working.get(launch.tensors[at]!.partOf?.tensor.id ?? launch.tensors[at]!.id) ?? [] : [])),
      outputs: written[index]!.map(({ binding, tensor }, at) => {
        const bytes = data[index]![at]!;
        const numbers = tensor.half ? fromFloat16(new Uint32Array(bytes), sizeOf(tensor.shape)) : tensor.type === 'u32' ? numbersOf(new Uint32Array(bytes)) : new Float32Array(bytes);
        // Indices that f32 can't hold would look wrong: they are left to those who read them.
        const meaning = numbers && plan.meanings.get(tensor.id);
        const working = plan.working.get(tensor.id);
        return { binding, shape: tensor.shape, ...(meaning ? { meaning } : working ? { working } : {}), place: placeOf(tensor), data: numbers ?? new Float32Array(bytes) };
      }),
    };
  });
}

/**
 * Fills every value and every gradient with a NaN that nothing computes, so that whatever a launch forgets to write
 * is seen; or with other bits. Padding between gradients stays as it is: the optimiser reads it.
 */
export function poisonProgram(program: Program, bits = POISON_BITS): void {
  const fill = ({ buffer, offset, bytes }: Range): void => program.device.write(buffer, offset, new Uint32Array(bytes / 4).fill(bits));
  for (const { name, role, bytes } of program.plan.buffers) {
    if (role === 'activations') fill({ buffer: program.buffer(name), offset: 0, bytes });
  }
  for (const gradient of program.plan.gradients.values()) fill(program.range(gradient));
}

/** The tensors that a launch writes, with their bindings. */
function writes({ kernel, tensors }: Launch): { binding: string; tensor: Tensor; isPart: boolean }[] {
  return kernel.bindings.flatMap(({ name, access }, index) => {
    const { partOf } = tensors[index]!;
    // A range of a tensor that no launch could bind whole: the tensor is there when its last range is.
    return access === 'write' || access === 'update' || access === 'part' ? [{ binding: name, tensor: partOf?.tensor ?? tensors[index]!, isPart: access === 'part' || partOf !== undefined }] : [];
  });
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
