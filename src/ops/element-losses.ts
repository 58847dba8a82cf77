import * as kernels from '../../shaders/element-losses.wgsl.ts';
import type { Kernel } from '../../shaders/kernel.ts';
import type { LossSpec } from '../../shaders/loss.wgsl.ts';
import { checkNumber } from '../errors.ts';
import { checkSameShape, checkWeights, defineLoss, elementScale, oppositeGradient, pieces, type LossRule } from './loss.ts';
import { flag, type LibraryOp, type Options } from './op.ts';
import type { KernelFamily } from './request.ts';
import { sizeOf, type Shape } from './tensor.ts';

interface ElementLossRule<S extends LossSpec> {
  readonly formula: string;
  readonly notes?: string;
  readonly options?: readonly string[];
  readonly reductions?: readonly string[];
  /** Checks the options for inputs of this shape. */
  check?(options: Options, shape: Shape, who: string): void;
  /** What the spec holds besides its sizes. */
  details(options: Options): Omit<S, keyof LossSpec>;
  readonly kernel: (spec: S) => Kernel;
  /** The kernel of d loss / d target; without it that is −d loss / d input. */
  readonly target?: (spec: S) => Kernel;
}

/** A loss that compares element by element: input and target have one shape. */
function elementLoss<S extends LossSpec>(name: string, rule: ElementLossRule<S>): LibraryOp {
  const { kernel, target, options, reductions, formula, notes } = rule;
  const family: KernelFamily<S> | undefined = target && { name: `${name}-target`, variants: [{ name: 'lane', suits: () => true, kernel: target }] };
  const spec: LossRule<S>['spec'] = ({ input }, given) => {
    const sizes: LossSpec = { ...pieces(sizeOf(input!.shape)), scale: elementScale(input!.shape, given) };
    return { ...sizes, ...rule.details(given) } as S;
  };
  return defineLoss<S>({
    name, formula, kernel, spec, ...(notes ? { notes } : {}), ...(options ? { options } : {}), ...(reductions ? { reductions } : {}),
    check: (inputs, given, who) => {
      checkSameShape(inputs, who);
      rule.check?.(given, inputs.input!.shape, who);
    },
    targetGradient: (call, one) => (family
      ? { family, spec: one, reads: { x: call.inputs.input!, expected: call.inputs.target!, upstream: call.upstream }, writes: { dtarget: call.out } }
      : oppositeGradient(call, one)),
  });
}

/** mean((input − target)²). */
export const mse = /* @__PURE__ */ elementLoss('mse', { formula: 'out = mean of (input - target)²', kernel: kernels.mse, details: () => ({}) });

/** mean(|input − target|): PyTorch's L1Loss. */
export const mae = /* @__PURE__ */ elementLoss('mae', { formula: 'out = mean of |input - target|', notes: 'PyTorch\'s L1Loss. The gradient is 0 where they are equal.', kernel: kernels.mae, details: () => ({}) });

/** mean(e²/2 where |e| ≤ delta, else delta·(|e| − delta/2)) with e = input − target. */
export const huber = /* @__PURE__ */ elementLoss<kernels.HuberSpec>('huber', {
  formula: 'out = mean of (e²/2 where |e| ≤ delta, else delta · (|e| - delta/2)), e = input - target',
  kernel: kernels.huber, options: ['delta'],
  check: ({ delta = 1 }, _shape, who) => { checkNumber(who, 'delta', delta, { above: 0, float32: true }); },
  details: ({ delta = 1 }) => ({ delta: Number(delta) }),
});

/** mean(max(0, margin − target·input)) with targets ±1. */
export const hinge = /* @__PURE__ */ elementLoss<kernels.HingeSpec>('hinge', {
  formula: 'out = mean of max(0, margin - target · input)', notes: 'Targets 1 and -1.',
  kernel: kernels.hinge, target: kernels.hingeTarget, options: ['margin'],
  check: ({ margin = 1 }, _shape, who) => { checkNumber(who, 'margin', margin, { float32: true }); },
  details: ({ margin = 1 }) => ({ margin: Number(margin) }),
});

/** mean(t·(log t − input)): input holds log-probabilities; with logTarget so does the target. */
export const klDiv = /* @__PURE__ */ elementLoss<kernels.KlDivSpec>('klDiv', {
  formula: 'out = mean of t · (log t - input)', notes: 'input holds log-probabilities; with logTarget the target does, too. reduction \'batchMean\' divides by the batch.',
  kernel: kernels.klDiv, target: kernels.klDivTarget, options: ['logTarget'], reductions: ['mean', 'sum', 'batchMean'],
  check: (options, _shape, who) => { flag(who, options, 'logTarget'); },
  details: ({ logTarget = false }) => ({ logTarget: logTarget === true }),
});

/** A factor for all elements, or one for each place of the last axis. */
function checkFactors(who: string, name: string, value: unknown, shape: Shape): void {
  if (value === undefined) return;
  if (Array.isArray(value)) checkWeights(who, name, value, shape[shape.length - 1] ?? 1, 'place of the last axis');
  else checkNumber(who, name, value, { min: 0, float32: true });
}

const factors = (name: string, value: unknown): Readonly<Record<string, readonly number[]>> =>
  (value === undefined ? {} : { [name]: Array.isArray(value) ? value.map(Number) : [Number(value)] });

/** Binary cross-entropy of sigmoid(input) against targets in [0, 1], in a form that never overflows. */
export const bceWithLogits = /* @__PURE__ */ elementLoss<kernels.BceSpec>('bceWithLogits', {
  formula: 'out = mean of weight · (-posWeight · t · log σ(x) - (1 - t) · log(1 - σ(x)))', notes: 'In a form that never overflows.',
  kernel: kernels.bceWithLogits, target: kernels.bceWithLogitsTarget, options: ['weight', 'posWeight'],
  check: ({ weight, posWeight }, shape, who) => {
    checkFactors(who, 'weight', weight, shape);
    checkFactors(who, 'posWeight', posWeight, shape);
  },
  details: ({ weight, posWeight }) => ({ ...factors('weight', weight), ...factors('posWeight', posWeight) }),
});
