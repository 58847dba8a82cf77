import { bringing } from '../../shaders/formula.ts';
import { abs } from '../../shaders/formula-rows.wgsl.ts';
import { REDUCTION_FORMULAS } from '../../shaders/reduction-formulas.wgsl.ts';
import { bringingFolds } from '../../shaders/fold.ts';
import { FOLDS } from '../../shaders/folds.wgsl.ts';
import { prodBackward } from '../../shaders/prod-backward.wgsl.ts';
import type { ReduceSpec } from '../../shaders/reduce.wgsl.ts';
import { checkNumber, OptionError, show, ShapeError } from '../errors.ts';
import { map } from './map.ts';
import { flag, type Named, type LibraryOp, type Options } from './op.ts';
import { foldAxes, foldedShape, reduceFamily, sumAxes } from './reduce.ts';
import { checkPlaces } from './places.ts';
import type { KernelFamily } from './request.ts';
import { showShape, sizeOf, type Shape, type Tensor } from './tensor.ts';

/** Sorted axes ≥ 0 from the option `axes`: a list, or one number (default: all). */
export function axesOf(who: string, shape: Shape, { axes }: Options): number[] {
  if (axes === undefined) return shape.map((_, axis) => axis);
  const list: unknown = typeof axes === 'number' ? [axes] : axes;
  if (!Array.isArray(list)) throw new OptionError(who, 'axes to be an integer or a list of integers', show(axes));
  const positive = list.map((axis: unknown) => positiveAxis(who, 'axes', shape, axis));
  if (new Set(positive).size !== positive.length) throw new OptionError(who, 'each axis once', show(axes));
  return positive.sort((a, b) => a - b);
}

/** An axis ≥ 0 from one that may be counted from the end. */
export function positiveAxis(who: string, option: string, shape: Shape, axis: unknown): number {
  const fits = typeof axis === 'number' && Number.isInteger(axis) && axis >= -shape.length && axis < shape.length;
  if (!fits) {
    throw new ShapeError(who, shape.length === 0 ? `an input with at least one axis for ${option}` : `${option} between ${-shape.length} and ${shape.length - 1}`, `${show(axis)} for ${showShape(shape)}`);
  }
  return axis < 0 ? axis + shape.length : axis;
}

/** A tensor of the folded shape as it would be with keepDims, so that it broadcasts over the folded axes. */
export function kept(folded: Tensor, x: Tensor, axes: readonly number[]): Tensor {
  const shape = foldedShape(x.shape, axes, true);
  const { layout } = folded;
  if (!layout || layout.strides.length === shape.length) return { ...folded, shape };
  const strides = [...layout.strides];
  return { ...folded, shape, layout: { ...layout, strides: shape.map((_, axis) => (axes.includes(axis) ? 0 : strides.shift()!)) } };
}

/** How many numbers become one. */
export const termsOf = ({ shape }: Tensor, axes: readonly number[]): number => sizeOf(axes.map((axis) => shape[axis]!));

/** What every reduction over `axes` takes and gives. */
export const folding = {
  inputs: ['x'],
  options: ['axes', 'keepDims'],
  families: [reduceFamily],
  shapes: ({ x }: Named<Tensor>, options: Options, who: string): { out: Shape } =>
    ({ out: foldedShape(x!.shape, axesOf(who, x!.shape, options), flag(who, options, 'keepDims')) }),
} as const;

/** A row of the family: out = factor · Σ x over `axes`; the factor may depend on how many terms there are. */
function sumTimes(name: string, formula: string, factor: (terms: number) => number): LibraryOp {
  return {
    name,
    group: 'reduction',
    formula,
    ...folding,
    forward: ({ inputs: { x }, outputs, options }) => {
      const axes = axesOf(name, x!.shape, options);
      return sumAxes(x!, axes, factor(termsOf(x!, axes)), outputs.out!);
    },
    backward: ({ inputs: { x }, gradients, wanted, options }) => {
      if (!wanted.x) return { requests: [] };
      const axes = axesOf(name, x!.shape, options);
      const scale = factor(termsOf(x!, axes));
      return { requests: [map(kept(gradients.out!, x!, axes), scale === 1 ? [] : [{ formula: 'scale', parameters: [scale] }], wanted.x)] };
    },
  };
}

