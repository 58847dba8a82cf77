import { foldNamed } from './fold.ts';
import { arrayType, type Kernel } from './kernel.ts';
import { joinInSubgroups, togetherKernel, type Together } from './together.wgsl.ts';
import { float, lines, wgsl } from './wgsl.ts';

/** out = factor · Σ x² over `count` elements. */
export interface SumOfSquaresSpec {
  readonly count: number;
  readonly factor: number;
}

/** Lanes of the one workgroup: as many as every device starts. */
const SQUARE_LANES = 256;

/** One workgroup sums everything: each lane every 256th square, then a tree in workgroup memory, or subgroups. */
export function sumOfSquares({ count, factor }: SumOfSquaresSpec, how: Together): Kernel {
  return togetherKernel(how, {
    name: 'sum-of-squares',
    formula: `out = ${factor} · Σ x² over ${count} elements`,
    declarations: [
      { name: 'x', access: 'read', type: arrayType(count) },
      { name: 'out', access: 'write', type: arrayType(1) },
    ],
    functions: `var<workgroup> partials: array<f32, ${SQUARE_LANES}>;`,
    workgroupSize: SQUARE_LANES,
    count: 1,
    body: wgsl`
var partial = 0.0;
  for (var i = lane; i < ${count}u; i += ${SQUARE_LANES}u) {
    partial += x[i] * x[i];
  }
  partials[lane] = partial;
  workgroupBarrier();
#if ${how === 'subgroup'}
  ${joinInSubgroups(foldNamed('sum'), SQUARE_LANES, 'partials', 'total')}
#else
  ${lines(Math.log2(SQUARE_LANES), (step) => {
    const half = SQUARE_LANES >> (step + 1);
    const add = `if (lane < ${half}u) {
    partials[lane] += partials[lane + ${half}u];
  }`;
    return half > 1 ? `${add}\n  workgroupBarrier();` : add;
  })}
#endif
  if (lane == 0u && group == 0u) {
    out[0] = ${how === 'subgroup' ? 'total' : 'partials[0]'} * ${float(factor)};
  }`,
  });
}
