import { added, multiplied, negated, scaled } from '../reference/arithmetic.ts';
import { expanded, reduction, summed } from '../reference/axes.ts';
import { complexMul, complexPaired, complexSoftplus, complexSub, complexSummed } from '../reference/complex.ts';
import { mapped } from '../reference/curve.ts';
import { expError, logError, meanError, ROUNDING } from '../reference/rounding.ts';
import type { BuiltinErrors } from '../reference/rounding.ts';
import { sigmoid, softplus } from '../reference/special.ts';
import { zeros } from '../reference/tensor.ts';
import type { RefTensor, Shape } from '../reference/tensor.ts';
import { addDelta, deltaAt, emptyChange } from './change.ts';
import { sigmoidCurve } from './curves.ts';
import { withoutLastLane, WITHOUT_MEAN, WITHOUT_UPSTREAM } from './mutants.ts';
import type { Proof, Sample } from './proof.ts';
import { filled, normals, uniforms } from './sample-data.ts';
import { ONE, overColumns } from './row-loss.ts';
import { drawOf, FLAG, matrixOf, rowsAndColumns, sizesFrom } from './sizes.ts';

/**
 * loss = mean of softplus(x) − x·t over all elements: torch.nn.functional.binary_cross_entropy_with_logits.
 * softplus(x) = max(x, 0) + log(1 + e^−|x|) does not overflow.
 */
export const bceWithLogits: Proof = {
  differentiable: ['input'],

  forward({ input, target }, _options, { builtins }) {
    const { map, count } = reduction(input.shape, undefined, false);
    return scaled(summed(losses(input, target, builtins), map, []), 1 / count, meanError(builtins));
  },

  /** dinput = dloss·(σ(x) − t)/n, dtarget = −dloss·x/n. */
  backward({ input, target }, _out, dout, _options, { builtins }) {
    const { map, count } = reduction(input.shape, undefined, false);
    const share = expanded(scaled(dout, 1 / count, meanError(builtins)), map, input.shape);
    return {
      input: multiplied(added(mapped(input, sigmoidCurve(builtins)), target, -1), share),
      target: negated(multiplied(input, share)),
    };
  },

  working(inputs, options, rounding) {
    const { map, shape } = overColumns(inputs.input.shape);
    return {
      rowLoss: summed(losses(inputs.input, inputs.target, rounding.builtins), map, shape),
      gradient: this.backward(inputs, ONE, ONE, options, rounding).input,
    };
  },

  complex({ input, target }) {
    const { map, count } = reduction(input.shape, undefined, false);
    return complexSummed(complexPaired(input, target, (x, t) => complexSub(complexSoftplus(x), complexMul(x, t))), map, [], 1 / count);
  },

  /** softplus(x + δ) − softplus(x) = log(1 + σ(x)·(e^δ − 1)). */
  perturb({ inputs: { input, target }, out }) {
    const n = input.value.length;
    const probability = Float64Array.from(input.value, sigmoid);
    const touched = emptyChange(n);
    return () => {
      out.change.count = 0;
      touched.count = 0;
      for (let k = 0; k < input.change.count; k++) addDelta(touched, input.change.index[k], 0);
      for (let k = 0; k < target.change.count; k++) addDelta(touched, target.change.index[k], 0);
      let sum = 0;
      for (let k = 0; k < touched.count; k++) {
        const i = touched.index[k];
        const dx = deltaAt(input.change, i);
        const dt = deltaAt(target.change, i);
        sum += Math.log1p(probability[i] * Math.expm1(dx)) - (target.value[i] * dx + input.value[i] * dt + dx * dt);
      }
      addDelta(out.change, 0, sum / n);
    };
  },

  samples: [
    sample([1]), sample([17, 1]), sample([5, 7]), sample([15, 16]), sample([63]), sample([2, 3, 11]), sample([3, 65]), sample([263]), sample([67, 3]), sample([64, 4]),
    {
      name: 'hard targets and large logits',
      options: {},
      inputs: { input: filled([41], (i) => (i - 20) * 4.5), target: filled([41], (i) => i % 2) },
    },
    {
      name: 'zero logits',
      options: {},
      inputs: { input: filled([19], (i) => (i % 2 ? 0 : (i - 9) / 4)), target: filled([19], (i) => (i % 3) / 2) },
    },
  ],
  sizes: sizesFrom(
    { rows: [1, 263], columns: [1, 67], hard: FLAG, large: FLAG },
    ({ rows, columns, hard, large }, seed) => {
      const logits = matrixOf(seed, 0, [rows, columns], 0, large ? 25 : 2);
      const target = filled([rows, columns], (i) => (hard ? (i + seed) % 2 : drawOf(seed, 1, i)));
      // A right answer leaves no gradient: the first one is wrong.
      if (hard) logits.data[0] = Math.abs(logits.data[0]) * (target.data[0] > 0 ? -1 : 1);
      return { options: {}, inputs: { input: logits, target } };
    },
    ({ inputs: { input } }) => rowsAndColumns(input.shape),
  ),
  mutants: [
    WITHOUT_MEAN,
    WITHOUT_UPSTREAM,
    { name: 'the branch for x < 0 forgotten', kernel: /^bce/, find: 'select(e * s, s, logit >= 0.0)', replace: 's', symptoms: ['mask', 'region'] },
    { name: 'the target forgotten in the gradient', kernel: /^bce/, find: ' - t);', replace: ');', symptoms: ['formula'] },
    { name: 'the target forgotten in the loss', kernel: /^bce/, find: ' - logit * t', replace: '', symptoms: ['formula'] },
    { name: 'the logarithm forgotten', kernel: /^bce/, find: ' + log(1.0 + e)', replace: '', symptoms: ['formula'] },
    { name: 'overflows', kernel: /^bce/, find: 'exp(-abs(logit))', replace: 'exp(-logit)', symptoms: ['region', 'mask'] },
    withoutLastLane(/^bce/),
    { name: 'the loss keeps only its last column', kernel: /^bce/, find: 'total += max', replace: 'total = max', symptoms: ['reduction'] },
  ],
  conventions: [],
};

function losses(input: RefTensor, target: RefTensor, builtins: BuiltinErrors): RefTensor {
  const out = zeros(input.shape);
  for (let i = 0; i < out.value.length; i++) {
    const x = input.value[i];
    const t = target.value[i];
    const e = Math.exp(-Math.abs(x));
    const log = Math.log1p(e);
    out.value[i] = softplus(x) - x * t;
    out.variance[i] = (sigmoid(x) - t) ** 2 * input.variance[i] + x * x * target.variance[i]
      + (expError(x, e, builtins, 0) / (1 + e)) ** 2 + logError(1 + e, log, builtins) ** 2 + ROUNDING ** 2
      + (ROUNDING * (Math.abs(x * t) + Math.max(x, 0) + Math.abs(out.value[i]) + log)) ** 2;
  }
  return out;
}

function sample(shape: Shape): Sample {
  return {
    name: `[${shape.join(', ')}]`,
    options: {},
    inputs: { input: normals(701 + shape[0], shape, 2), target: uniforms(709 + shape[0], shape, 0, 1) },
  };
}
