import { sizeOf } from './tensor.ts';
import type { Shape } from './tensor.ts';

/*
 * Complex arithmetic for the complex step: f′(x) = Im f(x + ih)/h, exact to O(h²), and with nothing subtracted h may be
 * 1e-20. W. Squire, G. Trapp: "Using complex variables to estimate derivatives of real functions", SIAM Review 40, 1998.
 * Formulas of forward values only: no gradient of an op is used here, and none is made from this.
 */

/** A tensor of complex numbers in float64. */
export interface ComplexTensor {
  readonly shape: Shape;
  readonly re: Float64Array;
  readonly im: Float64Array;
}

/** One complex number. */
export interface Complex {
  readonly re: number;
  readonly im: number;
}

/** Zeros. */
export function complexZeros(shape: Shape): ComplexTensor {
  const size = sizeOf(shape);
  return { shape, re: new Float64Array(size), im: new Float64Array(size) };
}

/** Real numbers. */
export function complexOf(shape: Shape, value: ArrayLike<number>): ComplexTensor {
  const out = complexZeros(shape);
  out.re.set(value);
  return out;
}

export function complexAdd(a: Complex, b: Complex): Complex {
  return { re: a.re + b.re, im: a.im + b.im };
}

export function complexSub(a: Complex, b: Complex): Complex {
  return { re: a.re - b.re, im: a.im - b.im };
}

export function complexMul(a: Complex, b: Complex): Complex {
  return { re: a.re * b.re - a.im * b.im, im: a.re * b.im + a.im * b.re };
}

export function complexDiv(a: Complex, b: Complex): Complex {
  const size = b.re * b.re + b.im * b.im;
  return { re: (a.re * b.re + a.im * b.im) / size, im: (a.im * b.re - a.re * b.im) / size };
}

export function complexScale(a: Complex, factor: number): Complex {
  return { re: factor * a.re, im: factor * a.im };
}

export function complexExp({ re, im }: Complex): Complex {
  const size = Math.exp(re);
  return { re: size * Math.cos(im), im: size * Math.sin(im) };
}

/** e^z − 1, to all digits for small z. */
export function complexExpm1({ re, im }: Complex): Complex {
  const size = Math.exp(re);
  return { re: Math.expm1(re) * Math.cos(im) - 2 * Math.sin(im / 2) ** 2, im: size * Math.sin(im) };
}

/** sin(x + iy) = sin x·cosh y + i·cos x·sinh y. */
export function complexSin({ re, im }: Complex): Complex {
  return { re: Math.sin(re) * Math.cosh(im), im: Math.cos(re) * Math.sinh(im) };
}

/** cos(x + iy) = cos x·cosh y − i·sin x·sinh y. */
export function complexCos({ re, im }: Complex): Complex {
  return { re: Math.cos(re) * Math.cosh(im), im: -Math.sin(re) * Math.sinh(im) };
}

/**
 * a^b next to the real axis: e^(b·log a) where a lies on the right. On the left, where b must be a whole number, by the power of −a
 * and the sign of (−1)^b. 0^b is 1 for b = 0, else 0, whatever little b is moved by.
 */
export function complexPow(a: Complex, b: Complex): Complex {
  if (a.re === 0 && a.im === 0) return { re: b.re === 0 ? 1 : 0, im: 0 };
  if (b.re === 0 && b.im === 0) return { re: 1, im: 0 };
  if (a.re < 0) return complexScale(complexPow(complexScale(a, -1), b), Math.abs(b.re % 2) === 1 ? -1 : 1);
  return complexExp(complexMul(b, complexLog(a)));
}

/** The principal logarithm. */
export function complexLog({ re, im }: Complex): Complex {
  return { re: Math.log(Math.hypot(re, im)), im: Math.atan2(im, re) };
}

/** log(1 + z), to all digits for small z. */
export function complexLog1p({ re, im }: Complex): Complex {
  return { re: Math.log1p(re * (2 + re) + im * im) / 2, im: Math.atan2(im, 1 + re) };
}

/** The root with a positive real part. */
export function complexSqrt({ re, im }: Complex): Complex {
  const size = Math.hypot(re, im);
  // The sum below that does not cancel; the other part follows from 2·Re·Im = im.
  const large = Math.sqrt((size + Math.abs(re)) / 2);
  if (large === 0) return { re: 0, im: 0 };
  return re >= 0 ? { re: large, im: im / (2 * large) } : { re: Math.abs(im) / (2 * large), im: im < 0 ? -large : large };
}

