import { expect, test, type Run } from '../harness.ts';
import type { MatrixUnit } from '../../shaders/matmul-subgroup-matrix.wgsl.ts';
import type { Bug } from './matrix-kit.ts';

// Products in matrices that a subgroup multiplies. No adapter of these tests has any: the kernels run with functions in software in the place of WGSL's.
// That their texts are WGSL is for `npm run test:texts`.

interface Setting {
  readonly op: 'matmul' | 'linear';
  /** Sizes of the product: of out, and how long its sums are. */
  readonly size: readonly [m: number, n: number, k: number];
  readonly transposeA?: boolean;
  readonly transposeB?: boolean;
  /** Matrices of a and of b. */
  readonly batch?: readonly [number, number];
  readonly unit: MatrixUnit;
  /** Lanes that a subgroup really has: at most those of the unit. */
  readonly lanes: number;
  readonly bug?: Bug;
}

const unit = (m: number, n: number, k: number, lanes = 32): MatrixUnit => ({ m, n, k, type: 'f32', lanes });

/** How far the results and the gradients are from those of the simplest kernel, of their largest number; and the kernels that ran. */
function compare(run: Run, settings: readonly Setting[]): Promise<{ kernels: string[]; furthest: number; numbers: number }[]> {
  return run(async ({ load }, { settings }) => {
    const { runOp } = await load<typeof import('../../src/program/run-op.ts')>('/src/program/run-op.ts');
    const { sharedDevice } = await load<typeof import('./page-kit.ts')>('/e2e/gpu/page-kit.ts');
    const { alterMatrices } = await load<typeof import('./matrix-kit.ts')>('/e2e/gpu/matrix-kit.ts');
    const device = await sharedDevice();
    const found: { kernels: string[]; furthest: number; numbers: number }[] = [];
    for (const { op, size: [m, n, k], transposeA = false, transposeB = false, batch = [], unit, lanes, bug } of settings) {
      const numbers = (shape: readonly number[], seed: number) => ({ shape, data: Float32Array.from({ length: shape.reduce((product, length) => product * length, 1) }, (_, i) => Math.sin((i + 1) * 12.9898 * seed)) });
      const [a, b] = [[...batch.slice(0, 1), ...(transposeA ? [k, m] : [m, k])], [...batch.slice(1), ...(transposeB ? [n, k] : [k, n])]];
      const inputs: Record<string, ReturnType<typeof numbers>> = op === 'matmul' ? { a: numbers(a, 1), b: numbers(b, 2) } : { x: numbers([m, k], 1), weight: numbers([n, k], 2), bias: numbers([n], 3) };
      const cotangent = numbers([...batch.slice(0, 1), m, n], 4).data;
      const once = (variant: string) => runOp(device, op, op === 'matmul' ? { transposeA, transposeB } : {}, inputs, cotangent, {
        target: { variants: { matmul: variant }, matrixUnits: [unit] }, ...(variant === 'small' ? {} : { alter: alterMatrices(lanes, bug) }),
      });
      const [one, other] = [await once('subgroup-matrix'), await once('small')];
      const parts = ({ computed, gradients }: typeof one) => [...Object.values(computed), ...Object.values(gradients)].map((values) => [...values!]);
      const expected = parts(other);
      const furthest = parts(one).map((values, part) => {
        const scale = Math.max(...expected[part]!.map(Math.abs));
        return values.length === expected[part]!.length ? Math.max(...values.map((x, i) => (Number.isFinite(x) ? Math.abs(x - expected[part]![i]!) / scale : Infinity))) : Infinity;
      });
      found.push({ kernels: one.launches.map(({ kernel }) => kernel), furthest: Math.max(...furthest), numbers: expected.flat().length });
    }
    return found;
  }, { settings: [...settings] });
}

const FORMS = [[false, false], [false, true], [true, false], [true, true]] as const;

for (const [transposeA, transposeB] of FORMS) {
  const form = `${transposeA ? 't' : 'n'}${transposeB ? 't' : 'n'}`;
  test(`${form} in matrices of a subgroup: sizes around the tile, with its gradients`, async ({ run }) => {
    test.setTimeout(240_000);
    const settings = ([[70, 66, 35], [1, 7, 50]] as const).map((size): Setting => ({ op: 'matmul', size, transposeA, transposeB, unit: unit(8, 16, 8), lanes: 32 }));
    for (const [index, { kernels, furthest, numbers }] of (await compare(run, settings)).entries()) {
      // The product and its two gradients.
      expect(kernels.filter((kernel) => kernel.endsWith('/subgroup-matrix of 32')), String(settings[index]!.size)).toHaveLength(3);
      expect(numbers).toBeGreaterThan(2);
      expect(furthest, String(settings[index]!.size)).toBeLessThan(3e-6);
    }
  });
}

test('matrices of every size that fits, in subgroups of as many lanes as they may have and of fewer', async ({ run }) => {
  test.setTimeout(240_000);
  const settings = ([[unit(8, 8, 8), 16], [unit(8, 32, 4), 32], [unit(8, 16, 16, 64), 64], [unit(8, 16, 8, 128), 32]] as const)
    .map(([of, lanes]): Setting => ({ op: 'matmul', size: [40, 70, 37], transposeB: true, unit: of, lanes }));
  for (const [index, { furthest }] of (await compare(run, settings)).entries()) expect(furthest, JSON.stringify(settings[index])).toBeLessThan(3e-6);
});

