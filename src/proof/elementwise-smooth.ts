import {
  complexAdd, complexCos, complexDiv, complexExp, complexExpm1, complexLog, complexLog1p, complexMul, complexNormalIntegral, complexScale, complexSin,
  complexSoftplus, complexSqrt, complexTanh,
} from '../reference/complex.ts';
import type { Complex } from '../reference/complex.ts';
import type { Curve } from '../reference/curve.ts';
import type { BuiltinErrors } from '../reference/rounding.ts';
import { normalIntegral } from '../reference/special.ts';
import {
  cosCurve, erfCurve, expCurve, expm1Curve, log1pCurve, logCurve, mishCurve, negCurve, reciprocalCurve, rsqrtCurve, sinCurve, softsignCurve, sqrtCurve, squareCurve,
} from './curves-smooth.ts';
import { smooth } from './elementwise-kit.ts';
import { withoutLastLane } from './mutants.ts';
import type { Mutant, Proof, Symptom } from './proof.ts';
import { rowSamples, rowSizes } from './row-samples.ts';
import type { Numbers } from './row-samples.ts';

/** A bug in the forward formula, or in the backward one: what it is, the text, its replacement. */
type Bug = readonly [name: string, find: string, replace: string, symptom?: Symptom];

/** A row without options: its curve and complex form, the numbers it is tried at, and two bugs or more for each of its kernels. */
function row(
  name: string, curve: (builtins: BuiltinErrors) => Curve, complex: (z: Complex) => Complex, numbers: Numbers, forward: readonly Bug[], backward: readonly Bug[],
): Proof {
  const mutants = (kernel: RegExp, bugs: readonly Bug[]): Mutant[] => [
    ...bugs.map(([title, find, replace, symptom = 'formula']): Mutant => ({ name: title, kernel, find, replace, symptoms: [symptom] })), withoutLastLane(kernel),
  ];
  return smooth(
    (_, builtins) => curve(builtins), () => complex, rowSamples(numbers),
    [...mutants(new RegExp(`^${name}$`), forward), ...(backward.length > 0 ? mutants(new RegExp(`^${name}Backward$`), backward) : [])],
    undefined, rowSizes(numbers),
  );
}

const ONE: Complex = { re: 1, im: 0 };
const UPSTREAM: Bug = ['dout forgotten', 'dout * ', '1.0 * '];
const UPSTREAM_OF_QUOTIENT: Bug = ['dout forgotten', 'dout / ', '1.0 / '];
/** Positive numbers over some powers of 2. */
const positive = (noise: number): number => 2 ** (1.5 * noise);

export const neg = row('neg', negCurve, (z) => complexScale(z, -1), { special: [0, -0, 1, -1, 1e30, -1e-30] }, [
  ['the sign forgotten', 'return -x;', 'return x;', 'factor'],
  ['the size', 'return -x;', 'return abs(x);', 'mask'],
], []);

export const exp = row('exp', expCurve, complexExp, { special: [0, 1, -1, 1e-6, 20, -20, 60, -60, -80], reach: 5 }, [
  ['2 as the base', 'exp(x)', 'exp2(x)'],
  ['of the size', 'exp(x)', 'exp(abs(x))', 'mask'],
], [['dout forgotten', 'dout * y', 'y'], ['y forgotten', 'dout * y', 'dout']]);

export const expm1 = row('expm1', expm1Curve, complexExpm1, { special: [0, 1, -1, 0.99, -0.99, 1e-6, -1e-6, 1e-3, 20, -20, 60], reach: 5 }, [
  ['cancels near 0', 'abs(x) < Value(1.0)', 'abs(x) < Value(-1.0)', 'region'],
  ['a coefficient of the series', '0.16666667', '0.1667', 'region'],
  ['1 forgotten', 'exp(x) - 1.0', 'exp(x)', 'region'],
], [['e^x - 1 instead of e^x', 'exp(x)', '(exp(x) - 1.0)'], UPSTREAM]);

export const log = row('log', logCurve, complexLog, { at: positive, special: [1, 0.5, 2, 1.0001, 0.9999, 1.4142, 0.7072, 1e-3, 1e3, 3] }, [
  ['half the exponent', 'exponent * 0.69335938', '0.5 * exponent * 0.69335938'],
  ['the second part of log 2 forgotten', ' - exponent * 0.00021219444', ''],
  ['a coefficient of the series', '0.33333334', '0.3334'],
], [['x instead of 1/x', 'dout / x', 'dout * x'], UPSTREAM_OF_QUOTIENT]);

export const log1p = row('log1p', log1pCurve, complexLog1p, { at: (noise) => positive(noise) - 0.9, special: [0, 1e-6, -1e-6, 0.3, -0.29, 0.43, 1, 1e3, -0.95] }, [
  ['loses the digits of a small x', 'near == x', 'near > x', 'region'],
  ['a coefficient of the series', '0.33333334', '0.3334'],
  ['1 forgotten', 'naturalLog(1.0 + x)', 'naturalLog(x)', 'region'],
], [['the 1 forgotten', '(1.0 + x)', 'x'], UPSTREAM_OF_QUOTIENT]);

