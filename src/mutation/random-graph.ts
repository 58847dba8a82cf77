import { ops } from '../ops/index.ts';
import { sizeOf } from '../ops/tensor.ts';
import type { Shape, Tensor } from '../ops/tensor.ts';
import type { Graph, Snapshot } from '../program/graph.ts';
import { Trace, tracing } from '../program/trace.ts';
import { normal, probabilities, uniform } from '../proof/sample-data.ts';

/** One more node: which kind, over which tensors, how wide. Every combination of numbers is valid. */
export interface Step {
  /** 0 to 11. */
  readonly kind: number;
  /** Which of the tensors there are is taken: 0 is the newest. */
  readonly first: number;
  readonly second: number;
  /** 0 to 9: an index into widths. */
  readonly size: number;
}

/** A random program as plain numbers, so that a failing one can be shrunk; every recipe is a valid graph. */
export interface Recipe {
  readonly rows: number;
  readonly columns: number;
  readonly seed: number;
  readonly steps: readonly Step[];
  /** 0 to 5: a loss, random cotangents, or two seeds. */
  readonly end: number;
}

/** A graph with the numbers of its leaves, ready for `runGraph`. */
export interface GraphProblem {
  readonly graph: Graph;
  readonly values: Record<number, Float32Array | Uint32Array>;
  readonly seeds: Snapshot['seeds'];
  /** The tensors to differentiate by: every parameter. */
  readonly wanted: number[];
}

/** The widths that a step may ask for. */
export const SIZES = [1, 2, 3, 4, 5, 7, 8, 12, 16, 17];
const ACTIVATIONS = [['relu'], ['tanh'], ['sigmoid'], ['gelu'], ['gelu', { approximate: 'tanh' }], ['silu'], ['leakyRelu', { negativeSlope: 0.2 }]] as const;
/** Tensors stay small, because every element of every gradient is differentiated numerically. */
const LARGEST = 320;

class Builder {
  readonly trace = new Trace();
  readonly values: Record<number, Float32Array | Uint32Array> = {};
  readonly pool: Tensor[] = [];
  readonly #seed: number;
  #leaves = 0;

  constructor(seed: number) {
    this.#seed = seed;
  }

  /** A parameter of normal deviates times `scale`. */
  leaf(shape: Shape, scale = 1): Tensor {
    return this.#leaf('parameter', shape, scale);
  }

  /** Normal deviates that get no gradient. */
  input(shape: Shape): Tensor {
    return this.#leaf('input', shape, 1);
  }

