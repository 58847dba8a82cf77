import type { Kernel } from '../../shaders/kernel.ts';
import { OptionError, show } from '../errors.ts';
import type { Device } from '../gpu/device.ts';
import { createTensor, runRequests } from '../program/run-requests.ts';
import { stepKernelCases, type StepKernelCase } from './step-kernels.ts';
import type { Section } from './section.ts';

/** Runs a kernel on a case's numbers and says which outputs differ from what plain loops give. */
export async function stepDifferences(device: Device, { inputs, expected }: StepKernelCase, kernel: Kernel): Promise<string[]> {
  const tensors = Object.fromEntries(kernel.bindings.map(({ name, access }) => {
    const given = inputs[name];
    const isWords = (given ?? expected[name]) instanceof Uint32Array;
    return [name, { access, tensor: createTensor(name, [given?.length ?? expected[name]!.length], isWords ? 'u32' : 'f32') }] as const;
  }));
  const part = (...kinds: string[]) => Object.fromEntries(Object.entries(tensors).flatMap(([name, { access, tensor }]) => (kinds.includes(access) ? [[name, tensor]] : [])));
  const read = Object.keys(expected).map((name) => tensors[name]!.tensor);
  const results = await runRequests(device, [{
    family: { name: 'under test', variants: [{ name: 'only', suits: () => true, kernel: () => kernel }] },
    spec: {}, reads: part('read', 'uniform'), writes: part('write'), updates: part('update', 'part'),
  }], { inputs: new Map(Object.entries(inputs).map(([name, data]) => [tensors[name]!.tensor, data])), read });
  return Object.entries(expected).flatMap(([name, values], at) => [...values].flatMap((value, i) => {
    const got = results[at]![i]!;
    // A sum that must not be finite has no one value: SwiftShader may give NaN for infinity squared.
    const same = Number.isFinite(value) ? Math.abs(got - value) <= 2e-6 * Math.max(1, Math.abs(value)) : !Number.isFinite(got);
    return same ? [] : [`${name}[${i}]: ${got}, not ${value}`];
  }));
}

const nameOf = (find: string, replace: string): string => `${find} → ${replace || 'nothing'}`;
const idOf = ({ name }: StepKernelCase, find: string, replace: string): string => `${name}: ${nameOf(find, replace)}`;

function byId(id: string): { one: StepKernelCase; find: string; replace: string } {
  for (const one of stepKernelCases) {
    const mutant = one.mutants.find(([find, replace]) => idOf(one, find, replace) === id);
    if (mutant) return { one, find: mutant[0], replace: mutant[1] };
  }
  throw new OptionError('mutate', 'a mutant of a step kernel', show(id));
}

/** Bugs in the kernels around a net's own launches: the optimiser, batches, what a step reports. They have no gradient to prove. */
export const stepSection: Section = {
  name: 'step kernels',
  list: () => stepKernelCases.flatMap((one) => one.mutants.map(([find, replace]) => ({ id: idOf(one, find, replace), group: one.name, class: 'step', name: nameOf(find, replace), core: true }))),
  async run(device, id) {
    const started = performance.now();
    const { one, find, replace } = byId(id);
    const { kernel } = one;
    const stands = kernel.code.includes(find);
    const wrong = stands ? await stepDifferences(device, one, { ...kernel, code: kernel.code.replaceAll(find, () => replace) }) : [];
    return {
      id, group: one.name, class: 'step', name: nameOf(find, replace), kernels: [kernel.name],
      outcome: !stands ? 'invalid' : wrong.length > 0 ? 'killed' : 'survived',
      ...(wrong[0] !== undefined ? { by: wrong[0] } : {}), ms: performance.now() - started,
    };
  },
  async control(device, id) {
    const { one } = byId(id);
    await stepDifferences(device, one, one.kernel);
  },
};
