import { expect, test, type Run } from '../harness.ts';

// Kernels whose lanes join in subgroups. Every sample of the ops runs with them elsewhere (ops-choices); here are the sizes of rows and of subgroups,
// numbers that are none, and the choice.

/** Each op, what it may be asked for, the family that makes it, and the kernel that does. */
const CALLS = [
  ['sum', 'reduce', 'reduce'], ['prod', 'reduce', 'prod'], ['max', 'reduce', 'max'], ['min', 'reduce', 'min'], ['argMax', 'reduce', 'argMax'], ['argMin', 'reduce', 'argMin'],
  ['norm', 'reduce', 'norm2'], ['logSumExp', 'reduce', 'logSumExp'], ['variance', 'reduce', 'variance'],
  ['softmax', 'softmax', 'softmax'], ['logSoftmax', 'softmax', 'log-softmax'], ['layerNorm', 'normalization', 'normalize'], ['rmsNorm', 'normalization', 'normalize'], ['sumOfSquares', 'sum-of-squares', 'sum-of-squares'],
] as const;

interface Setting {
  readonly op: string;
  readonly family: string;
  readonly columns: number;
  /** What stands where in the rows, beside ordinary numbers: row, column, number. */
  readonly special?: readonly (readonly [number, number, number])[];
  readonly rows: number;
  /** Subgroups in software, of this size. Default those of the adapter. */
  readonly size?: number;
  readonly placing?: 'neighbours' | 'strided';
}

interface Found {
  readonly kernels: string[];
  readonly values: Float32Array;
  readonly again: Float32Array;
  readonly expected: Float32Array;
}

/** The results of a setting with subgroups, twice, and those of the workgroup variant, whose text has none. */
function compare(run: Run, settings: readonly Setting[]): Promise<Found[]> {
  return run(async ({ load }, { settings }) => {
    const { runOp } = await load<typeof import('../../src/program/run-op.ts')>('/src/program/run-op.ts');
    const { sharedDevice } = await load<typeof import('./page-kit.ts')>('/e2e/gpu/page-kit.ts');
    const { alterSubgroups } = await load<typeof import('./subgroup-kit.ts')>('/e2e/gpu/subgroup-kit.ts');
    const device = await sharedDevice();
    const found: Found[] = [];
    for (const { op, family, rows, columns, special = [], size, placing = 'neighbours' } of settings) {
      const data = Float32Array.from({ length: rows * columns }, (_, i) => 1 + Math.sin(i * 12.9898) / (op === 'prod' ? 64 : 2));
      for (const [row, column, value] of special) data[row * columns + column] = value;
      const options = op.startsWith('arg') ? { axis: 1 } : op === 'layerNorm' || op === 'rmsNorm' ? { normalizedShape: [columns] } : /softmax/i.test(op) || op === 'sumOfSquares' ? {} : { axes: [1], ...(op === 'variance' ? { correction: 0 } : {}) };
      const outputs = op === 'sumOfSquares' ? 1 : /softmax|norm$/i.test(op) && op !== 'norm' ? rows * columns : rows;
      const once = (variant: string) => runOp(device, op, options, { x: { shape: [rows, columns], data } }, new Float32Array(outputs).fill(1), {
        target: { variants: { [family]: variant } }, ...(size === undefined || variant === 'workgroup' ? {} : { alter: alterSubgroups(size, placing) }),
      });
      const [one, two, other] = [await once('subgroup'), await once('subgroup'), await once('workgroup')];
      const valuesOf = ({ computed, gradients }: typeof one): Float32Array =>
        Float32Array.from([...Object.values(computed), ...Object.values(gradients)].flatMap((part) => [...part!]));
      found.push({ kernels: one.launches.map(({ kernel }) => kernel), values: valuesOf(one), again: valuesOf(two), expected: valuesOf(other) });
    }
    return found;
  }, { settings: [...settings] });
}