export const sum = /* @__PURE__ */ sumTimes('sum', 'out = Σ x over axes', () => 1);
export const mean = /* @__PURE__ */ sumTimes('mean', 'out = Σ x / n over axes', (terms) => 1 / terms);

/** How a fold's gradient is written element by element: dx = formula(dout, …operands). */
interface FoldRule {
  readonly fold: keyof typeof FOLDS;
  readonly scale?: number;
  readonly formula: string;
  readonly parameters?: readonly number[];
  /** What the formula takes after dout; the others are what the fold gives besides its result. */
  readonly operands: readonly ('x' | 'y' | 'ties' | 'mean')[];
}

/** A row of the family: one fold forward, one map back. What the gradient needs besides x and y, the forward launch saves. */
function folded(name: string, formula: string, ruleOf: (options: Options, terms: number) => FoldRule, { options: further = [], notes }: { readonly options?: readonly string[]; readonly notes?: string } = {}): LibraryOp {
  const rule = (x: Tensor, options: Options) => {
    const axes = axesOf(name, x.shape, options);
    return { axes, ...ruleOf(options, termsOf(x, axes)) };
  };
  const savesOf = ({ x }: Named<Tensor>, options: Options): Readonly<Record<string, Shape>> => {
    const { axes, fold } = rule(x!, options);
    return Object.fromEntries(Object.keys(FOLDS[fold].results).filter((result) => result !== 'out').map((result) => [result, foldedShape(x!.shape, axes, true)]));
  };
  return bringing({ ...REDUCTION_FORMULAS, ...abs() }, bringingFolds(FOLDS, {
    name,
    group: 'reduction',
    formula,
    ...(notes ? { notes } : {}),
    ...folding,
    options: [...folding.options, ...further],
    shapes: (inputs, options, who) => {
      const shapes = folding.shapes(inputs, options, who);
      rule(inputs.x!, options);
      return shapes;
    },
    saves: savesOf,
    forward: ({ inputs: { x }, outputs, saved, options }) => {
      const { fold, axes, scale } = rule(x!, options);
      return [foldAxes(x!, { fold, axes, ...(scale === undefined ? {} : { scale }), writes: saved }, outputs.out!)];
    },
    backward: ({ inputs: { x }, outputs, saved, gradients, wanted, options }) => {
      if (!wanted.x) return { requests: [] };
      const { axes, formula, parameters = [], operands } = rule(x!, options);
      const tensors: Named<Tensor> = { x: x!, y: kept(outputs.out!, x!, axes), ...saved };
      return { requests: [map(kept(gradients.out!, x!, axes), [{ formula, parameters, operands: operands.map((operand) => tensors[operand]!) }], wanted.x)] };
    },
  }));
}

/** The largest over `axes`. Where several are equal, they share the gradient (PyTorch's amax). */
export const max = /* @__PURE__ */ folded('max', 'out = the largest x over axes', () => ({ fold: 'max', formula: 'extremumBackward', operands: ['x', 'y', 'ties'] }), { notes: 'Equal ones share the gradient (torch.amax).' });
/** The smallest over `axes`. Where several are equal, they share the gradient (PyTorch's amin). */
export const min = /* @__PURE__ */ folded('min', 'out = the smallest x over axes', () => ({ fold: 'min', formula: 'extremumBackward', operands: ['x', 'y', 'ties'] }), { notes: 'Equal ones share the gradient (torch.amin).' });
/** log Σ e^x over `axes`. */
export const logSumExp = /* @__PURE__ */ folded('logSumExp', 'out = log Σ e^x over axes', () => ({ fold: 'logSumExp', formula: 'logSumExpBackward', operands: ['x', 'y'] }));

/** Σ (x - mean)² / (n - correction) over n numbers along `axes`; correction 1 (the default) is Bessel's. */
export const variance = /* @__PURE__ */ folded('variance', 'out = Σ (x - mean)² / (n - correction) over axes', ({ correction = 1 }, terms) => {
  const less = checkNumber('variance', 'correction', correction, { min: 0 });
  if (terms <= less) throw new ShapeError('variance', `more than ${less} numbers along its axes`, String(terms), 'Set correction to 0, or take more axes.');
  return { fold: 'variance', scale: 1 / (terms - less), formula: 'varianceBackward', parameters: [2 / (terms - less)], operands: ['x', 'mean'] };
}, { options: ['correction'], notes: 'correction is 1 by default (Bessel\'s).' });

