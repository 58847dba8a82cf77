import { complexExp, complexLog, complexMul, complexScale, complexSub } from '../reference/complex.ts';
import { expError, logError, ROUNDING } from '../reference/rounding.ts';
import type { BuiltinErrors } from '../reference/rounding.ts';
import type { Shape } from '../reference/tensor.ts';
import { elementLoss } from './element-loss.ts';
import type { ElementCurve } from './element-loss.ts';
import { withoutLastLane, WITHOUT_MEAN, WITHOUT_UPSTREAM } from './mutants.ts';
import type { Convention, Mutant, Options, Sample, SampleTensor, Sizes } from './proof.ts';
import { filled, normals, uniforms } from './sample-data.ts';
import { FLAG, drawOf, flagOf, matrixOf, rowsAndColumns, sizesFrom } from './sizes.ts';

const error = (x: number, t: number): number => Math.abs(x - t);

/** One difference, then one product of it. */
const SQUARE: ElementCurve = {
  value: (x, t) => (x - t) ** 2,
  dx: (x, t) => 2 * (x - t),
  dt: (x, t) => 2 * (t - x),
  dxx: () => 2,
  dxt: () => 2,
  dtt: () => 2,
  valueError: (x, t) => Math.sqrt(5) * ROUNDING * error(x, t) ** 2,
  dxError: (x, t) => 2 * ROUNDING * error(x, t),
  dtError: (x, t) => 2 * ROUNDING * error(x, t),
  // (e + δ)² − e² = δ·(2e + δ).
  change: (x, t, dx, dt) => (dx - dt) * (2 * (x - t) + (dx - dt)),
  complex: (x, t) => complexMul(complexSub(x, t), complexSub(x, t)),
};

/** |e|: side 1 where e > 0, 0 where e < 0, 2 where e = 0, whose slope is 0. */
const sign = (side: number): number => (side === 2 ? 0 : side === 0 ? -1 : 1);
const ABSOLUTE: ElementCurve = {
  value: (x, t, _i, side) => sign(side) * (x - t),
  dx: (_x, _t, _i, side) => sign(side),
  dt: (_x, _t, _i, side) => -sign(side),
  valueError: (x, t) => ROUNDING * error(x, t),
  dxError: () => 0,
  dtError: () => 0,
  change: (_x, _t, dx, dt, _i, side) => sign(side) * (dx - dt),
  complex: (x, t, _i, side) => complexScale(complexSub(x, t), sign(side)),
};

const deltaOf = ({ delta }: Options): number => (typeof delta === 'number' ? delta : 1);

/** e²/2 on side 0, δ·(±e − δ/2) on sides 1 (e > δ) and 2 (e < −δ). */
function huberCurve(options: Options): ElementCurve {
  const delta = deltaOf(options);
  const slope = (x: number, t: number, side: number): number => (side === 0 ? x - t : side === 1 ? delta : -delta);
  const bend = (_x: number, _t: number, _i: number, side: number): number => (side === 0 ? 1 : 0);
  return {
    value: (x, t, _i, side) => (side === 0 ? (x - t) ** 2 / 2 : slope(x, t, side) * (x - t) - delta * delta / 2),
    dx: (x, t, _i, side) => slope(x, t, side),
    dt: (x, t, _i, side) => -slope(x, t, side),
    dxx: bend,
    dxt: bend,
    dtt: bend,
    valueError: (x, t) => 3 * ROUNDING * Math.min(error(x, t) ** 2, delta * (error(x, t) + delta)),
    dxError: (x, t) => ROUNDING * Math.min(error(x, t), delta),
    dtError: (x, t) => ROUNDING * Math.min(error(x, t), delta),
    change: (x, t, dx, dt, _i, side) => (dx - dt) * (side === 0 ? x - t + (dx - dt) / 2 : slope(x, t, side)),
    complex: (x, t, _i, side) => {
      const e = complexSub(x, t);
      return side === 0 ? complexScale(complexMul(e, e), 0.5) : { re: slope(0, 0, side) * e.re - delta * delta / 2, im: slope(0, 0, side) * e.im };
    },
  };
}

const marginOf = ({ margin }: Options): number => (typeof margin === 'number' ? margin : 1);

