import { checkNumber, OptionError, show } from '../errors.ts';
import { map } from './map.ts';
import type { Op, Options } from './op.ts';

/** A row of the family: y = formula(x), dx = backward formula(dout, x or y). */
interface Row {
  /** Names the formulas for the given options; the backward one is `<formula>Backward` where `backward` names no other. */
  readonly formula?: (options: Options) => string;
  readonly backward?: string;
  readonly parameters?: (options: Options) => readonly number[];
  /** What the derivative is written in; left out where it is a number. */
  readonly saves?: 'x' | 'y';
  readonly canDie?: boolean;
  readonly options?: readonly string[];
}

function unary(name: string, rule: Row): Op {
  const formulaOf = rule.formula ?? (() => name);
  const parametersOf = rule.parameters ?? (() => []);
  return {
    name,
    inputs: ['x'],
    ...(rule.options ? { options: rule.options } : {}),
    ...(rule.canDie ? { canDie: true } : {}),
    shapes: ({ x }, options) => {
      parametersOf(options);
      formulaOf(options);
      return { out: x!.shape };
    },
    forward: ({ inputs, outputs, options }) => [map(inputs.x!, [{ formula: formulaOf(options), parameters: parametersOf(options) }], outputs.out!)],
    backward: ({ inputs, outputs, gradients, wanted, options }) => ({
      requests: wanted.x ? [map(gradients.out!, [{
        formula: rule.backward ?? `${formulaOf(options)}Backward`, parameters: parametersOf(options),
        operands: rule.saves ? [rule.saves === 'x' ? inputs.x! : outputs.out!] : [],
      }], wanted.x)] : [],
    }),
  };
}

/** A row that is flat between jumps: the gradient is exactly 0 everywhere, so its input counts as a constant. */
function steps(name: string): Op {
  return {
    name, inputs: ['x'], constants: ['x'],
    shapes: ({ x }) => ({ out: x!.shape }),
    forward: ({ inputs, outputs }) => [map(inputs.x!, [{ formula: name }], outputs.out!)],
    backward: () => ({ requests: [] }),
  };
}

export const neg = unary('neg', { backward: 'neg' });
/** factor · x, for a number that is known beforehand: the one factor that costs no tensor. */
export const scale = unary('scale', {
  backward: 'scale',
  options: ['factor'],
  parameters: ({ factor }) => [checkNumber('scale', 'factor', factor, { float32: true })],
});
export const abs = unary('abs', { saves: 'x' });
export const sign = steps('sign');
export const floor = steps('floor');
export const square = unary('square', { saves: 'x' });
export const reciprocal = unary('reciprocal', { saves: 'y' });
export const sqrt = unary('sqrt', { saves: 'y' });
export const rsqrt = unary('rsqrt', { saves: 'y' });

export const exp = unary('exp', { saves: 'y' });
export const expm1 = unary('expm1', { saves: 'x' });
export const log = unary('log', { saves: 'x' });
export const log1p = unary('log1p', { saves: 'x' });
export const sin = unary('sin', { saves: 'x' });
export const cos = unary('cos', { saves: 'x' });
export const erf = unary('erf', { saves: 'x' });

export const sigmoid = unary('sigmoid', { saves: 'y' });
export const tanh = unary('tanh', { saves: 'y' });
export const relu = unary('relu', { saves: 'y', canDie: true });
export const relu6 = unary('relu6', { saves: 'y', canDie: true });
export const leakyRelu = unary('leakyRelu', {
  saves: 'y',
  options: ['negativeSlope'],
  // A negative slope would make the sign of y ambiguous, and no net wants one.
  parameters: ({ negativeSlope = 0.01 }) => [checkNumber('leakyRelu', 'negativeSlope', negativeSlope, { min: 0 })],
});
export const clamp = unary('clamp', {
  saves: 'x',
  options: ['min', 'max'],
  parameters: ({ min, max }) => {
    if (min === undefined && max === undefined) throw new OptionError('clamp', 'min, max or both', 'neither');
    const low = checkNumber('clamp', 'min', min ?? 0, { float32: true });
    const high = checkNumber('clamp', 'max', max ?? 0, { float32: true });
    if (min !== undefined && max !== undefined && low > high) throw new OptionError('clamp', 'min ≤ max', `${low} and ${high}`);
    return [Number(min !== undefined), low, Number(max !== undefined), high];
  },
});
export const hardSigmoid = unary('hardSigmoid', { saves: 'x' });
export const hardSwish = unary('hardSwish', { saves: 'x' });

export const elu = unary('elu', {
  saves: 'x',
  options: ['alpha'],
  parameters: ({ alpha = 1 }) => [checkNumber('elu', 'alpha', alpha, { min: 0, float32: true })],
});
export const selu = unary('selu', { saves: 'x' });
export const gelu = unary('gelu', {
  saves: 'x',
  options: ['approximate'],
  formula: ({ approximate = 'none' }) => {
    if (approximate !== 'none' && approximate !== 'tanh') {
      throw new OptionError('gelu', 'approximate to be "none" (by erf) or "tanh"', show(approximate));
    }
    return approximate === 'tanh' ? 'geluTanh' : 'gelu';
  },
});
export const silu = unary('silu', { saves: 'x' });
export const mish = unary('mish', { saves: 'x' });
export const softplus = unary('softplus', {
  saves: 'x',
  options: ['beta', 'threshold'],
  parameters: ({ beta = 1, threshold = 20 }) => [
    // 1/beta must be a number of float32, too.
    checkNumber('softplus', 'beta', beta, { min: 1e-30, max: 1e30 }), checkNumber('softplus', 'threshold', threshold, { float32: true }),
  ],
});
export const softsign = unary('softsign', { saves: 'x' });
