// Every op in float32, as correct kernels compute it: the simulated GPU of the checker's own tests. Written apart from
// src/proof, in plain loops that round after every operation; builtins err by up to `noise` times what WGSL promises.

import { philox } from '../../src/data/philox.ts';
import type { Options, SampleTensor } from '../../src/proof/proof.ts';

export type Values = Record<string, Float32Array>;
export interface Tensor32 { shape: readonly number[]; data: Float32Array | Uint32Array }

export interface Float32Op {
  forward(inputs: Record<string, Tensor32>, options: Options): Tensor32;
  backward(inputs: Record<string, Tensor32>, out: Tensor32, dout: Float32Array, options: Options): Values;
}

const f = Math.fround;
const state = { noise: 0, seed: 1 };

/** How far the builtins of the next runs err, relative to WGSL's promise: 0 rounds correctly, 1 goes to the limit. */
export function setBuiltinNoise(noise: number, seed = 1): void {
  state.noise = noise;
  state.seed = seed >>> 0;
}

function jitter(): number {
  state.seed = (Math.imul(state.seed, 1664525) + 1013904223) >>> 0;
  return (state.seed / 2 ** 31 - 1) * state.noise;
}

const exp = (x: number): number => f(Math.exp(x) * (1 + jitter() * (3 + 2 * Math.abs(x)) * 2 ** -23));
const log = (x: number): number => f(Math.log(x) + jitter() * (x >= 0.5 && x <= 2 ? 2 ** -21 : 3 * 2 ** -23 * Math.abs(Math.log(x))));
const divide = (x: number, y: number): number => f((x / y) * (1 + jitter() * 2 * 2 ** -23));
const tanh = (x: number): number => f(Math.tanh(x) * (1 + jitter() * 6 * 2 ** -23));
// Abramowitz and Stegun 7.1.26: absolute error 1.5e-7 before rounding.
function erf(x: number): number {
  const t = divide(1, f(1 + f(0.3275911 * Math.abs(x))));
  let p = f(1.061405429);
  for (const c of [-1.453152027, 1.421413741, -0.284496736, 0.254829592]) p = f(f(p * t) + f(c));
  return Math.sign(x) * f(1 - f(f(p * t) * exp(f(-f(x * x)))));
}
function sigmoid(x: number): number {
  const e = exp(-Math.abs(x));
  return x >= 0 ? divide(1, f(1 + e)) : divide(e, f(1 + e));
}

const size = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);
const tensor = (shape: readonly number[], data: Float32Array): Tensor32 => ({ shape, data });
const make = (shape: readonly number[], at: (i: number) => number): Tensor32 => tensor(shape, Float32Array.from({ length: size(shape) }, (_, i) => at(i)));

/** Sums in blocks, as workgroups do: `terms` in float32. */
function sumOf(count: number, term: (i: number) => number): number {
  let total = 0;
  for (let start = 0; start < count; start += 64) {
    let part = 0;
    for (let i = start; i < Math.min(count, start + 64); i++) part = f(part + term(i));
    total = f(total + part);
  }
  return total;
}

function multiply(m: number, k: number, n: number, a: (i: number, p: number) => number, b: (p: number, j: number) => number): Float32Array {
  const out = new Float32Array(m * n);
  for (let i = 0; i < m; i++) {
    for (let j = 0; j < n; j++) {
      let sum = 0;
      for (let p = 0; p < k; p++) sum = f(sum + f(a(i, p) * b(p, j)));
      out[i * n + j] = sum;
    }
  }
  return out;
}

