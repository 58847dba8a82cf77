import { gradientSum, storeBuffers, weightAverage, type GradientSumSpec, type StoreBuffersSpec, type WeightAverageSpec } from '../../shaders/arenas.wgsl.ts';
import { activity, CHUNK, CHUNK_VALUES, statistics, type ActivitySpec, type StatisticsSpec } from '../../shaders/statistics.wgsl.ts';
import { asMatrix, map } from '../ops/map.ts';
import { registered } from '../ops/registry.ts';
import { type KernelFamily, noFlops, perElement, type Request, type Target } from '../ops/request.ts';
import { sizeOf, type Tensor } from '../ops/tensor.ts';
import { layOut } from '../program/memory.ts';
import type { Extension } from '../program/plan.ts';
import type { Net } from './net.ts';
import { squaredNorm } from './optimizers/squared-norm.ts';
import { AVERAGE, GRADIENT_SUM } from './step-extras.ts';
import type { Reports } from './step-plans.ts';

// What a training step launches beside its gradients, its optimiser and its report, and only where it is asked for: loaded by those who ask.

const sumFamily: KernelFamily<GradientSumSpec> = { name: 'gradient-sum', cut: 'count', flops: perElement('gradients', 2), variants: [{ name: 'arena', suits: () => true, kernel: gradientSum }] };
const averageFamily: KernelFamily<WeightAverageSpec> = { name: 'weight-average', cut: 'count', flops: perElement('parameters', 3), variants: [{ name: 'arena', suits: () => true, kernel: weightAverage }] };
const statisticsFamily: KernelFamily<StatisticsSpec> = { name: 'statistics', cut: 'statistics', flops: perElement('gradients', 9), variants: [{ name: 'lane', suits: () => true, kernel: statistics }] };
const activityFamily: KernelFamily<ActivitySpec> = { name: 'activity', cut: 'activity', flops: perElement('x', 1), variants: [{ name: 'lane', suits: () => true, kernel: activity }] };
const bufferFamily: KernelFamily<StoreBuffersSpec> = { name: 'store-buffers', flops: noFlops, variants: [{ name: 'lane', suits: () => true, kernel: storeBuffers }] };

/** Makes the model's buffers what the step has computed for them: as many in one launch as the device binds. */
function storingBuffers({ place, tensor, value }: Extension, { graph, buffers }: Net, { maxBindings }: Target): Request[] {
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

/** The arena that the optimiser takes gradients from where several batches make a step: their mean, which `sections` make. */
function summing({ place, part, pieces, arenas }: Extension, batches: number): { gradients: Tensor; sections: { firstSum: Request[]; sum: Request[] } } {
  const { gradients } = arenas;
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
function averaging({ place, part, pieces, arenas }: Extension, decay: number): { firstAverage: Request[]; average: Request[] } {
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

/** The norm of all gradients: what makes its square [1]. */
export interface GradientNorm {
  readonly requests: readonly Request[];
  readonly total: Tensor;
}

/** Sums [1] with what makes them, as one. */
function sumOfAll(sums: readonly GradientNorm[], value: Extension['value']): GradientNorm {
  return sums.reduce((all, { requests, total }) => {
    const sum = value('squaredNorm', [1]);
    return { requests: [...all.requests, ...requests, { ...map(all.total, [{ formula: 'add', operands: [total] }], sum), label: 'gradient norm' }], total: sum };
  });
}

/** Σ of the squares of all gradients. */
function gradientNorm(extension: Extension, gradients: Tensor): GradientNorm {
  const { value } = extension;
  return sumOfAll(rangesOf([gradients], extension).map(([range]) => squaredNorm(range!, value, 'gradient norm')), value);
}

/** What diagnostics read: the weights before the optimiser (`before` it runs), sums over gradients, weights and updates (`after`), the active units of layers. */
function diagnosing(name: string, { place, arenas, tensor: tensorOf }: Extension, { graph }: Net, gradients: Tensor): { before: Request; after: Request; activity: Request[]; reports: Pick<Reports, 'statistics' | 'activities'> } {
  const count = arenas.parameters.shape[0]!;
  const before = place('diagnostics.before', [count], 'diagnostics');
  const chunks = place(`${name}.statistics`, [Math.ceil(count / CHUNK) * CHUNK_VALUES], 'diagnostics');
  const activities = graph.nodes.filter(({ op }) => registered[op]!.canDie).map((node, index) => {
    const x = tensorOf(node.outputs.out!);
    const matrix = asMatrix(x.shape);
    // By number: one activation layer may stand in several places, each with a width of its own.
    const tensor = place(`${name}.activity${index}`, [matrix.columns], 'diagnostics');
    return { label: node.label, tensor, request: { family: activityFamily, spec: matrix, reads: { x }, writes: { activeRows: tensor }, label: 'diagnostics' } };
  });
  return {
    before: { ...map(arenas.parameters, [], before), label: 'diagnostics' },
    after: {
      family: statisticsFamily, spec: { count } satisfies StatisticsSpec, reads: { gradients, parameters: arenas.parameters, before },
      writes: { out: chunks }, label: 'diagnostics',
    },
    activity: activities.map(({ request }) => request),
    reports: { statistics: chunks, activities },
  };
}

/** All of them, for `planTraining`. */
export const extraLaunches = { storingBuffers, summing, averaging, gradientNorm, diagnosing };
