import { complexZeros } from '../reference/complex.ts';
import type { ComplexTensor } from '../reference/complex.ts';
import { FLUSH, ROUNDING } from '../reference/rounding.ts';
import { zeros } from '../reference/tensor.ts';
import type { RefTensor, Shape } from '../reference/tensor.ts';

/** Sizes of a convolution of x to o by w; channels are those of one group. */
export interface Geometry {
  readonly batch: number;
  readonly groups: number;
  readonly inChannels: number;
  readonly outChannels: number;
  readonly input: readonly number[];
  readonly output: readonly number[];
  readonly kernel: readonly number[];
  readonly stride: readonly number[];
  /** Before the first row and column. */
  readonly padding: readonly number[];
  readonly dilation: readonly number[];
}

/** The three tensors of a convolution, any of which is a sum over the products of the other two. */
export type Part = 'x' | 'w' | 'o';

/**
 * Every product x·w that falls into an o, in runs along the columns of o: element i of a run pairs x[x + i·step], w[w] and
 * o[o + i]. What stands in the padding is left out.
 */
function eachRun(g: Geometry, visit: (x: number, step: number, w: number, o: number, count: number) => void): void {
  const [height, width] = g.input;
  const [rows, columns] = g.output;
  for (let n = 0; n < g.batch; n++) {
    for (let channel = 0; channel < g.groups * g.outChannels; channel++) {
      const group = Math.floor(channel / g.outChannels);
      for (let c = 0; c < g.inChannels; c++) {
        const plane = (n * g.groups + group) * g.inChannels + c;
        for (let ky = 0; ky < g.kernel[0]; ky++) {
          for (let kx = 0; kx < g.kernel[1]; kx++) {
            const w = ((channel * g.inChannels + c) * g.kernel[0] + ky) * g.kernel[1] + kx;
            const left = kx * g.dilation[1] - g.padding[1];
            const first = Math.max(0, Math.ceil(-left / g.stride[1]));
            const last = Math.min(columns - 1, Math.floor((width - 1 - left) / g.stride[1]));
            if (last < first) continue;
            for (let row = 0; row < rows; row++) {
              const y = row * g.stride[0] + ky * g.dilation[0] - g.padding[0];
              if (y < 0 || y >= height) continue;
              visit(
                (plane * height + y) * width + first * g.stride[1] + left, g.stride[1], w,
                ((n * g.groups * g.outChannels + channel) * rows + row) * columns + first, last - first + 1,
              );
            }
          }
        }
      }
    }
  }
}

/** How an element of a part moves along a run. */
const stepOf = (part: Part, step: number): number => (part === 'x' ? step : part === 'o' ? 1 : 0);

/**
 * The part `into` as the sum of the products of the other two. Variance: a²·s_b + s_a·b² of each product, and (0.6·√k·u·Σ|a·b|)² for
 * the k roundings of an element's sum in any order.
 */
export function contracted(g: Geometry, into: Part, [aPart, a]: readonly [Part, RefTensor], [bPart, b]: readonly [Part, RefTensor], shape: Shape): RefTensor {
  const out = zeros(shape);
  const { value, variance } = out;
  const size = new Float64Array(value.length);
  const terms = new Float64Array(value.length);
  eachRun(g, (x, step, w, o, count) => {
    const at = { x, w, o };
    let [t, p, q] = [at[into], at[aPart], at[bPart]];
    const [tStep, pStep, qStep] = [stepOf(into, step), stepOf(aPart, step), stepOf(bPart, step)];
    for (let i = 0; i < count; i++, t += tStep, p += pStep, q += qStep) {
      const left = a.value[p];
      const right = b.value[q];
      value[t] += left * right;
      size[t] += Math.abs(left * right);
      variance[t] += left * left * b.variance[q] + a.variance[p] * right * right;
      terms[t]++;
    }
  });
  for (let t = 0; t < value.length; t++) {
    if (size[t] > 0) variance[t] += terms[t] * ((ROUNDING * size[t]) ** 2 + 2 * FLUSH ** 2);
  }
  return out;
}