/** The products of a batch: the numbers of their matrices, and where those stand. A vector is a matrix of one row, or of one column. */
function productsOf(a: Tensor32, b: Tensor32, { transposeA, transposeB }: Options) {
  const [rowA, columnB] = [a.shape.length === 1, b.shape.length === 1];
  const left = rowA ? [1, ...a.shape] : a.shape;
  const right = columnB ? [...b.shape, 1] : b.shape;
  const [m, k] = transposeA ? [left.at(-1)!, left.at(-2)!] : [left.at(-2)!, left.at(-1)!];
  const n = transposeB ? right.at(-2)! : right.at(-1)!;
  const rank = Math.max(left.length, right.length) - 2;
  const padded = (shape: readonly number[]): number[] => [...Array<number>(rank - shape.length + 2).fill(1), ...shape.slice(0, -2)];
  const [batchA, batchB] = [padded(left), padded(right)];
  const batch = batchA.map((length, axis) => Math.max(length, batchB[axis]));
  const products = Array.from({ length: size(batch) }, (_, p) => {
    const digits = batch.map((length, axis) => Math.floor(p / size(batch.slice(axis + 1))) % length);
    const matrixOf = (own: readonly number[]): number => digits.reduce((index, digit, axis) => index * own[axis] + (own[axis] === 1 ? 0 : digit), 0);
    return [matrixOf(batchA), matrixOf(batchB)] as const;
  });
  const placeA = (p: number, i: number, j: number): number => products[p][0] * m * k + (transposeA ? j * m + i : i * k + j);
  const placeB = (p: number, i: number, j: number): number => products[p][1] * k * n + (transposeB ? j * k + i : i * n + j);
  return {
    m, n, k, products, placeA, placeB, shape: [...batch, ...(rowA ? [] : [m]), ...(columnB ? [] : [n])],
    A: (p: number) => (i: number, j: number): number => a.data[placeA(p, i, j)],
    B: (p: number) => (i: number, j: number): number => b.data[placeB(p, i, j)],
  };
}

function unary(value: (x: number, o: Options) => number, slope: (x: number, y: number, o: Options) => number): Float32Op {
  return {
    forward: ({ x }, o) => make(x.shape, (i) => value(x.data[i], o)),
    backward: ({ x }, out, dout, o) => ({ x: Float32Array.from(dout, (d, i) => f(d * slope(x.data[i], out.data[i], o))) }),
  };
}

function outShape(a: readonly number[], b: readonly number[]): number[] {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, axis) => Math.max(a[axis - rank + a.length] ?? 1, b[axis - rank + b.length] ?? 1));
}
/** The element of a tensor of shape `from` that stands at element i of `to`. */
function place(i: number, to: readonly number[], from: readonly number[]): number {
  let at = 0;
  let stride = 1;
  for (let axis = to.length - 1; axis >= 0; axis--) {
    const dimension = from[axis - to.length + from.length] ?? 1;
    if (dimension > 1) at += (i % to[axis]) * stride;
    stride *= dimension;
    i = Math.floor(i / to[axis]);
  }
  return at;
}
function foldBack(wide: number[], to: readonly number[], from: readonly number[]): Float32Array {
  const out = new Float32Array(size(from));
  wide.forEach((value, i) => { const at = place(i, to, from); out[at] = f(out[at] + value); });
  return out;
}
function binary(value: (a: number, b: number) => number, da: (a: number, b: number) => number, db: (a: number, b: number) => number): Float32Op {
  return {
    forward: ({ a, b }) => {
      const shape = outShape(a.shape, b.shape);
      return make(shape, (i) => f(value(a.data[place(i, shape, a.shape)], b.data[place(i, shape, b.shape)])));
    },
    backward: ({ a, b }, out, dout) => {
      const at = (i: number): [number, number] => [a.data[place(i, out.shape, a.shape)], b.data[place(i, out.shape, b.shape)]];
      const rows = [...dout.keys()];
      return {
        a: foldBack(rows.map((i) => f(dout[i] * da(...at(i)))), out.shape, a.shape),
        b: foldBack(rows.map((i) => f(dout[i] * db(...at(i)))), out.shape, b.shape),
      };
    },
  };
}

function reduced(shape: readonly number[], { axes, keepDims }: Options): { kept: number[]; shape: number[]; count: number } {
  const listed = typeof axes === 'number' ? [axes] : axes;
  const chosen = Array.isArray(listed) ? listed.map((axis) => (Number(axis) + shape.length) % shape.length) : shape.map((_, axis) => axis);
  const kept = shape.map((dimension, axis) => (chosen.includes(axis) ? 1 : dimension));
  return { kept, shape: keepDims === true ? kept : shape.filter((_, axis) => !chosen.includes(axis)), count: size(chosen.map((axis) => shape[axis])) };
}
function reduce(isMean: boolean): Float32Op {
  return {
    forward: ({ x }, o) => {
      const { kept, shape, count } = reduced(x.shape, o);
      const sums = foldBack([...x.data], x.shape, kept);
      return make(shape, (i) => (isMean ? divide(sums[i], count) : sums[i]));
    },
    backward: ({ x }, _out, dout, o) => {
      const { kept, count } = reduced(x.shape, o);
      const d = (i: number): number => dout[place(i, x.shape, kept)];
      return { x: Float32Array.from({ length: x.data.length }, (_, i) => (isMean ? divide(d(i), count) : d(i))) };
    },
  };
}