/** m − t·x on side 1, where that is > 0, else 0. */
function hingeCurve(options: Options): ElementCurve {
  const margin = marginOf(options);
  return {
    value: (x, t, _i, side) => side * (margin - t * x),
    dx: (_x, t, _i, side) => -t * side,
    dt: (x, _t, _i, side) => -x * side,
    dxt: (_x, _t, _i, side) => side,
    valueError: (x, t) => ROUNDING * (Math.abs(t * x) + Math.abs(margin - t * x)),
    dxError: () => 0,
    dtError: () => 0,
    change: (x, t, dx, dt, _i, side) => -side * (t * dx + x * dt + dx * dt),
    complex: (x, t, _i, side) => {
      const product = complexMul(x, t);
      return { re: side * (margin - product.re), im: -side * product.im };
    },
  };
}

/** t·(log t − x) where t > 0, else 0. */
function klDivCurve(builtins: BuiltinErrors): ElementCurve {
  const gap = (x: number, t: number): number => Math.log(t) - x;
  return {
    value: (x, t) => (t > 0 ? t * gap(x, t) : 0),
    dx: (_x, t) => -Math.max(t, 0),
    dt: (x, t) => (t > 0 ? gap(x, t) + 1 : 0),
    dxt: (_x, t) => (t > 0 ? 1 : 0),
    dtt: (_x, t) => (t > 0 ? 1 / t : 0),
    valueError: (x, t) => (t > 0 ? t * Math.hypot(logError(t, Math.log(t), builtins), 2 * ROUNDING * gap(x, t)) : 0),
    dxError: () => 0,
    dtError: (x, t) => (t > 0 ? Math.hypot(logError(t, Math.log(t), builtins), ROUNDING * (Math.log(t) + 1), ROUNDING * (gap(x, t) + 1)) : 0),
    change: (x, t, dx, dt) => {
      if (!(t > 0 && t + dt > 0)) return (t + dt > 0 ? (t + dt) * gap(x + dx, t + dt) : 0) - (t > 0 ? t * gap(x, t) : 0);
      return t * Math.log1p(dt / t) + dt * Math.log(t + dt) - dt * x - (t + dt) * dx;
    },
    complex: (x, t) => (t.re > 0 ? complexMul(t, complexSub(complexLog(t), x)) : { re: 0, im: 0 }),
  };
}

/** e^t·(t − x). */
function klDivLogCurve(builtins: BuiltinErrors): ElementCurve {
  const powerError = (t: number): number => expError(t, Math.exp(t), builtins, 0);
  return {
    value: (x, t) => Math.exp(t) * (t - x),
    dx: (_x, t) => -Math.exp(t),
    dt: (x, t) => Math.exp(t) * (t - x + 1),
    dxt: (_x, t) => Math.exp(t),
    dtt: (x, t) => Math.exp(t) * (t - x + 2),
    valueError: (x, t) => Math.hypot(powerError(t) * (t - x), 2 * ROUNDING * Math.exp(t) * (t - x)),
    dxError: (_x, t) => powerError(t),
    dtError: (x, t) => Math.hypot(powerError(t) * (t - x + 1), ROUNDING * Math.exp(t) * (Math.abs(t - x) + 2 * Math.abs(t - x + 1))),
    change: (x, t, dx, dt) => Math.exp(t) * (Math.expm1(dt) * (t - x + dt - dx) + dt - dx),
    complex: (x, t) => complexMul(complexExp(t), complexSub(t, x)),
  };
}

const shapes: readonly Shape[] = [[1], [17, 1], [5, 7], [15, 16], [2, 3, 11], [263], [3, 65], [67, 3]];

/** Normal inputs and targets; `targets` may make others. */
function samplesOf(options: readonly Options[], targets: (seed: number, shape: Shape) => SampleTensor = (seed, shape) => normals(seed, shape)): Sample[] {
  return shapes.map((shape, k) => sample(shape, options[k % options.length], targets(617 + shape[0], shape)));
}

function sample(shape: Shape, options: Options, target: SampleTensor): Sample {
  const said = Object.keys(options).length > 0 ? ` ${JSON.stringify(options)}` : '';
  return { name: `[${shape.join(', ')}]${said}`, options, inputs: { input: normals(613 + shape[0], shape), target } };
}

