import { arrayType, laneKernel, type Kernel } from './kernel.ts';
import { float, wgsl } from './wgsl.ts';

export interface AccuracySpec {
  readonly rows: number;
  readonly columns: number;
  /** `index`: the largest output against a class index; `probabilities`: against the largest target; `signs`: each output > 0 against target > ½. */
  readonly target: 'index' | 'probabilities' | 'signs';
  /** Rows with this class index are left out: the mean of hits is the share of right ones among the others. */
  readonly ignoreIndex?: number;
}

/** hits[row] = 1 where the prediction is right (for `signs`: the share of its columns), else 0. Of equal outputs the first wins. Where rows are left out, the others count for them. */
export function accuracy({ rows, columns, target, ignoreIndex }: AccuracySpec): Kernel {
  const largest = (array: string, name: string): string => wgsl`
var ${name} = 0u;
  for (var i = 1u; i < ${columns}u; i++) {
    if (${array}[start + i] > ${array}[start + ${name}]) {
      ${name} = i;
    }
  }`;
  return laneKernel({
    name: `accuracy-${target}`,
    formula: 'hits[row] = share of right predictions in the row',
    declarations: [
      { name: 'x', access: 'read', type: arrayType(rows * columns) },
      { name: 'expected', access: 'read', type: target === 'index' ? `array<u32, ${rows}>` : arrayType(rows * columns) },
      { name: 'hits', access: 'write', type: arrayType(rows) },
    ],
    count: rows,
    body: wgsl`
let start = lane * ${columns}u;
#if ${target === 'signs'}
  var right = 0.0;
  for (var i = 0u; i < ${columns}u; i++) {
    right += select(0.0, ${float(1 / columns)}, (x[start + i] > 0.0) == (expected[start + i] > 0.5));
  }
  hits[lane] = right;
#else
  ${largest('x', 'guess').trim()}
#if ${target === 'index' && ignoreIndex !== undefined}
  var counted = 0u;
  for (var row = 0u; row < ${rows}u; row++) {
    counted += select(1u, 0u, expected[row] == ${(ignoreIndex ?? 0) >>> 0}u);
  }
  let isRight = guess == expected[lane] && expected[lane] != ${(ignoreIndex ?? 0) >>> 0}u;
  hits[lane] = select(0.0, ${float(rows)} / f32(max(counted, 1u)), isRight);
#elif ${target === 'index'}
  hits[lane] = select(0.0, 1.0, guess == expected[lane]);
#else
  ${largest('expected', 'label').trim()}
  hits[lane] = select(0.0, 1.0, guess == label);
#endif
#endif`,
  });
}
