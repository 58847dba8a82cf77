import type { AccuracySpec } from './accuracy.wgsl.ts';
import { arrayType, laneKernel, type Declaration, type Kernel } from './kernel.ts';
import { wgsl } from './wgsl.ts';

// Each adds one batch to counters that stay on the GPU until the last batch is through. Counts are u32, where the order of
// additions changes nothing; sums of f32 are made in a fixed order.

/** Outputs [rows, columns] and what is expected of them, as accuracy takes them. Rows with the label `ignoreIndex` are left out. */
export interface CountSpec extends AccuracySpec {
  readonly ignoreIndex: number;
}

const expectedType = ({ rows, columns, target }: AccuracySpec): string => (target === 'index' ? `array<u32, ${rows}>` : arrayType(rows * columns));

const declarations = (spec: AccuracySpec, counters: string): Declaration[] => [
  { name: 'x', access: 'read', type: arrayType(spec.rows * spec.columns) },
  { name: 'expected', access: 'read', type: expectedType(spec) },
  { name: 'counters', access: 'update', type: counters },
];

/** The place of a row's largest number; of equal ones the first. */
const largest = (array: string, name: string, columns: number): string => wgsl`
var ${name} = 0u;
  for (var i = 1u; i < ${columns}u; i++) {
    if (${array}[start + i] > ${array}[start + ${name}]) {
      ${name} = i;
    }
  }`.trim();

/** Ends a row that is left out. */
const unlessLeftOut = ({ ignoreIndex }: CountSpec): string => wgsl`
if (expected[lane] == ${ignoreIndex >>> 0}u) {
    return;
  }`.trim();

/**
 * counters[label · classes + guess] += 1. By sign there are two classes, and each output is an example of its own. A label that is no
 * class counts as the class after the guess: as wrong.
 */
export function confusion(spec: CountSpec): Kernel {
  const { rows, columns, target } = spec;
  const classes = target === 'signs' ? 2 : columns;
  return laneKernel({
    name: `confusion-${target}`,
    formula: `counters[label · ${classes} + guess] += 1`,
    declarations: declarations(spec, `array<atomic<u32>, ${classes ** 2}>`),
    count: target === 'signs' ? rows * columns : rows,
    body: target === 'signs' ? wgsl`
let label = select(0u, 1u, expected[lane] > 0.5);
  let guess = select(0u, 1u, x[lane] > 0.0);
  atomicAdd(&counters[label * 2u + guess], 1u);` : wgsl`
let start = lane * ${columns}u;
  ${target === 'index' ? unlessLeftOut(spec) : largest('expected', 'label', columns)}
  ${largest('x', 'guess', columns)}
#if ${target === 'index'}
  let label = select((guess + 1u) % ${columns}u, expected[lane], expected[lane] < ${columns}u);
#endif
  atomicAdd(&counters[label * ${columns}u + guess], 1u);`,
  });
}

export interface TopKSpec extends CountSpec {
  readonly k: number;
}

/** counters = (rows whose label is among the k largest outputs, rows). Of equal outputs the first is the larger; NaN is beaten by none. A label that is no class is a miss. */
export function topK(spec: TopKSpec): Kernel {
  const { rows, columns, k } = spec;
  const isIndex = spec.target === 'index';
  return laneKernel({
    name: `top-k-${spec.target}`,
    formula: `counters[0] += 1 where the label's output is among the ${k} largest; counters[1] += 1`,
    declarations: declarations(spec, 'array<atomic<u32>, 2>'),
    count: rows,
    body: wgsl`
let start = lane * ${columns}u;
#if ${isIndex}
  let label = min(expected[lane], ${columns - 1}u);
  ${unlessLeftOut(spec)}
#else
  ${largest('expected', 'label', columns)}
#endif
  let own = x[start + label];
  var beaten = 0u;
  for (var i = 0u; i < ${columns}u; i++) {
    let other = x[start + i];
    beaten += select(0u, 1u, own > other || (own == other && label < i));
  }
  atomicAdd(&counters[1], 1u);
  if (beaten >= ${columns - k}u${isIndex ? wgsl` && expected[lane] < ${columns}u` : ''}) {
    atomicAdd(&counters[0], 1u);
  }`,
  });
}