/** Any size; `sum` for that reduction, `other` for other options of the loss. */
function sizesOf(other: Options, target: (seed: number, shape: Shape) => SampleTensor = (seed, shape) => matrixOf(seed, 1, shape)): Sizes {
  return sizesFrom(
    { rows: [1, 263], columns: [1, 67], sum: FLAG, other: FLAG },
    ({ rows, columns, sum, other: isOther }, seed) => ({
      options: { ...(sum ? { reduction: 'sum' } : {}), ...(isOther ? other : {}) },
      inputs: { input: matrixOf(seed, 0, [rows, columns]), target: target(seed, [rows, columns]) },
    }),
    ({ options, inputs: { input } }) => (options.reduction === 'batchMean' ? undefined : {
      ...rowsAndColumns(input.shape), sum: flagOf(options.reduction === 'sum'), other: flagOf(Object.keys(options).some((name) => name !== 'reduction')),
    }),
  );
}

/** Bugs that every loss of this family can have. `kernel` is its row kernel. */
function mutantsOf(kernel: RegExp, own: readonly Mutant[]): readonly Mutant[] {
  return [
    WITHOUT_MEAN,
    WITHOUT_UPSTREAM,
    ...own,
    { name: 'the gradient twice', kernel, find: '* slope;', replace: '* 2.0 * slope;', symptoms: ['factor'] },
    { name: 'the sign of the gradient', kernel, find: '* slope;', replace: '* -slope;', symptoms: ['factor'] },
    { name: 'the first column left out', kernel, find: 'for (var i = 0u;', replace: 'for (var i = 1u;', symptoms: ['unwritten', 'reduction'] },
    withoutLastLane(kernel),
    { name: 'the loss keeps only its last column', kernel, find: 'total += loss', replace: 'total = loss', symptoms: ['reduction'] },
  ];
}

/** Bugs of the launch that writes the target's gradient. */
function targetMutants(kernel: RegExp): readonly Mutant[] {
  return [
    { name: 'the upstream gradient of the target forgotten', kernel, find: 'upstream[0] * slope', replace: 'slope', symptoms: ['factor'] },
    { name: 'the sign of the target\'s gradient', kernel, find: 'upstream[0] * slope', replace: 'upstream[0] * -slope', symptoms: ['factor'] },
    withoutLastLane(kernel),
  ];
}

const OPPOSITE: readonly Mutant[] = [
  { name: 'the target\'s sign forgotten', kernel: /scale$/, find: '(-1.0f)', replace: '1.0f', symptoms: ['factor'] },
  withoutLastLane(/^mul\+scale$/),
];

const SUM: Options = { reduction: 'sum' };

/** reduction((input − target)²): torch.nn.functional.mse_loss. */
export const mse = elementLoss(() => SQUARE, {
  samples: [
    ...samplesOf([{}, {}, SUM]),
    { name: 'exact hits', options: {}, inputs: { input: filled([4, 13], (i) => i / 8), target: filled([4, 13], (i) => (i % 3 === 0 ? i / 8 : 3)) } },
    { name: 'far off', options: {}, inputs: { input: normals(601, [7, 10], 100), target: normals(607, [7, 10], 0.01) } },
  ],
  sizes: sizesOf({}, (seed, shape) => {
    const [hit, other] = [matrixOf(seed, 0, shape), matrixOf(seed, 1, shape)];
    return filled(shape, (i) => (i % 5 === 4 ? hit : other).data[i]);
  }),
  mutants: mutantsOf(/^mse/, [
    ...OPPOSITE,
    { name: 'the absolute error', kernel: /^mse/, find: 'error * error', replace: 'abs(error)', symptoms: ['formula'] },
    { name: 'half the gradient', kernel: /^mse/, find: '2.0 * error', replace: 'error', symptoms: ['factor'] },
  ]),
  conventions: [],
});

/** Both are one number each: the gradient where they are equal. */
function atTie(name: string, inputs: Convention['inputs'], gradients: Convention['gradients'], options: Options = SUM): Convention {
  return { name, options, inputs, cotangent: Float32Array.of(3), gradients };
}

