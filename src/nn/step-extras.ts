import type { ProgramPlan } from '../program/plan.ts';

// What several programs of one trainer share beside the weights, and only where it is asked for.

/** The arena in which the gradients of several batches are added up. */
export const GRADIENT_SUM = 'gradientSum';
/** The buffer of a loss scale's state, which begins with the scale. */
export const LOSS_SCALE = 'lossScale';
/** The arena of the weights' moving average. */
export const AVERAGE = 'average';

/** Which weights a program computes with: those that are trained, or their moving average. */
export type Weights = 'trained' | 'average';

/** A plan that reads the average in place of the weights: the same launches, bound to another arena. */
export function boundTo(weights: Weights, plan: ProgramPlan): ProgramPlan {
  if (weights === 'trained') return plan;
  const renamed = (name: string): string => (name === 'parameters' ? AVERAGE : name);
  return {
    ...plan,
    placements: new Map([...plan.placements].map(([id, placement]) => [id, { ...placement, buffer: renamed(placement.buffer) }])),
    buffers: plan.buffers.map((buffer) => ({ ...buffer, name: renamed(buffer.name) })),
  };
}
