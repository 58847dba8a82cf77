import { checkNumber, checkOptionNames, OptionError, show, ShapeError } from '../errors.ts';
import type { RandomStream } from '../data/philox.ts';

/*
 * Start values of parameters. The formulas and names are PyTorch's (torch.nn.init); draws are made in float64 and
 * rounded to float32 once.
 */

/** How a parameter starts. */
export interface Initializer {
  /** For people and reports: `kaimingUniform`. */
  readonly name: string;
  /**
   * Values for a parameter of this shape, row-major.
   * @throws ShapeError where the shape holds anything but positive integers, or has too few dimensions for the formula.
   */
  fill(shape: readonly number[], random: RandomStream): Float32Array<ArrayBuffer>;
}

/** Whose spread is kept at 1: the values on the way forward (`fanIn`) or the gradients on the way back (`fanOut`). */
export type FanMode = 'fanIn' | 'fanOut';
/** What follows the layer: decides the gain. */
export type Nonlinearity = 'linear' | 'sigmoid' | 'tanh' | 'relu' | 'leakyRelu' | 'selu';

const nonlinearities: readonly Nonlinearity[] = ['linear', 'sigmoid', 'tanh', 'relu', 'leakyRelu', 'selu'];

/**
 * The factor by which a nonlinearity shrinks the spread of its input, undone: linear and sigmoid 1, tanh 5/3, relu √2,
 * leakyRelu √(2 / (1 + slope²)), selu 3/4 (PyTorch's `calculate_gain`).
 * @param slope leakyRelu's slope below 0. Default 0.01. Ignored by the others.
 * @throws OptionError for another nonlinearity or a slope that is not finite.
 */
export function gainOf(nonlinearity: Nonlinearity, slope = 0.01): number {
  checkNumber('gainOf', 'slope', slope);
  switch (nonlinearity) {
    case 'linear':
    case 'sigmoid': return 1;
    case 'tanh': return 5 / 3;
    case 'relu': return Math.SQRT2;
    case 'leakyRelu': return Math.sqrt(2 / (1 + slope * slope));
    case 'selu': return 3 / 4;
    default: throw new OptionError('gainOf', `nonlinearity among ${nonlinearities.join(', ')}`, show(nonlinearity));
  }
}

/**
 * Numbers that meet in one output (fanIn) and outputs that one input reaches (fanOut) of a weight
 * [out, in, …receptive field]: in · receptive and out · receptive.
 * @throws ShapeError for fewer than two dimensions.
 */
export function fans(shape: readonly number[], who = 'fans'): { fanIn: number; fanOut: number } {
  sizeOf(who, shape);
  if (shape.length < 2) throw new ShapeError(who, 'a weight [out, in, …]', show(shape), 'Biases have no fan: use zeros or uniform.');
  const receptive = shape.slice(2).reduce((product, dimension) => product * dimension, 1);
  return { fanIn: shape[1] * receptive, fanOut: shape[0] * receptive };
}

/** All 0. */
export function zeros(): Initializer {
  return { name: 'zeros', fill: (shape) => new Float32Array(sizeOf('zeros', shape)) };
}

/** All `value`. @throws OptionError where it is not finite in float32. */
export function constant(value: number): Initializer {
  checkFloat('constant', 'value', value);
  return { name: 'constant', fill: (shape) => new Float32Array(sizeOf('constant', shape)).fill(value) };
}

/** Uniform in [low, high). Defaults 0 and 1. @throws OptionError where a limit is not finite or low > high. */
export function uniform(low = 0, high = 1): Initializer {
  checkFloat('uniform', 'low', low);
  checkFloat('uniform', 'high', high);
  if (low > high) throw new OptionError('uniform', 'low ≤ high', `${low} and ${high}`);
  return drawn('uniform', () => (random) => random.uniform(low, high));
}

/** Normal. Defaults: mean 0, deviation 1. @throws OptionError where one is not finite or the deviation is negative. */
export function normal(mean = 0, deviation = 1): Initializer {
  checkFloat('normal', 'mean', mean);
  checkFloat('normal', 'deviation', deviation, 0);
  return drawn('normal', () => (random) => random.normal(mean, deviation));
}

/**
 * Uniform in ±gain · √(6 / (fanIn + fanOut)). X. Glorot, Y. Bengio, 2010.
 * @param options.gain ≥ 0. Default 1.
 */
export function xavierUniform(options: { gain?: number } = {}): Initializer {
  const gain = gainOption('xavierUniform', options);
  return drawn('xavierUniform', (shape) => {
    const { fanIn, fanOut } = fans(shape, 'xavierUniform');
    return symmetric(gain * Math.sqrt(6 / (fanIn + fanOut)));
  });
}

/**
 * Normal with deviation gain · √(2 / (fanIn + fanOut)). X. Glorot, Y. Bengio, 2010.
 * @param options.gain ≥ 0. Default 1.
 */
export function xavierNormal(options: { gain?: number } = {}): Initializer {
  const gain = gainOption('xavierNormal', options);
  return drawn('xavierNormal', (shape) => {
    const { fanIn, fanOut } = fans(shape, 'xavierNormal');
    const deviation = gain * Math.sqrt(2 / (fanIn + fanOut));
    return (random) => random.normal(0, deviation);
  });
}

export interface KaimingOptions {
  /** Default 'fanIn'. */
  mode?: FanMode;
  /** Default 'leakyRelu'. */
  nonlinearity?: Nonlinearity;
  /** leakyRelu's slope below 0. Default 0, which is relu. */
  slope?: number;
}