test('many products at once, and products that are added up', async ({ run }) => {
  test.setTimeout(240_000);
  const settings = ([[3, 3], [3, 1]] as const).map((batch): Setting => ({ op: 'matmul', size: [35, 40, 20], batch, unit: unit(8, 16, 8), lanes: 32 }));
  for (const { furthest } of await compare(run, settings)) expect(furthest).toBeLessThan(3e-6);
});

test('a layer: its bias at the end of the product, the gradient of the bias from the tiles of the weight\'s', async ({ run }) => {
  test.setTimeout(240_000);
  const { kernels, furthest } = (await compare(run, [{ op: 'linear', size: [37, 41, 50], unit: unit(8, 16, 8), lanes: 32 }]))[0]!;
  expect(kernels).toEqual(['matmul-nt/subgroup-matrix of 32', 'matmul-nn/subgroup-matrix of 32', 'matmul-tn/subgroup-matrix of 32']);
  expect(furthest).toBeLessThan(3e-6);
});

for (const [name, find, replace] of [
  ['tiles used before all lanes have filled them', 'workgroupBarrier();\n    if (subgroup < 4u)', 'if (subgroup < 4u)'],
  ['the first unit of a strip in the place of the second', 'subgroup * 256u + 16u, ', 'subgroup * 256u, '],
  ['steps of a unit left out', 'depth += 8u', 'depth += 16u'],
  ['rows of a left matrix taken for its columns', 'col_major>(&tileA', 'row_major>(&tileA'],
  ['a part with the rows of the first', 'let partRow = (subgroup / 2u) * 32u', 'let partRow = 0u'],
  ['a product that forgets the steps before', 'right1, sum0_1)', 'right1, sum0_0)'],
  ['rows of the last strip in the place of the first', ' / 8u + 24u', ' / 8u'],
  ['numbers beyond the edge of k', 'k + depth < 37u)', 'true)'],
  ['the bias gradient of every second step', 'total += f32(tileA[depth * ', 'total += f32(tileA[(depth & 30u) * '],
] as const) {
  test(`a bug is found: ${name}`, async ({ run }) => {
    test.setTimeout(120_000);
    const { furthest } = (await compare(run, [{ op: 'linear', size: [70, 66, 37], unit: unit(8, 16, 8), lanes: 32, bug: { find, replace } }]))[0]!;
    expect(furthest).toBeGreaterThan(1e-3);
  });
}

test('units are believed whose products are right: not those that do not compile, nor those that are wrong', async ({ run }) => {
  test.setTimeout(120_000);
  const found = await run(async ({ load }) => {
    const { workingUnits, probeSpec } = await load<typeof import('../../src/gpu/matrices.ts')>('/src/gpu/matrices.ts');
    const { matmulSubgroupMatrix } = await load<typeof import('../../shaders/matmul-subgroup-matrix.wgsl.ts')>('/shaders/matmul-subgroup-matrix.wgsl.ts');
    const { sharedDevice } = await load<typeof import('./page-kit.ts')>('/e2e/gpu/page-kit.ts');
    const { inSoftware } = await load<typeof import('./matrix-kit.ts')>('/e2e/gpu/matrix-kit.ts');
    const device = await sharedDevice();
    const units = [8, 16, 32].map((n): MatrixUnit => ({ m: 8, n, k: 8, type: 'f32', lanes: 32 }));
    const working = await workingUnits(device, units, (unit) => {
      const kernel = matmulSubgroupMatrix(probeSpec(unit), unit, 'probe');
      return unit.n === 8 ? kernel : inSoftware(kernel, 32, unit.n === 16 ? undefined : { find: 'depth += 8u', replace: 'depth += 16u' });
    });
    // What was refused leaves no error behind.
    device.check();
    return { working: working.map(({ n }) => n), all: (await workingUnits(device, units)).length };
  });
  expect(found).toEqual({ working: [16], all: 0 });
});

test('a device without such matrices does not offer them, and says so to whoever forces them', async ({ run }) => {
  const found = await run(async ({ chainrule }) => {
    const { sequential, linear, mse, sgd, compile, openDevice } = chainrule;
    const device = await openDevice({ adapterClass: 'gpu' });
    const has = (await navigator.gpu.requestAdapter())!.features.has('chromium-experimental-subgroup-matrix');
    const options = { device, loss: mse(), optimizer: sgd({ lr: 0.1 }), batchSize: 64 };
    const refused = await compile(sequential(linear(64, 64)), { ...options, variants: { matmul: 'subgroup-matrix' } }).then(() => '', (error: Error) => error.message);
    await using trainer = await compile(sequential(linear(64, 64)), { ...options, tune: { table: false, budget: 1, store: { get: async () => undefined, set: async () => undefined } } });
    const result = { has, units: device.traits.matrixUnits.length, refused, tried: trainer.tuning!.work.flatMap(({ variants }) => variants.map(({ variant }) => variant)) };
    device.destroy();
    return result;
  });
  expect(found.has).toBe(false);
  expect(found.units).toBe(0);
  expect(found.refused).toBe('compile: needs a variant of matmul that this device runs, got "subgroup-matrix". Leave the choice to the program.');
  expect(found.tried).toContain('tiled');
  expect(found.tried).not.toContain('subgroup-matrix');
});
