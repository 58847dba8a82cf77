import { expect, test } from 'playwright/test';
import { bringTiles } from '../../shaders/loaded-kernels.ts';
import { matmulSubgroupMatrix, matrixUnitsOf, unitFor, type MatrixUnit } from '../../shaders/matmul-subgroup-matrix.wgsl.ts';
import type { MatmulSpec } from '../../shaders/matmul.wgsl.ts';
import { tileKernels } from '../../shaders/tile-kernels.ts';
import { candidatesOf } from '../../src/nn/tuning/trial.ts';
import { multiply } from '../../src/ops/matmul.ts';
import type { Request, Target } from '../../src/ops/request.ts';
import type { Shape, Tensor } from '../../src/ops/tensor.ts';
import { variantOf } from '../../src/program/plan.ts';

// Small matrices that the lanes of a subgroup multiply: which of them a device has, and who takes them.

bringTiles(tileKernels);

const FEATURES = ['chromium-experimental-subgroup-matrix', 'subgroups', 'shader-f16'];
const adapter = (configs: readonly (readonly [string, string, number, number, number])[], subgroupMaxSize = 32, features = FEATURES) => ({
  features: new Set(features),
  info: { subgroupMaxSize, subgroupMatrixConfigs: configs.map(([componentType, resultComponentType, M, N, K]) => ({ componentType, resultComponentType, M, N, K })) },
});
const tensor = (id: number, shape: Shape): Tensor => ({ id, name: `t${id}`, shape, type: 'f32', role: 'value' });
const product = (m: number, k: number, n: number, half: readonly string[] = []): Request<MatmulSpec> => {
  const request = multiply({}, tensor(0, [m, k]), tensor(1, [k, n]), tensor(2, [m, n]));
  return half.length > 0 ? { ...request, spec: { ...request.spec, half } } : request;
};
const f32: MatrixUnit = { m: 8, n: 8, k: 8, type: 'f32', lanes: 32 };
const f16: MatrixUnit = { m: 16, n: 16, k: 16, type: 'f16', lanes: 32 };
const gpu = (matrixUnits: readonly MatrixUnit[], more: Partial<Target> = {}): Target => ({ adapterClass: 'gpu', maxBindings: 10, quads: false, subgroups: true, matrixUnits, fusion: true, variants: {}, ...more });

test('of what an adapter lists only sums in f32 count, in sizes that fill a part and fit into any device', () => {
  expect(matrixUnitsOf(adapter([
    ['f32', 'f32', 8, 8, 8], ['f16', 'f32', 16, 16, 16], ['f16', 'f16', 16, 16, 16], ['i8', 'i32', 16, 16, 32],
    // No whole number of them makes 32 rows or columns; and results of 16 rows of f32 beside tiles of f32 take more than 16,384 bytes.
    ['f16', 'f32', 12, 8, 8], ['f16', 'f32', 64, 64, 16], ['f32', 'f32', 16, 16, 16],
  ]))).toEqual([f32, f16]);
  // Fewer lanes than a workgroup has rows; twice as many as it may have.
  expect([4, 8, 16, 128].map((lanes) => matrixUnitsOf(adapter([['f32', 'f32', 8, 8, 8]], lanes)).length)).toEqual([0, 0, 1, 1]);
  expect(matrixUnitsOf(adapter([['f32', 'f32', 8, 8, 8]], 512))).toEqual([]);
  expect(matrixUnitsOf(adapter([['f32', 'f32', 8, 8, 8], ['f16', 'f32', 16, 16, 16]], 32, FEATURES.slice(0, 2)))).toEqual([f32]);
  // Without the feature, and with it in a browser that does not tell sizes.
  expect(matrixUnitsOf(adapter([['f32', 'f32', 8, 8, 8]], 32, ['subgroups']))).toEqual([]);
  expect(matrixUnitsOf({ features: new Set(FEATURES), info: { subgroupMaxSize: 32 } })).toEqual([]);
  expect(matrixUnitsOf({ features: new Set(FEATURES), info: {} })).toEqual([]);
});

