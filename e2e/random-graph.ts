// Random programs for property tests: a recipe is plain numbers, so that fast-check can shrink it; every recipe is a valid graph.
import fc from 'fast-check';
import { ops } from '../src/ops/index.ts';
import { sizeOf, type Shape, type Tensor } from '../src/ops/tensor.ts';
import type { Graph, Snapshot } from '../src/program/graph.ts';
import { Trace, tracing } from '../src/program/trace.ts';
import { normal, uniform } from '../src/proof/sample-data.ts';

interface Step {
  readonly kind: number;
  /** Which of the tensors there are is taken: 0 is the newest. */
  readonly first: number;
  readonly second: number;
  readonly size: number;
}

export interface Recipe {
  readonly rows: number;
  readonly columns: number;
  readonly seed: number;
  readonly steps: readonly Step[];
  readonly end: number;
}

export interface RandomGraph {
  readonly graph: Graph;
  readonly values: Record<number, Float32Array | Uint32Array>;
  readonly seeds: Snapshot['seeds'];
  readonly wanted: number[];
}

const SIZES = [1, 2, 3, 4, 5, 7, 8, 12, 16, 17];
const ACTIVATIONS = [['relu'], ['tanh'], ['sigmoid'], ['gelu'], ['gelu', { approximate: 'tanh' }], ['silu'], ['leakyRelu', { negativeSlope: 0.2 }]] as const;
/** Tensors stay small, because every element of every gradient is differentiated numerically. */
const LARGEST = 320;

export const recipes = fc.record<Recipe>({
  rows: fc.constantFrom(1, 2, 3, 5, 8, 13, 17),
  columns: fc.constantFrom(...SIZES),
  seed: fc.nat(1e6),
  steps: fc.array(fc.record<Step>({ kind: fc.nat(11), first: fc.nat(5), second: fc.nat(7), size: fc.nat(SIZES.length - 1) }), { minLength: 1, maxLength: 8 }),
  end: fc.nat(5),
});

class Builder {
  readonly trace = new Trace();
  readonly values: Record<number, Float32Array | Uint32Array> = {};
  readonly pool: Tensor[] = [];
  readonly #seed: number;
  #leaves = 0;

  constructor(seed: number) {
    this.#seed = seed;
  }

  leaf(shape: Shape, scale = 1): Tensor {
    const tensor = this.trace.tensor(`p${this.#leaves++}`, shape, 'parameter');
    this.values[tensor.id] = Float32Array.from({ length: sizeOf(shape) }, (_, i) => scale * normal(this.#seed + tensor.id, i));
    return tensor;
  }

  apply(op: string, inputs: Record<string, Tensor>, options: object = {}): Tensor {
    const out = this.trace.apply(ops[op]!, inputs, { ...options });
    this.pool.push(out);
    return out;
  }

  take(index: number): Tensor {
    return this.pool[this.pool.length - 1 - (index % this.pool.length)]!;
  }

  /** A weight of an earlier layer where one fits and `share` says so: shared weights get a sum of gradients. */
  weight(shape: Shape, share: boolean): Tensor {
    const known = this.trace.graph.tensors.find((tensor) => tensor.role === 'parameter' && tensor.shape.length === 2 && tensor.shape[0] === shape[0] && tensor.shape[1] === shape[1]);
    return share && known ? known : this.leaf(shape, 1 / Math.sqrt(shape[1]!));
  }

  step({ kind, first, second, size }: Step): void {
    const x = this.take(first);
    const { shape } = x;
    const columns = shape[shape.length - 1] ?? 1;
    const rows = sizeOf(shape) / columns;
    const width = SIZES[size]!;
    if (kind <= 2 && shape.length >= 1 && rows * width <= LARGEST) {
      const bias: Record<string, Tensor> = second % 3 === 0 ? {} : { bias: this.leaf([width]) };
      this.apply('linear', { x, weight: this.weight([width, columns], second % 2 === 0), ...bias });
    } else if (kind === 3 && shape.length === 2 && rows * rows <= LARGEST) {
      // One tensor as both operands.
      this.apply('matmul', { a: x, b: x }, { transposeB: true });
    } else if (kind === 4 && shape.length === 2 && columns * width <= LARGEST) {
      this.apply('matmul', { a: x, b: this.leaf(second % 2 === 0 ? [rows, width] : [width, rows]) }, { transposeA: true, transposeB: second % 2 !== 0 });
    } else if (kind === 5 || kind === 6) {
      this.apply(['add', 'sub', 'mul'][size % 3]!, this.#operands(x, second, size));
    } else if (kind === 7 && columns > 1) {
      this.apply('softmax', { x });
    } else if (kind === 8 && shape.length >= 1) {
      this.apply('reshape', { x }, { shape: [[columns, rows], [-1], [1, rows, columns]][second % 3] });
    } else if (kind === 9 && shape.length >= 1) {
      this.apply(size % 2 ? 'mean' : 'sum', { x }, { axes: [second % shape.length], keepDims: second % 2 === 0 });
    } else {
      const [op, options] = ACTIVATIONS[(second + size) % ACTIVATIONS.length]!;
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
    const stretched = [shape, shape.slice(-1), shape.map((dimension, axis) => (axis === shape.length - 1 ? 1 : dimension)), []][second % 4]!;
    const leaf = this.leaf(stretched);
    return size % 2 ? { a: leaf, b: x } : { a: x, b: leaf };
  }

  /** A loss over the newest tensor, or random cotangents; sometimes a second seed in the middle. */
  finish(end: number, seed: number): Snapshot['seeds'] {
    const out = this.take(0);
    const cotangent = (tensor: Tensor): { tensor: number; cotangent: Float32Array } =>
      ({ tensor: tensor.id, cotangent: Float32Array.from({ length: sizeOf(tensor.shape) }, (_, i) => normal(seed + 7 * tensor.id, i)) });
    const target = (shape: Shape, type: 'f32' | 'u32', value: (i: number) => number): Tensor => {
      const tensor = this.trace.tensor('target', shape, 'target', type);
      this.values[tensor.id] = type === 'u32' ? Uint32Array.from({ length: sizeOf(shape) }, (_, i) => value(i)) : Float32Array.from({ length: sizeOf(shape) }, (_, i) => value(i));
      return tensor;
    };
    if (end === 0) return [cotangent(this.apply('mse', { input: out, target: target(out.shape, 'f32', (i) => normal(seed, i)) }))];
    if (end === 1) return [cotangent(this.apply('bceWithLogits', { input: out, target: target(out.shape, 'f32', (i) => uniform(seed, i)) }))];
    if (end === 2 && out.shape.length === 2) {
      const classes = out.shape[1]!;
      return [cotangent(this.apply('crossEntropy', { input: out, target: target([out.shape[0]!], 'u32', (i) => Math.floor(uniform(seed, i) * classes)) }))];
    }
    const middle = this.take(2);
    return end === 5 && middle !== out ? [cotangent(out), cotangent(middle)] : [cotangent(out)];
  }
}

export function buildGraph({ rows, columns, seed, steps, end }: Recipe): RandomGraph {
  const builder = new Builder(seed);
  return tracing(builder.trace, () => {
    builder.pool.push(builder.leaf([rows, columns]));
    for (const step of steps) builder.step(step);
    const seeds = builder.finish(end, seed);
    const { graph } = builder.trace;
    return { graph, values: builder.values, seeds, wanted: graph.tensors.filter(({ role }) => role === 'parameter').map(({ id }) => id) };
  });
}
