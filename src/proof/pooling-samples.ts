import type { Shape } from '../reference/tensor.ts';
import { withoutLastLane } from './mutants.ts';
import type { Convention, Mutant, Options, Sample, Sizes } from './proof.ts';
import { filled, normals } from './sample-data.ts';
import { FLAG, flagOf, matrixOf, sizesFrom } from './sizes.ts';

type Kind = 'max' | 'average';

function sample(shape: Shape, options: Options): Sample {
  const said = Object.entries(options).map(([name, value]) => `${name} ${Array.isArray(value) ? value.join(' × ') : String(value)}`);
  return { name: [`[${shape.join(', ')}]`, ...said].join(', '), options, inputs: { x: normals(467 + shape[shape.length - 1], shape) } };
}

/** Many equal numbers: the first of them wins. As many zeros as after a ReLU. */
const TIED = [0, 0, 0, 1, 1, 0, 2, 2];
const TIES: Sample = { name: 'ties', options: { kernelSize: 3, stride: 2, padding: 1 }, inputs: { x: filled([2, 2, 7, 19], (i) => TIED[i * 5 % 8]) } };
const NEGATIVE: Sample = { name: 'all negative', options: { kernelSize: 3, padding: 1, stride: 1 }, inputs: { x: filled([1, 2, 5, 16], (i) => -1 - ((i * 29) % 31) / 8) } };

export function samplesOf(rank: 1 | 2, kind: Kind): Sample[] {
  const isMax = kind === 'max';
  if (rank === 1) {
    return [
      sample([1, 1, 1], { kernelSize: 1 }),
      sample([2, 3, 17], { kernelSize: 3, stride: 2, padding: 1, ceilMode: true }),
      sample([1, 2, 65], { kernelSize: 2 }),
      ...(isMax ? [{ name: 'ties', options: { kernelSize: 3, stride: 2 }, inputs: { x: filled([2, 2, 19], (i) => TIED[i % 8]) } }] : []),
      sample([2, 1, 16], isMax ? { kernelSize: [3], stride: 1, dilation: 3 } : { kernelSize: [5], stride: 2, padding: 2, countIncludePad: false }),
    ];
  }
  return [
    sample([1, 1, 1, 1], { kernelSize: 1 }),
    sample([2, 3, 9, 8], { kernelSize: 2 }),
    sample([2, 3, 9, 8], { kernelSize: [3, 2], stride: [2, 1], padding: [1, 1] }),
    sample([2, 3, 9, 8], { kernelSize: 3, stride: 2, ceilMode: true }),
    sample([1, 2, 7, 17], { kernelSize: [2, 5], stride: [3, 4], padding: [1, 2], ceilMode: true }),
    sample([1, 1, 3, 67], { kernelSize: [1, 4], stride: 1 }),
    sample([3, 1, 17, 16], { kernelSize: [17, 16] }),
    ...(isMax ? [
      sample([1, 2, 11, 13], { kernelSize: [2, 3], stride: [1, 2], dilation: [3, 2], padding: [1, 1] }), TIES, NEGATIVE,
    ] : [
      sample([2, 3, 9, 8], { kernelSize: 3, stride: 2, padding: 1, countIncludePad: false, ceilMode: true }),
      sample([1, 2, 7, 6], { kernelSize: [5, 4], stride: [2, 3], padding: [2, 1], countIncludePad: false }),
      sample([1, 2, 8, 8], { kernelSize: 3, stride: 3, padding: 1, ceilMode: true }),
    ]),
  ];
}

