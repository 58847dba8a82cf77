import { bringQuads, bringTiles } from '../../shaders/loaded-kernels.ts';
import { quadKernels } from '../../shaders/quad-kernels.ts';
import { tileKernels } from '../../shaders/tile-kernels.ts';
import { checkObject, OptionError, show } from '../errors.ts';
import { scaledDotProductAttention } from './attention.ts';
import { batchNorm, runningMean, runningVariance } from './batch-norm.ts';
import { add, div, maximum, minimum, mul, pow, sub } from './broadcast.ts';
import { equal, greater, greaterEqual, less, lessEqual, notEqual } from './comparison.ts';
import { concat } from './concat.ts';
import { cosineEmbedding } from './cosine-embedding.ts';
import { cumsum } from './cumsum.ts';
import { convTranspose2d } from './conv-transpose.ts';
import { conv1d, conv2d } from './convolution.ts';
import { dropout } from './dropout.ts';
import { avgPool1d, avgPool2d, maxPool1d, maxPool2d } from './pooling.ts';
import { upsample2d } from './upsample.ts';
import { bceWithLogits, hinge, huber, klDiv, mae, mse } from './element-losses.ts';
import {
  abs, clamp, cos, elu, erf, exp, expm1, floor, gelu, hardSigmoid, hardSwish, leakyRelu, log, log1p, mish, neg, reciprocal, relu, relu6, rsqrt, scale, selu, sigmoid, sign,
  silu, sin, softplus, softsign, sqrt, square, tanh,
} from './elementwise.ts';
import { embedding, gather, oneHot, scatterAdd } from './indexing.ts';
import { crossEntropy, nll } from './label-losses.ts';
import { linear } from './linear.ts';
import { matmul } from './matmul.ts';
import { groupNorm, layerNorm, rmsNorm } from './normalization.ts';
import type { LibraryOp, Op } from './op.ts';
import { argMax, argMin, logSumExp, max, mean, min, norm, prod, sum, variance } from './reductions.ts';
import { pad } from './pad.ts';
import { gru, lstm, rnn } from './recurrent.ts';
import { register, registered } from './registry.ts';
import { reshape } from './reshape.ts';
import { rotary } from './rotary.ts';
import { logSoftmax, softmax } from './softmax.ts';
import { sumOfSquares } from './sum-of-squares.ts';
import { prelu, where } from './ternary.ts';
import { expand, flip, slice, transpose } from './views.ts';

export { checkVariants, forcibleVariants, variantNames } from './variants.ts';

/** Every op of the library, once. */
export const libraryOps: readonly LibraryOp[] = [
  add, sub, mul, div, pow, maximum, minimum, where,
  equal, notEqual, less, lessEqual, greater, greaterEqual,
  neg, scale, abs, sign, floor, square, reciprocal, sqrt, rsqrt, exp, expm1, log, log1p, sin, cos, erf, clamp,
  sigmoid, tanh, relu, relu6, leakyRelu, prelu, elu, selu, gelu, silu, mish, softplus, softsign, hardSigmoid, hardSwish,
  conv1d, conv2d, convTranspose2d, maxPool1d, maxPool2d, avgPool1d, avgPool2d, upsample2d,
  matmul, linear, scaledDotProductAttention, rotary,
  sum, mean, prod, max, min, variance, logSumExp, norm, argMax, argMin, softmax, logSoftmax, cumsum,
  sumOfSquares, reshape, dropout,
  transpose, slice, expand, flip, concat, pad,
  rnn, gru, lstm,
  layerNorm, rmsNorm, groupNorm, batchNorm, runningMean, runningVariance,
  embedding, gather, scatterAdd, oneHot,
  mse, mae, huber, bceWithLogits, crossEntropy, nll, klDiv, hinge, cosineEmbedding,
];

/** Every op by its name: the library's, and those that `defineOp` has added. Graphs hold names, so this is where they lead. */
export const ops: Readonly<Record<string, Op>> = withAll(libraryOps);

function withAll(all: readonly Op[]): Readonly<Record<string, Op>> {
  for (const op of all) register(op);
  // Whoever has all ops plans for any device, also without one.
  bringQuads(quadKernels);
  bringTiles(tileKernels);
  return registered;
}

/** The functions that every op has, and those that it may have. */
const RULES = ['shapes', 'forward', 'backward'] as const;
const LISTS = ['inputs', 'optional', 'options', 'constants', 'takesIndices', 'families'] as const;

/**
 * Makes an op of your own known by its name: `applyOp` uses it in nets and objectives, `checkOp` proves it. Nothing else
 * of the library has to know it. Returns the op.
 *
 * A name belongs to one op. With `replace` an op of your own takes the place of another one of your own: nets that are
 * compiled already keep the kernels that they have. The library's ops can't be replaced.
 * Throws an OptionError for a name that is taken or is no name, and for a record that lacks one of its rules.
 */
export function defineOp(op: Op, { replace = false }: { readonly replace?: boolean } = {}): Op {
  const who = 'defineOp';
  checkObject(who, 'an op: an object with name, inputs, shapes, forward and backward', op);
  if (typeof op.name !== 'string' || !/^[A-Za-z][A-Za-z0-9_]{0,63}$/.test(op.name)) {
    throw new OptionError(who, 'a name of at most 64 letters, digits and _ that begins with a letter', show(op.name));
  }
  const wrongRule = RULES.find((rule) => typeof op[rule] !== 'function');
  if (wrongRule) throw new OptionError(who, `${wrongRule} of ${op.name} as a function`, show(op[wrongRule]));
  const wrongList = LISTS.find((list) => !Array.isArray(op[list] ?? (list === 'inputs' ? undefined : [])));
  if (wrongList) throw new OptionError(who, `${wrongList} of ${op.name} as a list`, show(op[wrongList]));
  if (op.inputs.length === 0) throw new OptionError(who, `at least one input of ${op.name}`, 'none');
  for (const list of ['optional', 'constants', 'takesIndices'] as const) {
    const stranger = op[list]?.find((name) => !op.inputs.includes(name));
    if (stranger !== undefined) throw new OptionError(who, `${list} of ${op.name} among its inputs ${op.inputs.join(', ')}`, show(stranger));
  }
  const known = Object.hasOwn(ops, op.name) ? ops[op.name] : undefined;
  if (libraryOps.some(({ name }) => name === op.name)) throw new OptionError(who, 'a name that no op of the library has', show(op.name), 'Choose another name.');
  if (known && known !== op && !replace) {
    throw new OptionError(who, 'a name that no other op has', show(op.name), 'Choose another name, or pass { replace: true } to put this op in its place.');
  }
  register(op);
  return op;
}