  #leaf(role: 'parameter' | 'input', shape: Shape, scale: number): Tensor {
    const tensor = this.trace.tensor(`p${this.#leaves++}`, shape, role);
    this.values[tensor.id] = Float32Array.from({ length: sizeOf(shape) }, (_, i) => scale * normal(this.#seed + tensor.id, i));
    return tensor;
  }

  apply(op: string, inputs: Record<string, Tensor>, options: object = {}): Tensor {
    const out = this.trace.apply(ops[op], inputs, { ...options });
    this.pool.push(out);
    return out;
  }

  take(index: number): Tensor {
    return this.pool[this.pool.length - 1 - (index % this.pool.length)];
  }

  /** A weight of an earlier layer where one fits and `share` says so: shared weights get a sum of gradients. */
  weight(shape: Shape, share: boolean): Tensor {
    const known = this.trace.graph.tensors.find((tensor) => tensor.role === 'parameter' && tensor.shape.length === 2 && tensor.shape[0] === shape[0] && tensor.shape[1] === shape[1]);
    return share && known ? known : this.leaf(shape, 1 / Math.sqrt(shape[1]));
  }

  step({ kind, first, second, size }: Step): void {
    const x = this.take(first);
    const { shape } = x;
    const columns = shape[shape.length - 1] ?? 1;
    const rows = sizeOf(shape) / columns;
    const width = SIZES[size];
    if (kind <= 2 && shape.length >= 1 && rows * width <= LARGEST) {
      const bias: Record<string, Tensor> = second % 3 === 0 ? {} : { bias: this.leaf([width]) };
      this.apply('linear', { x, weight: this.weight([width, columns], second % 2 === 0), ...bias });
    } else if (kind === 3 && shape.length === 2 && rows * rows <= LARGEST) {
      // One tensor as both operands.
      this.apply('matmul', { a: x, b: x }, { transposeB: true });
    } else if (kind === 4 && shape.length === 2 && columns * width <= LARGEST) {
      this.apply('matmul', { a: x, b: this.leaf(second % 2 === 0 ? [rows, width] : [width, rows]) }, { transposeA: true, transposeB: second % 2 !== 0 });
    } else if (kind === 5 || kind === 6) {
      this.apply(['add', 'sub', 'mul'][size % 3], this.#operands(x, second, size));
    } else if (kind === 7 && columns > 1) {
      this.apply('softmax', { x });
    } else if (kind === 8 && shape.length >= 1) {
      this.apply('reshape', { x }, { shape: [[columns, rows], [-1], [1, rows, columns]][second % 3] });
    } else if (kind === 9 && shape.length >= 1) {
      this.apply(size % 2 ? 'mean' : 'sum', { x }, { axes: [second % shape.length], keepDims: second % 2 === 0 });
    } else {
      const [op, options] = ACTIVATIONS[(second + size) % ACTIVATIONS.length];
      this.apply(op, { x }, options);
    }
  }

  /** x with another tensor that broadcasts with it: an earlier one where there is one, itself, or a new leaf. */
  #operands(x: Tensor, second: number, size: number): { a: Tensor; b: Tensor } {
    const { shape } = x;
    const other = this.take(second);
    const rank = Math.max(shape.length, other.shape.length);
    const pairs = Array.from({ length: rank }, (_, axis) => [shape[axis - rank + shape.length] ?? 1, other.shape[axis - rank + other.shape.length] ?? 1] as const);
    const fits = pairs.every(([p, q]) => p === q || p === 1 || q === 1) && pairs.reduce((product, [p, q]) => product * Math.max(p, q), 1) <= LARGEST;
    if (fits && size < 7) return size % 2 ? { a: other, b: x } : { a: x, b: other };
    const stretched = [shape, shape.slice(-1), shape.map((dimension, axis) => (axis === shape.length - 1 ? 1 : dimension)), []][second % 4];
    const leaf = this.leaf(stretched);
    return size % 2 ? { a: leaf, b: x } : { a: x, b: leaf };
  }

  /** Seed of the objective: `tensor` times random numbers. */
  cotangent(tensor: Tensor): Snapshot['seeds'][number] {
    return { tensor: tensor.id, cotangent: this.numbers(tensor.shape, 7 * tensor.id) };
  }

  numbers(shape: Shape, offset: number): Float32Array {
    return Float32Array.from({ length: sizeOf(shape) }, (_, i) => normal(this.#seed + offset, i));
  }

  /** 0: mse, 1: bceWithLogits, 2: crossEntropy with class indices, 3: with probabilities. The last two take a matrix. */
  loss(kind: number, input: Tensor): Snapshot['seeds'][number] {
    const { shape } = input;
    const random = (i: number): number => uniform(this.#seed, i);
    const target = (of: Shape, type: 'f32' | 'u32', data: (length: number) => Float32Array | Uint32Array): Tensor => {
      const tensor = this.trace.tensor('target', of, 'target', type);
      this.values[tensor.id] = data(sizeOf(of));
      return tensor;
    };
    if (kind === 0) return this.cotangent(this.apply('mse', { input, target: target(shape, 'f32', () => this.numbers(shape, 0)) }));
    if (kind === 1) return this.cotangent(this.apply('bceWithLogits', { input, target: target(shape, 'f32', (length) => Float32Array.from({ length }, (_, i) => random(i))) }));
    const [rows, classes] = shape;
    if (kind === 2) return this.cotangent(this.apply('crossEntropy', { input, target: target([rows], 'u32', (length) => Uint32Array.from({ length }, (_, i) => Math.floor(random(i) * classes))) }));
    return this.cotangent(this.apply('crossEntropy', { input, target: target(shape, 'f32', () => probabilities(this.#seed, rows, classes).data) }));
  }

  /** A loss over the newest tensor, or random cotangents; sometimes a second seed in the middle. */
  finish(end: number): Snapshot['seeds'] {
    const out = this.take(0);
    if (end < 2 || (end === 2 && out.shape.length === 2)) return [this.loss(end, out)];
    const middle = this.take(2);
    return end === 5 && middle !== out ? [this.cotangent(out), this.cotangent(middle)] : [this.cotangent(out)];
  }

  problem(seeds: Snapshot['seeds']): GraphProblem {
    const { graph } = this.trace;
    return { graph, values: this.values, seeds, wanted: graph.tensors.filter(({ role }) => role === 'parameter').map(({ id }) => id) };
  }
}

/** The graph of a recipe, with random numbers in its leaves. */
export function buildGraph({ rows, columns, seed, steps, end }: Recipe): GraphProblem {
  const builder = new Builder(seed);
  return tracing(builder.trace, () => {
    builder.pool.push(builder.leaf([rows, columns]));
    for (const step of steps) builder.step(step);
    return builder.problem(builder.finish(end));
  });
}

/** A fully connected net with a loss. */
export interface NetRecipe {
  readonly rows: number;
  /** From the inputs to the outputs: at least two. */
  readonly widths: readonly number[];
  /** 0 to 6. */
  readonly activation: number;
  /** 0 to 3: mse, bceWithLogits, crossEntropy with class indices, crossEntropy with probabilities. */
  readonly loss: number;
  readonly seed: number;
}

/** The net as a graph, with random weights of the usual size. */
export function buildNet({ rows, widths, activation, loss, seed }: NetRecipe): GraphProblem {
  const builder = new Builder(seed);
  return tracing(builder.trace, () => {
    let x = builder.input([rows, widths[0]]);
    for (let layer = 1; layer < widths.length; layer++) {
      const weight = builder.leaf([widths[layer], widths[layer - 1]], 1 / Math.sqrt(widths[layer - 1]));
      x = builder.apply('linear', { x, weight, bias: builder.leaf([widths[layer]], 0.1) });
      const [op, options] = ACTIVATIONS[activation];
      if (layer < widths.length - 1) x = builder.apply(op, { x }, options);
    }
    return builder.problem([builder.loss(loss, x)]);
  });
}

/** The random problem of a seed: a random graph, or where the seed is a multiple of 3 a net. The same seed is the same problem. */
export function randomProblem(seed: number): GraphProblem {
  let drawn = 0;
  // Mixed once more: neighbouring seeds must not draw neighbouring numbers.
  const below = (limit: number): number => Math.floor(uniform(seed ^ 0x51ed27, drawn++) * limit);
  const one = <T>(list: readonly T[]): T => list[below(list.length)];
  // Numbers of a tensor are drawn from seed + id: distant seeds keep problems from sharing them.
  const distant = 97 * seed;
  if (seed % 3 === 0) {
    // Mostly small; now and then a sum longer than a workgroup or a tile, or more rows than a tile has.
    const inputs = one([1, 2, 3, 5, 8, 17, 33, 64, 100, 301]);
    const hidden = Array.from({ length: below(4) }, () => one([1, 3, 7, 16, 17, 31]));
    return buildNet({
      rows: one([1, 2, 5, 8, 16, 17, 33, 65]), widths: [inputs, ...hidden, one([2, 3, 5, 10])],
      activation: below(ACTIVATIONS.length), loss: below(4), seed: distant,
    });
  }
  const steps = Array.from({ length: 1 + below(8) }, () => ({ kind: below(12), first: below(6), second: below(8), size: below(SIZES.length) }));
  return buildGraph({ rows: one([1, 2, 3, 5, 8, 13, 17]), columns: one(SIZES), seed: distant, steps, end: below(6) });
}