/** Any size: what a window needs comes first, and `more` on top. The padding is 0, or half of the kernel; the shape fits either way. */
export function poolingSizes(rank: 1 | 2, kind: Kind): Sizes {
  const isMax = kind === 'max';
  const rows = { kernelRows: [1, 4], strideRows: [1, 3], ...(isMax ? { dilationRows: [1, 2] } as const : {}), moreRows: [0, 9] } as const;
  const columns = { kernelColumns: [1, 5], strideColumns: [1, 4], ...(isMax ? { dilationColumns: [1, 3] } as const : {}), moreColumns: [0, 70] } as const;
  type Numbers = Readonly<Record<string, number>>;
  const axes = rank === 1 ? ['Columns'] : ['Rows', 'Columns'];
  const smallest = (sizes: Numbers, axis: string): number => (sizes[`kernel${axis}`] - 1) * (sizes[`dilation${axis}`] ?? 1) + 1;
  return sizesFrom(
    { planes: [1, 3], ...(rank === 2 ? rows : {}), ...columns, padded: FLAG, ceil: FLAG, ...(isMax ? {} : { without: FLAG }) },
    (sizes: Numbers, seed) => {
      const all = (name: string): number[] => axes.map((axis) => sizes[`${name}${axis}`]);
      const counted = isMax ? { dilation: all('dilation') } : { countIncludePad: sizes.without === 0 };
      return {
        options: {
          kernelSize: all('kernel'), stride: all('stride'), padding: all('kernel').map((size) => (sizes.padded ? Math.floor(size / 2) : 0)), ceilMode: sizes.ceil === 1, ...counted,
        },
        inputs: { x: matrixOf(seed, 0, [1, sizes.planes, ...axes.map((axis) => smallest(sizes, axis) + sizes[`more${axis}`])]) },
      };
    },
    ({ options, inputs: { x } }) => {
      const list = (name: string, missing: unknown): readonly number[] => {
        const value = options[name] ?? missing;
        return Array.isArray(value) ? value : axes.map(() => Number(value));
      };
      const kernel = list('kernelSize', 1);
      const [stride, padding, dilation] = [list('stride', kernel), list('padding', 0), list('dilation', 1)];
      const half = kernel.map((size) => Math.floor(size / 2));
      const isHalf = padding.every((size, axis) => size === half[axis]);
      if (x.shape[0] !== 1 || !(isHalf || padding.every((size) => size === 0))) return undefined;
      const sizes: Record<string, number> = {
        planes: x.shape[1], padded: flagOf(isHalf && half.some((size) => size > 0)), ceil: flagOf(options.ceilMode), without: flagOf(options.countIncludePad === false),
      };
      axes.forEach((axis, at) => {
        Object.assign(sizes, { [`kernel${axis}`]: kernel[at], [`stride${axis}`]: stride[at], [`dilation${axis}`]: dilation[at] });
        sizes[`more${axis}`] = x.shape[2 + at] - smallest(sizes, axis);
      });
      return sizes;
    },
  );
}

export const MAX_CONVENTIONS: readonly Convention[] = [
  {
    name: 'the first of equal maxima gets the whole gradient', options: { kernelSize: 2 }, inputs: { x: filled([1, 1, 2, 4], (i) => [1, 3, 0, 0, 3, 3, 0, 0][i]) },
    cotangent: Float32Array.of(5, 7), gradients: { x: [0, 5, 7, 0, 0, 0, 0, 0] },
  },
];

export const MAX_MUTANTS: readonly Mutant[] = [
  { name: 'the last of equal maxima', kernel: /^max-pooling\/row/, find: 'value > result', replace: 'value >= result', symptoms: ['region', 'mask'] },
  { name: 'the smallest', kernel: /^max-pooling\/row/, find: 'value > result', replace: 'value < result', symptoms: ['formula', 'mask'] },
  { name: 'the first row of the kernel left out', kernel: /^max-pooling\/row/, find: 'var ky = 0u;', replace: 'var ky = 1u;', symptoms: ['formula', 'mask'] },
  { name: 'the first column of the kernel left out', kernel: /^max-pooling\/row/, find: 'var kx = 0u;', replace: 'var kx = 1u;', symptoms: ['formula', 'mask'] },
  { name: 'the first element as the largest', kernel: /^max-pooling\/row/, find: '= f32(chosen);', replace: '= 0.0;', symptoms: ['mask'] },
  { name: 'the place of the maximum one too far', kernel: /^max-pooling\/row/, find: '= f32(chosen);', replace: '= f32(chosen + 1u);', symptoms: ['mask'] },
  withoutLastLane(/^max-pooling\/row/),
  { name: 'only the last window that chose it', kernel: /^max-pooling-backward/, find: 'result += dout[at]', replace: 'result = dout[at]', symptoms: ['reduction'] },
  { name: 'those that did not choose it', kernel: /^max-pooling-backward/, find: ' == ky', replace: ' != ky', symptoms: ['mask'] },
  { name: 'the gradient to all of the window', kernel: /^max-pooling-backward/, find: 'if (u32(index[at]) == ky', replace: 'if (u32(index[at]) < 999999u + ky', symptoms: ['mask'] },
  withoutLastLane(/^max-pooling-backward/),
];

export const AVERAGE_MUTANTS: readonly Mutant[] = [
  { name: 'only the last element', kernel: /^average-pooling\/row/, find: 'sum += ', replace: 'sum = ', symptoms: ['reduction', 'formula'] },
  { name: 'a sum instead of a mean', kernel: /^average-pooling\/row/, find: 'sum * (', replace: 'sum + 0.0 * (', symptoms: ['factor'] },
  { name: 'the first column of the kernel left out', kernel: /^average-pooling\/row/, find: 'var kx = 0u;', replace: 'var kx = 1u;', symptoms: ['reduction', 'formula'] },
  withoutLastLane(/^average-pooling\/row/),
  { name: 'only the last window', kernel: /^average-pooling-backward/, find: 'result += ', replace: 'result = ', symptoms: ['reduction'] },
  { name: 'the whole gradient for each element', kernel: /^average-pooling-backward/, find: '] * (', replace: '] + 0.0 * (', symptoms: ['factor'] },
  { name: 'the first column of the kernel left out of the gradient', kernel: /^average-pooling-backward/, find: 'var kx = 0u;', replace: 'var kx = 1u;', symptoms: ['reduction', 'formula'] },
  withoutLastLane(/^average-pooling-backward/),
];