/** reduction(|input − target|): torch.nn.functional.l1_loss. */
export const mae = elementLoss(() => ABSOLUTE, {
  samples: [
    ...samplesOf([{}, SUM, {}]),
    { name: 'far off', options: {}, inputs: { input: normals(601, [7, 10], 1000), target: normals(607, [7, 10], 0.01) } },
  ],
  sizes: sizesOf({}),
  mutants: mutantsOf(/^mae/, [
    ...OPPOSITE,
    { name: 'the sign of the error in the loss', kernel: /^mae/, find: 'abs(error)', replace: 'error', symptoms: ['mask', 'formula'] },
    { name: 'the gradient always 1', kernel: /^mae/, find: 'select(select(error, -1.0, error < 0.0), 1.0, error > 0.0)', replace: '1.0', symptoms: ['mask', 'formula'] },
    { name: 'the gradient of the square', kernel: /^mae/, find: 'select(select(error, -1.0, error < 0.0), 1.0, error > 0.0)', replace: '2.0 * error', symptoms: ['formula'] },
  ]),
  conventions: [atTie('the slope at an exact hit is 0', { input: filled([4], (i) => [1, 0, 2, -2][i]), target: filled([4], (i) => [1, -0, 1, 5][i]) },
    { input: [0, 0, 3, -3], target: [0, 0, -3, 3] })],
}, { side: (x, t) => (x === t ? 2 : x > t ? 1 : 0), distance: (x, t) => ({ at: x - t, dx: 1, dt: -1 }) });

/** reduction(e²/2 where |e| ≤ δ, else δ·(|e| − δ/2)): torch.nn.functional.huber_loss. */
export const huber = elementLoss((options) => huberCurve(options), {
  samples: [
    ...samplesOf([{}, { delta: 0.7 }, SUM, { delta: 2.5, reduction: 'sum' }]),
    { name: 'far off', options: {}, inputs: { input: normals(601, [7, 10], 1000), target: normals(607, [7, 10], 0.01) } },
    { name: 'exactly at delta', options: { delta: 0.5 }, inputs: { input: filled([5, 5], (i) => (i % 5 - 2) / 4), target: filled([5, 5], () => 0) } },
  ],
  sizes: sizesOf({ delta: 0.25 }),
  mutants: mutantsOf(/^huber/, [
    ...OPPOSITE,
    { name: 'the parabola everywhere', kernel: /^huber/, find: 'size <= ', replace: 'size + 1.0 >= 0.0 * ', symptoms: ['region', 'mask'] },
    { name: 'the gradient not cut', kernel: /^huber/, find: 'let slope = select(', replace: 'let slope = error + 0.0 * select(', symptoms: ['region', 'mask'] },
    { name: 'the square not halved', kernel: /^huber/, find: '0.5 * error * error', replace: 'error * error', symptoms: ['region', 'factor', 'mask'] },
    { name: 'a step where the line begins', kernel: /^huber/, find: '* (size - ', replace: '* (size - 0.5 * ', symptoms: ['region', 'mask'] },
  ]),
  conventions: [],
}, { side: (x, t, options) => (Math.abs(x - t) <= deltaOf(options) ? 0 : x > t ? 1 : 2) });

/** ±1, as hinge losses want their targets. */
const signs = (seed: number, shape: Shape): SampleTensor => filled(shape, (i) => (drawOf(seed, 1, i) < 0.5 ? -1 : 1));

