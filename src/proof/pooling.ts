import { complexZeros } from '../reference/complex.ts';
import { meanError, ROUNDING } from '../reference/rounding.ts';
import type { Rounding } from '../reference/rounding.ts';
import { sizeOf, zeros } from '../reference/tensor.ts';
import type { RefTensor, Shape } from '../reference/tensor.ts';
import { addDelta } from './change.ts';
import { perAxis } from './convolution.ts';
import { planeMapProof } from './plane-map.ts';
import type { PlaneMap } from './plane-map.ts';
import { AVERAGE_MUTANTS, MAX_CONVENTIONS, MAX_MUTANTS, poolingSizes, samplesOf } from './pooling-samples.ts';
import type { Inputs, Options, Proof } from './proof.ts';

/** The windows of one plane. */
interface Windows {
  readonly shape: Shape;
  readonly input: readonly number[];
  readonly output: readonly number[];
  readonly kernel: readonly number[];
  readonly stride: readonly number[];
  readonly padding: readonly number[];
  readonly dilation: readonly number[];
}

/** torch.nn.functional.max_pool and avg_pool over one axis or two. */
function windowsOf(x: Shape, options: Options, rank: number): Windows {
  const kernel = perAxis(options.kernelSize, 1, rank, 1);
  const stride = options.stride === undefined ? kernel : perAxis(options.stride, 1, rank, 1);
  const [padding, dilation] = [perAxis(options.padding, 0, rank, 0), perAxis(options.dilation, 1, rank, 1)];
  const input = rank === 1 ? [1, x[2]] : x.slice(2);
  const output = input.map((size, axis) => {
    const places = (size + 2 * padding[axis] - dilation[axis] * (kernel[axis] - 1) - 1) / stride[axis];
    if (options.ceilMode !== true) return Math.floor(places) + 1;
    const count = Math.ceil(places) + 1;
    return (count - 1) * stride[axis] < size + padding[axis] ? count : count - 1;
  });
  return { shape: [x[0], x[1], ...output.slice(2 - rank)], input, output, kernel, stride, padding, dilation };
}

/** The elements of the plane in the window at a place, by their numbers, with their places in the window. */
function elementsOf({ input, output, kernel, stride, padding, dilation }: Windows, place: number): { at: number; tap: number }[] {
  const found: { at: number; tap: number }[] = [];
  const [row, column] = [Math.floor(place / output[1]), place % output[1]];
  for (let tap = 0; tap < kernel[0] * kernel[1]; tap++) {
    const y = row * stride[0] - padding[0] + Math.floor(tap / kernel[1]) * dilation[0];
    const x = column * stride[1] - padding[1] + tap % kernel[1] * dilation[1];
    if (y >= 0 && y < input[0] && x >= 0 && x < input[1]) found.push({ at: y * input[1] + x, tap });
  }
  return found;
}

/** Which element each window chose, by its number in x. */
type Choice = (x: ArrayLike<number>) => Int32Array;

/** The windows of all planes. The pattern of branches is the place in its window of each maximum, in two bytes: windows may be large. */
function planesOf(x: Shape, options: Options, rank: number) {
  const windows = windowsOf(x, options, rank);
  const [from, to] = [sizeOf(windows.input), sizeOf(windows.output)];
  const elements = Array.from({ length: to }, (_, place) => elementsOf(windows, place));
  const count = sizeOf(windows.shape);
  const start = (i: number): number => Math.floor(i / to) * from;
  const first: Choice = (values) => Int32Array.from({ length: count }, (_, i) => {
    let best = elements[i % to][0];
    for (const element of elements[i % to]) if (values[start(i) + element.at] > values[start(i) + best.at]) best = element;
    return start(i) + best.at;
  });
  const encode = (chosen: Int32Array): Uint8Array => {
    const bytes = new Uint8Array(2 * count);
    chosen.forEach((at, i) => {
      const { tap } = elements[i % to].find((element) => start(i) + element.at === at)!;
      bytes[2 * i] = tap & 255;
      bytes[2 * i + 1] = tap >> 8;
    });
    return bytes;
  };
  const decode = (bytes: Uint8Array): Int32Array => Int32Array.from({ length: count }, (_, i) => {
    const tap = bytes[2 * i] + 256 * bytes[2 * i + 1];
    return start(i) + (elements[i % to].find((element) => element.tap === tap) ?? elements[i % to][0]).at;
  });
  /** The other elements of window i that rounding may have put before the chosen one. */
  const rivals = (values: RefTensor, i: number, chosen: number, { kinkWidth }: Rounding): number[] => elements[i % to].map(({ at }) => start(i) + at).filter((at) => {
    const deviation = Math.sqrt(values.variance[at] + values.variance[chosen]);
    return at !== chosen && deviation > 0 && values.value[chosen] - values.value[at] <= kinkWidth * deviation;
  });
  return { ...windows, first, encode, decode, rivals };
}

