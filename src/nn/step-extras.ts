import { gradientSum, storeBuffers, weightAverage, type GradientSumSpec, type StoreBuffersSpec, type WeightAverageSpec } from '../../shaders/arenas.wgsl.ts';
import { map } from '../ops/map.ts';
import { type KernelFamily, noFlops, perElement, type Request, type Target } from '../ops/request.ts';
import { sizeOf, type Tensor } from '../ops/tensor.ts';
import { layOut } from '../program/memory.ts';
import type { Extension, ProgramPlan } from '../program/plan.ts';
import type { Net } from './net.ts';

// What a training step does beside its gradients and its optimiser, and only where it is asked for.

/** The arena in which the gradients of several batches are added up. */
export const GRADIENT_SUM = 'gradientSum';
/** The buffer of a loss scale's state, which begins with the scale. */
export const LOSS_SCALE = 'lossScale';
/** The arena of the weights' moving average. */
export const AVERAGE = 'average';

const sumFamily: KernelFamily<GradientSumSpec> = { name: 'gradient-sum', flops: perElement('gradients', 2), variants: [{ name: 'arena', suits: () => true, kernel: gradientSum }] };
const averageFamily: KernelFamily<WeightAverageSpec> = { name: 'weight-average', flops: perElement('parameters', 3), variants: [{ name: 'arena', suits: () => true, kernel: weightAverage }] };
const bufferFamily: KernelFamily<StoreBuffersSpec> = { name: 'store-buffers', flops: noFlops, variants: [{ name: 'lane', suits: () => true, kernel: storeBuffers }] };

/** Makes the model's buffers what the step has computed for them: as many in one launch as the device binds. */
export function storingBuffers({ place, tensor, value }: Extension, { graph, buffers }: Net, { maxBindings }: Target): Request[] {
  const changed = buffers.flatMap(({ tensor: { id }, next }) => (next ? [{ id, next: tensor(next.id) }] : []));
  if (changed.length === 0) return [];
  const { placements, bytes } = layOut('buffers', graph.tensors.filter(({ role }) => role === 'buffer'));
  const arena = place('buffers', [bytes / 4], 'buffers');
  const requests: Request[] = [];
  // One buffer that becomes another's value is copied first: no launch reads and writes one piece of memory.
  const sources = changed.map(({ next }): Tensor => {
    if (next.role !== 'buffer') return next;
    const copy = value(`next ${next.name}`, next.shape);
    requests.push({ ...map(next, [], copy), label: 'buffers' });
    return copy;
  });
  for (let start = 0; start < changed.length; start += maxBindings - 1) {
    const part = changed.slice(start, start + maxBindings - 1);
    requests.push({
      family: bufferFamily,
      spec: { count: bytes / 4, parts: part.map(({ id, next }) => ({ offset: placements.get(id)!.offset / 4, size: sizeOf(next.shape) })) } satisfies StoreBuffersSpec,
      reads: Object.fromEntries(part.map((_, index) => [`next${index}`, sources[start + index]!])), writes: {}, updates: { buffers: arena }, label: 'buffers',
    });
  }
  return requests;
}

/** Arenas side by side in pieces that a launch may bind: mostly one, of the whole arenas. */
export function rangesOf(arenas: readonly Tensor[], { part, pieces }: Pick<Extension, 'part' | 'pieces'>): Tensor[][] {
  const [count] = arenas[0]!.shape as [number];
  return pieces({ first: 0, size: count }).map(({ first, size }) => arenas.map((arena) => (size === count ? arena : part(arena, first, [size]))));
}

/** The arena that the optimiser takes gradients from: with several batches for a step their mean, which `sections` make. */
export function summing({ place, part, pieces, arenas }: Extension, batches: number): { gradients: Tensor; sections: { firstSum?: Request[]; sum?: Request[] } } {
  const { gradients } = arenas;
  if (batches === 1) return { gradients, sections: {} };
  const [count] = gradients.shape as [number];
  const total = place(GRADIENT_SUM, [count], 'gradients');
  const ranges = rangesOf([gradients, total], { part, pieces });
  const requests = (first: boolean): Request[] => ranges.map(([own, sum]): Request => ({
    family: sumFamily, spec: { count: own!.shape[0]!, factor: 1 / batches, first } satisfies GradientSumSpec, reads: { gradients: own! },
    ...(first ? { writes: { total: sum! } } : { writes: {}, updates: { total: sum! } }), label: 'gradient sum',
  }));
  return { gradients: total, sections: { firstSum: requests(true), sum: requests(false) } };
}

/** The moving average of the weights, after the optimiser. */
export function averaging({ place, part, pieces, arenas }: Extension, decay: number): { firstAverage: Request[]; average: Request[] } {
  const { parameters } = arenas;
  const [count] = parameters.shape as [number];
  const average = place(AVERAGE, [count], 'parameters');
  const ranges = rangesOf([parameters, average], { part, pieces });
  const requests = (first: boolean): Request[] => ranges.map(([weights, mean]): Request => ({
    family: averageFamily, spec: { count: weights!.shape[0]!, rate: 1 - decay, first } satisfies WeightAverageSpec, reads: { parameters: weights! },
    ...(first ? { writes: { average: mean! } } : { writes: {}, updates: { average: mean! } }), label: 'average',
  }));
  return { firstAverage: requests(true), average: requests(false) };
}

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