/** The first place where two results are more than a few roundings apart, or only one of them is a number. */
function difference(values: Float32Array, expected: Float32Array): string | undefined {
  const scale = expected.reduce((most, x) => (Number.isFinite(x) ? Math.max(most, Math.abs(x)) : most), 1e-30);
  const at = expected.findIndex((x, i) => !(Object.is(x, values[i]!) || Math.abs(x - values[i]!) <= 1e-5 * scale));
  return at < 0 ? undefined : `${values[at]} at ${at} where a workgroup makes ${expected[at]}`;
}

const bits = (values: Float32Array): number[] => [...new Uint32Array(values.buffer, values.byteOffset, values.length)];

for (const [op, family, kernel] of CALLS) {
  test(`${op} in subgroups: rows of every length around the lanes, the same bits twice`, async ({ run }) => {
    const settings = [1, 2, 3, 5, 63, 64, 65, 131, 1027].map((columns): Setting => ({ op, family, rows: 3, columns }));
    for (const [index, { kernels, values, again, expected }] of (await compare(run, settings)).entries()) {
      const { columns } = settings[index]!;
      expect(kernels, `${columns} columns`).toContain(`${kernel}/subgroup`);
      expect(expected.length).toBeGreaterThan(0);
      expect(difference(values, expected), `${columns} columns`).toBe(undefined);
      expect(bits(again), `${columns} columns`).toEqual(bits(values));
    }
  });
}

for (const [op, family, kernel] of CALLS.filter(([name]) => ['sum', 'prod', 'max', 'logSumExp', 'softmax', 'layerNorm'].includes(name))) {
  test(`${op} in subgroups of 4 to 128 lanes, neighbours or not, made in software`, async ({ run }) => {
    test.setTimeout(240_000);
    const settings = [
      ...[4, 8, 16, 32, 64, 128].map((size): Setting => ({ op, family, rows: 2, columns: 131, size })),
      ...[8, 32].map((size): Setting => ({ op, family, rows: 2, columns: 131, size, placing: 'strided' })),
    ];
    for (const [index, { kernels, values, again, expected }] of (await compare(run, settings)).entries()) {
      const { size, placing = 'neighbours' } = settings[index]!;
      expect(kernels).toContain(`${kernel}/subgroup of ${size}, ${placing}`);
      expect(difference(values, expected), `subgroups of ${size}, ${placing}`).toBe(undefined);
      expect(bits(again)).toEqual(bits(values));
    }
  });
}

test('a product of one row in subgroups of 4 to 128 lanes, made in software, and a NaN in it', async ({ run }) => {
  const found = await run(async ({ load }) => {
    const { runOp } = await load<typeof import('../../src/program/run-op.ts')>('/src/program/run-op.ts');
    const { sharedDevice } = await load<typeof import('./page-kit.ts')>('/e2e/gpu/page-kit.ts');
    const { alterSubgroups } = await load<typeof import('./subgroup-kit.ts')>('/e2e/gpu/subgroup-kit.ts');
    const device = await sharedDevice();
    // Whole numbers: any order of adding them gives the same sum.
    const [k, n] = [301, 5];
    const a = Float32Array.from({ length: k }, (_, i) => (i * 7) % 11 - 5);
    const b = Float32Array.from({ length: n * k }, (_, i) => (i * 5) % 13 - 6);
    const found: { size: number; kernels: string[]; wrong: number[]; withNaN: boolean[] }[] = [];
    for (const size of [undefined, 4, 8, 16, 32, 64, 128]) {
      const product = async (left: Float32Array) => runOp(device, 'matmul', { transposeB: true }, { a: { shape: [1, k], data: left }, b: { shape: [n, k], data: b } }, new Float32Array(n), {
        target: { variants: { matmul: 'gemv-subgroup' } }, ...(size === undefined ? {} : { alter: alterSubgroups(size, 'neighbours') }),
      });
      const [plain, broken] = [await product(a), await product(a.with(k - 1, NaN))];
      const [out, none] = [plain, broken].map(({ computed }) => Object.values(computed)[0]!) as [Float32Array, Float32Array];
      const expected = Float32Array.from({ length: n }, (_, column) => a.reduce((sum, x, i) => sum + x * b[column * k + i]!, 0));
      found.push({ size: size ?? 0, kernels: plain.launches.map(({ kernel }) => kernel), wrong: [...out].flatMap((x, column) => (x === expected[column] ? [] : [x])), withNaN: [...none].map(Number.isNaN) });
    }
    return found;
  });
  expect(found.map(({ size }) => size)).toEqual([0, 4, 8, 16, 32, 64, 128]);
  for (const { size, kernels, wrong, withNaN } of found) {
    expect(kernels[0]).toBe(size === 0 ? 'matmul-nt/gemv-subgroup' : `matmul-nt/gemv-subgroup of ${size}, neighbours`);
    expect(wrong, `subgroups of ${size}`).toEqual([]);
    expect(withNaN).toEqual([true, true, true, true, true]);
  }
});

