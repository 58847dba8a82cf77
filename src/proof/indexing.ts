import { complexZeros } from '../reference/complex.ts';
import type { ComplexTensor } from '../reference/complex.ts';
import { FLUSH, ROUNDING } from '../reference/rounding.ts';
import { sizeOf, zeros } from '../reference/tensor.ts';
import type { RefTensor, Shape } from '../reference/tensor.ts';
import { addDelta } from './change.ts';
import type { Change } from './change.ts';
import { withoutLastLane } from './mutants.ts';
import type { Mutant, Options, Proof, Sample, SampleTensor } from './proof.ts';
import { filled, normals } from './sample-data.ts';
import { drawOf, FLAG, matrixOf, sizesFrom } from './sizes.ts';

interface Indices { readonly shape: Shape; readonly value: ArrayLike<number> }

/** For each element that is picked, the element of the table that it is; −1 for padding. */
type Picks = Int32Array;

/** A row of the table for each index. */
function rowPicks({ shape }: { readonly shape: Shape }, indices: Indices, { paddingIndex }: Options): Picks {
  const columns = shape[1];
  return Int32Array.from({ length: indices.value.length * columns }, (_, e) => {
    const index = indices.value[Math.floor(e / columns)];
    return index === paddingIndex ? -1 : index * columns + e % columns;
  });
}

/** Element (…, indices[…, k, …], …) for each index along one axis. */
function axisPicks({ shape }: { readonly shape: Shape }, indices: Indices, options: Options): Picks {
  const axis = axisOf(shape, options);
  const inner = sizeOf(shape.slice(axis + 1));
  const count = indices.shape[axis];
  return Int32Array.from({ length: indices.value.length }, (_, e) => {
    const outer = Math.floor(e / (count * inner));
    return (outer * shape[axis] + indices.value[e]) * inner + e % inner;
  });
}

function axisOf(shape: Shape, { axis }: Options): number {
  return typeof axis === 'number' ? (axis + shape.length) % shape.length : 0;
}

/** out[e] = x[picks[e]], 0 for padding: exact. */
function picked(x: RefTensor, picks: Picks, shape: Shape): RefTensor {
  const out = zeros(shape);
  picks.forEach((from, e) => {
    if (from < 0) return;
    out.value[e] = x.value[from];
    out.variance[e] = x.variance[from];
  });
  return out;
}

/** out = x + Σ source[e] at picks[e]: rounded as the sum of as many terms as meet there. */
function spread(source: RefTensor, picks: Picks, shape: Shape, x?: RefTensor): RefTensor {
  const out = zeros(shape);
  const size = new Float64Array(out.value.length);
  const terms = new Float64Array(out.value.length);
  const add = (to: number, value: number, variance: number): void => {
    out.value[to] += value;
    out.variance[to] += variance;
    size[to] += Math.abs(value);
    terms[to] += 1;
  };
  x?.value.forEach((value, i) => add(i, value, x.variance[i]));
  picks.forEach((to, e) => {
    if (to >= 0) add(to, source.value[e], source.variance[e]);
  });
  for (let i = 0; i < size.length; i++) if (terms[i] > 1) out.variance[i] += terms[i] * ((ROUNDING * size[i]) ** 2 + FLUSH ** 2);
  return out;
}

/** Where each element of the table is picked. */
function usesOf(picks: Picks, size: number): readonly number[][] {
  const uses: number[][] = Array.from({ length: size }, () => []);
  picks.forEach((from, e) => { if (from >= 0) uses[from].push(e); });
  return uses;
}

/** What a change of the table does to what is picked from it. */
function pickedChange(table: Change, uses: readonly number[][], out: Change): void {
  for (let k = 0; k < table.count; k++) for (const e of uses[table.index[k]]) addDelta(out, e, table.delta[k]);
}

function complexPicked(x: ComplexTensor, picks: Picks, shape: Shape): ComplexTensor {
  const out = complexZeros(shape);
  picks.forEach((from, e) => {
    if (from < 0) return;
    out.re[e] = x.re[from];
    out.im[e] = x.im[from];
  });
  return out;
}

