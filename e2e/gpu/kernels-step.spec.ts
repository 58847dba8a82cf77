import { stepKernelCases } from '../../src/mutation/step-kernels.ts';
import { expect, test } from '../harness.ts';

for (const [index, { name, mutants }] of stepKernelCases.entries()) {
  test(`${name}: the kernel does what plain loops do, and every planted bug shows`, async ({ run }) => {
    const result = await run(async ({ chainrule, load }, index) => {
      const { stepKernelCases } = await load<typeof import('../../src/mutation/step-kernels.ts')>('/src/mutation/step-kernels.ts');
      const { stepDifferences, stepSection } = await load<typeof import('../../src/mutation/step-section.ts')>('/src/mutation/step-section.ts');
      const one = stepKernelCases[index]!;
      const device = await chainrule.openDevice();
      const wrong = await stepDifferences(device, one, one.kernel);
      const left: string[] = [];
      for (const { id, group } of stepSection.list(device.traits)) {
        if (group !== one.name) continue;
        const { outcome } = await stepSection.run(device, id);
        if (outcome !== 'killed') left.push(`${id}: ${outcome}`);
      }
      device.destroy();
      return { wrong, left };
    }, index);
    expect(mutants.length).toBeGreaterThanOrEqual(3);
    expect(result).toEqual({ wrong: [], left: [] });
  });
}
