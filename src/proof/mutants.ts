import type { Mutant, Symptom } from './proof.ts';

/** Mutants of kernels that several ops share. Each is text that stands in the kernel whatever its shapes are. */

/** Every lane kernel: its last lane does nothing. `where` names the kernels in words. */
export function withoutLastLane(kernel: RegExp, where = kernel.source.replace(/[\^$\\()]/g, '').replaceAll('|', ' or ')): Mutant {
  return { name: `the last lane of ${where} does nothing`, kernel, find: 'if (lane >= ', replace: 'if (lane + 1u >= ', symptoms: ['edge', 'unwritten'] };
}

/**
 * Every kernel that joins in subgroups what the lanes of a workgroup have found. `index` counts what is read, `exchange` is the call that joins the
 * lanes, or undefined where a loop does. Each is wrong whatever the size of a subgroup.
 */
export function subgroupMutants(kernel: RegExp, symptoms: readonly Symptom[], index: string, exchange?: string): Mutant[] {
  const where = kernel.source.replace(/[\^$\\()]/g, '').replaceAll('|', ' or ');
  return [
    { name: `${where}: the result of the first lane left out`, kernel, find: `var ${index} = rank;`, replace: `var ${index} = rank + 1u;`, symptoms },
    { name: `${where}: what the first lane of a subgroup has taken for all`, kernel, symptoms,
      ...(exchange ? { find: exchange, replace: exchange.replace(/subgroup(Add|Mul)/, 'subgroupBroadcastFirst') } : { find: 'rank + distance < members', replace: 'rank + distance < 1u' }) },
    { name: `${where}: lanes that do not wait for the others`, kernel, find: 'workgroupBarrier();', replace: '', symptoms },
  ];
}

/** A sum that comes back over the stretched axes, or that makes a loss of its rows. */
export const SERIAL_SUM: readonly Mutant[] = [
  { name: 'only the last term of each partial sum', kernel: /reduce\/serial/, find: 'partial += ', replace: 'partial = ', symptoms: ['reduction'] },
  { name: 'the first term of a sum left out', kernel: /reduce\/serial/, find: 'var i = first;', replace: 'var i = first + 1u;', symptoms: ['reduction'] },
];

/** The mean's factor forgotten where rows become one number. */
export const WITHOUT_MEAN: Mutant = { name: '1/N missing', kernel: /reduce\/serial/, find: 'out[lane] = total * ', replace: 'out[lane] = total + 0.0 * ', symptoms: ['factor'] };

/** A loss whose upstream gradient is not 1 multiplies by it. */
export const WITHOUT_UPSTREAM: Mutant = { name: 'the upstream gradient of the loss forgotten', kernel: /^mul/, find: 'return a * b;', replace: 'return a;', symptoms: ['factor'] };
