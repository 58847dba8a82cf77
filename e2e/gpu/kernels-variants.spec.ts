import { convolutionSample } from '../../src/proof/convolution-samples.ts';
import { proofs } from '../../src/proof/index.ts';
import type { Sample } from '../../src/proof/proof.ts';
import { normals } from '../../src/proof/sample-data.ts';
import { expect, test, type Run } from '../harness.ts';

interface Choice {
  readonly adapterClass?: 'cpu' | 'gpu';
  readonly variants?: Readonly<Record<string, string>>;
}

/** Proves samples with some variant, and returns the names of the kernels that ran. */
async function prove(run: Run, op: string, samples: readonly Sample[], target: Choice): Promise<string[]> {
  const found = await run(async ({ gradcheck, load }, { op, samples, target }) => {
    const { runOp } = await load<typeof import('../../src/program/run-op.ts')>('/src/program/run-op.ts');
    const { sharedDevice } = await load<typeof import('./page-kit.ts')>('/e2e/gpu/page-kit.ts');
    const device = await sharedDevice();
    const kernels = new Set<string>();
    const wrong: string[] = [];
    let looked = 0;
    for (const sample of samples) {
      const reports = await gradcheck.checkSample(async (...call) => {
        const snapshot = await runOp(device, ...call, { target });
        for (const { kernel } of snapshot.launches) kernels.add(kernel);
        return snapshot;
      }, op, sample, { cotangents: ['random'] });
      looked += reports.reduce((sum, { report }) => sum + report.proven, 0);
      wrong.push(...reports.filter(({ passed }) => !passed).map(({ cotangent, report }) => `${sample.name}, ${cotangent}: ${report}`));
    }
    return { kernels: [...kernels], wrong, looked };
  }, { op, samples: [...samples], target });
  expect(found.wrong.join('\n\n')).toBe('');
  expect(found.looked).toBeGreaterThan(0);
  return found.kernels.sort();
}

const product = (m: number, k: number, n: number, transposeA: boolean, transposeB: boolean): Sample => ({
  name: `${m} × ${k} × ${n}${transposeA ? ', aᵀ' : ''}${transposeB ? ', bᵀ' : ''}`,
  options: { transposeA, transposeB },
  inputs: { a: normals(m, transposeA ? [k, m] : [m, k]), b: normals(n + 100, transposeB ? [n, k] : [k, n]) },
});
const layer = (rows: number, inputs: number, outputs: number): Sample => ({
  name: `${rows} × ${inputs} to ${outputs}`,
  options: {},
  inputs: { x: normals(rows, [rows, inputs]), weight: normals(7, [outputs, inputs], 0.2), bias: normals(9, [outputs]) },
});

const FORMS = [[false, false], [false, true], [true, false], [true, true]] as const;

for (const [variant, shapes] of [
  ['small', [[1, 1, 1], [5, 4, 8], [67, 3, 17], [2, 129, 5], [16, 16, 16]]],
  ['register', [[1, 1, 1], [3, 5, 2], [16, 64, 12], [65, 7, 66], [4, 257, 3]]],
  ['quad', [[1, 1, 1], [3, 5, 2], [16, 64, 12], [65, 7, 66]]],
  ['quad-wide', [[1, 1, 1], [3, 5, 2], [33, 8, 36], [65, 7, 66]]],
  ['gemv', [[1, 131, 70], [6, 66, 1], [67, 5, 3]]],
  ['gemv-subgroup', [[1, 131, 70], [3, 520, 5], [6, 66, 1]]],
  // Barriers take half a second each to compile on a software adapter: one shape that leaves an edge in every direction.
  ['tiled', [[66, 17, 65]]],
  ['tiled-32x32', [[33, 35, 37]]],
  ['tiled-128x64', [[131, 17, 65]]],
  ['tiled-128x128', [[131, 17, 133]]],
] as const) {
  for (const [transposeA, transposeB] of FORMS) {
    test(`matmul ${variant}${transposeA ? ', aᵀ' : ''}${transposeB ? ', bᵀ' : ''}: every shape, forward and both gradients`, async ({ run }) => {
      const samples = shapes.map(([m, k, n]) => product(m, k, n, transposeA, transposeB));
      const kernels = await prove(run, 'matmul', samples, { variants: { matmul: variant } });
      for (const kernel of kernels) expect(kernel).toMatch(new RegExp(`^matmul-[nt][nt]/${variant}$`));
      expect(kernels).toContain(`matmul-${transposeA ? 't' : 'n'}${transposeB ? 't' : 'n'}/${variant}`);
    });
  }

  test(`linear ${variant}: bias in the epilogue, its gradient from the weight's launch`, async ({ run }) => {
    const samples = variant.startsWith('tiled') ? [layer(17, 66, 65)] : variant.startsWith('gemv') ? [layer(1, 1, 1), layer(3, 66, 5)]
      : [layer(1, 1, 1), layer(3, 5, 2), layer(16, 8, 12), layer(65, 7, 18)];
    const kernels = await prove(run, 'linear', samples, { variants: { matmul: variant } });
    expect(kernels).toEqual([`matmul-nn/${variant}`, `matmul-nt/${variant}`, `matmul-tn/${variant}`]);
  });
}

