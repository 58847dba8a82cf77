import { complexAdd, complexDiv, complexMul, complexScale, complexSqrt, complexZeros } from '../reference/complex.ts';
import type { Complex, ComplexTensor } from '../reference/complex.ts';
import { divisionError, NO_ERRORS, ROUNDING, ulpError } from '../reference/rounding.ts';
import type { BuiltinErrors, Rounding } from '../reference/rounding.ts';
import { zeros } from '../reference/tensor.ts';
import type { RefTensor } from '../reference/tensor.ts';
import { withoutLastLane, WITHOUT_MEAN, WITHOUT_UPSTREAM } from './mutants.ts';
import type { Inputs, Options, Proof, Sample, SampleTensor } from './proof.ts';
import { meanFactor, ONE } from './row-loss.ts';
import { filled, normals } from './sample-data.ts';
import { drawOf, FLAG, flagOf, matrixOf, rowsAndColumns, sizesFrom } from './sizes.ts';
import { columnsOf } from './softmax.ts';

/** Added to each sum of squares. */
const EPSILON = 1e-12;

/** One pair of rows: its cosine, the sums of squares, and the errors of float32 in them. */
interface Pair {
  readonly start: number;
  readonly cosine: number;
  readonly squaresA: number;
  readonly squaresB: number;
  readonly size: number;
  readonly cosineError: number;
  /** Relative errors of 1/size and of a sum of squares. */
  readonly sizeError: number;
  readonly squaresError: number;
}

function pairsOf({ a, b }: Inputs, builtins: BuiltinErrors): Pair[] {
  const n = columnsOf(a);
  return Array.from({ length: a.value.length / n }, (_, row) => {
    const start = row * n;
    let [product, magnitude, squaresA, squaresB] = [0, 0, EPSILON, EPSILON];
    for (let i = start; i < start + n; i++) {
      product += a.value[i] * b.value[i];
      magnitude += Math.abs(a.value[i] * b.value[i]);
      squaresA += a.value[i] ** 2;
      squaresB += b.value[i] ** 2;
    }
    const size = Math.sqrt(squaresA) * Math.sqrt(squaresB);
    const cosine = product / size;
    const squaresError = ROUNDING * Math.sqrt(n + 1);
    const sizeError = Math.hypot(squaresError / 2, squaresError / 2, 2 * ulpError(builtins.sqrtUlp, 1), divisionError(1, builtins), ROUNDING);
    let variance = (ROUNDING * Math.sqrt(n + 1) * magnitude / size) ** 2 + (sizeError * cosine) ** 2;
    for (let i = start; i < start + n; i++) {
      variance += (b.value[i] / size - cosine * a.value[i] / squaresA) ** 2 * a.variance[i] + (a.value[i] / size - cosine * b.value[i] / squaresB) ** 2 * b.variance[i];
    }
    return { start, cosine, squaresA, squaresB, size, cosineError: Math.sqrt(variance), sizeError, squaresError };
  });
}

const marginOf = ({ margin }: Options): number => (typeof margin === 'number' ? margin : 0);

/** d loss / d cosine of a branch: 1 for a pair that is to point the same way, 2 for one that is not and does, 0 else. */
const slopeOf = (side: number): number => (side === 1 ? -1 : side === 2 ? 1 : 0);

function sidesOf(pairs: readonly Pair[], target: RefTensor, options: Options): Uint8Array {
  return Uint8Array.from(pairs, ({ cosine }, row) => (target.value[row] === 1 ? 1 : target.value[row] === -1 && cosine > marginOf(options) ? 2 : 0));
}

/** The loss of each pair. */
function lossesOf(inputs: Inputs, options: Options, { builtins, kinkWidth }: Rounding, branches?: Uint8Array): RefTensor {
  const pairs = pairsOf(inputs, builtins);
  const sides = branches ?? sidesOf(pairs, inputs.target, options);
  const out = zeros(inputs.target.shape);
  pairs.forEach((pair, row) => {
    const slope = slopeOf(sides[row]);
    out.value[row] = sides[row] === 1 ? 1 - pair.cosine : sides[row] === 2 ? pair.cosine - marginOf(options) : 0;
    const reach = slope !== 0 || isUncertain(pair, inputs.target.value[row], options, kinkWidth) ? pair.cosineError : 0;
    out.variance[row] = reach ** 2 + (slope === 0 ? 0 : (ROUNDING * (Math.abs(out.value[row]) + Math.abs(marginOf(options)))) ** 2);
  });
  return out;
}