/** The norm over `axes`: (Σ |x|^p)^(1/p) for p 1 or 2 (the default), the largest |x| for 'infinity'. Its subgradient is 0 where x is. */
export const norm = /* @__PURE__ */ folded('norm', 'out = (Σ |x|^p)^(1/p) over axes', ({ p = 2 }): FoldRule => {
  if (p === 1) return { fold: 'norm1', formula: 'absBackward', operands: ['x'] };
  if (p === 2) return { fold: 'norm2', formula: 'norm2Backward', operands: ['x', 'y'] };
  if (p === 'infinity') return { fold: 'normInfinity', formula: 'normInfinityBackward', operands: ['x', 'y', 'ties'] };
  throw new OptionError('norm', 'p to be 1, 2 or "infinity"', show(p));
}, { options: ['p'], notes: "p 1, 2 (default) or 'infinity', the largest |x|. The gradient is 0 where x is." });

const prodBackwardFamily: KernelFamily<Pick<ReduceSpec, 'shape' | 'folded'>> = {
  flops: ({ spec }) => spec.shape.reduce((product, size, axis) => product * size * (spec.folded[axis] ? size : 1), 1),
  name: 'prod-backward',
  cut: 'prodBackward',
  variants: [{ name: 'serial', suits: () => true, kernel: prodBackward }],
};

/** The product over `axes`. The gradient is the product of all others, also where numbers are 0. */
export const prod: LibraryOp = /* @__PURE__ */ bringingFolds(FOLDS, {
  name: 'prod',
  group: 'reduction',
  formula: 'out = Π x over axes',
  notes: 'The gradient is the product of all others, also where numbers are 0.',
  ...folding,
  forward: ({ inputs: { x }, outputs, options }) => [foldAxes(x!, { fold: 'prod', axes: axesOf('prod', x!.shape, options) }, outputs.out!)],
  backward: ({ inputs: { x }, gradients, wanted, options }) => {
    if (!wanted.x) return { requests: [] };
    const axes = axesOf('prod', x!.shape, options);
    return { requests: [{
      family: prodBackwardFamily, spec: { shape: x!.shape, folded: x!.shape.map((_, axis) => axes.includes(axis)) },
      reads: { x: x!, dout: gradients.out! }, writes: { dx: wanted.x },
    }] };
  },
});

/** A row of the family: where an extremum stands along one axis, or in all of x. */
function placeOf(name: 'argMax' | 'argMin'): LibraryOp {
  const axes = (who: string, shape: Shape, { axis }: Options): number[] =>
    (axis === undefined ? shape.map((_, each) => each) : [positiveAxis(who, 'axis', shape, axis)]);
  return bringingFolds(FOLDS, {
    name,
    group: 'reduction',
    formula: `out = the place of the ${name === 'argMax' ? 'largest' : 'smallest'} x along axis`,
    notes: 'As f32; in all of x without axis; the first of equal ones. No gradient.',
    families: [reduceFamily],
    inputs: ['x'],
    constants: ['x'],
    options: ['axis', 'keepDims'],
    shapes: ({ x }, options, who) => {
      if (x!.type !== 'f32') throw new ShapeError(who, 'numbers to compare (f32)', x!.type);
      checkPlaces(who, 'numbers to choose from', termsOf(x!, axes(who, x!.shape, options)));
      return { out: foldedShape(x!.shape, axes(who, x!.shape, options), flag(who, options, 'keepDims')) };
    },
    forward: ({ inputs: { x }, outputs, options }) => [foldAxes(x!, { fold: name, axes: axes(name, x!.shape, options) }, outputs.out!)],
    backward: () => ({ requests: [] }),
  });
}

export const argMax = /* @__PURE__ */ placeOf('argMax');
export const argMin = /* @__PURE__ */ placeOf('argMin');
