import { arrayType, laneKernel, type Declaration, type Kernel } from './kernel.ts';
import { float, plus, wgsl } from './wgsl.ts';

/**
 * Indices along the middle axis of a table [outer, size, inner]: `count` of them for each outer, either one for each row of `inner`
 * elements (`eachRow`) or one for each element.
 */
export interface IndexSpec {
  readonly outer: number;
  readonly size: number;
  readonly inner: number;
  readonly count: number;
  readonly eachRow: boolean;
  /** f32 indices hold integers. */
  readonly indices: 'u32' | 'f32';
  /** Rows that stand for nothing: they are read as 0, and nothing is added to them. */
  readonly padding?: number;
  /** Set where `x`, and what is added up, are only the rows of a larger table from `first` on; it has `total` of them. */
  readonly range?: { readonly first: number; readonly total: number };
}

/** With `target` the sums are added to it. */
export interface ScatterSpec extends IndexSpec {
  readonly target: boolean;
}

/** Columns of indices: what stands in another column never meets. */
const columns = ({ outer, inner, eachRow }: IndexSpec): number => (eachRow ? outer : outer * inner);

/** How many numbers the indices are. */
export const indexCount = (spec: IndexSpec): number => columns(spec) * spec.count;

const indexType = (spec: IndexSpec): string => `array<${spec.indices}, ${indexCount(spec)}>`;

/** An index as u32: what is none becomes one that is out of range. And the NaN that tells of it, which no constant may be. */
const functions = ({ range, size = 0, indices }: Pick<IndexSpec, 'range' | 'size' | 'indices'>): string => {
  const rows = range?.total ?? size;
  return wgsl`
var<private> quietNan: u32 = 0x7fc00000u;
#if ${indices === 'f32'}

fn indexFrom(value: f32) -> u32 {
  return select(${rows}u, u32(value), value >= 0.0 && value < ${float(rows)});
}
#endif`;
};

const indexAt = ({ indices }: IndexSpec, at: string): string => (indices === 'u32' ? `indices[${at}]` : `indexFrom(indices[${at}])`);

/** out[o, k, i] = x[o, index, i]; NaN where the index is out of range. */
export function gather(spec: IndexSpec): Kernel {
  const { outer, size, inner, count, eachRow, padding, range } = spec;
  if (range) return gatherRange(spec, range);
  return laneKernel({
    name: 'gather/lane',
    formula: `out[o, k, i] = x[o, indices[o, k${eachRow ? '' : ', i'}], i]${padding === undefined ? '' : `, 0 for index ${padding}`}; NaN where an index is out of range`,
    declarations: [
      { name: 'x', access: 'read', type: arrayType(outer * size * inner) },
      { name: 'indices', access: 'read', type: indexType(spec) },
      { name: 'out', access: 'write', type: arrayType(outer * count * inner) },
    ],
    functions: functions(spec),
    count: outer * count * inner,
    body: wgsl`
let index = ${indexAt(spec, eachRow ? wgsl`lane / ${inner}u` : 'lane')};
  let row = lane / ${count * inner}u * ${size}u + min(index, ${size - 1}u);
  let found = select(bitcast<f32>(quietNan), x[row * ${inner}u + lane % ${inner}u], index < ${size}u);
  out[lane] = ${padding === undefined ? 'found' : wgsl`select(found, 0.0, index == ${padding}u)`};`,
  });
}

/** Of `gather` what a range of the table's rows makes: each launch writes the rows that it has, the first one also those that nobody has. */
function gatherRange(spec: IndexSpec, { first, total }: NonNullable<IndexSpec['range']>): Kernel {
  const { size, inner, count, padding } = spec;
  const found = wgsl`x[(index - ${first}u) * ${inner}u + lane % ${inner}u]`;
  return laneKernel({
    name: 'gather-range/lane',
    formula: `out[k, i] = x[indices[k] - ${first}, i] where that is a row of x${padding === undefined ? '' : `, 0 for index ${padding}`}; NaN where an index is out of range`,
    declarations: [
      { name: 'x', access: 'read', type: arrayType(size * inner) },
      { name: 'indices', access: 'read', type: indexType(spec) },
      { name: 'out', access: 'part', type: arrayType(count * inner) },
    ],
    functions: functions(spec),
    count: count * inner,
    body: wgsl`
let index = ${indexAt(spec, wgsl`lane / ${inner}u`)};
  if (index >= ${first}u && index < ${first + size}u) {
    out[lane] = ${padding === undefined ? found : wgsl`select(${found}, 0.0, index == ${padding}u)`};
  }
#if ${first === 0}
  if (index >= ${total}u) {
    out[lane] = bitcast<f32>(quietNan);
  }
#endif`,
  });
}

/** The declarations of both ways to add up. */
const scatterDeclarations = (spec: ScatterSpec, further: readonly Declaration[]): Declaration[] => {
  const { outer, size, inner, count, target } = spec;
  return [
    ...further,
    { name: 'source', access: 'read', type: arrayType(outer * count * inner) },
    ...(target ? [{ name: 'x', access: 'read', type: arrayType(outer * size * inner) } as const] : []),
    { name: 'out', access: 'write', type: arrayType(outer * size * inner) },
  ];
};

const scatterFormula = ({ eachRow, target, padding }: ScatterSpec): string =>
  `out[o, s, i] = ${target ? 'x[o, s, i] + ' : ''}Σ over k with indices[o, k${eachRow ? '' : ', i'}] = s of source[o, k, i]${padding === undefined ? '' : `, 0 for s = ${padding}`}`;