/** Where in a row of 131 something stands: for the first lane, the last of the first subgroup, in the middle, for the last lane, in the last round. */
const PLACES = [0, 3, 37, 63, 130];

test('numbers that are none come out of subgroups as they come out of a workgroup', async ({ run }) => {
  test.setTimeout(240_000);
  const rows = PLACES.length;
  const each = (value: number): Setting['special'] => PLACES.map((column, row) => [row, column, value] as const);
  const kinds: readonly (readonly [string, Setting['special']])[] = [
    ['NaN', each(NaN)], ['Infinity', each(Infinity)], ['-Infinity', each(-Infinity)],
    ['NaN beside Infinity', PLACES.flatMap((column, row) => [[row, column, NaN], [row, (column + 7) % 131, Infinity]] as const)],
    ['a row of -Infinity', Array.from({ length: 131 }, (_, column) => [1, column, -Infinity] as const)],
  ];
  const settings = CALLS.flatMap(([op, family]) => kinds.map(([, special]): Setting => ({ op, family, rows, columns: 131, special: special! })));
  const found = await compare(run, settings);
  let numbersThatAreNone = 0;
  for (const [index, { values, expected }] of found.entries()) {
    const { op } = settings[index]!;
    const [kind] = kinds[index % kinds.length]!;
    numbersThatAreNone += expected.filter((x) => !Number.isFinite(x)).length;
    expect(difference(values, expected), `${op}, ${kind}`).toBe(undefined);
    // The place of a NaN is found; no other result is a number where a term is none (of NaN some adapters' exp makes infinity).
    if (kind.startsWith('NaN') && op.startsWith('arg')) expect([...values].slice(0, rows), op).toEqual(PLACES);
    else if (kind.startsWith('NaN') && !/softmax|layer|rms|Squares/i.test(op)) expect([...values].slice(0, rows).some(Number.isFinite), `${op}, ${kind}`).toBe(false);
  }
  expect(found).toHaveLength(CALLS.length * kinds.length);
  expect(numbersThatAreNone).toBeGreaterThan(1000);
});

test('a gpu with subgroups takes them where it took a workgroup, a software adapter does not', async ({ run }) => {
  const found = await run(async ({ load, chainrule }) => {
    const { runOp } = await load<typeof import('../../src/program/run-op.ts')>('/src/program/run-op.ts');
    const device = await chainrule.openDevice();
    const has = (await navigator.gpu.requestAdapter())!.features.has('subgroups');
    const kernelOf = async (target: object) => (await runOp(device, 'sum', { axes: [1] }, { x: { shape: [2, 600], data: new Float32Array(1200).fill(1) } }, new Float32Array(2), { target })).launches[0]!.kernel;
    const found = {
      has, says: device.traits.subgroups,
      gpu: await kernelOf({ adapterClass: 'gpu' }), without: await kernelOf({ adapterClass: 'gpu', subgroups: false }), cpu: await kernelOf({ adapterClass: 'cpu' }),
    };
    device.destroy();
    return found;
  });
  expect(found.says).toBe(found.has);
  expect(found).toMatchObject({ gpu: found.has ? 'reduce/subgroup' : 'reduce/workgroup', without: 'reduce/workgroup', cpu: 'reduce/serial' });
});
