import type { Pair, Window } from '../../shaders/convolution-parts.wgsl.ts';
import type { Kernel } from '../../shaders/kernel.ts';
import {
  averagePooling, averagePoolingBackward, maxPooling, maxPoolingBackward, poolingMatrix, type AveragePoolingSpec, type PoolingSpec,
} from '../../shaders/pooling.wgsl.ts';
import { OptionError, ShapeError } from '../errors.ts';
import { graftAfter } from './map.ts';
import { flag, type LibraryOp, type Options } from './op.ts';
import type { KernelFamily } from './request.ts';
import { showShape, type Tensor } from './tensor.ts';
import { checkFits, each, extentOf, pairOption, planeOf, shapeWith, steps, type Rank } from './window.ts';

/** A family of one kernel, which takes over what follows element by element. */
function family<Spec extends PoolingSpec>(name: string, direction: 'forward' | 'backward', kernel: (spec: Spec) => Kernel): KernelFamily<Spec> {
  return {
    name,
    cut: 'pooling',
    flops({ spec }) {
      const { rows, columns } = poolingMatrix(spec, direction);
      return spec.planes * each((axis) => spec.output[axis] * spec.kernel[axis]).reduce((product, size) => product * size) + rows * columns * spec.epilogue.length;
    },
    variants: [{ name: 'row', suits: () => true, kernel }],
    absorbConsumer(request, tensor, consumer, keep) {
      const { spec } = request;
      if (request.writes.out!.id !== tensor.id) return undefined;
      const { rows, columns } = poolingMatrix(spec, direction);
      const grafted = graftAfter(consumer, tensor, rows, columns, request, keep, spec.epilogue);
      if (!grafted) return undefined;
      return {
        ...request, spec: { ...spec, epilogue: grafted.steps },
        reads: { ...request.reads, ...grafted.reads }, writes: { ...request.writes, ...grafted.writes, out: consumer.writes.out! },
      };
    },
  };
}

const maxFamily = /* @__PURE__ */ family<PoolingSpec>('max-pooling', 'forward', maxPooling);
const maxBackwardFamily = /* @__PURE__ */ family<PoolingSpec>('max-pooling-backward', 'backward', maxPoolingBackward);
const averageFamily = /* @__PURE__ */ family<AveragePoolingSpec>('average-pooling', 'forward', averagePooling);
const averageBackwardFamily = /* @__PURE__ */ family<AveragePoolingSpec>('average-pooling-backward', 'backward', averagePoolingBackward);

interface Pool {
  readonly batch: number;
  readonly channels: number;
  readonly window: Window;
}

function poolOf(who: string, x: Tensor, options: Options, rank: Rank): Pool {
  const { batch, channels, plane: input } = planeOf(who, 'x', x, rank);
  const kernel = pairOption(who, options, 'kernelSize', rank, { min: 1, single: 1 });
  const stride = steps(who, options, 'stride', rank, kernel);
  const dilation = steps(who, options, 'dilation', rank);
  const padding = pairOption(who, options, 'padding', rank, { min: 0, missing: [0, 0], single: 0 });
  const text = (sizes: Pair): string => showShape(sizes.slice(2 - rank));
  if (padding.some((size, axis) => 2 * size > kernel[axis]!)) {
    throw new OptionError(who, 'padding of at most half of kernelSize', `${text(padding)} for ${text(kernel)}`);
  }
  const ceilMode = flag(who, options, 'ceilMode');
  checkFits(who, { input, kernel, stride, padding, dilation }, padding, rank);
  const output = each((axis) => {
    const room = input[axis] + 2 * padding[axis] - extentOf({ kernel, dilation }, axis);
    const count = (ceilMode ? Math.ceil(room / stride[axis]) : Math.floor(room / stride[axis])) + 1;
    // With ceilMode the last window must begin inside of the input or of the padding before it.
    return ceilMode && (count - 1) * stride[axis] >= input[axis] + padding[axis] ? count - 1 : count;
  });
  const window = { input, output, kernel, stride, padding, dilation };
  if (!holdsSomething(window, 0) || !holdsSomething(window, 1)) {
    throw new ShapeError(who, 'windows that hold at least one element each', `${showShape(x.shape)} with kernelSize ${text(kernel)}, dilation ${text(dilation)} and padding ${text(padding)}`);
  }
  return { batch, channels, window };
}