/** Whether the rounding of a pair's cosine leaves open on which side of the margin it lies. */
function isUncertain({ cosine, cosineError }: Pair, target: number, options: Options, kinkWidth: number): boolean {
  return target === -1 && Math.abs(cosine - marginOf(options)) <= kinkWidth * cosineError;
}

/** reduction(1 − cos where target = 1, max(0, cos − margin) where target = −1): torch.nn.functional.cosine_embedding_loss of [rows, features]. */
export const cosineEmbedding: Proof = {
  differentiable: ['a', 'b'],
  branches: (inputs, options) => sidesOf(pairsOf(inputs, NO_ERRORS), inputs.target, options),

  forward(inputs, options, rounding, branches) {
    const losses = lossesOf(inputs, options, rounding, branches);
    const rows = losses.value.length;
    const { factor, relative } = meanFactor(rows, options, rounding.builtins);
    const total = losses.value.reduce((sum, value) => sum + value, 0);
    const size = losses.value.reduce((sum, value) => sum + Math.abs(value), 0);
    const out = zeros([]);
    out.value[0] = factor * total;
    out.variance[0] = factor ** 2 * (losses.variance.reduce((sum, one) => sum + one, 0) + (ROUNDING * Math.sqrt(rows) * size) ** 2) + (relative * out.value[0]) ** 2;
    return out;
  },

  /** da = dloss·factor·slope·(b/size − cos·a/Σa²), and alike for b. */
  backward(inputs, _out, dout, options, rounding, branches) {
    const pairs = pairsOf(inputs, rounding.builtins);
    const sides = branches ?? sidesOf(pairs, inputs.target, options);
    const n = columnsOf(inputs.a);
    const { factor, relative } = meanFactor(pairs.length, options, rounding.builtins);
    const towards = (own: RefTensor, other: RefTensor, squaresOf: (pair: Pair) => number): RefTensor => {
      const out = zeros(own.shape);
      pairs.forEach((pair, row) => {
        const squares = squaresOf(pair);
        const d = dout.value[0] * factor * slopeOf(sides[row]);
        const jump = isUncertain(pair, inputs.target.value[row], options, rounding.kinkWidth) ? dout.value[0] * factor : 0;
        for (let i = pair.start; i < pair.start + n; i++) {
          const first = other.value[i] / pair.size;
          const second = pair.cosine * own.value[i] / squares;
          const division = divisionError(1, rounding.builtins);
          const slope = first - second;
          const variance = (first * Math.hypot(pair.sizeError, division)) ** 2 + (pair.cosineError * own.value[i] / squares) ** 2
            + (second * Math.hypot(pair.squaresError, division, ROUNDING)) ** 2 + (ROUNDING * slope) ** 2
            + other.variance[i] / pair.size ** 2 + own.variance[i] * (3 * pair.cosine / squares) ** 2;
          out.value[i] = d * slope;
          out.variance[i] = d * d * variance + (jump * slope) ** 2 + ((relative + 2 * ROUNDING) * d * slope) ** 2 + (factor * slopeOf(sides[row]) * slope) ** 2 * dout.variance[0];
        }
      });
      return out;
    };
    return { a: towards(inputs.a, inputs.b, ({ squaresA }) => squaresA), b: towards(inputs.b, inputs.a, ({ squaresB }) => squaresB) };
  },

  working(inputs, options, rounding) {
    const { a, b } = this.backward(inputs, ONE, ONE, options, rounding);
    const losses = lossesOf(inputs, options, rounding);
    return { rowLoss: { ...losses, shape: [losses.value.length] }, gradientA: a, gradientB: b };
  },

  complex({ a, b, target }, options, branches) {
    const n = columnsOf(a);
    const rows = a.re.length / n;
    const at = (x: ComplexTensor, i: number): Complex => ({ re: x.re[i], im: x.im[i] });
    let total: Complex = { re: 0, im: 0 };
    for (let row = 0; row < rows; row++) {
      let product: Complex = { re: 0, im: 0 };
      let squaresA: Complex = { re: EPSILON, im: 0 };
      let squaresB: Complex = { re: EPSILON, im: 0 };
      for (let i = row * n; i < (row + 1) * n; i++) {
        product = complexAdd(product, complexMul(at(a, i), at(b, i)));
        squaresA = complexAdd(squaresA, complexMul(at(a, i), at(a, i)));
        squaresB = complexAdd(squaresB, complexMul(at(b, i), at(b, i)));
      }
      const cosine = complexDiv(product, complexMul(complexSqrt(squaresA), complexSqrt(squaresB)));
      const side = branches?.[row] ?? (target.re[row] === 1 ? 1 : target.re[row] === -1 && cosine.re > marginOf(options) ? 2 : 0);
      total = complexAdd(total, complexScale({ re: cosine.re - (side === 1 ? 1 : marginOf(options)), im: cosine.im }, slopeOf(side)));
    }
    const out = complexZeros([]);
    const { factor } = meanFactor(rows, options, NO_ERRORS);
    out.re[0] = factor * total.re;
    out.im[0] = factor * total.im;
    return out;
  },

  samples: [
    sample(1, 3), sample(17, 5), sample(5, 17, { margin: 0.25 }), sample(16, 15, { reduction: 'sum' }), sample(67, 2), sample(3, 65, { margin: -0.5 }), sample(2, 263),
    sample(63, 4, { margin: -1 }),
    {
      name: 'a row of zeros, and targets that count nothing', options: {},
      inputs: { a: filled([4, 3], (i) => (i < 3 ? 0 : i / 4 - 1)), b: normals(5, [4, 3]), target: filled([4], (i) => [1, 0, -1, 0.5][i]) },
    },
    {
      name: 'sizes far from 1', options: { margin: -0.9 },
      inputs: { a: normals(7, [9, 6], 1e8), b: normals(11, [9, 6], 1e-3), target: filled([9], (row) => (row % 2 ? 1 : -1)) },
    },
  ],
  sizes: sizesFrom(
    { rows: [1, 67], columns: [2, 67], sum: FLAG, margin: FLAG },
    ({ rows, columns, sum, margin }, seed) => ({
      options: { ...(sum ? { reduction: 'sum' } : {}), ...(margin ? { margin: -0.75 } : {}) },
      inputs: { a: matrixOf(seed, 0, [rows, columns]), b: matrixOf(seed, 1, [rows, columns]), target: filled([rows], (row) => (row === 0 || drawOf(seed, 2, row) < 0.5 ? 1 : -1)) },
    }),
    ({ options, inputs: { a } }) => ({ ...rowsAndColumns(a.shape), sum: flagOf(options.reduction === 'sum'), margin: flagOf(options.margin !== undefined) }),
  ),
  mutants: [
    WITHOUT_MEAN,
    WITHOUT_UPSTREAM,
    { name: 'the sign of the gradient', kernel: /^cosine/, find: 'da[i] = slope', replace: 'da[i] = -slope', symptoms: ['factor'] },
    { name: 'the part along the row itself forgotten', kernel: /^cosine/, find: ' - cosine * a[i] / squaresA', replace: '', symptoms: ['formula'] },
    { name: 'the other row\'s size', kernel: /^cosine/, find: 'b[i] / squaresB', replace: 'b[i] / squaresA', symptoms: ['formula'] },
    { name: 'the product keeps only its last term', kernel: /^cosine/, find: 'product += ', replace: 'product = ', symptoms: ['reduction', 'formula'] },
    { name: 'the size of one row only', kernel: /^cosine/, find: 'sqrt(squaresA) * sqrt(squaresB)', replace: 'squaresA', symptoms: ['formula'] },
    { name: 'pairs apart are not cut', kernel: /^cosine/, find: ' || beyond <= 0.0', replace: '', symptoms: ['mask'] },
    { name: 'the margin forgotten', kernel: /^cosine/, find: 'let beyond = cosine - ', replace: 'let beyond = cosine - 0.0 * ', symptoms: ['mask', 'formula'] },
    { name: 'other targets taken for 1', kernel: /^cosine/, find: 't == 1.0);\n  let', replace: 't > 0.0);\n  let', symptoms: ['mask', 'formula'] },
    withoutLastLane(/^cosine/),
  ],
  conventions: [],
};

function sample(rows: number, columns: number, options: Options = {}): Sample {
  const target: SampleTensor = filled([rows], (row) => (row % 2 ? -1 : 1));
  return {
    name: `[${rows}, ${columns}]${Object.keys(options).length > 0 ? ` ${JSON.stringify(options)}` : ''}`, options,
    inputs: { a: normals(851 + rows, [rows, columns]), b: normals(853 + rows, [rows, columns]), target },
  };
}
