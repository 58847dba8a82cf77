import type { Fold } from './fold.ts';
import { workgroupKernel, type Kernel } from './kernel.ts';
import { wgsl } from './wgsl.ts';

/** How the lanes of a workgroup join what each has found: in its memory alone, or there and then in subgroups. */
export type Together = 'workgroup' | 'subgroup';

/** What each lane has found, and how two of them are one. */
export type Joined = Pick<Fold, 'initial' | 'join' | 'operator' | 'fields'> & { readonly state: string };

/**
 * A kernel `name/variant` whose lanes work together; the variant is called `how` unless it says otherwise. Where they join in subgroups its body
 * also sees how many lanes share one (`members`) and which of them a lane is (`rank`). Both are counted, because adapters were seen that run fewer
 * lanes than their `subgroup_size` says.
 */
export function togetherKernel(how: Together, parts: Omit<Parameters<typeof workgroupKernel>[0], 'enables'>, variant: string = how): Kernel {
  return workgroupKernel({
    ...parts, name: `${parts.name}/${variant}`,
    ...(how === 'workgroup' ? {} : { enables: ['subgroups'], body: wgsl`
let members = subgroupAdd(1u);
  let rank = subgroupExclusiveAdd(1u);
  ${parts.body.trim()}` }),
  });
}

/**
 * Statements after which each lane knows under the name `total` what all `lanes` of the workgroup have put into `memory`, a barrier before.
 * Each subgroup reads all of it and joins it, whatever its size is and whichever lanes it has: the order depends on the size alone, nobody
 * asks for a subgroup's number, and there is no second barrier.
 */
export function joinInSubgroups({ state, initial, join, operator, fields = [] }: Joined, lanes: number, memory: string, total: string): string {
  const read = wgsl`
var ${total} = ${initial};
  for (var other = rank; other < ${lanes}u; other += members) {
    ${join(total, `${memory}[other]`)}
  }
  `.trimStart();
  if (operator) return read + wgsl`${total} = ${operator === '+' ? 'subgroupAdd' : 'subgroupMul'}(${total});`;
  const each = (call: (field: string) => string): string => `${state}(${fields.map((field) => call(`${total}.${field}`)).join(', ')})`;
  // A lane joins those above it, so that the first has all, in order. subgroupMax and its like may lose a NaN, and know no states of several numbers.
  return read + wgsl`
for (var distance = 1u; distance < ${Math.min(lanes, 128)}u; distance *= 2u) {
    let above = ${each((field) => `subgroupShuffleDown(${field}, distance)`)};
    if (rank + distance < members) {
      ${join(total, 'above')}
    }
  }
  ${total} = ${each((field) => `subgroupBroadcastFirst(${field})`)};`.trimStart();
}
