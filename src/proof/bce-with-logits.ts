import { complexAdd, complexMul, complexScale, complexSoftplus } from '../reference/complex.ts';
import { expError, logError, ROUNDING, sigmoidError } from '../reference/rounding.ts';
import type { BuiltinErrors } from '../reference/rounding.ts';
import { sigmoid, softplus } from '../reference/special.ts';
import type { Shape } from '../reference/tensor.ts';
import { elementLoss } from './element-loss.ts';
import type { ElementCurve } from './element-loss.ts';
import { withoutLastLane, WITHOUT_MEAN, WITHOUT_UPSTREAM } from './mutants.ts';
import type { Options, Sample } from './proof.ts';
import { filled, normals, uniforms } from './sample-data.ts';
import { drawOf, FLAG, flagOf, matrixOf, rowsAndColumns, sizesFrom } from './sizes.ts';

/** The factor of element i: one for all, one for each place of the last axis, or 1. */
function factorOf(value: unknown, i: number, columns: number): number {
  if (Array.isArray(value)) return Number(value[i % columns]);
  return typeof value === 'number' ? value : 1;
}

/**
 * w·((1 − t)·softplus(x) + p·t·softplus(−x)) with weight w and posWeight p, which is softplus(x) − x·t where both are 1:
 * torch.nn.functional.binary_cross_entropy_with_logits. softplus(x) = max(x, 0) + log(1 + e^−|x|) does not overflow.
 */
function bceCurve({ weight, posWeight }: Options, builtins: BuiltinErrors, columns: number): ElementCurve {
  const w = (i: number): number => factorOf(weight, i, columns);
  const p = (i: number): number => factorOf(posWeight, i, columns);
  const plain = posWeight === undefined;
  /** Error of log(1 + e^−|x|), the rounding of 1 + e included. */
  const tailError = (x: number): number => {
    const e = Math.exp(-Math.abs(x));
    return Math.hypot(expError(x, e, builtins, 0) / (1 + e), logError(1 + e, Math.log1p(e), builtins), ROUNDING);
  };
  const value = (x: number, t: number, i: number): number => (plain ? w(i) * (softplus(x) - x * t) : w(i) * ((1 - t) * softplus(x) + p(i) * t * softplus(-x)));
  return {
    value,
    dx: (x, t, i) => (plain ? w(i) * (sigmoid(x) - t) : w(i) * ((1 - t) * sigmoid(x) - p(i) * t * sigmoid(-x))),
    dt: (x, _t, i) => (plain ? -w(i) * x : w(i) * (p(i) * softplus(-x) - softplus(x))),
    dxx: (x, t, i) => w(i) * (1 - t + p(i) * t) * sigmoid(x) * sigmoid(-x),
    dxt: (x, _t, i) => -w(i) * (sigmoid(x) + p(i) * sigmoid(-x)),
    valueError: (x, t, i) => {
      const terms = plain ? Math.abs(x * t) + Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))) : 2 * (1 - t) * softplus(x) + 3 * p(i) * t * softplus(-x);
      const tail = plain ? 1 : 1 - t + p(i) * t;
      return w(i) * Math.hypot(tail * tailError(x), ROUNDING * terms) + ROUNDING * Math.abs(value(x, t, i));
    },
    dxError: (x, t, i) => (plain
      ? w(i) * Math.hypot(sigmoidError(x, sigmoid(x), builtins), ROUNDING * (sigmoid(x) - t))
      : w(i) * Math.hypot((1 - t) * sigmoidError(x, sigmoid(x), builtins), p(i) * t * sigmoidError(-x, sigmoid(-x), builtins), 2 * ROUNDING * ((1 - t) * sigmoid(x) + p(i) * t * sigmoid(-x)))),
    dtError: (x, _t, i) => (plain ? (w(i) === 1 ? 0 : ROUNDING * w(i) * Math.abs(x))
      : w(i) * Math.hypot((1 + p(i)) * tailError(x), 2 * ROUNDING * (softplus(x) + p(i) * softplus(-x)))),
    // softplus(x + δ) − softplus(x) = log(1 + σ(x)·(e^δ − 1)).
    change: (x, t, dx, dt, i) => {
      const up = Math.log1p(sigmoid(x) * Math.expm1(dx));
      if (plain) return w(i) * (up - (t * dx + x * dt + dx * dt));
      const down = Math.log1p(sigmoid(-x) * Math.expm1(-dx));
      return w(i) * ((1 - t - dt) * up - dt * softplus(x) + p(i) * ((t + dt) * down + dt * softplus(-x)));
    },
    complex: (x, t, i) => {
      const right = complexMul({ re: 1 - t.re, im: -t.im }, complexSoftplus(x));
      const left = complexMul(t, complexSoftplus(complexScale(x, -1)));
      return complexScale(complexAdd(right, complexScale(left, p(i))), w(i));
    },
  };
}

const places = (columns: number, from: number): number[] => Array.from({ length: columns }, (_, i) => from + i % 5 / 4);