test('split products: slices of k in a launch, put together by another, also the bias gradient', async ({ run }) => {
  // 96 rows are 3 slices, 97 are none, 1030 are 10 of 103; the last has tiles.
  const samples = [layer(96, 5, 7), layer(97, 5, 7), layer(1030, 3, 4), layer(192, 36, 33)];
  const kernels = await prove(run, 'linear', samples, { variants: { matmul: 'split' } });
  expect(kernels).toEqual(['matmul-nn/split', 'matmul-nt/split', 'matmul-tn/split', 'reduce/serial']);
});

test('a gpu splits a weight gradient of few tiles and a long k', async ({ run }) => {
  const kernels = await prove(run, 'linear', [layer(1024, 32, 36)], { adapterClass: 'gpu' });
  expect(kernels).toContain('matmul-tn/split');
});

const summed = (shape: number[], axes: number[]): Sample => ({ name: `[${shape.join(', ')}] over ${axes.join()}`, options: { axes }, inputs: { x: normals(3, shape) } });
for (const variant of ['serial', 'workgroup']) {
  for (const op of ['sum', 'mean']) {
    test(`${op} ${variant}: sizes around its lanes and its partial sums`, async ({ run }) => {
      const samples = [
        summed([1], [0]), summed([3, 63], [1]), summed([65, 2], [0]), summed([2, 129], [1]), summed([257], [0]), summed([513, 2], [0]), summed([3, 5, 7], [0, 2]),
      ].slice(variant === 'workgroup' ? 1 : 0);
      const kernels = await prove(run, op, samples, { variants: { reduce: variant } });
      expect(kernels).toContain(`reduce/${variant}`);
      expect(kernels.filter((kernel) => kernel.startsWith('reduce'))).toHaveLength(1);
    });
  }
}

test('a cpu and a gpu choose their own kernels by size, and both are right', async ({ run }) => {
  // 64 · 256 · 64 multiplications are just 2^20: no longer small. 5 · 3 · 4 are.
  const large: Sample = product(64, 256, 64, false, true);
  const chosen = async (adapterClass: 'cpu' | 'gpu', samples: readonly Sample[]) => [...new Set((await prove(run, 'matmul', samples, { adapterClass })).map((kernel) => kernel.split('/')[1]))];
  expect(await chosen('cpu', [product(5, 3, 4, false, false)])).toEqual(['short']);
  expect(await chosen('gpu', [product(5, 3, 4, false, false)])).toEqual(['small']);
  expect(await chosen('cpu', [large])).toEqual(['quad']);
  expect(await chosen('gpu', [large])).toEqual(['tiled-32x32']);
  // 256³ are 2^24; 250 would be hardly wider in tiles of 32, 264 are more than a tenth wider.
  expect(await chosen('cpu', [product(256, 256, 256, true, false)])).toEqual(['quad-wide']);
  expect(await prove(run, 'sum', [summed([600, 2], [0])], { adapterClass: 'gpu' })).toContainEqual(expect.stringMatching(/^reduce\/(workgroup|subgroup)$/));
  expect(await prove(run, 'sum', [summed([600, 2], [0])], { adapterClass: 'cpu' })).toContain('reduce/serial');
  // One example through a layer: its output along k, its input's gradient across.
  expect(await prove(run, 'linear', [layer(1, 96, 70)], { adapterClass: 'gpu' })).toEqual(expect.arrayContaining([expect.stringMatching(/^matmul-nt\/gemv(-subgroup)?$/), 'matmul-nn/gemv']));
});

