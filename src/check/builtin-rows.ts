import type { Helper } from '../../shaders/helpers.wgsl.ts';
import type { BuiltinErrors } from '../reference/rounding.ts';
import { powSize } from '../reference/rounding.ts';
import { normalIntegral, sigmoid } from '../reference/special.ts';
import { neighbour } from './float-error.ts';

/** Where a function is tried. */
export interface Spread {
  /** Intervals that are filled evenly. */
  readonly even?: readonly Interval[];
  /** Positive intervals that are filled evenly by exponent. */
  readonly octaves?: readonly Interval[];
  /** Tried with their neighbours: where a formula changes, exact arguments, far tails. */
  readonly at?: readonly number[];
  /** Every other number is negative, and those of `at` are tried with both signs. */
  readonly bothSigns?: boolean;
}

type Interval = readonly [from: number, to: number];

/** One function whose error is measured on each adapter. A new builtin is a new row, and a field of BuiltinErrors. */
export interface BuiltinRow {
  readonly name: string;
  /** WGSL over `a` and `b`. */
  readonly expression: string;
  /** The shared WGSL function that it calls. */
  readonly helper?: Helper;
  readonly reference: (a: number, b: number) => number;
  readonly a: Spread;
  readonly b?: Spread;
  /** The field that holds the error, and its unit. Rows may share one: the larger error counts. */
  readonly field: keyof BuiltinErrors;
  readonly unit: 'ulp' | 'absolute';
  /** Where the error may grow with the argument: the field that holds the growth, in ulp for each unit of `size`. */
  readonly growth?: { readonly field: keyof BuiltinErrors; readonly size: (a: number, b: number) => number };
}

/** Well inside the normal numbers, with every neighbour. */
const NORMAL: Interval = [2 ** -125, 2 ** 125];

export const BUILTIN_ROWS: readonly BuiltinRow[] = [
  {
    // Kernels take it of what is at most 0, tanh of up to 20; below −87.3 the result is no normal number any more.
    name: 'exp', expression: 'exp(a)', reference: Math.exp,
    a: { even: [[-1, 1], [-16, 0], [0, 20], [-104, 88]], octaves: [[2 ** -30, 1]], at: [0, 1, -1, Math.LN2, -Math.LN2, -87.3, -150, 88] },
    field: 'expUlp', unit: 'ulp', growth: { field: 'expUlpPerUnit', size: Math.abs },
  },
  {
    name: 'log near 1', expression: 'log(a)', reference: Math.log,
    a: { even: [[0.5, 0.75], [0.75, 1], [1, 1.4], [1.4, 2], [0.96, 1.04]], at: [1, 0.5, 2, Math.SQRT1_2, Math.SQRT2] }, field: 'logAbsolute', unit: 'absolute',
  },
  {
    name: 'log', expression: 'log(a)', reference: Math.log,
    a: { even: [[2, 4], [2, 64], [0.01, 0.5], [0.25, 0.5], [0.45, 0.5]], octaves: [[2 ** -125, 0.5], [2, 2 ** 125]], at: [Math.E, 10, 100] }, field: 'logUlp', unit: 'ulp',
  },
  {
    // WGSL promises nothing for divisors beyond 2^±126.
    name: 'division', expression: 'a / b', reference: (a, b) => a / b,
    a: { even: [[1, 2]], octaves: [[2 ** -40, 2 ** 40]], at: [1, 3], bothSigns: true },
    b: { even: [[1, 2]], octaves: [[2 ** -40, 2 ** 40]], at: [1, 3] }, field: 'divisionUlp', unit: 'ulp',
  },
  {
    // Compilers may have another instruction for it.
    name: 'reciprocal', expression: '1.0 / a', reference: (a) => 1 / a,
    a: { even: [[1, 2], [2, 4]], octaves: [NORMAL], at: [1, 3], bothSigns: true }, field: 'divisionUlp', unit: 'ulp',
  },
  {
    name: 'inverseSqrt', expression: 'inverseSqrt(a)', reference: (a) => 1 / Math.sqrt(a),
    a: { even: [[1, 4]], octaves: [NORMAL], at: [1, 2, 4] }, field: 'inverseSqrtUlp', unit: 'ulp',
  },
  {
    name: 'sqrt', expression: 'sqrt(a)', reference: Math.sqrt,
    a: { even: [[1, 4]], octaves: [NORMAL], at: [1, 2, 4] }, field: 'sqrtUlp', unit: 'ulp',
  },
  {
    // Tried around 0.35, where a series takes over, and 10, where the argument is clamped.
    name: 'tanh', expression: 'hyperbolicTangent(a)', helper: 'tanh', reference: Math.tanh,
    a: { even: [[0, 0.36], [0.34, 2], [0, 11]], octaves: [[2 ** -126, 1]], at: [0, 0.35, 10, 88, 89, 3e38], bothSigns: true },
    field: 'tanhUlp', unit: 'ulp',
  },
  {
    name: 'sigmoid', expression: 'logistic(a)', helper: 'sigmoid', reference: sigmoid,
    a: { even: [[0, 1], [0, 16], [0, 88]], octaves: [[2 ** -30, 1]], at: [0, 88, 104, 3e38], bothSigns: true },
    field: 'sigmoidUlp', unit: 'ulp', growth: { field: 'sigmoidUlpPerUnit', size: (a) => Math.abs(a) * sigmoid(-a) },
  },
  {
    // Tried around 1, where a series ends, and 6, where the argument is clamped.
    name: 'erf', expression: 'errorFunction(a)', helper: 'erf', reference: (a) => 2 * normalIntegral(a * Math.SQRT2) - 1,
    a: { even: [[0, 1.01], [0.5, 1.01], [0.99, 2], [1.2, 1.8], [0, 6.5]], octaves: [[2 ** -126, 1]], at: [0, 1, 6, 3e38], bothSigns: true },
    field: 'erfAbsolute', unit: 'absolute',
  },
  {
    name: 'expm1', expression: 'expMinusOne(a)', helper: 'expm1', reference: Math.expm1,
    a: { even: [[-1.01, 0], [0, 1.01], [-20, -0.9], [0.9, 20], [1, 88]], octaves: [[2 ** -126, 1]], at: [0, 1, -1, -88, -150, 88] },
    field: 'expm1Ulp', unit: 'ulp', growth: { field: 'expm1UlpPerUnit', size: (a) => Math.max(a, 0) },
  },
  {
    // Tried around √½ and √2, where the exponent changes, and 1.
    name: 'natural logarithm', expression: 'naturalLog(a)', helper: 'log', reference: Math.log,
    a: { even: [[0.5, 0.75], [0.75, 1], [0.96, 1.04], [1, 1.5], [1.4, 3]], octaves: [NORMAL], at: [1, Math.SQRT1_2, Math.SQRT2, Math.E, 10, 3e38] },
    field: 'naturalLogUlp', unit: 'ulp',
  },
  {
    // Tried around −0.3 and 0.42, where the series ends.
    name: 'log1p', expression: 'logOnePlus(a)', helper: 'log1p', reference: Math.log1p,
    a: { even: [[-0.99, 0], [-0.35, 0.5], [0, 1], [0.4, 20]], octaves: [[2 ** -126, 2 ** 125]], at: [0, 0.42, 1, 3e38] },
    field: 'log1pUlp', unit: 'ulp',
  },
  {
    name: 'sin', expression: 'quarterSine(a, 0.0)', helper: 'sine', reference: Math.sin,
    a: { even: [[0, 0.8], [0, 7], [0, 100], [0, 1e4]], octaves: [[2 ** -126, 1]], at: [0, Math.PI / 4, Math.PI / 2, Math.PI, 2 * Math.PI, 1000 * Math.PI, 1e4], bothSigns: true },
    field: 'sineUlp', unit: 'ulp',
  },
  {
    name: 'cos', expression: 'quarterSine(a, 1.0)', helper: 'sine', reference: Math.cos,
    a: { even: [[0, 0.8], [0, 7], [0, 100], [0, 1e4]], octaves: [[2 ** -126, 1]], at: [0, Math.PI / 4, Math.PI / 2, 1.5 * Math.PI, Math.PI, 999.5 * Math.PI, 1e4], bothSigns: true },
    field: 'sineUlp', unit: 'ulp',
  },
  {
    name: 'power', expression: 'power(a, b)', helper: 'power', reference: (a, b) => a ** b,
    a: { even: [[0.5, 2], [0.9, 1.1], [0, 10]], octaves: [[2 ** -10, 2 ** 10]], at: [0.5, 1, 2, 3, 10] },
    b: { even: [[0, 1], [0, 4], [0, 12]], at: [0, 0.5, 1, 1.5, 2, 3, 4, 7, 12], bothSigns: true },
    field: 'powUlp', unit: 'ulp', growth: { field: 'powUlpPerUnit', size: powSize },
  },
  {
    // By products.
    name: 'whole power', expression: 'power(a, floor(b))', helper: 'power', reference: (a, b) => a ** Math.floor(b),
    a: { even: [[0.5, 2], [0, 10]], octaves: [[2 ** -8, 2 ** 8]], at: [0, 1, 2, 3], bothSigns: true },
    b: { even: [[0, 15.99]] }, field: 'powUlp', unit: 'ulp',
  },
];

