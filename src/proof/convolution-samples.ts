import type { Shape } from '../reference/tensor.ts';
import type { Options, Sample, SampleTensor, Sizes } from './proof.ts';
import { filled, normals } from './sample-data.ts';
import { FLAG, flagOf, matrixOf, sizesFrom } from './sizes.ts';

/** A call of a convolution; the channels of `bias` are those of the output, 0 for none. */
export function convolutionSample(x: Shape, weight: Shape, bias: number, options: Options = {}): Sample {
  const said = Object.entries(options).map(([name, value]) => `${name} ${Array.isArray(value) ? value.join(' × ') : String(value)}`);
  const inputs: Record<string, SampleTensor> = { x: normals(401 + x[x.length - 1], x), weight: normals(419 + weight[0], weight, 0.5) };
  if (bias > 0) inputs.bias = normals(431 + bias, [bias]);
  return { name: [`[${x.join(', ')}] by [${weight.join(', ')}]`, ...said, ...(bias > 0 ? [] : ['without bias'])].join(', '), options, inputs };
}

export const CONV2D_SAMPLES: readonly Sample[] = [
  convolutionSample([1, 1, 1, 1], [1, 1, 1, 1], 1),
  convolutionSample([2, 3, 8, 9], [4, 3, 3, 3], 4),
  convolutionSample([2, 3, 9, 8], [5, 3, 3, 2], 5, { stride: [2, 1], padding: [1, 0] }),
  convolutionSample([1, 4, 11, 11], [6, 2, 3, 3], 6, { groups: 2, padding: 1 }),
  convolutionSample([2, 6, 7, 17], [6, 1, 3, 3], 6, { groups: 6, padding: 1 }),
  convolutionSample([1, 2, 13, 12], [3, 2, 3, 3], 3, { dilation: [2, 3], padding: [2, 1] }),
  convolutionSample([1, 1, 28, 28], [6, 1, 5, 5], 6, { padding: 2 }),
  convolutionSample([2, 5, 6, 7], [7, 5, 1, 1], 7),
  convolutionSample([1, 2, 11, 10], [3, 2, 2, 2], 0, { stride: 3 }),
  convolutionSample([1, 2, 3, 67], [3, 2, 2, 13], 3, { stride: [1, 2], padding: [0, 5] }),
  convolutionSample([2, 2, 6, 5], [3, 2, 4, 2], 3, { padding: 'same', dilation: [1, 2] }),
  convolutionSample([1, 17, 5, 4], [9, 17, 3, 3], 0, { padding: 'valid' }),
  convolutionSample([1, 2, 5, 49], [2, 1, 3, 15], 2, { stride: [2, 17], padding: [3, 9], dilation: [1, 2], groups: 2 }),
  // Input, weight and output of one size: what reads one for the other is not stopped by its length.
  convolutionSample([2, 2, 2, 5], [5, 2, 2, 2], 5),
  {
    name: 'zero inputs and zero weights', options: { padding: 1 },
    inputs: {
      x: filled([2, 3, 7, 33], (i) => (i % 33 < 9 ? 0 : ((i * 41) % 97 - 48) / 32)),
      weight: filled([3, 3, 3, 3], (i) => (i % 9 === 4 || i < 9 ? 0 : ((i * 29) % 83 - 41) / 64)), bias: filled([3], (i) => i / 4),
    },
  },
];

export const CONV1D_SAMPLES: readonly Sample[] = [
  convolutionSample([1, 1, 1], [1, 1, 1], 1),
  convolutionSample([2, 3, 17], [5, 3, 3], 5, { stride: 2, padding: 1 }),
  convolutionSample([1, 4, 65], [6, 2, 4], 6, { groups: 2, padding: 'same' }),
  convolutionSample([3, 2, 40], [3, 2, 15], 0, { dilation: 2, padding: [3] }),
  convolutionSample([1, 5, 131], [7, 5, 1], 7),
  convolutionSample([2, 3, 4], [4, 3, 2], 4),
];