/** reduction(max(0, margin − target·input)): relu(margin − y·x) in PyTorch. */
export const hinge = elementLoss((options) => hingeCurve(options), {
  samples: [
    ...samplesOf([{}, { margin: 0.5 }, SUM], signs),
    sample([6, 9], {}, normals(631, [6, 9])),
    { name: 'one pair within the margin', options: {}, inputs: { input: filled([1], () => 0.25), target: filled([1], () => 1) } },
    { name: 'most of them well beyond the margin', options: {}, inputs: { input: filled([5, 13], (i) => (i % 7 === 3 ? 0.25 : 4 + i)), target: filled([5, 13], () => 1) } },
  ],
  sizes: sizesFrom(
    { rows: [1, 67], columns: [1, 67], sum: FLAG },
    ({ rows, columns, sum }, seed) => {
      const target = signs(seed, [rows, columns]);
      const input = matrixOf(seed, 0, [rows, columns]);
      // The first one lies within the margin: something to prove.
      input.data[0] = -target.data[0] * (0.5 + drawOf(seed, 2, 0));
      return { options: sum ? SUM : {}, inputs: { input, target } };
    },
    ({ options, inputs: { input } }) => (options.margin === undefined ? { ...rowsAndColumns(input.shape), sum: flagOf(options.reduction === 'sum') } : undefined),
  ),
  mutants: mutantsOf(/^hinge\/row$/, [
    ...targetMutants(/^hinge-target$/),
    { name: 'the other side of the margin', kernel: /^hinge\/row$/, find: 'missing > 0.0), 0.0, missing <= 0.0', replace: 'missing < 0.0), 0.0, missing >= 0.0', symptoms: ['mask'] },
    { name: 'nothing cut', kernel: /^hinge\/row$/, find: 'select(missing, 0.0, missing <= 0.0)', replace: 'missing', symptoms: ['mask', 'region'] },
    { name: 'the target forgotten in the gradient', kernel: /^hinge\/row$/, find: 'select(missing, -t,', replace: 'select(missing, -1.0,', symptoms: ['mask', 'formula'] },
    { name: 'the target\'s gradient not cut', kernel: /^hinge-target$/, find: 'select(-x, 0.0, ', replace: 'select(-x, -x, ', symptoms: ['mask', 'region'] },
  ]),
  conventions: [atTie('the slope exactly at the margin is 0', { input: filled([4], (i) => [1, -1, 0.5, 2][i]), target: filled([4], (i) => [1, -1, 1, 1][i]) },
    { input: [0, 0, -3, 0], target: [0, 0, -1.5, 0] })],
}, {
  side: (x, t, options) => (marginOf(options) - t * x > 0 ? 1 : 0),
  distance: (x, t, options) => ({ at: marginOf(options) - t * x, dx: -t, dt: -x }),
});

const isLog = ({ logTarget }: Options): boolean => logTarget === true;

/** Σ t·(log t − input) divided by the elements, the rows (batchMean) or nothing: torch.nn.functional.kl_div. */
export const klDiv = elementLoss((options, builtins) => (isLog(options) ? klDivLogCurve(builtins) : klDivCurve(builtins)), {
  samples: [
    ...shapes.map((shape, k) => sample(shape, [{}, { reduction: 'batchMean' }, SUM][k % 3], uniforms(617 + shape[0], shape, 0.05, 1))),
    sample([4, 11], { logTarget: true }, normals(641, [4, 11])),
    sample([1], { logTarget: true }, normals(643, [1])),
    sample([5, 13], { logTarget: true, reduction: 'batchMean' }, normals(647, [5, 13], 3)),
    { name: 'one class impossible', options: {}, inputs: { input: normals(653, [6, 5], 3), target: filled([6, 5], (i) => (i % 5 === 2 ? 0 : 0.25)) } },
    { name: 'from 1e-6 to 1', options: SUM, inputs: { input: normals(659, [7, 7], 4), target: filled([7, 7], (i) => 10 ** -(i % 7)) } },
  ],
  sizes: sizesOf({ logTarget: true }, (seed, shape) => filled(shape, (i) => 0.02 + drawOf(seed, 1, i))),
  mutants: mutantsOf(/^kl-div(-log)?\/row$/, [
    ...targetMutants(/^kl-div(-log)?-target$/),
    { name: 'the entropy of the target forgotten', kernel: /^kl-div\/row$/, find: ' - x), ', replace: ' * 0.0 - x), ', symptoms: ['formula'] },
    { name: 'the target forgotten in the gradient', kernel: /^kl-div\/row$/, find: 'select(-t, 0.0,', replace: 'select(-1.0, 0.0,', symptoms: ['formula'] },
    { name: 'the 1 forgotten in the target\'s gradient', kernel: /^kl-div(-log)?-target$/, find: ' + 1.0', replace: '', symptoms: ['formula'] },
    { name: 'the input forgotten in the target\'s gradient', kernel: /^kl-div(-log)?-target$/, find: '- x', replace: '', symptoms: ['formula'] },
    { name: 'log-targets taken for probabilities', kernel: /^kl-div-log\/row$/, find: 'exp(t)', replace: 't', symptoms: ['formula'] },
    { name: 'the target\'s own logarithm forgotten', kernel: /^kl-div-log\/row$/, find: '(t - x)', replace: '(-x)', symptoms: ['formula'] },
  ]),
  conventions: [atTie('a probability of 0 has no gradient', { input: filled([3], (i) => [-1, -2, -0.5][i]), target: filled([3], (i) => [0, 1, 0][i]) },
    { input: [0, -3, 0], target: [0, 9, 0] })],
});
