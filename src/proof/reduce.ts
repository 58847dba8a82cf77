import { scaled } from '../reference/arithmetic.ts';
import { expanded, reduction, summed } from '../reference/axes.ts';
import type { Reduction } from '../reference/axes.ts';
import { meanError } from '../reference/rounding.ts';
import type { BuiltinErrors } from '../reference/rounding.ts';
import type { Shape } from '../reference/tensor.ts';
import { addDelta } from './change.ts';
import { SERIAL_SUM, withoutLastLane, WITHOUT_MEAN } from './mutants.ts';
import type { Mutant, Options, Proof, Sample } from './proof.ts';
import { filled, normals } from './sample-data.ts';

/** y = factor·Σ x over `axes` (all where missing), with the folded axes kept as 1 by `keepDims`. */
function reduce(factorOf: (count: number) => number, factorError: (builtins: BuiltinErrors) => number, mutants: readonly Mutant[]): Proof {
  return {
    differentiable: ['x'],
    forward({ x }, options, { builtins }) {
      const { shape, map, count } = folding(x.shape, options);
      return scaled(summed(x, map, shape), factorOf(count), factorError(builtins));
    },
    backward({ x }, _out, dout, options, { builtins }) {
      const { map, count } = folding(x.shape, options);
      return { x: scaled(expanded(dout, map, x.shape), factorOf(count), factorError(builtins)) };
    },
    perturb({ inputs: { x }, out, options }) {
      const { map, count } = folding(x.shape, options);
      const factor = factorOf(count);
      return () => {
        out.change.count = 0;
        for (let k = 0; k < x.change.count; k++) addDelta(out.change, map[x.change.index[k]], factor * x.change.delta[k]);
      };
    },
    samples: SAMPLES,
    mutants,
    conventions: [],
  };
}

function folding(shape: Shape, options: Options): Reduction {
  const axes = Array.isArray(options.axes) ? options.axes.map(Number) : undefined;
  return reduction(shape, axes, options.keepDims === true);
}

const SAMPLES: readonly Sample[] = [
  sample([1]),
  sample([257]),
  sample([5, 7]),
  sample([16, 17], { axes: [0] }),
  sample([15, 63], { axes: [1] }),
  sample([3, 65], { axes: [-1], keepDims: true }),
  sample([3, 4, 5], { axes: [0, 2] }),
  sample([3, 4, 5], { axes: [1], keepDims: true }),
  sample([67, 11], { axes: [0], keepDims: true }),
  sample([2, 263], { axes: [1] }),
  sample([5, 13], { axes: [0, 1], keepDims: true }),
  { name: 'terms that cancel', options: { axes: [1] }, inputs: { x: filled([4, 64], (i) => (i % 2 ? -1 : 1) * (1000 + i % 7)) } },
  { name: 'zeros and one peak', options: { axes: [0] }, inputs: { x: filled([70, 3], (i) => (i % 71 === 5 ? 3 : 0)) } },
];

function sample(shape: Shape, options: Options = {}): Sample {
  return { name: `[${shape.join(', ')}] ${JSON.stringify(options)}`, options, inputs: { x: normals(307 + shape[0], shape) } };
}

export const sum = reduce(() => 1, () => 0, [
  ...SERIAL_SUM,
  { name: 'every second partial sum', kernel: /reduce\/serial/, find: 'first += 256u', replace: 'first += 512u' },
  { name: 'partial sums that miss their last term', kernel: /reduce\/serial/, find: 'min(first + 256u', replace: 'min(first + 255u' },
  { name: 'neighbours instead of the axis', kernel: /reduce\/serial/, find: 'start + i * ', replace: 'start + i + 0u * ' },
  { name: 'the gradient of the first column for all', kernel: /^copy$/, find: 'load_x(row, column)', replace: 'load_x(row, 0u)' },
  { name: 'the tree begins before all lanes are done', kernel: /reduce\/workgroup/, find: 'partials[lane] = partial;\n  workgroupBarrier();', replace: 'partials[lane] = partial;' },
  { name: 'a step of the tree does not wait for the one before', kernel: /reduce\/workgroup/, find: 'partials[lane + 16u];\n  }\n  workgroupBarrier();', replace: 'partials[lane + 16u];\n  }' },
  { name: 'half a step of the tree', kernel: /reduce\/workgroup/, find: 'if (lane < 16u)', replace: 'if (lane < 8u)' },
  { name: 'every second round of the lanes', kernel: /reduce\/workgroup/, find: 'i += 64u', replace: 'i += 128u' },
  { name: 'only the first round of the lanes', kernel: /reduce\/workgroup/, find: 'partial += ', replace: 'partial = ' },
  withoutLastLane(/^(copy|reduce\/serial)$/),
]);
export const mean = reduce((count) => 1 / count, meanError, [
  WITHOUT_MEAN,
  { name: '1/N missing in the gradient', kernel: /^scale$/, find: 'return x * ', replace: 'return x + 0.0 * ' },
  { name: '1/N missing where a workgroup sums', kernel: /reduce\/workgroup/, find: 'partials[0] * ', replace: 'partials[0] + 0.0 * ' },
  { name: 'a scale that is off by a thousandth', kernel: /reduce\/serial/, find: 'out[lane] = total * ', replace: 'out[lane] = total * 1.001 * ' },
]);