/** Any size. What a window needs comes first, and `more` rows and columns on top: so every combination fits. */
export function convolutionSizes(rank: 1 | 2, transposed = false): Sizes {
  const rows = { kernelRows: [1, 4], strideRows: [1, 3], paddingRows: [0, 2], dilationRows: [1, 2], moreRows: [0, 9] } as const;
  const columns = { kernelColumns: [1, 14], strideColumns: [1, 4], paddingColumns: [0, 3], dilationColumns: [1, 3], moreColumns: [0, 20] } as const;
  type Numbers = Readonly<Record<string, number>>;
  const reach = (sizes: Numbers, axis: string): number => (sizes[`kernel${axis}`] - 1) * sizes[`dilation${axis}`];
  /** No more than the kernel reaches: beyond, whole outputs may see nothing but padding, and nothing is left to prove. */
  const padding = (sizes: Numbers, axis: string): number => Math.min(sizes[`padding${axis}`], reach(sizes, axis));
  /** The smallest axis on which the window stands and sees something: of x, or of what a transposed convolution makes of it. */
  const smallest = (sizes: Numbers, axis: string): number => {
    const [dilation, left] = [sizes[`dilation${axis}`], reach(sizes, axis) + 1 - 2 * padding(sizes, axis)];
    return transposed ? 1 + Math.ceil(Math.max(0, dilation - left) / sizes[`stride${axis}`]) : Math.max(dilation, left);
  };
  const axes = rank === 1 ? ['Columns'] : ['Rows', 'Columns'];
  return sizesFrom(
    { batch: [1, 3], groups: [1, 3], inputs: [1, 5], outputs: [1, 6], ...(rank === 2 ? rows : {}), ...columns, bias: FLAG, zeros: FLAG },
    (sizes: Numbers, seed) => {
      const all = (name: string): number[] => axes.map((axis) => sizes[`${name}${axis}`]);
      const x = [sizes.batch, sizes.groups * sizes.inputs, ...axes.map((axis) => smallest(sizes, axis) + sizes[`more${axis}`])];
      const [first, second] = [(transposed ? sizes.inputs : sizes.outputs) * sizes.groups, transposed ? sizes.outputs : sizes.inputs];
      return {
        options: { stride: all('stride'), padding: axes.map((axis) => padding(sizes, axis)), dilation: all('dilation'), groups: sizes.groups },
        inputs: {
          // A dilated window may miss the rows that are not 0.
          x: matrixOf(seed, 0, x, all('dilation').every((size) => size === 1) ? sizes.zeros : 0),
          weight: matrixOf(seed, 1, [first, second, ...all('kernel')], 0, 0.5),
          ...(sizes.bias ? { bias: matrixOf(seed, 2, [sizes.groups * sizes.outputs]) } : {}),
        },
      };
    },
    ({ options, inputs: { x, weight, bias } }) => {
      const list = (name: string, missing: number): readonly number[] | undefined => {
        const value = options[name] ?? missing;
        return typeof value === 'string' ? undefined : Array.isArray(value) ? value : axes.map(() => Number(value));
      };
      const [stride, before, dilation] = [list('stride', 1), list('padding', 0), list('dilation', 1)];
      if (!stride || !before || !dilation || options.outputPadding !== undefined) return undefined;
      const groups = Number(options.groups ?? 1);
      const sizes: Record<string, number> = {
        batch: x.shape[0], groups, inputs: x.shape[1] / groups, outputs: transposed ? weight.shape[1] : weight.shape[0] / groups, bias: flagOf(bias !== undefined),
      };
      axes.forEach((axis, at) => {
        Object.assign(sizes, { [`kernel${axis}`]: weight.shape[2 + at], [`stride${axis}`]: stride[at], [`padding${axis}`]: before[at], [`dilation${axis}`]: dilation[at] });
        sizes[`more${axis}`] = x.shape[2 + at] - smallest(sizes, axis);
      });
      return axes.every((axis) => padding(sizes, axis) === sizes[`padding${axis}`]) ? sizes : undefined;
    },
  );
}