/** reduction of the binary cross-entropy of each element. */
export const bceWithLogits = elementLoss(bceCurve, {
  samples: [
    sample([1]), sample([17, 1], { posWeight: 3 }), sample([5, 7]), sample([15, 16], { reduction: 'sum' }), sample([63]), sample([3, 65], { posWeight: places(65, 0.5) }), sample([67, 3]),
    sample([64, 4], { weight: [1, 0, 2, 0.5], reduction: 'sum' }), sample([2, 3, 11], { weight: 0.25, posWeight: places(11, 2) }), sample([263]),
    {
      name: 'hard targets and large logits',
      options: {},
      inputs: { input: filled([41], (i) => (i - 20) * 4.5), target: filled([41], (i) => i % 2) },
    },
    {
      name: 'hard targets, large logits and weights',
      options: { posWeight: 7 },
      inputs: { input: filled([41], (i) => (i - 20) * 45), target: filled([41], (i) => i % 2) },
    },
    {
      name: 'zero logits',
      options: {},
      inputs: { input: filled([19], (i) => (i % 2 ? 0 : (i - 9) / 4)), target: filled([19], (i) => (i % 3) / 2) },
    },
  ],
  sizes: sizesFrom(
    { rows: [1, 263], columns: [1, 67], hard: FLAG, large: FLAG, weighted: FLAG },
    ({ rows, columns, hard, large, weighted }, seed) => {
      const logits = matrixOf(seed, 0, [rows, columns], 0, large ? 25 : 2);
      const target = filled([rows, columns], (i) => (hard ? (i + seed) % 2 : drawOf(seed, 1, i)));
      // A right answer leaves no gradient: the first one is wrong.
      if (hard) logits.data[0] = Math.abs(logits.data[0]) * (target.data[0] > 0 ? -1 : 1);
      return { options: weighted ? { posWeight: places(columns, 0.5), weight: 1.5 } : {}, inputs: { input: logits, target } };
    },
    ({ options, inputs: { input } }) => (options.reduction === undefined
      ? { ...rowsAndColumns(input.shape), weighted: flagOf(options.posWeight !== undefined || options.weight !== undefined) } : undefined),
  ),
  mutants: [
    WITHOUT_MEAN,
    WITHOUT_UPSTREAM,
    { name: 'the branch for x < 0 forgotten', kernel: /^bce-with-logits\/row$/, find: 'select(e * s, s, x >= 0.0)', replace: 's', symptoms: ['mask', 'region'] },
    { name: 'the target forgotten in the gradient', kernel: /^bce-with-logits\/row$/, find: ', x >= 0.0) - t', replace: ', x >= 0.0)', symptoms: ['formula'] },
    { name: 'the target forgotten in the loss', kernel: /^bce-with-logits\/row$/, find: ' - x * t', replace: '', symptoms: ['formula'] },
    { name: 'the logarithm forgotten', kernel: /^bce-with-logits\/row$/, find: ' + log(1.0 + e)', replace: '', symptoms: ['formula'] },
    { name: 'overflows', kernel: /^bce-with-logits.*row$/, find: 'exp(-abs(x))', replace: 'exp(-x)', symptoms: ['region', 'mask'] },
    { name: 'the loss keeps only its last column', kernel: /^bce/, find: 'total += loss', replace: 'total = loss', symptoms: ['reduction'] },
    { name: 'the branches exchanged', kernel: /^bce-with-logits-weighted/, find: 'select(far, near, x >= 0.0)', replace: 'select(near, far, x >= 0.0)', symptoms: ['mask', 'formula'] },
    { name: 'the weight of positive targets for all', kernel: /^bce-with-logits-weighted/, find: '(1.0 - t) * (max', replace: 'positive * (max', symptoms: ['formula'] },
    { name: 'positive targets taken for negative ones', kernel: /^bce-with-logits-weighted/, find: 'max(-x, 0.0)', replace: 'max(x, 0.0)', symptoms: ['formula', 'region'] },
    { name: 'the weights of the next place', kernel: /^bce/, find: 'eights[at %', replace: 'eights[(at + 1u) %', symptoms: ['formula'] },
    { name: 'the upstream gradient of the target forgotten', kernel: /^bce-with-logits-target$/, find: 'upstream[0] * slope', replace: 'slope', symptoms: ['factor'] },
    { name: 'the sign of the target\'s gradient', kernel: /^bce-with-logits-target$/, find: 'upstream[0] * slope', replace: 'upstream[0] * -slope', symptoms: ['factor'] },
    { name: 'the softplus of the target\'s gradient without its tail', kernel: /^bce-with-logits-target$/, find: 'max(x, 0.0) + tail', replace: 'max(x, 0.0)', symptoms: ['formula'] },
    withoutLastLane(/^bce/),
  ],
  conventions: [],
});

function sample(shape: Shape, options: Options = {}): Sample {
  return {
    name: `[${shape.join(', ')}]${Object.keys(options).length > 0 ? `, ${Object.keys(options).join(', ')}` : ''}`,
    options,
    inputs: { input: normals(701 + shape[0], shape, 2), target: uniforms(709 + shape[0], shape, 0, 1) },
  };
}
