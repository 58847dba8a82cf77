import type { Kernel } from './kernel.ts';
import { reduceParts, type ReduceSpec } from './reduce.wgsl.ts';
import { joinInSubgroups, togetherKernel, type Together } from './together.wgsl.ts';
import { wgsl } from './wgsl.ts';

/** Lanes that make one output. */
const REDUCE_LANES = 64;
/** Results that are left after one step of joining: two short steps cost fewer barriers than a tree. */
const REDUCE_JOINED = 8;

/** One workgroup makes one output: each lane every 64th term; then they are joined. */
export function reduceTogether(spec: ReduceSpec, how: Together): Kernel {
  const { fold, outputs, terms, term, startOf, store, functions, ...parts } = reduceParts(spec);
  return togetherKernel(how, {
    ...parts,
    functions: `${functions}\n\nvar<workgroup> partials: array<${fold.state}, ${REDUCE_LANES}>;`,
    workgroupSize: REDUCE_LANES,
    count: outputs,
    body: wgsl`
let output = min(group, ${outputs - 1}u);
  ${startOf('output')}
  var partial = ${fold.initial};
  for (var i = lane; i < ${terms}u; i += ${REDUCE_LANES}u) {
    ${term.replaceAll('\n      ', '\n    ')}
    ${fold.add('partial')}
  }
  partials[lane] = partial;
  workgroupBarrier();
#if ${how === 'subgroup'}
  ${joinInSubgroups(fold, REDUCE_LANES, 'partials', 'total')}
#else
  if (lane < ${REDUCE_JOINED}u) {
    for (var other = lane + ${REDUCE_JOINED}u; other < ${REDUCE_LANES}u; other += ${REDUCE_JOINED}u) {
      ${fold.join('partials[lane]', 'partials[other]')}
    }
  }
  workgroupBarrier();
#endif
  if (lane == 0u && group < ${outputs}u) {
#if ${how === 'workgroup'}
    var total = partials[0];
    for (var other = 1u; other < ${REDUCE_JOINED}u; other++) {
      ${fold.join('total', 'partials[other]')}
    }
#endif
    ${store('group', 'total').replaceAll('\n  ', '\n    ')}
  }`,
  });
}