/** The same for complex numbers. */
export function complexContracted(g: Geometry, into: Part, [aPart, a]: readonly [Part, ComplexTensor], [bPart, b]: readonly [Part, ComplexTensor], shape: Shape): ComplexTensor {
  const out = complexZeros(shape);
  eachRun(g, (x, step, w, o, count) => {
    const at = { x, w, o };
    let [t, p, q] = [at[into], at[aPart], at[bPart]];
    const [tStep, pStep, qStep] = [stepOf(into, step), stepOf(aPart, step), stepOf(bPart, step)];
    for (let i = 0; i < count; i++, t += tStep, p += pStep, q += qStep) {
      out.re[t] += a.re[p] * b.re[q] - a.im[p] * b.im[q];
      out.im[t] += a.re[p] * b.im[q] + a.im[p] * b.re[q];
    }
  });
  return out;
}

/** Adds the products of two parts to the third: plain numbers. */
export function contractInto(g: Geometry, into: readonly [Part, Float64Array], [aPart, a]: readonly [Part, Float64Array], [bPart, b]: readonly [Part, Float64Array]): void {
  const [intoPart, out] = into;
  eachRun(g, (x, step, w, o, count) => {
    const at = { x, w, o };
    let [t, p, q] = [at[intoPart], at[aPart], at[bPart]];
    const [tStep, pStep, qStep] = [stepOf(intoPart, step), stepOf(aPart, step), stepOf(bPart, step)];
    for (let i = 0; i < count; i++, t += tStep, p += pStep, q += qStep) out[t] += a[p] * b[q];
  });
}

/** Every (x, w, o) that element `index` of one part belongs to. */
export function eachMeeting(g: Geometry, part: Part, index: number, visit: (x: number, w: number, o: number) => void): void {
  const [height, width] = g.input;
  const [rows, columns] = g.output;
  const [kernelRows, kernelColumns] = g.kernel;
  const xAt = (n: number, plane: number, y: number, column: number): number => ((n * g.groups * g.inChannels + plane) * height + y) * width + column;
  const wAt = (channel: number, c: number, ky: number, kx: number): number => ((channel * g.inChannels + c) * kernelRows + ky) * kernelColumns + kx;
  const oAt = (n: number, channel: number, row: number, column: number): number => ((n * g.groups * g.outChannels + channel) * rows + row) * columns + column;
  const tap = (axis: 0 | 1, place: number, k: number): number => place * g.stride[axis] + k * g.dilation[axis] - g.padding[axis];
  if (part === 'w') {
    const [ky, kx] = [Math.floor(index / kernelColumns) % kernelRows, index % kernelColumns];
    const c = Math.floor(index / (kernelRows * kernelColumns)) % g.inChannels;
    const channel = Math.floor(index / (kernelRows * kernelColumns * g.inChannels));
    const plane = Math.floor(channel / g.outChannels) * g.inChannels + c;
    for (let n = 0; n < g.batch; n++) {
      for (let row = 0; row < rows; row++) {
        const y = tap(0, row, ky);
        if (y < 0 || y >= height) continue;
        for (let column = 0; column < columns; column++) {
          const x = tap(1, column, kx);
          if (x >= 0 && x < width) visit(xAt(n, plane, y, x), index, oAt(n, channel, row, column));
        }
      }
    }
    return;
  }
  const [planeRows, planeColumns, planes] = part === 'x' ? [height, width, g.groups * g.inChannels] : [rows, columns, g.groups * g.outChannels];
  const [y, x] = [Math.floor(index / planeColumns) % planeRows, index % planeColumns];
  const plane = Math.floor(index / (planeRows * planeColumns)) % planes;
  const n = Math.floor(index / (planeRows * planeColumns * planes));
  const group = Math.floor(plane / (part === 'x' ? g.inChannels : g.outChannels));
  for (let ky = 0; ky < kernelRows; ky++) {
    const row = part === 'x' ? (y + g.padding[0] - ky * g.dilation[0]) / g.stride[0] : tap(0, y, ky);
    if (!Number.isInteger(row) || row < 0 || row >= (part === 'x' ? rows : height)) continue;
    for (let kx = 0; kx < kernelColumns; kx++) {
      const column = part === 'x' ? (x + g.padding[1] - kx * g.dilation[1]) / g.stride[1] : tap(1, x, kx);
      if (!Number.isInteger(column) || column < 0 || column >= (part === 'x' ? columns : width)) continue;
      for (let other = 0; other < (part === 'x' ? g.outChannels : g.inChannels); other++) {
        if (part === 'x') {
          const channel = group * g.outChannels + other;
          visit(index, wAt(channel, plane - group * g.inChannels, ky, kx), oAt(n, channel, row, column));
        } else {
          visit(xAt(n, group * g.inChannels + other, row, column), wAt(plane, other, ky, kx), index);
        }
      }
    }
  }
}