test('nothing is rounded to fit: f16 multiplies only what both operands hold as f16', () => {
  const spec = (half: readonly string[]) => product(64, 64, 64, half).spec;
  expect([[], ['a'], ['a', 'b']].map((half) => unitFor(spec(half), [f32, f16])?.type)).toEqual(['f32', 'f32', 'f16']);
  expect([[], ['a'], ['a', 'b']].map((half) => unitFor(spec(half), [f16])?.type)).toEqual([undefined, undefined, 'f16']);
  expect(unitFor(spec(['a', 'b']), [f32])).toBe(f32);
  expect(unitFor(spec([]), [])).toBeUndefined();
  // The largest loads each number least often.
  expect(unitFor(spec([]), [f32, { ...f32, n: 16 }, { ...f32, m: 4 }])).toEqual({ ...f32, n: 16 });
});

test('the rules take them for f16 alone; of f32 a measurement has to show that they are faster', () => {
  const chosen = (request: Request<MatmulSpec>, target: Target): string => variantOf(request as unknown as Request, target).name;
  const half = ['a', 'b'];
  expect(chosen(product(256, 256, 256, half), gpu([f16]))).toBe('subgroup-matrix');
  expect(chosen(product(256, 256, 256), gpu([f32, f16]))).toBe('tiled-32x32');
  expect(chosen(product(256, 256, 256, ['a']), gpu([f16]))).toBe('tiled-32x32');
  expect(chosen(product(256, 256, 256, half), gpu([]))).toBe('tiled-32x32');
  expect(chosen(product(16, 256, 1024, half), gpu([f16]))).toBe('register');
  expect(chosen(product(256, 256, 256, half), gpu([f16], { adapterClass: 'cpu' }))).toBe('register');
  // A long sum with few results goes in slices.
  const weight = multiply({ transposeA: true }, tensor(0, [4096, 64]), tensor(1, [4096, 64]), tensor(2, [64, 64]));
  expect(chosen({ ...weight, spec: { ...weight.spec, half } }, gpu([f16]))).toBe('split');
  const tried = (units: readonly MatrixUnit[]): string[] => candidatesOf(product(256, 256, 256) as unknown as Request, gpu(units)).map(({ variant }) => variant);
  expect(tried([f32])).toContain('subgroup-matrix');
  expect(tried([f16])).not.toContain('subgroup-matrix');
});

test('forced, it does what it can, and the rules the rest; a device without any refuses', () => {
  const chosen = (request: Request<MatmulSpec>, units: readonly MatrixUnit[]): string => variantOf(request as unknown as Request, gpu(units, { variants: { matmul: 'subgroup-matrix' } })).name;
  expect(chosen(product(3, 5, 7), [f32])).toBe('subgroup-matrix');
  expect(chosen(product(3, 5, 7, ['a', 'b']), [f16])).toBe('subgroup-matrix');
  expect(chosen(product(3, 5, 7), [f16])).toBe('small');
  expect(() => chosen(product(3, 5, 7), [])).toThrow('compile: needs a variant of matmul that this device runs, got "subgroup-matrix". Leave the choice to the program.');
});

test('a workgroup has as many lanes as subgroups of the largest size need, whatever that is', () => {
  const lanes = [16, 32, 64, 128].map((most) => matmulSubgroupMatrix(product(70, 50, 90).spec, { ...f32, lanes: most }, 'subgroup-matrix'));
  expect(lanes.map(({ workgroupSize }) => workgroupSize)).toEqual([64, 128, 256, 256]);
  expect(lanes.map(({ count }) => count)).toEqual([4, 4, 4, 6]);
  for (const { enables } of lanes) expect(enables).toEqual(['chromium_experimental_subgroup_matrix']);
});