/** Whether no window steps over the whole axis, as dilated ones can. */
function holdsSomething({ input, output, kernel, stride, padding, dilation }: Window, axis: 0 | 1): boolean {
  return Array.from({ length: output[axis] }, (_, place) => place * stride[axis] - padding[axis]).every((first) =>
    Array.from({ length: kernel[axis] }, (_, tap) => first + tap * dilation[axis]).some((at) => at >= 0 && at < input[axis]));
}

function maxPool(name: string, rank: Rank): LibraryOp {
  const specOf = (x: Tensor, options: Options): PoolingSpec => {
    const { batch, channels, window } = poolOf(name, x, options, rank);
    return { ...window, planes: batch * channels, epilogue: [] };
  };
  const shapeOf = (x: Tensor, options: Options, who: string) => {
    const { batch, channels, window } = poolOf(who, x, options, rank);
    return shapeWith(batch, channels, window.output, rank);
  };
  return {
    name,
    group: 'convolution',
    formula: 'out[p] = the largest x of window p',
    notes: 'The first of equal ones gets the whole gradient. Padding never wins.',
    inputs: ['x'],
    options: ['kernelSize', 'stride', 'padding', 'dilation', 'ceilMode'],
    shapes: ({ x }, options, who) => ({ out: shapeOf(x!, options, who) }),
    saves: ({ x }, options) => ({ index: shapeOf(x!, options, name) }),
    forward: ({ inputs: { x }, outputs, saved, options }) =>
      [{ family: maxFamily, spec: specOf(x!, options), reads: { x: x! }, writes: { out: outputs.out!, index: saved.index! } }],
    backward: ({ inputs: { x }, gradients, saved, wanted, options }) => ({
      requests: wanted.x
        ? [{ family: maxBackwardFamily, spec: specOf(x!, options), reads: { dout: gradients.out!, index: saved.index! }, writes: { out: wanted.x } }]
        : [],
    }),
  };
}

function averagePool(name: string, rank: Rank): LibraryOp {
  const specOf = (x: Tensor, options: Options): AveragePoolingSpec => {
    const { batch, channels, window } = poolOf(name, x, options, rank);
    return { ...window, planes: batch * channels, epilogue: [], countIncludePad: options.countIncludePad === undefined || flag(name, options, 'countIncludePad') };
  };
  return {
    name,
    group: 'convolution',
    formula: 'out[p] = the mean of x over window p',
    notes: 'Padding counts as zeros unless countIncludePad is false; what lies beyond it never counts.',
    inputs: ['x'],
    options: ['kernelSize', 'stride', 'padding', 'ceilMode', 'countIncludePad'],
    shapes: ({ x }, options, who) => {
      flag(who, options, 'countIncludePad');
      const { batch, channels, window } = poolOf(who, x!, options, rank);
      return { out: shapeWith(batch, channels, window.output, rank) };
    },
    forward: ({ inputs: { x }, outputs, options }) => [{ family: averageFamily, spec: specOf(x!, options), reads: { x: x! }, writes: { out: outputs.out! } }],
    backward: ({ inputs: { x }, gradients, wanted, options }) => ({
      requests: wanted.x ? [{ family: averageBackwardFamily, spec: specOf(x!, options), reads: { dout: gradients.out! }, writes: { out: wanted.x } }] : [],
    }),
  };
}

/** The largest element of each window; the first one wins a tie and gets the whole gradient. Padding never wins. */
export const maxPool2d = /* @__PURE__ */ maxPool('maxPool2d', 2);
export const maxPool1d = /* @__PURE__ */ maxPool('maxPool1d', 1);
/** The mean of each window; padding counts as zeros unless countIncludePad is false. What lies beyond the padding never counts. */
export const avgPool2d = /* @__PURE__ */ averagePool('avgPool2d', 2);
export const avgPool1d = /* @__PURE__ */ averagePool('avgPool1d', 1);