/** 1/(1 + e^−z) without overflow. */
export function complexSigmoid(z: Complex): Complex {
  const right = z.re >= 0;
  const e = complexExp(right ? complexScale(z, -1) : z);
  return complexDiv(right ? { re: 1, im: 0 } : e, { re: 1 + e.re, im: e.im });
}

/** tanh(x + iy) = (sinh 2x + i·sin 2y)/(cosh 2x + cos 2y), multiplied out by 2e^(−2|x|) so that nothing overflows. */
export function complexTanh({ re, im }: Complex): Complex {
  const e = Math.exp(-2 * Math.abs(re));
  const size = 1 + e * (2 * Math.cos(2 * im) + e);
  return { re: Math.sign(re) * -Math.expm1(-4 * Math.abs(re)) / size, im: 2 * e * Math.sin(2 * im) / size };
}

/** log(1 + e^z) without overflow. */
export function complexSoftplus(z: Complex): Complex {
  const right = z.re >= 0;
  const rest = complexLog1p(complexExp(right ? complexScale(z, -1) : z));
  return right ? complexAdd(z, rest) : rest;
}

/**
 * Φ(z) = (1 + erf(z/√2))/2 next to the real axis, by its first-order expansion Φ(x) + iy·e^(−x²/2)/√(2π): erf has the
 * derivative 2/√π·e^(−x²) by definition (Abramowitz and Stegun 7.1.1). It leaves out terms of y², so |y| must stay
 * below 1e-8. `integral` is the real Φ.
 */
export function complexNormalIntegral({ re, im }: Complex, integral: (x: number) => number): Complex {
  return { re: integral(re), im: im * Math.exp(-re * re / 2) / Math.sqrt(2 * Math.PI) };
}

/** f of each element. */
export function complexMapped(x: ComplexTensor, f: (z: Complex, i: number) => Complex): ComplexTensor {
  const out = complexZeros(x.shape);
  for (let i = 0; i < out.re.length; i++) {
    const { re, im } = f({ re: x.re[i], im: x.im[i] }, i);
    out.re[i] = re;
    out.im[i] = im;
  }
  return out;
}

/** f of each pair of elements of two tensors of one size. */
export function complexPaired(a: ComplexTensor, b: ComplexTensor, f: (a: Complex, b: Complex) => Complex): ComplexTensor {
  return complexMapped(a, (z, i) => f(z, { re: b.re[i], im: b.im[i] }));
}

/** out[i] = x[map[i]]. */
export function complexExpanded(x: ComplexTensor, map: Int32Array, shape: Shape): ComplexTensor {
  const out = complexZeros(shape);
  for (let i = 0; i < map.length; i++) {
    out.re[i] = x.re[map[i]];
    out.im[i] = x.im[map[i]];
  }
  return out;
}

/** out[map[i]] = factor·Σ x[i]. */
export function complexSummed(x: ComplexTensor, map: Int32Array, shape: Shape, factor = 1): ComplexTensor {
  const out = complexZeros(shape);
  for (let i = 0; i < map.length; i++) {
    out.re[map[i]] += factor * x.re[i];
    out.im[map[i]] += factor * x.im[i];
  }
  return out;
}

/** A matrix stored row by row as [rows, columns], read transposed where `transpose` is set. */
interface ComplexMatrix {
  readonly tensor: ComplexTensor;
  readonly rows: number;
  readonly columns: number;
  readonly transpose: boolean;
}

/** C = A·B, under the given shape. */
export function complexProduct(a: ComplexMatrix, b: ComplexMatrix, shape: Shape): ComplexTensor {
  const out = complexZeros(shape);
  const left = upright(a);
  const right = upright(b);
  const { rows: m, columns: k } = left;
  const n = right.columns;
  for (let i = 0; i < m; i++) {
    for (let p = 0; p < k; p++) {
      const re = left.re[i * k + p];
      const im = left.im[i * k + p];
      for (let j = 0; j < n; j++) {
        const r = right.re[p * n + j];
        const s = right.im[p * n + j];
        out.re[i * n + j] += re * r - im * s;
        out.im[i * n + j] += re * s + im * r;
      }
    }
  }
  return out;
}

/** The matrix as it is read, row by row. */
function upright({ tensor: { re, im }, rows, columns, transpose }: ComplexMatrix) {
  if (!transpose) return { re, im, rows, columns };
  const turned = { re: new Float64Array(re.length), im: new Float64Array(im.length), rows: columns, columns: rows };
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) {
      turned.re[j * rows + i] = re[i * columns + j];
      turned.im[j * rows + i] = im[i * columns + j];
    }
  }
  return turned;
}

/** The same numbers under another shape of the same size. */
export function complexReshaped(x: ComplexTensor, shape: Shape): ComplexTensor {
  return { shape, re: x.re, im: x.im };
}
