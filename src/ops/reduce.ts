import { reduceSerial, reduceWorkgroup, type ReduceSpec } from '../../shaders/reduce.wgsl.ts';
import { OptionError, show, ShapeError } from '../errors.ts';
import { map } from './elementwise.ts';
import { flag, type Op, type Options } from './op.ts';
import type { KernelFamily, Request } from './request.ts';
import { showShape, sizeOf, type Shape, type Tensor } from './tensor.ts';

export const reduceFamily: KernelFamily<ReduceSpec> = {
  name: 'reduce',
  variants: [
    // A workgroup pays off where a few long sums would leave most of the GPU idle.
    { name: 'workgroup', suits: ({ outer, inner, size }, { adapterClass }) => adapterClass === 'gpu' && size >= 512 && outer * inner <= 4096, kernel: reduceWorkgroup },
    { name: 'serial', suits: () => true, kernel: reduceSerial },
  ],
};

export function reduce(x: Tensor, spec: ReduceSpec, out: Tensor): Request<ReduceSpec> {
  return { family: reduceFamily, spec, reads: { x }, writes: { out } };
}

/** out = scale · Σ of x over `axes` (sorted). Neighbouring axes are one; each further run of axes is one more launch. */
export function sumAxes(x: Tensor, axes: readonly number[], scale: number, out: Tensor, scratch: (name: string, shape: Shape) => Tensor): Request[] {
  const runs: [first: number, last: number][] = [];
  for (const axis of axes) {
    const run = runs[runs.length - 1];
    if (run && run[1] === axis - 1) run[1] = axis;
    else runs.push([axis, axis]);
  }
  if (runs.length === 0) return [map(x, scale === 1 ? [] : [{ formula: 'scale', parameters: [scale] }], out)];
  const requests: Request[] = [];
  let from = x;
  let shape = [...x.shape];
  runs.forEach(([first, last], index) => {
    const isLast = index === runs.length - 1;
    const reducedShape = shape.map((dimension, axis) => (axis >= first && axis <= last ? 1 : dimension));
    const to = isLast ? out : scratch(`partial${index}`, reducedShape);
    requests.push(reduce(from, {
      outer: sizeOf(shape.slice(0, first)), size: sizeOf(shape.slice(first, last + 1)), inner: sizeOf(shape.slice(last + 1)), scale: isLast ? scale : 1,
    }, to));
    from = to;
    shape = reducedShape;
  });
  return requests;
}

/** Sorted axes ≥ 0 from the option `axes` (default: all). */
function axesOf(who: string, shape: Shape, { axes }: Options): number[] {
  if (axes === undefined) return shape.map((_, axis) => axis);
  if (!Array.isArray(axes)) throw new OptionError(who, 'axes to be a list of integers', show(axes));
  const positive = axes.map((axis: unknown) => {
    const fits = typeof axis === 'number' && Number.isInteger(axis) && axis >= -shape.length && axis < shape.length;
    if (!fits) throw new ShapeError(who, `axes between ${-shape.length} and ${shape.length - 1}`, `${show(axis)} for ${showShape(shape)}`);
    return axis < 0 ? axis + shape.length : axis;
  });
  if (new Set(positive).size !== positive.length) throw new OptionError(who, 'each axis once', show(axes));
  return positive.sort((a, b) => a - b);
}

/** A row of the family: out = factor · Σ x over `axes`; the factor may depend on how many terms there are. */
function reduction(name: string, factor: (terms: number) => number): Op {
  const scaleOf = (x: Tensor, axes: readonly number[]): number => factor(sizeOf(axes.map((axis) => x.shape[axis]!)));
  return {
    name,
    families: [reduceFamily],
    inputs: ['x'],
    options: ['axes', 'keepDims'],
    shapes: ({ x }, options, who) => {
      const axes = axesOf(who, x!.shape, options);
      return {
        out: flag(who, options, 'keepDims')
          ? x!.shape.map((dimension, axis) => (axes.includes(axis) ? 1 : dimension))
          : x!.shape.filter((_, axis) => !axes.includes(axis)),
      };
    },
    forward: ({ inputs: { x }, outputs, options, scratch }) => {
      const axes = axesOf(name, x!.shape, options);
      return sumAxes(x!, axes, scaleOf(x!, axes), outputs.out!, scratch);
    },
    backward: ({ inputs: { x }, gradients, wanted, options }) => {
      if (!wanted.x) return { requests: [] };
      const axes = axesOf(name, x!.shape, options);
      const scale = scaleOf(x!, axes);
      // dout under the shape that it has with keepDims, so that it broadcasts back over the summed axes.
      const kept = { ...gradients.out!, shape: x!.shape.map((dimension, axis) => (axes.includes(axis) ? 1 : dimension)) };
      return { requests: [map(kept, scale === 1 ? [] : [{ formula: 'scale', parameters: [scale] }], wanted.x)] };
    },
  };
}

export const sum = reduction('sum', () => 1);
export const mean = reduction('mean', (terms) => 1 / terms);