function rowsOf(x: Tensor32): { rows: number; columns: number } {
  const columns = x.shape[x.shape.length - 1];
  return { rows: x.data.length / columns, columns };
}
function softmaxOf(x: Tensor32): { p: Float32Array; lse: Float32Array } {
  const { rows, columns } = rowsOf(x);
  const p = new Float32Array(x.data.length);
  const lse = new Float32Array(rows);
  for (let r = 0; r < rows; r++) {
    let max = x.data[r * columns];
    for (let c = 1; c < columns; c++) max = Math.max(max, x.data[r * columns + c]);
    for (let c = 0; c < columns; c++) p[r * columns + c] = exp(f(x.data[r * columns + c] - max));
    const sum = sumOf(columns, (c) => p[r * columns + c]);
    for (let c = 0; c < columns; c++) p[r * columns + c] = divide(p[r * columns + c], sum);
    lse[r] = f(max + log(sum));
  }
  return { p, lse };
}

const SCALE = f(Math.sqrt(2 / Math.PI));
const inner = (x: number): number => f(SCALE * f(x + f(f(0.044715) * f(f(x * x) * x))));
const half = (x: number): number => f(0.5 * f(1 + erf(f(x * f(Math.SQRT1_2)))));
const density = (x: number): number => f(f(0.3989422804) * exp(f(-0.5 * f(x * x))));
const slopeOption = (o: Options): number => f(Number(o.negativeSlope ?? 0.01));

