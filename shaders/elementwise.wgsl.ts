import {
  chainCall, chainFormula, chainFunctions, chainParts, drawOf, flatAccess, flatSteps, isFull, isVector, loadDeclaration, loadFunction, loadedBy, storeDeclaration, storeFunction,
  type Access, type ChainStep,
} from './chain.wgsl.ts';
import { arrayType, halfName, halfOr, laneKernel, type HalfSpec, type Kernel } from './kernel.ts';
import { times, wgsl } from './wgsl.ts';

/** out[row, column] = the chain's formulas applied one after the other to x at `start`. */
export interface ElementwiseSpec extends HalfSpec {
  readonly rows: number;
  readonly columns: number;
  /** Where the first value stands in binding `x`. */
  readonly start: Access;
  readonly steps: readonly ChainStep[];
  /** Set where whole numbers are copied as they are: there are no steps then, and a float register might change their bits. */
  readonly type?: 'u32';
}

/** Where every operand has the shape of the output, two dimensions are one: more of them divide by four. */
function flatten(spec: ElementwiseSpec): ElementwiseSpec {
  const { rows, columns, start, steps } = spec;
  const accesses = [start, ...loadedBy(steps)];
  if (!accesses.every((access) => isFull(access, rows, columns))) return spec;
  return { ...spec, rows: 1, columns: rows * columns, start: flatAccess(start, rows * columns), steps: flatSteps(steps, rows * columns) };
}

/** The kernel of any chain: one lane makes four neighbours where the rows divide by four or numbers are drawn, one element elsewhere. */
export function elementwise(original: ElementwiseSpec): Kernel {
  const spec = flatten(original);
  const { rows, columns, start, steps, type } = spec;
  const accesses = [start, ...loadedBy(steps)];
  const width = steps.some(drawOf) || (columns % 4 === 0 && accesses.every((access) => isVector(access, columns))) ? 4 : 1;
  const lanesInRow = Math.ceil(columns / width);
  const parts = chainParts(steps, width, rows, columns);
  const stored = halfOr(spec, 'out');
  const out = storeDeclaration('out', width, rows, columns, stored);
  const { type: _, ...asItIs } = start;
  const names = steps.map(({ formula }) => formula);
  return laneKernel({
    name: `${names.length > 0 ? names.join('+') : 'copy'}${halfName(spec)}`,
    formula: `out = ${chainFormula('x', steps)} over [${rows}, ${columns}]`,
    declarations: [
      loadDeclaration('x', start, width, columns), ...parts.declarations, type ? { ...out, type: arrayType(rows * columns, width === 4, type) } : out,
    ],
    functions: [
      `alias Value = ${width === 4 ? `vec4${type ? 'u' : 'f'}` : type ?? 'f32'};`, loadFunction('x', type ? asItIs : start, width, columns), storeFunction('out', width, rows, columns, stored),
      parts.functions, chainFunctions({ chain: steps }),
    ].join('\n\n'),
    count: rows * lanesInRow,
    body: wgsl`
#if ${rows === 1}
let row = 0u;
  let column = ${times('lane', width)};
#else
let row = lane / ${lanesInRow}u;
  let column = ${times(`lane % ${lanesInRow}u`, width)};
#endif
  store_out(row, column, ${chainCall('chain', steps, 'load_x(row, column)', 'row', 'column')});`,
  });
}