/** Where lane (o, s, i) starts. */
const place = ({ size, inner, count, eachRow, range }: ScatterSpec): string => wgsl`
let o = lane / ${size * inner}u;
  let s = ${plus(wgsl`lane / ${inner}u % ${size}u`, range?.first ?? 0)};
  let i = lane % ${inner}u;
  let column = ${eachRow ? wgsl`o * ${count}u` : wgsl`o * ${count * inner}u + i`};
  let start = o * ${count * inner}u + i;`;

const stored = ({ target, padding }: ScatterSpec): string => {
  const sum = target ? 'x[lane] + total' : 'total';
  return `out[lane] = ${padding === undefined ? sum : wgsl`select(${sum}, 0.0, s == ${padding}u)`};`;
};

/** One lane adds up one element: it looks through all indices, in their order. */
export function scatterScan(spec: ScatterSpec): Kernel {
  const { outer, size, inner, count, eachRow, range } = spec;
  return laneKernel({
    name: 'scatter-scan/lane',
    formula: `${scatterFormula(spec)}\nNaN where an index is out of range`,
    declarations: scatterDeclarations(spec, [{ name: 'indices', access: 'read', type: indexType(spec) }]),
    functions: functions(spec),
    count: outer * size * inner,
    body: wgsl`
${place(spec)}
  var total = 0.0;
  for (var k = 0u; k < ${count}u; k++) {
    let index = ${indexAt(spec, eachRow ? 'column + k' : wgsl`column + k * ${inner}u`)};
    if (index == s) {
      total += source[start + k * ${inner}u];
    }
    if (index >= ${range?.total ?? size}u) {
      total = bitcast<f32>(quietNan);
    }
  }
  ${stored(spec)}`,
  });
}

/**
 * Sorts each column of indices, equal ones in their order: the place of one is the number of smaller ones and of equal ones before
 * it. `keys` are the sorted indices (those out of range last), `order` says where each stood; both as f32, exact to 2²⁴.
 */
export function indexOrder(spec: IndexSpec): Kernel {
  const { size, inner, count, eachRow } = spec;
  const stride = eachRow ? 1 : inner;
  return laneKernel({
    name: 'index-order/lane',
    formula: 'keys = sorted indices of each column, order = where they stood; equal ones keep their order',
    declarations: [
      { name: 'indices', access: 'read', type: indexType(spec) },
      { name: 'keys', access: 'write', type: arrayType(indexCount(spec)) },
      { name: 'order', access: 'write', type: arrayType(indexCount(spec)) },
    ],
    functions: spec.indices === 'f32' ? functions(spec) : '',
    count: indexCount(spec),
    body: wgsl`
let column = lane / ${count * stride}u * ${count * stride}u + lane % ${stride}u;
  let own = lane % ${count * stride}u / ${stride}u;
  let key = min(${indexAt(spec, 'lane')}, ${size}u);
  var rank = 0u;
  for (var k = 0u; k < ${count}u; k++) {
    let other = min(${indexAt(spec, stride === 1 ? 'column + k' : wgsl`column + k * ${stride}u`)}, ${size}u);
    rank += select(0u, 1u, other < key || (other == key && k < own));
  }
  keys[column + rank * ${stride}u] = f32(key);
  order[column + rank * ${stride}u] = f32(own);`,
  });
}

/** One lane adds up one element from sorted indices: it finds the first of its own by halving, and adds those in their order. */
export function scatterSorted(spec: ScatterSpec): Kernel {
  const { outer, size, inner, count, eachRow, range } = spec;
  const stride = eachRow ? 1 : inner;
  const at = (k: string): string => (stride === 1 ? `column + ${k}` : wgsl`column + (${k}) * ${stride}u`);
  return laneKernel({
    name: 'scatter-sorted/lane',
    formula: `${scatterFormula(spec)}, from sorted indices\nNaN where an index is out of range`,
    declarations: scatterDeclarations(spec, [
      { name: 'keys', access: 'read', type: arrayType(indexCount(spec)) },
      { name: 'order', access: 'read', type: arrayType(indexCount(spec)) },
    ]),
    functions: 'var<private> quietNan: u32 = 0x7fc00000u;',
    count: outer * size * inner,
    body: wgsl`
${place(spec)}
  let key = f32(s);
  var low = 0u;
  var high = ${count}u;
  while (low < high) {
    let middle = (low + high) / 2u;
    if (keys[${at('middle')}] < key) {
      low = middle + 1u;
    } else {
      high = middle;
    }
  }
  var total = 0.0;
  for (var k = low; k < ${count}u; k++) {
    if (keys[${at('k')}] != key) {
      break;
    }
    total += source[start + u32(order[${at('k')}]) * ${inner}u];
  }
  if (keys[${at(`${count - 1}u`)}] >= ${float(range?.total ?? size)}) {
    total = bitcast<f32>(quietNan);
  }
  ${stored(spec)}`,
  });
}

/** out[i, c] = 1 where the index is c, else 0; NaN where it is out of range. */
export function oneHot({ count, classes, indices }: { readonly count: number; readonly classes: number; readonly indices: 'u32' | 'f32' }): Kernel {
  const spec = { outer: 1, size: classes, inner: 1, count, eachRow: true, indices };
  return laneKernel({
    name: 'one-hot/lane',
    formula: 'out[k, c] = 1 where indices[k] = c, else 0; NaN where an index is out of range',
    declarations: [
      { name: 'indices', access: 'read', type: indexType(spec) },
      { name: 'out', access: 'write', type: arrayType(count * classes) },
    ],
    functions: functions(spec),
    count: count * classes,
    body: wgsl`
let index = ${indexAt(spec, wgsl`lane / ${classes}u`)};
  out[lane] = select(bitcast<f32>(quietNan), select(0.0, 1.0, index == lane % ${classes}u), index < ${classes}u);`,
  });
}