const helpers = new Set(BUILTIN_ROWS.flatMap(({ name, helper }) => (helper ? [name] : [])));

/** Whether a row is a function of the library's own, whose WGSL stands in its kernels. */
export function isHelper(name: string): boolean {
  return helpers.has(name);
}

/** Points in each interval: dense enough that the largest error found is near the true one, few enough for a page. */
const DENSITY = 5000;

/** The numbers at which a spread tries its function, as float32. The same at every call. */
export function pointsOf({ even = [], octaves = [], at = [], bothSigns = false }: Spread): Float32Array {
  const edges = at.flatMap((value) => [-2, -1, 0, 1, 2].map((steps) => neighbour(value, steps)));
  // Where the exponent changes.
  for (const [from, to] of octaves) {
    for (let power = 2 ** Math.ceil(Math.log2(from)); power <= to; power *= 2) edges.push(neighbour(power, -1), power, neighbour(power, 1));
  }
  const signed = bothSigns ? [...edges, ...edges.map((value) => -value)] : edges;
  const points = new Float32Array((even.length + octaves.length) * DENSITY + signed.length);
  let count = 0;
  const fill = (point: (share: number) => number): void => {
    for (let i = 0; i < DENSITY; i++) {
      // Multiples of an irrational number modulo 1 lie evenly and hit no pattern of the mantissa.
      const value = point((i + 0.5) * GOLDEN % 1);
      points[count++] = bothSigns && i % 2 ? -value : value;
    }
  };
  for (const [from, to] of even) fill((share) => from + (to - from) * share);
  for (const [from, to] of octaves) fill((share) => from * (to / from) ** share);
  points.set(signed, count);
  return points;
}

const GOLDEN = (Math.sqrt(5) - 1) / 2;

/** All inputs of a row, pair by pair: second arguments in another order, so that kinds of points meet one another. */
export function inputsOf({ a, b }: BuiltinRow): { a: Float32Array; b: Float32Array } {
  const first = pointsOf(a);
  if (!b) return { a: first, b: new Float32Array(first.length) };
  const second = pointsOf(b);
  return { a: first, b: first.map((_, i) => second[i * 7919 % second.length]!) };
}
