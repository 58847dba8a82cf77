import { stepKernelCases } from '../step-kernels.ts';
import { expect, test } from '../harness.ts';

for (const [index, { name, mutants }] of stepKernelCases.entries()) {
  test(`${name}: the kernel does what plain loops do, and every planted bug shows`, async ({ run }) => {
    const result = await run(async ({ chainrule, load }, index) => {
      const { stepKernelCases } = await load<typeof import('../step-kernels.ts')>('/e2e/step-kernels.ts');
      const { createTensor, runRequests } = await load<typeof import('../../src/kernels.ts')>('/src/kernels.ts');
      const { kernel, inputs, expected, mutants } = stepKernelCases[index]!;
      const device = await chainrule.openDevice();
      /** Runs the kernel with `code` and says which outputs differ from what the loops give. */
      const differences = async (code: string): Promise<string[]> => {
        const tensors = Object.fromEntries(kernel.bindings.map(({ name, access }) => {
          const given = inputs[name];
          const isWords = given instanceof Uint32Array || name === 'report' || name === 'targets';
          return [name, { access, tensor: createTensor(name, [given?.length ?? expected[name]!.length], isWords ? 'u32' : 'f32') }] as const;
        }));
        const part = (...kinds: string[]) => Object.fromEntries(Object.entries(tensors).flatMap(([name, { access, tensor }]) => (kinds.includes(access) ? [[name, tensor]] : [])));
        const read = Object.keys(expected).map((name) => tensors[name]!.tensor);
        const results = await runRequests(device, [{
          family: { name: 'under test', variants: [{ name: 'only', suits: () => true, kernel: () => ({ ...kernel, code }) }] },
          spec: {}, reads: part('read', 'uniform'), writes: part('write'), updates: part('update'),
        }], { inputs: new Map(Object.entries(inputs).map(([name, data]) => [tensors[name]!.tensor, data])), read });
        return Object.entries(expected).flatMap(([name, values], at) => values.flatMap((value, i) => {
          const got = results[at]![i]!;
          // A sum that must not be finite has no one value: SwiftShader may give NaN for infinity squared.
          const same = Number.isFinite(value) ? Math.abs(got - value) <= 2e-6 * Math.max(1, Math.abs(value)) : !Number.isFinite(got);
          return same ? [] : [`${name}[${i}]: ${got}, not ${value}`];
        }));
      };
      const wrong = await differences(kernel.code);
      const survivors: string[] = [];
      for (const [find, replace] of mutants) {
        if (!kernel.code.includes(find)) survivors.push(`not in the text: ${find}`);
        else if ((await differences(kernel.code.replace(find, replace))).length === 0) survivors.push(`${find} -> ${replace}`);
      }
      device.destroy();
      return { wrong, survivors };
    }, index);
    expect(mutants.length).toBeGreaterThanOrEqual(3);
    expect(result).toEqual({ wrong: [], survivors: [] });
  });
}