export interface RegressionSpec {
  readonly rows: number;
  readonly columns: number;
}

/** Numbers for each column: a pivot, then Σ (t - pivot), Σ (t - pivot)², Σ (x - t)², Σ |x - t|. */
export const REGRESSION_VALUES = 5;

/** One lane adds one column's rows to its sums. The pivot, a target, keeps the sum of squares from cancelling. */
export function regressionSums({ rows, columns }: RegressionSpec): Kernel {
  return laneKernel({
    name: 'regression-sums',
    formula: 'sums[column] = (pivot, += Σ (t - pivot), += Σ (t - pivot)², += Σ (x - t)², += Σ |x - t|)',
    declarations: [
      { name: 'x', access: 'read', type: arrayType(rows * columns) },
      { name: 'expected', access: 'read', type: arrayType(rows * columns) },
      { name: 'counters', access: 'update', type: arrayType(columns * REGRESSION_VALUES) },
    ],
    count: columns,
    body: wgsl`
let place = lane * ${REGRESSION_VALUES}u;
  let pivot = counters[place];
  var sums = vec4f();
  for (var row = 0u; row < ${rows}u; row++) {
    let t = expected[row * ${columns}u + lane];
    let error = x[row * ${columns}u + lane] - t;
    let away = t - pivot;
    sums += vec4f(away, away * away, error * error, abs(error));
  }
  counters[place + 1u] += sums.x;
  counters[place + 2u] += sums.y;
  counters[place + 3u] += sums.z;
  counters[place + 4u] += sums.w;`,
  });
}

/** terms[row] = (log Σ e^x - x[label], 1), or (0, 0) for a row that is left out; NaN for a label that is no class. */
export function surprise(spec: CountSpec): Kernel {
  const { rows, columns, ignoreIndex } = spec;
  return laneKernel({
    name: 'surprise',
    formula: 'terms[row] = (log Σ e^x - x[label], 1), (0, 0) where the label is left out',
    declarations: [
      { name: 'x', access: 'read', type: arrayType(rows * columns) },
      { name: 'expected', access: 'read', type: expectedType(spec) },
      { name: 'terms', access: 'write', type: `array<vec2f, ${rows}>` },
    ],
    functions: 'var<private> quietNan: u32 = 0x7fc00000u;',
    count: rows,
    body: wgsl`
let start = lane * ${columns}u;
  let label = min(expected[lane], ${columns - 1}u);
  var largest = x[start];
  for (var i = 1u; i < ${columns}u; i++) {
    largest = max(largest, x[start + i]);
  }
  var total = 0.0;
  for (var i = 0u; i < ${columns}u; i++) {
    total += exp(x[start + i] - largest);
  }
  let loss = select(bitcast<f32>(quietNan), log(total) + (largest - x[start + label]), expected[lane] < ${columns}u);
  terms[lane] = select(vec2f(loss, 1.0), vec2f(), expected[lane] == ${ignoreIndex >>> 0}u);`,
  });
}

/** counters += Σ terms over the rows, in parts of 256; one lane for each of the two sums. */
export function addTerms({ rows }: { readonly rows: number }): Kernel {
  return laneKernel({
    name: 'add-terms',
    formula: 'counters[k] += Σ terms[row][k]',
    declarations: [
      { name: 'terms', access: 'read', type: `array<vec2f, ${rows}>` },
      { name: 'counters', access: 'update', type: arrayType(2) },
    ],
    count: 2,
    body: wgsl`
var total = 0.0;
  for (var first = 0u; first < ${rows}u; first += 256u) {
    var part = 0.0;
    let end = min(first + 256u, ${rows}u);
    for (var row = first; row < end; row++) {
      part += terms[row][lane];
    }
    total += part;
  }
  counters[lane] += total;`,
  });
}
