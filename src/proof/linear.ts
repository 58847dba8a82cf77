import { added } from '../reference/arithmetic.ts';
import { broadcastMap, expanded, reduction, summed } from '../reference/axes.ts';
import { complexAdd, complexExpanded, complexPaired, complexProduct } from '../reference/complex.ts';
import type { ComplexTensor } from '../reference/complex.ts';
import { matrix, product } from '../reference/product.ts';
import { reshaped, sizeOf } from '../reference/tensor.ts';
import type { RefTensor, Shape } from '../reference/tensor.ts';
import { addDelta } from './change.ts';
import { productChange } from './product-change.ts';
import type { Inputs, Proof, Sample, SampleTensor } from './proof.ts';
import { filled, normals } from './sample-data.ts';
import { FLAG, flagOf, matrixOf, rowsAndColumns, sizesFrom } from './sizes.ts';

/** y = x·Wᵀ + bias with x [..., in], W [out, in], bias [out] or none: torch.nn.functional.linear. */
export const linear: Proof = {
  differentiable: ['x', 'weight', 'bias'],

  forward({ x, weight, bias }: Inputs & { bias?: RefTensor }) {
    const [outputs, inputs] = weight.shape;
    const rows = x.value.length / inputs;
    const shape = [...x.shape.slice(0, -1), outputs];
    const out = product(matrix(x, rows, inputs), matrix(weight, outputs, inputs, true), shape);
    return bias ? added(out, expanded(bias, broadcastMap(bias.shape, shape), shape)) : out;
  },

  /** dx = dy·W, dW = dyᵀ·x, dbias = the sum of dy over the rows. */
  backward({ x, weight, bias }: Inputs & { bias?: RefTensor }, _out, dout) {
    const [outputs, inputs] = weight.shape;
    const rows = x.value.length / inputs;
    const folded = reshaped(dout, [rows, outputs]);
    return {
      x: product(matrix(dout, rows, outputs), matrix(weight, outputs, inputs), x.shape),
      weight: product(matrix(dout, rows, outputs, true), matrix(x, rows, inputs), weight.shape),
      ...(bias ? { bias: summed(folded, reduction(folded.shape, [0], false).map, bias.shape) } : {}),
    };
  },

  working({ x, weight }, options, rounding) {
    return { product: this.forward({ x, weight }, options, rounding) };
  },

  work: ({ x, weight }) => sizeOf(x) * weight[0],

  complex({ x, weight, bias }: Readonly<Record<string, ComplexTensor>> & { bias?: ComplexTensor }) {
    const [outputs, inputs] = weight.shape;
    const rows = x.re.length / inputs;
    const shape = [...x.shape.slice(0, -1), outputs];
    const out = complexProduct(
      { tensor: x, rows, columns: inputs, transpose: false }, { tensor: weight, rows: outputs, columns: inputs, transpose: true }, shape,
    );
    return bias ? complexPaired(out, complexExpanded(bias, broadcastMap(bias.shape, shape), shape), complexAdd) : out;
  },

  perturb({ inputs: { x, weight, bias }, out }) {
    const [outputs, inputs] = weight.shape;
    const rows = x.value.length / inputs;
    const change = productChange(
      { site: x, rows, columns: inputs, transpose: false },
      { site: weight, rows: outputs, columns: inputs, transpose: true },
      out,
    );
    return () => {
      out.change.count = 0;
      change();
      if (!bias) return;
      for (let k = 0; k < bias.change.count; k++) {
        const column = bias.change.index[k];
        for (let row = 0; row < rows; row++) addDelta(out.change, row * outputs + column, bias.change.delta[k]);
      }
    };
  },

  samples: [
    sample([1, 1], 1),
    sample([3, 2], 5),
    sample([17, 2], 3, false),
    sample([16, 15], 17),
    sample([15, 17], 16, false),
    sample([2, 5, 11], 7),
    sample([5, 63], 13),
    sample([3, 257], 19),
    sample([65, 7], 11),
    sample([257, 3], 2),
    sample([7, 5], 71),
    sample([8, 12], 16),
    sample([64, 5], 64),
    sample([6, 6], 6),
    {
      name: 'zero inputs and zero weights',
      options: {},
      inputs: {
        x: filled([18, 33], (i) => (i % 33 < 9 ? 0 : ((i * 41) % 97 - 48) / 32)),
        weight: filled([13, 33], (i) => (i % 33 === 20 || i < 33 ? 0 : ((i * 29) % 83 - 41) / 64)),
        bias: filled([13], (i) => (i === 0 ? 0 : (i - 6) / 8)),
      },
    },
    {
      name: 'one input in each row, at every place',
      options: {},
      inputs: {
        x: filled([23, 23], (i) => (i % 23 === Math.floor(i / 23) * 5 % 23 ? 1 + i / 256 : 0)), weight: normals(167, [6, 23]), bias: normals(173, [6]),
      },
    },
  ],
  sizes: sizesFrom(
    // Rows are the sum of the bias's gradient, whose partial sums have 256 terms.
    { rows: [1, 263], inputs: [1, 67], outputs: [1, 67], bias: FLAG, zeros: FLAG },
    ({ rows, inputs, outputs, bias, zeros }, seed) => ({
      options: {},
      inputs: {
        x: matrixOf(seed, 0, [rows, inputs], zeros),
        weight: matrixOf(seed, 1, [outputs, inputs], zeros, 1 / Math.sqrt(inputs)),
        ...(bias ? { bias: matrixOf(seed, 2, [outputs]) } : {}),
      },
    }),
    ({ inputs: { x, weight, bias } }) => ({
      rows: rowsAndColumns(x.shape).rows, inputs: weight.shape[1], outputs: weight.shape[0], bias: flagOf(bias !== undefined),
    }),
  ),
  mutants: [
    { name: 'the bias forgotten', kernel: /matmul-nt/, find: 'value = add(value, load_operand0(row, column));', replace: '', symptoms: ['formula'] },
    { name: 'the bias of the neighbour', kernel: /matmul-nt/, find: 'operand0[min(column + 1u, ', replace: 'operand0[min(column + 2u, ', symptoms: ['formula'] },
    { name: 'the bias gradient keeps only the last steps', kernel: /matmul-tn/, find: 'total0 += ', replace: 'total0 = ', symptoms: ['reduction'] },
    { name: 'a row left out of the bias gradient', kernel: /matmul-tn/, find: 'total1 += a0.y', replace: 'total1 += 0.0', symptoms: ['reduction'] },
    { name: 'the bias gradient never written', kernel: /matmul-tn/, find: 'if (column == 0u) {', replace: 'if (column == 1u) {', symptoms: ['unwritten'] },
    { name: 'the weight gradient without its first product', kernel: /matmul-tn/, find: 'sum0 += a0.x * b0;', replace: '', symptoms: ['reduction'] },
    { name: 'the weight read as if it were not transposed', kernel: /matmul-nt/, find: 'load_b(column, k)', replace: 'load_b(k, column)', symptoms: ['transposed', 'formula'] },
    { name: 'the bias gradient of a quad never written', kernel: /matmul-tn\/quad/, find: 'wantedFour == place', replace: 'wantedFour == place + 4096u', symptoms: ['unwritten'] },
    { name: 'the input gradient uses one row of the weight twice', kernel: /matmul-nn/, find: 'load_b(k + 1u, column)', replace: 'load_b(k, column)', symptoms: ['formula'] },
    { name: 'the bias gradient of a tile from its first step alone', kernel: /-tn\/tiled/, find: 'totals += fourA;', replace: 'if (depth == 0u) { totals += fourA; }', symptoms: ['reduction'] },
    { name: 'the bias gradient adds to what is there', kernel: /matmul-tn/, find: 'rowSums[row] = total0;', replace: 'rowSums[row] += total0;', symptoms: ['garbage', 'unwritten'] },
    { name: 'the bias subtracted', kernel: /matmul-nt/, find: 'return a + b;', replace: 'return a - b;', symptoms: ['formula'] },
    { name: 'the last row of the bias gradient never written', kernel: /matmul-tn/, find: 'if (row + 1u < ', replace: 'if (row + 2u < ', symptoms: ['unwritten', 'edge'] },
  ],
  conventions: [],
};

function sample(x: Shape, outputs: number, withBias = true): Sample {
  const inputs = x[x.length - 1];
  const tensors: Record<string, SampleTensor> = {
    x: normals(101 + inputs, x),
    weight: normals(131 + outputs, [outputs, inputs], 1 / Math.sqrt(inputs)),
  };
  if (withBias) tensors.bias = normals(151 + outputs, [outputs]);
  return { name: `[${x.join(', ')}] to ${outputs}${withBias ? '' : ' without bias'}`, options: {}, inputs: tensors };
}
