import { arrayType, laneKernel, type Binding, type Declaration, type Kernel } from './kernel.ts';

/**
 * One dispatch over whole arenas: parameters, gradients and the optimiser's moments lie at the same offsets, so that
 * element i of each belongs together and a lane updates four of them.
 */
export function arenaKernel(name: string, formula: string, count: number, moments: readonly string[], body: string): Kernel {
  const arena = (binding: string, access: Binding['access']): Declaration => ({ name: binding, access, type: arrayType(count, true) });
  return laneKernel({
    name,
    formula,
    declarations: [
      { name: 'step', access: 'uniform', type: 'Step' },
      arena('gradients', 'read'), arena('parameters', 'update'), ...moments.map((moment) => arena(moment, 'update')),
    ],
    count: count / 4,
    body,
  });
}
