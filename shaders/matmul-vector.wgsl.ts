import { halfName, type Kernel } from './kernel.ts';
import { isBatched, productCount, startsText } from './matmul-batch.wgsl.ts';
import { block, forEachTerm, layoutName, matmulFormula, matmulParts, rowSumsPlace, storeText, type MatmulSpec } from './matmul.wgsl.ts';
import { joinInSubgroups, togetherKernel, type Together } from './together.wgsl.ts';
import { lines, plus, times, wgsl } from './wgsl.ts';

/** Lanes of a workgroup. */
const VECTOR_LANES = 64;
/** Blocks that lie side by side in one workgroup where neighbours in memory do, too: eight loads of four fill a line of a cache. */
const SIDE_BY_SIDE = 8;
/** Results that are left after one step of joining. */
const VECTOR_JOINED = 8;

/** True where the larger operand, which takes the time, has neighbours along k: then neighbouring lanes take neighbouring steps. */
export const liesAlongK = ({ m, n, transposeA, transposeB }: Pick<MatmulSpec, 'm' | 'n' | 'transposeA' | 'transposeB'>): boolean => (m <= n ? transposeB : !transposeA);

/**
 * A product with few rows or a single column: a workgroup makes a block of up to 4 × 4 results, or several side by side, each lane a part of
 * k; then the lanes of a block join their sums. So a single row keeps as many lanes busy as a large product.
 */
export function matmulVector(spec: MatmulSpec, how: Together, variant: string): Kernel {
  const { m, n, k } = spec;
  const height = Math.min(m, 4);
  const across = Math.ceil(n / 4);
  const blocks = Math.ceil(m / height) * across;
  const [beside, join] = liesAlongK(spec) ? [1, how] : [Math.min(SIDE_BY_SIDE, 2 ** Math.ceil(Math.log2(blocks))), 'workgroup' as const];
  const slices = VECTOR_LANES / beside;
  const joined = Math.min(slices, VECTOR_JOINED);
  const groups = Math.ceil(blocks / beside);
  const count = productCount(spec) * groups;
  const many = productCount(spec) > 1;
  const wholeK = k - (k % 4);
  const sums = [
    ...Array.from({ length: height }, (_, i) => ({ name: `sum${i}`, state: 'vec4f', initial: 'vec4f(0.0)' })),
    ...(spec.rowSums ? Array.from({ length: height }, (_, i) => ({ name: `total${i}`, state: 'f32', initial: '0.0' })) : []),
  ];
  const each = (text: (sum: typeof sums[number]) => string): string => lines(sums.length, (i) => text(sums[i]!));
  const inside = (i: number, text: string): string => (i === 0 || height === m ? text : `if (row + ${i}u < ${m}u) {\n${text}\n}`);
  const parts = matmulParts(spec);
  const first = beside === 1 ? 'group' : wgsl`group * ${beside}u + lane % ${beside}u`;
  const blockText = many ? wgsl`group % ${groups}u${beside === 1 ? '' : ` * ${beside}u + lane % ${beside}u`}` : first;
  return togetherKernel(join, {
    name: `matmul-${layoutName(spec)}`,
    formula: matmulFormula(spec),
    declarations: parts.declarations,
    functions: `${parts.functions}\n${each(({ name, state }) => `var<workgroup> ${name}Lanes: array<${state}, ${VECTOR_LANES}>;`)}`,
    workgroupSize: VECTOR_LANES,
    count,
    body: wgsl`
#if ${isBatched(spec)}
  ${startsText(spec, wgsl`min(group, ${count - 1}u) / ${groups}u`)}
#endif
  let block = ${blockText};
  let slice = ${beside === 1 ? 'lane' : wgsl`lane / ${beside}u`};
  // Beyond the last block lanes make that once more, for all must come to the barrier; they store nothing.
  let place = min(block, ${blocks - 1}u);
  let row = ${blocks === across ? '0u' : times(across === 1 ? 'place' : wgsl`(place / ${across}u)`, height)};
  let column = ${across === 1 ? '0u' : times(blocks === across ? 'place' : wgsl`(place % ${across}u)`, 4)};
  ${each(({ name, initial }) => `var ${name} = ${initial};`)}
  ${forEachTerm(spec, wgsl`
#if ${wholeK > 0}
for (var k = slice * 4u; k < ${wholeK}u; k += ${slices * 4}u) {
    ${block(spec, height, 4)}
  }
#endif
#if ${k % 4 > 0}
  if (slice == ${wholeK / 4 % slices}u) {
    let k = ${wholeK}u;
    ${k % 4 > 0 ? block(spec, height, k % 4) : ''}
  }
#endif
`.trim())}
  ${each(({ name }) => `${name}Lanes[lane] = ${name};`)}
  workgroupBarrier();
#if ${join === 'subgroup'}
  ${each(({ name, state, initial }) => joinInSubgroups({ state, initial, join: (into, other) => `${into} += ${other};`, operator: '+' }, VECTOR_LANES, `${name}Lanes`, `${name}Whole`))}
  ${each(({ name }) => `${name} = ${name}Whole;`)}
#else
#if ${slices > joined}
  if (slice < ${joined}u) {
    for (var other = lane + ${joined * beside}u; other < ${VECTOR_LANES}u; other += ${joined * beside}u) {
      ${each(({ name }) => `${name} += ${name}Lanes[other];`)}
    }
    ${each(({ name }) => `${name}Lanes[lane] = ${name};`)}
  }
  workgroupBarrier();
#endif
  if (slice == 0u) {
    for (var other = lane + ${beside}u; other < ${joined * beside}u; other += ${beside}u) {
      ${each(({ name }) => `${name} += ${name}Lanes[other];`)}
    }
  }
#endif
  if (slice == 0u && block < ${blocks}u${many ? wgsl` && group < ${count}u` : ''}) {
    ${lines(height, (i) => inside(i, storeText(spec, `sum${i}`, plus('row', i))))}
#if ${spec.rowSums}
    if (column == 0u) {
      ${lines(height, (i) => inside(i, `${rowSumsPlace(spec, plus('row', i))} = total${i};`))}
    }
#endif
  }`,
  }, `${variant}${halfName(spec)}`);
}
