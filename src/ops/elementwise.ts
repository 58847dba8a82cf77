import * as formulas from '../../shaders/formula-rows.wgsl.ts';
import { bringing, type Formulas } from '../../shaders/formula.ts';
import { checkNumber, OptionError, show } from '../errors.ts';
import { map } from './map.ts';
import type { LibraryOp, Options } from './op.ts';

/** A row of the family: y = formula(x), dx = backward formula(dout, x or y). */
interface Row {
  /** What it brings beside the formulas that all have. */
  readonly brings?: () => Formulas;
  /** Names the formulas for the given options; the backward one is `<formula>Backward` where `backward` names no other. */
  readonly formula?: (options: Options) => string;
  readonly backward?: string;
  readonly parameters?: (options: Options) => readonly number[];
  /** What the derivative is written in; left out where it is a number. */
  readonly saves?: 'x' | 'y';
  readonly canDie?: boolean;
  readonly options?: readonly string[];
  readonly notes?: string;
}

function unary(name: string, says: string, rule: Row): LibraryOp {
  const formulaOf = rule.formula ?? (() => name);
  const parametersOf = rule.parameters ?? (() => []);
  return bringing(rule.brings?.() ?? {}, {
    name,
    group: 'elementwise',
    formula: says,
    ...(rule.notes ? { notes: rule.notes } : {}),
    inputs: ['x'],
    takesIndices: ['x'],
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
  });
}

function activation(name: string, says: string, rule: Row): LibraryOp {
  return { ...unary(name, says, rule), group: 'activation' };
}

/** A row that is flat between jumps: the gradient is exactly 0 everywhere, so its input counts as a constant. */
function steps(name: string, formula: string, brings: () => Formulas): LibraryOp {
  return bringing(brings(), {
    name, group: 'elementwise', formula, notes: 'The gradient is 0.', inputs: ['x'], constants: ['x'],
    shapes: ({ x }) => ({ out: x!.shape }),
    forward: ({ inputs, outputs }) => [map(inputs.x!, [{ formula: name }], outputs.out!)],
    backward: () => ({ requests: [] }),
  });
}

export const neg = /* @__PURE__ */ unary('neg', 'out = -x', { brings: () => formulas.neg(), backward: 'neg' });
/** factor · x, for a number that is known beforehand: the one factor that costs no tensor. */
export const scale = /* @__PURE__ */ unary('scale', 'out = factor · x', {
  backward: 'scale',
  options: ['factor'],
  parameters: ({ factor }) => [checkNumber('scale', 'factor', factor, { float32: true })],
});
export const abs = /* @__PURE__ */ unary('abs', 'out = |x|', { brings: () => formulas.abs(), notes: 'The gradient is 0 at 0.', saves: 'x' });
export const sign = /* @__PURE__ */ steps('sign', 'out = 1 where x > 0, -1 where x < 0, else 0', () => formulas.sign());
export const floor = /* @__PURE__ */ steps('floor', 'out = the largest integer ≤ x', () => formulas.floor());
export const square = /* @__PURE__ */ unary('square', 'out = x²', { brings: () => formulas.square(), saves: 'x' });
export const reciprocal = /* @__PURE__ */ unary('reciprocal', 'out = 1 / x', { brings: () => formulas.reciprocal(), saves: 'y' });
export const sqrt = /* @__PURE__ */ unary('sqrt', 'out = √x', { brings: () => formulas.sqrt(), saves: 'y' });
export const rsqrt = /* @__PURE__ */ unary('rsqrt', 'out = 1 / √x', { brings: () => formulas.rsqrt(), saves: 'y' });

export const exp = /* @__PURE__ */ unary('exp', 'out = e^x', { brings: () => formulas.exp(), saves: 'y' });
export const expm1 = /* @__PURE__ */ unary('expm1', 'out = e^x - 1', { brings: () => formulas.expm1(), notes: 'Exact near 0, where e^x - 1 cancels.', saves: 'x' });
export const log = /* @__PURE__ */ unary('log', 'out = log x', { brings: () => formulas.log(), saves: 'x' });
export const log1p = /* @__PURE__ */ unary('log1p', 'out = log(1 + x)', { brings: () => formulas.log1p(), notes: 'Exact near 0.', saves: 'x' });
export const sin = /* @__PURE__ */ unary('sin', 'out = sin x', { brings: () => formulas.sin(), saves: 'x' });
export const cos = /* @__PURE__ */ unary('cos', 'out = cos x', { brings: () => formulas.cos(), saves: 'x' });
export const erf = /* @__PURE__ */ unary('erf', 'out = 2/√π · ∫ e^(-t²) dt from 0 to x', { brings: () => formulas.erf(), saves: 'x' });

