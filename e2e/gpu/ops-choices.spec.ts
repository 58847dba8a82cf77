import { proofs } from '../../src/proof/index.ts';
import { expect, test } from '../harness.ts';
import { sameKernels } from './sample-kit.ts';

interface Choice {
  readonly fusion?: boolean;
  readonly adapterClass?: 'cpu' | 'gpu';
  readonly variants?: Readonly<Record<string, string>>;
}

/**
 * Every way to choose kernels, on the same samples as the usual one. All of them are held against one reference by the same
 * tolerance, so that they agree with each other too. `most` says how many samples of an op a choice may take: kernels with
 * barriers take half a second each to compile on a software adapter.
 */
const CHOICES: readonly { readonly target: Choice; readonly most: (op: string) => number }[] = [
  { target: { fusion: false }, most: () => Infinity },
  { target: { adapterClass: 'gpu' }, most: () => Infinity },
  { target: { variants: { matmul: 'register' } }, most: () => Infinity },
  { target: { variants: { matmul: 'tiled' } }, most: (op) => (op === 'matmul' ? 2 : 1) },
  { target: { variants: { reduce: 'workgroup' } }, most: (op) => (op === 'sum' ? Infinity : 2) },
];
/** The kernels that the choices must have brought in, by the ops that have them. */
const EXPECTED: Readonly<Record<string, RegExp>> = { matmul: /register.*tiled/, linear: /register.*tiled/, sum: /workgroup/, mean: /workgroup/, add: /workgroup/, mse: /workgroup/ };

for (const [op, { samples }] of Object.entries(proofs)) {
  // Plans need no GPU: most elementwise ops have one kernel for everything.
  const cpu = { adapterClass: 'cpu', maxBindings: 10 } as const;
  if (CHOICES.every(({ target }) => samples.every((sample) => sameKernels(op, sample, cpu, target)))) continue;
  test(`${op}: other kernels for the same samples`, async ({ run }) => {
    const found = await run(async ({ gradcheck, load }, { op, choices }) => {
      const { runOp } = await load<typeof import('../../src/program/run-op.ts')>('/src/program/run-op.ts');
      const { sharedDevice } = await load<typeof import('./page-kit.ts')>('/e2e/gpu/page-kit.ts');
      const { sameKernels } = await load<typeof import('./sample-kit.ts')>('/e2e/gpu/sample-kit.ts');
      const device = await sharedDevice();
      const sizeOf = ({ inputs }: import('../../src/gradcheck.ts').Sample): number => Object.values(inputs).reduce((sum, { data }) => sum + data.length, 0);
      const kernels = new Set<string>();
      const wrong: string[] = [];
      let tried = 0;
      for (const { target, most } of choices) {
        const others = gradcheck.proofs[op]!.samples.filter((sample) => !sameKernels(op, sample, device, target)).toSorted((a, b) => sizeOf(b) - sizeOf(a));
        for (const sample of others.slice(0, most)) {
          const [{ passed, report }] = await gradcheck.checkSample(async (...call) => {
            const snapshot = await runOp(device, ...call, { target });
            for (const { kernel } of snapshot.launches) kernels.add(kernel);
            return snapshot;
          }, op, sample, { cotangents: ['random'] });
          tried += 1;
          if (!passed) wrong.push(`${sample.name} with ${JSON.stringify(target)}: ${report}`);
        }
      }
      return { wrong, tried, kernels: [...kernels].sort().join(' ') };
    }, { op, choices: CHOICES.map(({ target, most }) => ({ target, most: Math.min(most(op), 1000) })) });
    expect(found.wrong.join('\n\n')).toBe('');
    expect(found.tried).toBeGreaterThan(0);
    if (EXPECTED[op]) expect(found.kernels).toMatch(EXPECTED[op]);
  });
}