const GATES = { rnn: 1, gru: 3, lstm: 4 } as const;

/** Steps over a sequence; with an initial state the first of them multiplies, too. */
function sequence(op: keyof typeof GATES, batch: number, time: number, hidden: number, isGiven: boolean): Sample {
  return {
    name: `[${batch}, ${time}] with ${hidden} units${isGiven ? ', state given' : ''}`,
    options: { reverse: isGiven },
    inputs: {
      x: normals(batch, [batch, time, GATES[op] * hidden]), weight: normals(hidden, [GATES[op] * hidden, hidden], 1 / Math.sqrt(hidden)), bias: normals(11, [GATES[op] * hidden]),
      ...(isGiven ? { initialHidden: normals(13, [batch, hidden]), ...(op === 'lstm' ? { initialCell: normals(17, [batch, hidden]) } : {}) } : {}),
    },
  };
}

for (const op of ['rnn', 'gru', 'lstm'] as const) {
  test(`${op} in quads: batches and units around four, and several fours of rows`, async ({ run }) => {
    const samples = [
      sequence(op, 1, 2, 1, true), sequence(op, 3, 3, 5, false), sequence(op, 5, 2, 12, true), sequence(op, 17, 2, 6, true), sequence(op, 17, 2, 36, false),
    ];
    const kernels = await prove(run, op, samples, { variants: { 'recurrent': 'quad', 'recurrent-backward': 'quad' } });
    const steps = kernels.filter((kernel) => /-(first|next|last|earlier)/.test(kernel));
    expect(steps.filter((kernel) => !kernel.endsWith('/quad'))).toEqual([]);
    expect(steps).toHaveLength(5);
  });
}

test('a variant that does not exist is refused', async ({ run }) => {
  const caught = await run(async ({ chainrule, caught, load }) => {
    const { runOp } = await load<typeof import('../../src/program/run-op.ts')>('/src/program/run-op.ts');
    const device = await chainrule.openDevice();
    const one = { shape: [1, 1], data: new Float32Array([1]) };
    const error = await caught(() => runOp(device, 'matmul', {}, { a: one, b: one }, new Float32Array([1]), { target: { variants: { matmul: 'huge' } } }));
    device.destroy();
    return error;
  });
  expect(caught).toMatchObject({ code: 'option', message: 'compile: needs a variant of matmul among quad-wide, quad, split, subgroup-matrix, tiled-128x128, tiled-128x64, tiled, tiled-32x32, gemv-subgroup, gemv, register, short, small, got "huge".' });
});

/** Sizes on which the quads of a convolution have edges everywhere; the ops' own samples have every stride, padding, dilation and group. */
const CONVOLUTIONS: Readonly<Record<string, readonly Sample[]>> = {
  conv1d: [convolutionSample([3, 5, 17], [17, 5, 5], 17)],
  conv2d: [
    convolutionSample([3, 5, 17, 17], [17, 5, 3, 3], 17, { padding: 1 }),
    convolutionSample([5, 17, 5, 5], [33, 17, 3, 3], 33, { padding: 1, stride: 2 }),
    convolutionSample([5, 6, 1, 33], [6, 3, 1, 5], 6, { groups: 2, padding: [0, 2] }),
  ],
  convTranspose2d: [convolutionSample([3, 5, 5, 7], [5, 3, 3, 4], 3, { stride: [2, 3], padding: 1 }), convolutionSample([5, 3, 3, 5], [3, 17, 5, 3], 17, { stride: [3, 1] })],
};

for (const [op, samples] of Object.entries(CONVOLUTIONS)) {
  test(`${op} in quads: every sample and sizes with edges, forward and all gradients`, async ({ run }) => {
    test.setTimeout(240_000);
    const kernels = await prove(run, op, [...samples, ...proofs[op]!.samples], { variants: { convolution: 'quad' } });
    expect(kernels.filter((kernel) => /^convolution(-transposed)?\//.test(kernel))).toEqual(['convolution-transposed/quad', 'convolution/quad']);
  });
}