function maxPool(rank: number): Omit<Proof, 'samples' | 'sizes' | 'mutants' | 'conventions'> {
  const chosenBy = ({ x }: Inputs, options: Options, branches?: Uint8Array) => {
    const planes = planesOf(x.shape, options, rank);
    return { ...planes, chosen: branches ? planes.decode(branches) : planes.first(x.value) };
  };
  /** The input's shape follows from its size alone where nothing else is known: it does not, so `adopt` remembers the last one. */
  return {
    differentiable: ['x'],
    branches: ({ x }, options) => {
      const { encode, first } = planesOf(x.shape, options, rank);
      return encode(first(x.value));
    },
    adopt: ({ inputs: { x }, shapes }, options) => {
      if (!x || !shapes) return undefined;
      const { encode, first } = planesOf(shapes.x, options, rank);
      return encode(first(x));
    },
    forward(inputs, options, rounding, branches) {
      const { shape, chosen, rivals } = chosenBy(inputs, options, branches);
      const out = zeros(shape);
      chosen.forEach((at, i) => {
        out.value[i] = inputs.x.value[at];
        out.variance[i] = inputs.x.variance[at];
        for (const rival of rivals(inputs.x, i, at, rounding)) out.variance[i] = Math.max(out.variance[i], inputs.x.variance[rival]);
      });
      return out;
    },
    backward(inputs, _out, dout, options, rounding, branches) {
      const { chosen, rivals } = chosenBy(inputs, options, branches);
      const dx = zeros(inputs.x.shape);
      const size = new Float64Array(dx.value.length);
      const terms = new Uint32Array(dx.value.length);
      chosen.forEach((at, i) => {
        dx.value[at] += dout.value[i];
        dx.variance[at] += dout.variance[i];
        size[at] += Math.abs(dout.value[i]);
        terms[at]++;
        const open = rivals(inputs.x, i, at, rounding);
        for (const place of open.length > 0 ? [at, ...open] : []) dx.variance[place] += dout.value[i] ** 2;
      });
      for (let at = 0; at < size.length; at++) if (terms[at] > 1) dx.variance[at] += terms[at] * (ROUNDING * size[at]) ** 2;
      return { x: dx };
    },
    working: (inputs, options, rounding) => {
      const { shape, chosen, encode, rivals, kernel } = chosenBy(inputs, options);
      const index = zeros(shape);
      const taps = encode(chosen);
      chosen.forEach((at, i) => {
        index.value[i] = taps[2 * i] + 256 * taps[2 * i + 1];
        index.variance[i] = rivals(inputs.x, i, at, rounding).length > 0 ? sizeOf(kernel) ** 2 : 0;
      });
      return { index };
    },
    complex: ({ x }, options, branches) => {
      const planes = planesOf(x.shape, options, rank);
      const chosen = branches ? planes.decode(branches) : planes.first(x.re);
      const out = complexZeros(planes.shape);
      chosen.forEach((at, i) => {
        out.re[i] = x.re[at];
        out.im[i] = x.im[at];
      });
      return out;
    },
    work: ({ x }, options) => {
      const { shape, kernel } = windowsOf(x, options, rank);
      return sizeOf(shape) * sizeOf(kernel);
    },
    perturb({ inputs: { x }, out, options, branches }) {
      const planes = planesOf(x.shape, options, rank);
      const chosen = branches ? planes.decode(branches) : planes.first(x.value);
      const choosers: (number[] | undefined)[] = [];
      chosen.forEach((at, i) => (choosers[at] ??= []).push(i));
      return () => {
        out.change.count = 0;
        for (let k = 0; k < x.change.count; k++) for (const i of choosers[x.change.index[k]] ?? []) addDelta(out.change, i, x.change.delta[k]);
      };
    },
  };
}

function averageMap(rank: number) {
  return (x: Shape, options: Options): PlaneMap => {
    const windows = windowsOf(x, options, rank);
    const { input, output, kernel, stride, padding, shape } = windows;
    const map = { shape, sizes: [sizeOf(input), sizeOf(output)] as const, from: [] as number[], to: [] as number[], weight: [] as number[] };
    for (let place = 0; place < sizeOf(output); place++) {
      const elements = elementsOf(windows, place);
      // Padding counts up to its own edge, as PyTorch has it: what ceilMode adds beyond never does.
      const counted = [Math.floor(place / output[1]), place % output[1]].map((at, axis) => {
        const start = at * stride[axis] - padding[axis];
        return Math.min(start + kernel[axis], input[axis] + padding[axis]) - start;
      });
      const divisor = options.countIncludePad === false ? elements.length : sizeOf(counted);
      for (const { at } of elements) {
        map.from.push(at);
        map.to.push(place);
        map.weight.push(1 / divisor);
      }
    }
    return map;
  };
}

function averagePool(rank: number): ReturnType<typeof planeMapProof> {
  return planeMapProof(averageMap(rank), (builtins) => Math.hypot(meanError(builtins), ROUNDING));
}

export const maxPool2d: Proof = { ...maxPool(2), samples: samplesOf(2, 'max'), sizes: poolingSizes(2, 'max'), mutants: MAX_MUTANTS, conventions: MAX_CONVENTIONS };
export const maxPool1d: Proof = { ...maxPool(1), samples: samplesOf(1, 'max'), sizes: poolingSizes(1, 'max'), mutants: MAX_MUTANTS.filter(({ name }) => /equal|last window|one too far/.test(name)), conventions: [] };
export const avgPool2d: Proof = { ...averagePool(2), samples: samplesOf(2, 'average'), sizes: poolingSizes(2, 'average'), mutants: AVERAGE_MUTANTS, conventions: [] };
export const avgPool1d: Proof = { ...averagePool(1), samples: samplesOf(1, 'average'), sizes: poolingSizes(1, 'average'), mutants: AVERAGE_MUTANTS.filter(({ name }) => /mean|last window|whole/.test(name)), conventions: [] };