export const float32Ops: Record<string, Float32Op> = {
  matmul: {
    forward: ({ a, b }, options) => {
      const { shape, m, n, k, products, A, B } = productsOf(a, b, options);
      const out = tensor(shape, new Float32Array(size(shape)));
      for (const p of products.keys()) out.data.set(multiply(m, k, n, A(p), B(p)), p * m * n);
      return out;
    },
    backward: ({ a, b }, _out, dout, options) => {
      const { m, n, k, products, A, B, placeA, placeB } = productsOf(a, b, options);
      const D = (p: number) => (i: number, j: number): number => dout[(p * m + i) * n + j];
      const [da, db] = [new Float32Array(a.data.length), new Float32Array(b.data.length)];
      for (const p of products.keys()) {
        const left = multiply(m, n, k, D(p), (j, i) => B(p)(i, j));
        const right = multiply(k, m, n, (i, j) => A(p)(j, i), D(p));
        left.forEach((value, at) => { const to = placeA(p, Math.floor(at / k), at % k); da[to] = f(da[to] + value); });
        right.forEach((value, at) => { const to = placeB(p, Math.floor(at / n), at % n); db[to] = f(db[to] + value); });
      }
      return { a: da, b: db };
    },
  },
  linear: {
    forward: ({ x, weight, bias }) => {
      const [n, k] = weight.shape;
      const m = x.data.length / k;
      const out = multiply(m, k, n, (i, p) => x.data[i * k + p], (p, j) => weight.data[j * k + p]);
      return tensor([...x.shape.slice(0, -1), n], bias ? out.map((value, i) => f(value + bias.data[i % n])) : out);
    },
    backward: ({ x, weight, bias }, _out, dout) => {
      const [n, k] = weight.shape;
      const m = x.data.length / k;
      return {
        x: multiply(m, n, k, (i, j) => dout[i * n + j], (j, p) => weight.data[j * k + p]),
        weight: multiply(n, m, k, (j, i) => dout[i * n + j], (i, p) => x.data[i * k + p]),
        ...(bias ? { bias: Float32Array.from({ length: n }, (_, j) => sumOf(m, (i) => dout[i * n + j])) } : {}),
      };
    },
  },
  sigmoid: unary(sigmoid, (_x, y) => f(y * f(1 - y))),
  tanh: unary(tanh, (_x, y) => f(1 - f(y * y))),
  relu: unary((x) => (x > 0 ? x : 0), (x) => (x > 0 ? 1 : 0)),
  leakyRelu: unary((x, o) => (x > 0 ? x : f(slopeOption(o) * x)), (x, _y, o) => (x > 0 ? 1 : slopeOption(o))),
  gelu: unary(
    (x, { approximate }) => (approximate === 'tanh' ? f(f(0.5 * x) * f(1 + tanh(inner(x)))) : f(x * half(x))),
    (x, _y, { approximate }) => {
      if (approximate !== 'tanh') return f(half(x) + f(x * density(x)));
      const t = tanh(inner(x));
      const slope = f(SCALE * f(1 + f(f(0.134145) * f(x * x))));
      return f(f(0.5 * f(1 + t)) + f(f(f(0.5 * x) * f(1 - f(t * t))) * slope));
    },
  ),
  silu: unary((x) => f(x * sigmoid(x)), (x) => { const s = sigmoid(x); return f(s * f(1 + f(x * f(1 - s)))); }),
  add: binary((a, b) => a + b, () => 1, () => 1),
  sub: binary((a, b) => a - b, () => 1, () => -1),
  mul: binary((a, b) => a * b, (_a, b) => b, (a) => a),
  softmax: {
    forward: ({ x }) => tensor(x.shape, softmaxOf(x).p),
    backward: ({ x }, out, dout) => {
      const { rows, columns } = rowsOf(x);
      const dx = new Float32Array(x.data.length);
      for (let r = 0; r < rows; r++) {
        const inside = sumOf(columns, (c) => f(dout[r * columns + c] * out.data[r * columns + c]));
        for (let i = r * columns; i < (r + 1) * columns; i++) dx[i] = f(out.data[i] * f(dout[i] - inside));
      }
      return { x: dx };
    },
  },
  sum: reduce(false),
  mean: reduce(true),
  sumOfSquares: {
    forward: ({ x }, { factor = 1 }) => make([], () => f(sumOf(x.data.length, (i) => f(x.data[i] * x.data[i])) * f(Number(factor)))),
    backward: ({ x }, _out, [d], { factor = 1 }) => ({ x: Float32Array.from(x.data, (value) => f(f(value * f(2 * Number(factor))) * d)) }),
  },
  dropout: {
    forward: ({ x, counter }, options) => make(x.shape, (i) => f(x.data[i] * dropoutFactor(i, counter.data, options))),
    backward: ({ x, counter }, _out, dout, options) => ({ x: Float32Array.from(x.data, (_, i) => f(dout[i] * dropoutFactor(i, counter.data, options))) }),
  },
  reshape: {
    forward: ({ x }, { shape }) => {
      const asked = Array.isArray(shape) ? shape.map(Number) : x.shape;
      // One dimension may be -1: what is left.
      const known = asked.filter((dimension) => dimension >= 0).reduce((product, dimension) => product * dimension, 1);
      return { shape: asked.map((dimension) => (dimension < 0 ? x.data.length / known : dimension)), data: x.data };
    },
    backward: (_inputs, _out, dout) => ({ x: dout.slice() }),
  },
  mse: {
    forward: ({ input, target }, options) => {
      const n = input.data.length;
      return make([], () => mean(sumOf(n, (i) => { const e = f(input.data[i] - target.data[i]); return f(e * e); }), n, options));
    },
    backward: ({ input, target }, _out, [d], options) => {
      const di = Float32Array.from(input.data, (x, i) => f(f(mean(2, input.data.length, options) * f(x - target.data[i])) * d));
      return { input: di, target: di.map((value) => -value) };
    },
  },
  bceWithLogits: {
    forward: ({ input, target }, options) => {
      const n = input.data.length;
      const loss = (i: number): number => {
        const [x, t] = [input.data[i], target.data[i]];
        const { w, p } = factors(input, options, i);
        const tail = log(f(1 + exp(-Math.abs(x))));
        if (options.posWeight === undefined) return f(w * f(f(Math.max(x, 0) - f(x * t)) + tail));
        return f(w * f(f(f(1 - t) * f(Math.max(x, 0) + tail)) + f(f(p * t) * f(Math.max(-x, 0) + tail))));
      };
      return make([], () => mean(sumOf(n, loss), n, options));
    },
    backward: ({ input, target }, _out, [d], options) => {
      const n = input.data.length;
      const each = (slope: (x: number, t: number, w: number, p: number) => number): Float32Array => Float32Array.from(input.data, (x, i) => {
        const { w, p } = factors(input, options, i);
        return mean(f(f(w * slope(x, target.data[i], w, p)) * d), n, options);
      });
      const plain = options.posWeight === undefined;
      const soft = (x: number): number => f(Math.max(x, 0) + log(f(1 + exp(-Math.abs(x)))));
      return {
        input: each((x, t, _w, p) => (plain ? f(sigmoid(x) - t) : f(f(f(1 - t) * sigmoid(x)) - f(f(p * t) * sigmoid(-x))))),
        target: each((x, _t, _w, p) => (plain ? -x : f(f(p * soft(-x)) - soft(x)))),
      };
    },
  },
  crossEntropy: {
    forward: (inputs, options) => {
      const { input } = inputs;
      const { rows, columns } = rowsOf(input);
      const { lse } = softmaxOf(input);
      const { goal, parts } = goals(inputs, options);
      return make([], () => mean(sumOf(rows, (r) => sumOf(columns, (c) => f(goal[r * columns + c] * f(lse[r] - input.data[r * columns + c])))), parts, options));
    },
    backward: (inputs, _out, [d], options) => {
      const { input, target } = inputs;
      const { columns } = rowsOf(input);
      const { p, lse } = softmaxOf(input);
      const { goal, slope, parts } = goals(inputs, options);
      const mass = (i: number): number => sumOf(columns, (c) => goal[i - i % columns + c]);
      const share = (value: number): number => mean(f(value * d), parts, options);
      return {
        input: Float32Array.from(p, (value, i) => share(f(f(value * mass(i)) - goal[i]))),
        ...(target.shape.length < input.shape.length ? {} : { target: Float32Array.from(target.data, (_, i) => share(f(slope[i % columns] * f(lse[Math.floor(i / columns)] - input.data[i])))) }),
      };
    },
  },
};