const GATHER: readonly Mutant[] = [
  { name: 'always the first row', kernel: /^gather\//, find: 'min(index, ', replace: 'min(0u * index, ', symptoms: ['formula'] },
  { name: 'the row after', kernel: /^gather\//, find: 'min(index, ', replace: 'min(index + 1u, ', symptoms: ['formula'] },
  { name: 'the last row is out of range', kernel: /^gather\//, find: ', index < ', replace: ', index + 1u < ', symptoms: ['garbage', 'region', 'edge'] },
  withoutLastLane(/^gather\//),
];

const SCAN: readonly Mutant[] = [
  { name: 'only the last duplicate counts', kernel: /^scatter-scan/, find: 'total += ', replace: 'total = ', symptoms: ['reduction', 'region', 'formula'] },
  { name: 'the first index left out', kernel: /^scatter-scan/, find: 'var k = 0u;', replace: 'var k = 1u;', symptoms: ['reduction', 'region', 'zero-block', 'formula'] },
  { name: 'smaller indices, too', kernel: /^scatter-scan/, find: 'index == s', replace: 'index <= s', symptoms: ['reduction', 'formula'] },
  withoutLastLane(/^scatter-scan/),
];

const SORTED: readonly Mutant[] = [
  { name: 'duplicates fall on one place', kernel: /^index-order/, find: ' || (other == key && k < own)', replace: '', symptoms: ['formula', 'reduction', 'garbage', 'unwritten', 'stale'] },
  { name: 'sorted the other way', kernel: /^index-order/, find: 'other < key', replace: 'other > key', symptoms: ['formula', 'zero-block', 'region'] },
  { name: 'the order forgotten', kernel: /^index-order/, find: '= f32(own);', replace: '= f32(rank);', symptoms: ['formula'] },
  { name: 'only the first of equal ones', kernel: /^scatter-sorted/, find: 'total += source[start', replace: 'total = source[start', symptoms: ['formula', 'reduction', 'region'] },
  { name: 'the search stops one short', kernel: /^scatter-sorted/, find: 'high = middle;', replace: 'high = max(middle, 1u) - 1u;', symptoms: ['formula', 'zero-block', 'region', 'reduction'] },
  { name: 'reads the source in sorted order', kernel: /^scatter-sorted/, find: 'u32(order[', replace: 'k + 0u * u32(order[', symptoms: ['formula'] },
  withoutLastLane(/^(index-order|scatter-sorted)/),
];

/** Indices below `size`, by a formula that leaves some out and repeats others. */
function indicesOf(seed: number, shape: Shape, size: number, floating = false): SampleTensor {
  const draws = filled(shape, (e) => Math.floor(size * drawOf(seed, 5, e) ** 1.5)).data;
  return { shape, data: floating ? Float32Array.from(draws) : Uint32Array.from(draws) };
}

function table(seed: number, shape: Shape, indices: Shape, options: Options = {}, floating = false): Sample {
  return {
    name: `[${shape.join(', ')}] at [${indices.join(', ')}]${floating ? ' as f32' : ''} ${JSON.stringify(options)}`, options,
    inputs: { weight: normals(seed, shape), indices: indicesOf(seed, indices, shape[0], floating) },
  };
}

/** y[…, :] = W[indices[…], :], 0 for padding: torch.nn.functional.embedding. */
export const embedding: Proof = {
  differentiable: ['weight'],
  forward: ({ weight, indices }, options) => picked(weight, rowPicks(weight, indices, options), [...indices.shape, weight.shape[1]]),
  backward: ({ weight, indices }, _out, dout, options) => ({ weight: spread(dout, rowPicks(weight, indices, options), weight.shape) }),
  complex: ({ weight, indices }, options) => complexPicked(weight, rowPicks(weight, { shape: indices.shape, value: indices.re }, options), [...indices.shape, weight.shape[1]]),
  perturb({ inputs: { weight, indices }, out, options }) {
    const uses = usesOf(rowPicks(weight, indices, options), weight.value.length);
    return () => {
      out.change.count = 0;
      pickedChange(weight.change, uses, out.change);
    };
  },
  samples: [
    table(1701, [3, 5], [1]),
    table(1703, [11, 6], [3, 7]),
    table(1705, [17, 16], [65]),
    table(1707, [5, 1], [2, 3, 4]),
    table(1709, [7, 4], [31], {}, true),
    table(1711, [9, 3], [40], { paddingIndex: 2 }),
    // Beyond these sizes the gradient sorts the indices.
    table(1713, [50, 20], [2, 71]),
    table(1715, [67, 17], [131], { paddingIndex: 0 }, true),
    { name: 'one index again and again', options: {}, inputs: { weight: normals(1717, [40, 24]), indices: { shape: [150], data: new Uint32Array(150).fill(39) } } },
    { name: 'the last row first', options: {}, inputs: { weight: normals(1719, [40, 24]), indices: { shape: [180], data: Uint32Array.from({ length: 180 }, (_, i) => 39 - Math.floor(i / 4.5)) } } },
  ],
  sizes: sizesFrom(
    { rows: [1, 67], columns: [1, 33], count: [1, 131], floating: FLAG, padding: FLAG },
    ({ rows, columns, count, floating, padding }, seed) => ({
      options: padding && rows > 1 ? { paddingIndex: rows - 1 } : {},
      inputs: { weight: matrixOf(seed, 0, [rows, columns]), indices: indicesOf(seed, [count], rows, floating === 1) },
    }),
  ),
  mutants: [
    ...GATHER, ...SCAN, ...SORTED,
    { name: 'padding read like any row', kernel: /^gather\//, find: 'select(found, 0.0, ', replace: 'select(found, found, ', symptoms: ['mask', 'region', 'formula'] },
    { name: 'padding gets a gradient', kernel: /^scatter-(scan|sorted)/, find: 'select(total, 0.0, ', replace: 'select(total, total, ', symptoms: ['mask', 'region', 'formula'] },
  ],
  conventions: [{
    name: 'the row of paddingIndex gets no gradient', options: { paddingIndex: 1 },
    inputs: { weight: normals(1719, [3, 2]), indices: { shape: [4], data: Uint32Array.of(1, 0, 1, 0) } },
    cotangent: Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8), gradients: { weight: [10, 12, 0, 0, 0, 0] },
  }],
};

function along(seed: number, shape: Shape, axis: number, count: number, floating = false): Sample {
  const indices = shape.map((size, other) => (other === (axis + shape.length) % shape.length ? count : size));
  return {
    name: `[${shape.join(', ')}] at ${count} along axis ${axis}${floating ? ' as f32' : ''}`, options: { axis },
    inputs: { x: normals(seed, shape), indices: indicesOf(seed, indices, shape.at(axis)!, floating) },
  };
}

const ALONG = [
  along(1801, [4, 9], 1, 6), along(1803, [7, 5], 0, 11), along(1805, [3, 4, 5], 1, 9, true), along(1807, [2, 3, 17], -1, 65), along(1809, [1], 0, 4),
  along(1811, [60, 20], 0, 111), along(1813, [2, 67, 9], 1, 131, true),
] as const;

const ALONG_SIZES = (further: (seed: number, indices: SampleTensor) => Readonly<Record<string, SampleTensor>>) => sizesFrom(
  { outer: [1, 5], size: [1, 33], inner: [1, 7], count: [1, 67], floating: FLAG },
  ({ outer, size, inner, count, floating }, seed) => {
    const indices = indicesOf(seed, [outer, count, inner], size, floating === 1);
    return { options: { axis: 1 }, inputs: { x: matrixOf(seed, 0, [outer, size, inner]), indices, ...further(seed, indices) } };
  },
);

/** y[…, k, …] = x[…, indices[…, k, …], …]: torch.gather. */
export const gather: Proof = {
  differentiable: ['x'],
  forward: ({ x, indices }, options) => picked(x, axisPicks(x, indices, options), indices.shape),
  backward: ({ x, indices }, _out, dout, options) => ({ x: spread(dout, axisPicks(x, indices, options), x.shape) }),
  complex: ({ x, indices }, options) => complexPicked(x, axisPicks(x, { shape: indices.shape, value: indices.re }, options), indices.shape),
  perturb({ inputs: { x, indices }, out, options }) {
    const uses = usesOf(axisPicks(x, indices, options), x.value.length);
    return () => {
      out.change.count = 0;
      pickedChange(x.change, uses, out.change);
    };
  },
  samples: ALONG,
  sizes: ALONG_SIZES(() => ({})),
  mutants: [...GATHER, ...SCAN, ...SORTED],
  conventions: [],
};

/** y = x + source at its indices: torch.scatter_add. */
export const scatterAdd: Proof = {
  differentiable: ['x', 'source'],
  forward: ({ x, indices, source }, options) => spread(source, axisPicks(x, indices, options), x.shape, x),
  backward: ({ x, indices, source }, _out, dout, options) => ({ x: { ...dout, shape: x.shape }, source: picked(dout, axisPicks(x, indices, options), source.shape) }),
  complex({ x, indices, source }, options) {
    const out: ComplexTensor = { shape: x.shape, re: Float64Array.from(x.re), im: Float64Array.from(x.im) };
    axisPicks(x, { shape: indices.shape, value: indices.re }, options).forEach((to, e) => {
      out.re[to] += source.re[e];
      out.im[to] += source.im[e];
    });
    return out;
  },
  perturb({ inputs: { x, indices, source }, out, options }) {
    const picks = axisPicks(x, indices, options);
    return () => {
      out.change.count = 0;
      for (let k = 0; k < x.change.count; k++) addDelta(out.change, x.change.index[k], x.change.delta[k]);
      for (let k = 0; k < source.change.count; k++) addDelta(out.change, picks[source.change.index[k]], source.change.delta[k]);
    };
  },
  samples: ALONG.map((sample, k) => ({ ...sample, inputs: { ...sample.inputs, source: normals(1901 + k, sample.inputs.indices.shape) } })),
  sizes: ALONG_SIZES((seed, { shape }) => ({ source: matrixOf(seed, 1, shape) })),
  mutants: [
    ...GATHER, ...SCAN, ...SORTED,
    { name: 'what was there forgotten', kernel: /^scatter-(scan|sorted)/, find: 'x[lane] + total', replace: '0.0 * x[lane] + total', symptoms: ['formula'] },
  ],
  conventions: [],
};

function classes(seed: number, shape: Shape, count: number, floating = false): Sample {
  return { name: `[${shape.join(', ')}] of ${count}${floating ? ' as f32' : ''}`, options: { classes: count }, inputs: { indices: indicesOf(seed, shape, count, floating) } };
}

/** y[…, c] = 1 where the index is c, else 0: torch.nn.functional.one_hot. */
export const oneHot: Proof = {
  differentiable: [],
  forward({ indices }, options) {
    const count = Number(options.classes);
    const out = zeros([...indices.shape, count]);
    indices.value.forEach((index, i) => { out.value[i * count + index] = 1; });
    return out;
  },
  backward: () => ({}),
  samples: [classes(2001, [5], 3), classes(2003, [67], 17), classes(2005, [3, 4], 65), classes(2007, [31], 7, true), classes(2009, [1], 1)],
  sizes: sizesFrom(
    { count: [1, 131], classes: [1, 67], floating: FLAG },
    ({ count, classes: of, floating }, seed) => ({ options: { classes: of }, inputs: { indices: indicesOf(seed, [count], of, floating === 1) } }),
  ),
  mutants: [
    { name: 'the class after', kernel: /^one-hot/, find: 'index == lane', replace: 'index + 1u == lane', symptoms: ['formula'] },
    { name: 'ones and zeros exchanged', kernel: /^one-hot/, find: 'select(0.0, 1.0, ', replace: 'select(1.0, 0.0, ', symptoms: ['formula', 'mask'] },
    { name: 'the last class is out of range', kernel: /^one-hot/, find: ', index < ', replace: ', index + 1u < ', symptoms: ['garbage', 'region'] },
    withoutLastLane(/^one-hot/),
  ],
  conventions: [],
};