export const sqrt = row('sqrt', sqrtCurve, complexSqrt, { at: positive, special: [1, 4, 2, 1e-6, 1e6, 0.25, 7] }, [
  ['one root inverted', 'select(sqrt(x)', 'select(inverseSqrt(x)'],
  ['the root of the double', 'select(sqrt(x)', 'select(sqrt(2.0 * x)', 'factor'],
], [['the half forgotten', '0.5 * dout / y', 'dout / y', 'factor'], ['times y', 'dout / y', 'dout * y']]);

export const rsqrt = row('rsqrt', rsqrtCurve, (z) => complexDiv(ONE, complexSqrt(z)), { at: positive, special: [1, 4, 2, 1e-3, 1e6, 0.25, 7] }, [
  ['not inverted', 'inverseSqrt(x)', 'sqrt(x)'],
  ['of the double', 'inverseSqrt(x)', 'inverseSqrt(2.0 * x)', 'factor'],
], [['the sign', '-0.5', '0.5', 'factor'], ['one factor y too few', '(y * y)', 'y']]);

export const square = row('square', squareCurve, (z) => complexMul(z, z), { special: [0, -0, 1, -1, 1e-10, -1e10, 3] }, [
  ['x only', 'x * x', 'x'],
  ['the sign kept', 'x * x', 'x * abs(x)', 'mask'],
], [['the 2 forgotten', '2.0 * dout', 'dout', 'factor'], ['x forgotten', 'dout * x', 'dout']]);

export const reciprocal = row('reciprocal', reciprocalCurve, (z) => complexDiv(ONE, z), {
  at: (noise) => (noise < 0 ? -1 : 1) * (0.2 + Math.abs(noise)), special: [1, -1, 2, 3, -7, 100, -0.01],
}, [
  ['x itself', '1.0 / x', 'x'],
  ['the sign lost', '1.0 / x', '1.0 / abs(x)', 'mask'],
], [['the sign', '-dout', 'dout', 'factor'], ['one y', '* y * y', '* y']]);

/** Small angles, quarters of a turn, and the largest that are good to a few units in the last place. */
const ANGLES: Numbers = {
  special: [0, -0, 1e-10, 0.5, Math.PI / 4, 0.79, Math.PI / 2, -Math.PI / 2, 3, Math.PI, 4.7, 6.28, -100.5, 1000.7, -9999.3, 1e4], reach: 500,
};
export const sin = row('sin', sinCurve, complexSin, ANGLES, [
  ['the second part of π/2 forgotten', ' - k * 0.00048375130', '', 'region'],
  ['the sign in the lower half', 'quadrant >= Value(2.0)', 'quadrant >= Value(4.0)', 'region'],
  ['the quarter turns forgotten', 'select(sine, cosine, (quadrant == Value(1.0)) | (quadrant == Value(3.0)))', 'sine', 'region'],
  ['a coefficient', '0.008333334', '0.00834'],
], [['the sine itself', 'quarterSine(x, 1.0)', 'quarterSine(x, 0.0)'], UPSTREAM]);

export const cos = row('cos', cosCurve, complexCos, ANGLES, [
  ['the sine', 'quarterSine(x, 1.0)', 'quarterSine(x, 0.0)'],
  ['a coefficient', '0.041666668', '0.0417'],
  ['the first part of π/2 rounded', '1.5703125', '1.57', 'region'],
], [['the sign', '-dout', 'dout', 'factor'], ['the cosine itself', 'quarterSine(x, 0.0)', 'quarterSine(x, 1.0)']]);

export const erf = row(
  'erf', erfCurve, (z) => complexAdd(complexScale(complexNormalIntegral(complexScale(z, Math.SQRT2), normalIntegral), 2), { re: -1, im: 0 }),
  { special: [0, 1, -1, 0.999, 1.001, 2, -3, 4, 5.9, -7, 30], reach: 3 }, [
    ['a coefficient of the series', '0.11283792', '0.1128', 'region'],
    ['the far part', '-1.4531521', '-1.453', 'region'],
    ['the sign forgotten', 'select(-result, result, x >= Value(0.0))', 'result', 'mask'],
  ], [['2/√π forgotten', '1.1283792 * ', '', 'factor'], ['the square forgotten', 'x * x', 'abs(x)']],
);

export const softsign = row('softsign', softsignCurve, (z) => complexDiv(z, { re: 1 + Math.abs(z.re), im: z.re < 0 ? -z.im : z.im }), { special: [0, -0, 1, -1, 1e-6, 100, -1e6] }, [
  ['the size forgotten', 'abs(x)', 'x', 'mask'],
  ['the 1 forgotten', '(1.0 + abs(x))', '(0.5 + abs(x))'],
], [['the square forgotten', 'dout * s * s', 'dout * s'], UPSTREAM]);

export const mish = row('mish', mishCurve, (z) => complexMul(z, complexTanh(complexSoftplus(z))), { special: [0, -0, 1e-6, -1.2, 5, -8, 20, -20, 60, -80, 100] }, [
  ['overflows for x > 0', 'exp(-abs(x))', 'exp(x)', 'region'],
  ['x forgotten', 'return x * select(', 'return select('],
  ['the square forgotten', '2.0 * e * e', '2.0 * e', 'region'],
], [['the slope of the tanh forgotten', ' + x * slope', ''], ['the sigmoid forgotten', '4.0 * (1.0 + e) * e', '4.0 * (1.0 + e)'], UPSTREAM]);