/** A sum divided by its terms, where the loss is a mean. Nothing is divided by nothing. */
function mean(sum: number, parts: number, { reduction }: Options): number {
  return reduction === 'sum' ? sum : parts === 0 ? 0 : divide(sum, parts);
}

/** weight and posWeight of element i. */
function factors({ shape }: Tensor32, { weight, posWeight }: Options, i: number): { w: number; p: number } {
  const of = (value: unknown): number => f(Array.isArray(value) ? Number(value[i % (shape.at(-1) ?? 1)]) : Number(value ?? 1));
  return { w: of(weight), p: of(posWeight) };
}

/** What each class of each row is asked to be, how targets move it, and what the mean divides by. */
function goals({ input, target }: Readonly<Record<string, Tensor32>>, { weight, ignoreIndex, labelSmoothing }: Options): { goal: Float32Array; slope: number[]; parts: number } {
  const { rows, columns } = rowsOf(input);
  const soft = target.shape.length === input.shape.length;
  const s = Number(labelSmoothing ?? 0);
  const w = Array.from({ length: columns }, (_, c) => (Array.isArray(weight) ? Number(weight[c]) : 1));
  const label = (row: number): number => Math.round(target.data[row]) >>> 0;
  const isLeft = (row: number): boolean => label(row) === Number(ignoreIndex ?? -100) >>> 0;
  const goal = (i: number): number => {
    const [row, c] = [Math.floor(i / columns), i % columns];
    if (soft) return f(w[c] * f(f((1 - s) * target.data[i]) + f(s / columns)));
    return isLeft(row) ? 0 : f(f(c === label(row) ? (1 - s) * w[c] : 0) + f(s * w[c] / columns));
  };
  return {
    goal: Float32Array.from(input.data, (_, i) => goal(i)), slope: w.map((one) => f((1 - s) * one)),
    parts: soft ? rows : sumOf(rows, (row) => (isLeft(row) ? 0 : w[label(row)])),
  };
}

/** 0 or 1/(1 − p): what element i is multiplied by. The scale is text of the kernel: no builtin of the GPU divides. */
function dropoutFactor(i: number, [low, high, step]: ArrayLike<number> & Iterable<number>, { p, layer = 0 }: Options): number {
  const word = philox([Math.floor(i / 4), step, 3, Number(layer)], [low, high])[i % 4];
  return (word >>> 8) * 2 ** -24 < Math.round(Number(p) * 2 ** 24) * 2 ** -24 ? 0 : f(1 / (1 - Number(p)));
}

/** Sample inputs are tensors already. */
export function asTensors(inputs: Readonly<Record<string, SampleTensor>>): Record<string, Tensor32> {
  return { ...inputs };
}