export const sigmoid = /* @__PURE__ */ activation('sigmoid', 'out = 1 / (1 + e^-x)', { brings: () => formulas.sigmoid(), saves: 'y' });
export const tanh = /* @__PURE__ */ activation('tanh', 'out = tanh x', { brings: () => formulas.tanh(), saves: 'y' });
export const relu = /* @__PURE__ */ activation('relu', 'out = max(x, 0)', { brings: () => formulas.relu(), notes: 'The gradient is 0 at 0.', saves: 'y', canDie: true });
export const relu6 = /* @__PURE__ */ activation('relu6', 'out = min(max(x, 0), 6)', { brings: () => formulas.relu6(), notes: 'The gradient is 0 at both bends.', saves: 'y', canDie: true });
export const leakyRelu = /* @__PURE__ */ activation('leakyRelu', 'out = x where x > 0, else negativeSlope · x', { brings: () => formulas.leakyRelu(), notes: 'negativeSlope ≥ 0, 0.01 by default.',
  saves: 'y',
  options: ['negativeSlope'],
  // A negative slope would make the sign of y ambiguous, and no net wants one.
  parameters: ({ negativeSlope = 0.01 }) => [checkNumber('leakyRelu', 'negativeSlope', negativeSlope, { min: 0, float32: true })],
});
export const clamp = /* @__PURE__ */ unary('clamp', 'out = min(max(x, min), max)', { brings: () => formulas.clamp(), notes: 'Either bound may be left out. On a bound the gradient passes.',
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
export const hardSigmoid = /* @__PURE__ */ activation('hardSigmoid', 'out = min(max(x + 3, 0), 6) / 6', { brings: () => formulas.hardSigmoid(), saves: 'x' });
export const hardSwish = /* @__PURE__ */ activation('hardSwish', 'out = x · min(max(x + 3, 0), 6) / 6', { brings: () => formulas.hardSwish(), saves: 'x' });

export const elu = /* @__PURE__ */ activation('elu', 'out = x where x > 0, else alpha · (e^x - 1)', { brings: () => formulas.elu(), notes: 'alpha ≥ 0, 1 by default.',
  saves: 'x',
  options: ['alpha'],
  parameters: ({ alpha = 1 }) => [checkNumber('elu', 'alpha', alpha, { min: 0, float32: true })],
});
export const selu = /* @__PURE__ */ activation('selu', 'out = λ · (x where x > 0, else α · (e^x - 1))', { brings: () => formulas.selu(), notes: 'λ = 1.0507…, α = 1.6733… (Klambauer et al. 2017).', saves: 'x' });
export const gelu = /* @__PURE__ */ activation('gelu', 'out = x · Φ(x)', { brings: () => formulas.gelu(), notes: "Φ by erf, or with approximate: 'tanh' by a tanh.",
  saves: 'x',
  options: ['approximate'],
  formula: ({ approximate = 'none' }) => {
    if (approximate !== 'none' && approximate !== 'tanh') {
      throw new OptionError('gelu', 'approximate to be "none" (by erf) or "tanh"', show(approximate));
    }
    return approximate === 'tanh' ? 'geluTanh' : 'gelu';
  },
});
export const silu = /* @__PURE__ */ activation('silu', 'out = x / (1 + e^-x)', { brings: () => formulas.silu(), saves: 'x' });
export const mish = /* @__PURE__ */ activation('mish', 'out = x · tanh(log(1 + e^x))', { brings: () => formulas.mish(), saves: 'x' });
export const softplus = /* @__PURE__ */ activation('softplus', 'out = log(1 + e^(beta · x)) / beta', { brings: () => formulas.softplus(), notes: 'x itself where beta · x > threshold; beta 1 and threshold 20 by default.',
  saves: 'x',
  options: ['beta', 'threshold'],
  parameters: ({ beta = 1, threshold = 20 }) => [
    // 1/beta must be a number of float32, too.
    checkNumber('softplus', 'beta', beta, { min: 1e-30, max: 1e30 }), checkNumber('softplus', 'threshold', threshold, { float32: true }),
  ],
});
export const softsign = /* @__PURE__ */ activation('softsign', 'out = x / (1 + |x|)', { brings: () => formulas.softsign(), saves: 'x' });
