import { matrix, product } from '../reference/product.ts';
import type { Shape } from '../reference/tensor.ts';
import { productChange } from './product-change.ts';
import type { Options, Proof, Sample } from './proof.ts';
import { filled, normals } from './sample-data.ts';

/** C = A·B, where A is stored [m, k], or [k, m] with `transposeA`, and B [k, n], or [n, k] with `transposeB`. */
export const matmul: Proof = {
  differentiable: ['a', 'b'],

  forward({ a, b }, options) {
    const left = matrix(a, a.shape[0], a.shape[1], options.transposeA === true);
    const right = matrix(b, b.shape[0], b.shape[1], options.transposeB === true);
    return product(left, right, [left.rows, right.columns]);
  },

  /** dA = dC·Bᵀ and dB = Aᵀ·dC; where an operand is stored transposed, so is its gradient. */
  backward({ a, b }, _out, dout, options) {
    const transposeA = options.transposeA === true;
    const transposeB = options.transposeB === true;
    const [m, n] = dout.shape;
    const left = (transpose: boolean) => matrix(a, a.shape[0], a.shape[1], transpose);
    const right = (transpose: boolean) => matrix(b, b.shape[0], b.shape[1], transpose);
    return {
      a: transposeA
        ? product(right(transposeB), matrix(dout, m, n, true), a.shape)
        : product(matrix(dout, m, n), right(!transposeB), a.shape),
      b: transposeB
        ? product(matrix(dout, m, n, true), left(transposeA), b.shape)
        : product(left(!transposeA), matrix(dout, m, n), b.shape),
    };
  },

  perturb({ inputs: { a, b }, out, options }) {
    const change = productChange(
      { site: a, rows: a.shape[0], columns: a.shape[1], transpose: options.transposeA === true },
      { site: b, rows: b.shape[0], columns: b.shape[1], transpose: options.transposeB === true },
      out,
    );
    return () => {
      out.change.count = 0;
      change();
    };
  },

  samples: [
    sample([1, 1], [1, 1]),
    sample([2, 3], [3, 5]),
    sample([15, 16], [16, 17]),
    sample([17, 13], [13, 7], { transposeA: false, transposeB: false }),
    sample([5, 11], [5, 19], { transposeA: true }),
    sample([13, 7], [11, 7], { transposeB: true }),
    sample([3, 17], [23, 3], { transposeA: true, transposeB: true }),
    sample([63, 2], [2, 65]),
    sample([3, 257], [257, 5]),
    sample([67, 5], [67, 17], { transposeA: true }),
    sample([7, 64], [71, 64], { transposeB: true }),
    {
      name: 'zero rows and columns',
      options: {},
      inputs: {
        a: filled([19, 31], (i) => (Math.floor(i / 31) % 4 === 1 ? 0 : ((i * 37) % 101 - 50) / 32)),
        b: filled([31, 18], (i) => (i % 18 === 5 ? 0 : ((i * 53) % 89 - 44) / 64)),
      },
    },
  ],
  mutants: [],
  conventions: [],
};

function sample(a: Shape, b: Shape, options: Options = {}): Sample {
  const flags = `${options.transposeA ? ' transposeA' : ''}${options.transposeB ? ' transposeB' : ''}`;
  return {
    name: `[${a.join(', ')}] · [${b.join(', ')}]${flags}`,
    options,
    inputs: { a: normals(31 + a[0], a), b: normals(57 + b[1], b) },
  };
}