/** Uniform in ±gain · √(3 / fan). K. He et al., 2015. @throws OptionError where an option is unknown or out of range. */
export function kaimingUniform(options: KaimingOptions = {}): Initializer {
  const { gain, mode } = kaiming('kaimingUniform', options);
  return drawn('kaimingUniform', (shape) => symmetric(gain * Math.sqrt(3 / fans(shape, 'kaimingUniform')[mode])));
}

/** Normal with deviation gain / √fan. K. He et al., 2015. @throws OptionError where an option is unknown or out of range. */
export function kaimingNormal(options: KaimingOptions = {}): Initializer {
  const { gain, mode } = kaiming('kaimingNormal', options);
  return drawn('kaimingNormal', (shape) => {
    const deviation = gain / Math.sqrt(fans(shape, 'kaimingNormal')[mode]);
    return (random) => random.normal(0, deviation);
  });
}

/**
 * A random matrix [rows, rest] with orthonormal rows, or columns where there are more rows than columns, times gain: uniform over
 * all such matrices. A. Saxe et al., 2013; F. Mezzadri, "How to generate random matrices from the classical compact groups", 2007.
 * @param options.gain ≥ 0. Default 1.
 */
export function orthogonal(options: { gain?: number } = {}): Initializer {
  const gain = gainOption('orthogonal', options);
  return {
    name: 'orthogonal',
    fill(shape, random) {
      const size = sizeOf('orthogonal', shape);
      if (shape.length < 2) throw new ShapeError('orthogonal', 'a weight [out, in, …]', show(shape));
      const rows = shape[0];
      const columns = size / rows;
      const wide = rows <= columns;
      const basis = orthonormal(Math.min(rows, columns), Math.max(rows, columns), random);
      const out = new Float32Array(size);
      basis.forEach((vector, i) => vector.forEach((value, j) => { out[wide ? i * columns + j : j * columns + i] = gain * value; }));
      return out;
    },
  };
}

/** What a linear layer's weight [out, in] starts with, as PyTorch's nn.Linear: kaimingUniform with slope √5, so U(±1/√in). */
export function defaultLinearWeight(): Initializer {
  return kaimingUniform({ slope: Math.sqrt(5) });
}

/**
 * What a linear layer's bias [out] starts with, as PyTorch's nn.Linear: U(±1/√inFeatures).
 * @throws OptionError where inFeatures is not an integer ≥ 1.
 */
export function defaultLinearBias(inFeatures: number): Initializer {
  checkNumber('defaultLinearBias', 'inFeatures', inFeatures, { min: 1, integer: true });
  const limit = 1 / Math.sqrt(inFeatures);
  return uniform(-limit, limit);
}

/** `count` orthonormal vectors of `length` numbers, by modified Gram–Schmidt on normal deviates. */
function orthonormal(count: number, length: number, random: RandomStream): Float64Array[] {
  const basis: Float64Array[] = [];
  while (basis.length < count) {
    const vector = Float64Array.from({ length }, () => random.normal());
    const before = Math.sqrt(dot(vector, vector));
    // One pass leaves what rounding put back; after the second, the vectors are orthogonal to float64's precision.
    for (let pass = 0; pass < 2; pass++) {
      for (const other of basis) {
        const along = dot(vector, other);
        for (let i = 0; i < length; i++) vector[i] -= along * other[i];
      }
    }
    // Dividing by the positive norm is the QR with a positive diagonal: the choice of sign that makes the matrix uniform.
    const norm = Math.sqrt(dot(vector, vector));
    if (norm <= 1e-10 * before) continue;
    for (let i = 0; i < length; i++) vector[i] /= norm;
    basis.push(vector);
  }
  return basis;
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}

type Draw = (random: RandomStream) => number;

function drawn(name: string, drawFor: (shape: readonly number[]) => Draw): Initializer {
  return {
    name,
    fill(shape, random) {
      const out = new Float32Array(sizeOf(name, shape));
      const draw = drawFor(shape);
      for (let i = 0; i < out.length; i++) out[i] = draw(random);
      return out;
    },
  };
}

function symmetric(limit: number): Draw {
  return (random) => random.uniform(-limit, limit);
}

function gainOption(who: string, options: { gain?: number }): number {
  checkOptionNames(who, options, ['gain']);
  return checkFloat(who, 'gain', options.gain ?? 1, 0);
}

function kaiming(who: string, options: KaimingOptions): { gain: number; mode: FanMode } {
  checkOptionNames(who, options, ['mode', 'nonlinearity', 'slope']);
  const { mode = 'fanIn', nonlinearity = 'leakyRelu', slope = 0 } = options;
  if (mode !== 'fanIn' && mode !== 'fanOut') throw new OptionError(who, "mode to be 'fanIn' or 'fanOut'", show(mode));
  if (!nonlinearities.includes(nonlinearity)) {
    throw new OptionError(who, `nonlinearity among ${nonlinearities.join(', ')}`, show(nonlinearity));
  }
  checkFloat(who, 'slope', slope);
  return { gain: gainOf(nonlinearity, slope), mode };
}

function checkFloat(who: string, name: string, value: unknown, min = -3.4e38): number {
  return checkNumber(who, name, value, { min, max: 3.4e38 });
}

function sizeOf(who: string, shape: readonly number[]): number {
  if (!Array.isArray(shape) || !shape.every((dimension) => Number.isSafeInteger(dimension) && dimension > 0)) {
    throw new ShapeError(who, 'a shape of positive integers', show(shape));
  }
  const size = shape.reduce((product, dimension) => product * dimension, 1);
  if (size >= 2 ** 32) throw new ShapeError(who, 'fewer than 2^32 elements', String(size));
  return size;
}
