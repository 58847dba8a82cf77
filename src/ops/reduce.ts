import { fullAccess } from '../../shaders/chain.wgsl.ts';
import type { FoldName } from '../../shaders/folds.wgsl.ts';
import { tileKernels } from '../../shaders/loaded-kernels.ts';
import { reduceSerial, reduceSizes, type ReduceSpec } from '../../shaders/reduce.wgsl.ts';
import { asMatrix, graftAfter, graftBefore, map } from './map.ts';
import { together, type KernelFamily, type Request } from './request.ts';
import type { Shape, Tensor } from './tensor.ts';

/** A workgroup pays off where a few long folds would leave most of the GPU idle. */
function isFewAndLong(spec: ReduceSpec): boolean {
  const { outputs, terms } = reduceSizes(spec);
  return terms >= 512 && outputs <= 4096;
}

/** Every fold over every set of axes, with what makes each term and what follows the result. */
export const reduceFamily: KernelFamily<ReduceSpec> = {
  name: 'reduce',
  cut: 'reduce',
  flops({ spec }) {
    const { outputs, terms } = reduceSizes(spec);
    return outputs * (terms * (1 + spec.prologue.length) + spec.epilogue.length);
  },
  variants: [
    ...together<ReduceSpec>((spec, { adapterClass }) => adapterClass === 'gpu' && isFewAndLong(spec), (spec, how) => tileKernels().reduceTogether(spec, how)),
    { name: 'serial', suits: () => true, kernel: reduceSerial },
  ],

  absorbConsumer(request, tensor, consumer, keep) {
    const { spec } = request;
    if (request.writes.out!.id !== tensor.id) return undefined;
    const grafted = graftAfter(consumer, tensor, reduceSizes(spec).outputs / spec.columns, spec.columns, request, keep, spec.epilogue);
    if (!grafted) return undefined;
    return {
      ...request, spec: { ...spec, epilogue: grafted.steps },
      reads: { ...request.reads, ...grafted.reads }, writes: { ...request.writes, ...grafted.writes, out: consumer.writes.out! },
    };
  },

  absorbProducer(request, tensor, producer) {
    const { spec, reads } = request;
    const { rows, columns } = asMatrix(spec.shape);
    if (spec.prologue.length > 0 || Object.entries(reads).some(([name, { id }]) => (name === 'x') !== (id === tensor.id))) return undefined;
    const grafted = graftBefore(producer, rows, columns, request, true);
    return grafted && {
      ...request, spec: { ...spec, start: grafted.start, prologue: grafted.steps }, reads: { ...reads, ...grafted.reads, x: grafted.x },
    };
  },
};

interface FoldRequest {
  readonly fold?: FoldName;
  /** The folded axes, each ≥ 0. */
  readonly axes: readonly number[];
  /** Multiplies each result. Default 1. */
  readonly scale?: number;
  /** What the fold gives besides its result, by binding name. */
  readonly writes?: Readonly<Record<string, Tensor>>;
}

/** out = scale · fold of x over `axes`, in one launch. */
export function foldAxes(x: Tensor, { fold = 'sum', axes, scale = 1, writes = {} }: FoldRequest, out: Tensor): Request<ReduceSpec> {
  const { rows, columns } = asMatrix(x.shape);
  return {
    family: reduceFamily,
    spec: {
      fold, shape: x.shape, folded: x.shape.map((_, axis) => axes.includes(axis)), scale,
      start: fullAccess(rows, columns), prologue: [], epilogue: [], columns: asMatrix(out.shape).columns,
    },
    reads: { x },
    writes: { out, ...writes },
  };
}

/** The sizes of a sum over one axis, or over neighbouring ones: out[outer, inner] = scale · Σ over i < size of x[outer, i, inner]. */
export interface SumSizes {
  readonly outer: number;
  readonly size: number;
  readonly inner: number;
  readonly scale: number;
}

/** out[outer, inner] = scale · Σ over i < size of x[outer, i, inner]. */
export function reduce(x: Tensor, { outer, size, inner, scale }: SumSizes, out: Tensor): Request<ReduceSpec> {
  const shape = inner === 1 ? [outer, size] : [outer, size, inner];
  const request = foldAxes({ ...x, shape }, { axes: [1], scale }, { ...out, shape: inner === 1 ? [outer] : [outer, inner] });
  return { ...request, reads: { x }, writes: { out } };
}

/** Whether a request is the plain sum that `reduce` asks for with these sizes, however its axes are split. */
export function isSumOf({ fold, shape, folded, scale, prologue, epilogue }: ReduceSpec, sizes: SumSizes): boolean {
  return fold === 'sum' && scale === sizes.scale && prologue.length === 0 && epilogue.length === 0
    && runsOf(shape, folded) === runsOf([sizes.outer, sizes.size, sizes.inner], [false, true, false]);
}

/** Axes as runs of kept and folded ones, as text: `4 (15)` for [4, 3, 5] folded over the last two. */
function runsOf(shape: Shape, folded: readonly boolean[]): string {
  const runs: { size: number; isFolded: boolean }[] = [];
  shape.forEach((size, axis) => {
    const isFolded = folded[axis]!;
    const last = runs[runs.length - 1];
    if (size === 1) return;
    if (last?.isFolded === isFolded) last.size *= size;
    else runs.push({ size, isFolded });
  });
  return runs.map(({ size, isFolded }) => (isFolded ? `(${size})` : size)).join(' ');
}

/** out = scale · Σ of x over `axes`: one launch. */
export function sumAxes(x: Tensor, axes: readonly number[], scale: number, out: Tensor): Request[] {
  if (axes.length === 0) return [map(x, scale === 1 ? [] : [{ formula: 'scale', parameters: [scale] }], out)];
  return [foldAxes(x, { axes, scale }, out)];
}

/** The shape of a fold over `axes`: they stay as 1 with `keepDims`. */
export function foldedShape(shape: Shape, axes: readonly number[], keepDims: boolean): number[] {
  return keepDims ? shape.map((dimension, axis) => (axes.includes(axis) ? 1 : dimension)) : shape.filter((_, axis) => !axes.includes(axis));
}
