import { arrayType, laneKernel, type Kernel } from './kernel.ts';
import { float, wgsl } from './wgsl.ts';

export interface AccuracySpec {
  readonly rows: number;
  readonly columns: number;
  /** `index`: the largest output against a class index; `probabilities`: against the largest target; `signs`: each output > 0 against target > ½. */
  readonly target: 'index' | 'probabilities' | 'signs';
  /** Rows with this class index are left out. */
  readonly ignoreIndex?: number;
}

/** Whether the kernel also says which rows count: where some may be left out. */
export const tellsCounted = ({ target, ignoreIndex }: Pick<AccuracySpec, 'target' | 'ignoreIndex'>): boolean => target === 'index' && ignoreIndex !== undefined;

/**
 * hits[row] = 1 where the prediction is right (for `signs`: the share of its columns), else 0. Of equal outputs the first wins. Where rows
 * may be left out (`tellsCounted`), as many numbers follow: 1 where the row counts, else 0.
 */
export function accuracy({ rows, columns, target, ignoreIndex }: AccuracySpec): Kernel {
  const counts = tellsCounted({ target, ignoreIndex });
  const largest = (array: string, name: string): string => wgsl`
var ${name} = 0u;
  for (var i = 1u; i < ${columns}u; i++) {
    if (${array}[start + i] > ${array}[start + ${name}]) {
      ${name} = i;
    }
  }`;
  return laneKernel({
    name: `accuracy-${target}`,
    formula: `hits[row] = share of right predictions in the row${counts ? `; hits[${rows} + row] = 1 where the row counts` : ''}`,
    declarations: [
      { name: 'x', access: 'read', type: arrayType(rows * columns) },
      { name: 'expected', access: 'read', type: target === 'index' ? `array<u32, ${rows}>` : arrayType(rows * columns) },
      { name: 'hits', access: 'write', type: arrayType(counts ? 2 * rows : rows) },
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
#if ${counts}
  let isCounted = expected[lane] != ${(ignoreIndex ?? 0) >>> 0}u;
  hits[lane] = select(0.0, 1.0, isCounted && guess == expected[lane]);
  hits[lane + ${rows}u] = select(0.0, 1.0, isCounted);
#elif ${target === 'index'}
  hits[lane] = select(0.0, 1.0, guess == expected[lane]);
#else
  ${largest('expected', 'label').trim()}
  hits[lane] = select(0.0, 1.0, guess == label);
#endif
#endif`,
  });
}
