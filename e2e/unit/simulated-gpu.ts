// Builds graphs and runs them on the simulated GPU: snapshots for the checker's tests, without a browser.

import type { Graph, LaunchRecord, Meaning, Node, Snapshot } from '../../src/program/graph.ts';
import type { Role, Tensor } from '../../src/ops/tensor.ts';
import type { OpRunner } from '../../src/check/check-op.ts';
import { proofs } from '../../src/proof/index.ts';
import { normal } from '../../src/proof/sample-data.ts';
import { tensorOf } from '../../src/check/references.ts';
import { DEFAULT_ROUNDING } from '../../src/reference/rounding.ts';
import { exact } from '../../src/reference/tensor.ts';
import { float32Ops } from './float32-ops.ts';
import type { Float32Op, Tensor32 } from './float32-ops.ts';

/** Changes what a launch wrote, in place. */
export type Plant = (meaning: Meaning, data: Float32Array, label: string) => void;

/** An op on the simulated GPU: its own loops in float32 where there are some that take these inputs, else the float64 reference, rounded. */
function simulated(op: string, inputs: Readonly<Record<string, Tensor32>>, options: Readonly<Record<string, unknown>>): Float32Op {
  const { forward, backward } = proofs[op];
  const wide = (inputs: Record<string, Tensor32>) => Object.fromEntries(Object.entries(inputs).map(([name, { shape, data }]) => [name, exact(shape, data)]));
  // Those loops know no batches of matrices and only the last axis.
  const isPlain = options.axis === undefined && (op !== 'matmul' || Object.values(inputs).every(({ shape: own }) => own.length === 2));
  if (Object.hasOwn(float32Ops, op) && isPlain) return float32Ops[op];
  return {
    forward: (inputs, options) => {
      const { shape, value } = forward(wide(inputs), options, DEFAULT_ROUNDING);
      return { shape, data: Float32Array.from(value) };
    },
    backward: (inputs, out, dout, options) => Object.fromEntries(
      Object.entries(backward(wide(inputs), exact(out.shape, out.data), exact(out.shape, dout), options, DEFAULT_ROUNDING)).map(([name, { value }]) => [name, Float32Array.from(value)])),
  };
}

/** A graph under construction: leaves with their data, nodes with the shapes that the simulated GPU finds. */
export class Net {
  readonly tensors: Tensor[] = [];
  readonly nodes: Node[] = [];
  readonly data: Tensor32[] = [];

  leaf(name: string, role: Role, shape: readonly number[], data: Float32Array | Uint32Array): number {
    const id = this.tensors.length;
    this.tensors.push({ id, name, shape, type: data instanceof Uint32Array ? 'u32' : 'f32', role });
    this.data[id] = { shape, data };
    return id;
  }

  /** A leaf of normal deviates. */
  random(name: string, role: Role, shape: readonly number[], seed: number, scale = 1): number {
    const length = shape.reduce((a, b) => a * b, 1);
    return this.leaf(name, role, shape, Float32Array.from({ length }, (_, i) => scale * normal(seed, i)));
  }

  apply(op: string, label: string, inputs: Record<string, number>, options: Record<string, unknown> = {}): number {
    const out = simulated(op, this.inputs(inputs), options).forward(this.inputs(inputs), options);
    const id = this.tensors.length;
    this.tensors.push({ id, name: `${label}.out`, shape: out.shape, type: 'f32', role: 'value' });
    this.data[id] = out;
    this.nodes.push({ op, options, label, inputs, outputs: { out: id } });
    return id;
  }

  inputs(ids: Readonly<Record<string, number>>): Record<string, Tensor32> {
    return Object.fromEntries(Object.entries(ids).map(([name, id]) => [name, this.data[id]]));
  }

  /** Reverse mode in float32 from the given seeds; gradients of `wanted`, or of every parameter. */
  snapshot(seeds: { tensor: number; cotangent?: Float32Array }[], wanted?: number[]): Snapshot {
    return this.run(seeds, wanted, undefined);
  }

  /**
   * The same with every launch observed: each node forward, then backward, then the sums of gradients. `plant` changes
   * what a launch wrote, in place, and everything after it computes with that.
   */
  observed(seeds: { tensor: number; cotangent?: Float32Array }[], wanted: number[] | undefined, plant: Plant = () => undefined): Snapshot {
    return this.run(seeds, wanted, plant);
  }

  private run(seeds: { tensor: number; cotangent?: Float32Array }[], wanted: number[] | undefined, plant: Plant | undefined): Snapshot {
    const graph: Graph = { tensors: this.tensors, nodes: this.nodes };
    const gradients = new Map<number, Float32Array>();
    const launches: LaunchRecord[] = [];
    const launch = (label: string, kernel: string, written: readonly [binding: string, meaning: Meaning, data: Float32Array][]): void => {
      if (!plant || written.length === 0) return;
      for (const [, meaning, data] of written) plant(meaning, data, label);
      launches.push({ label, kernel, outputs: written.map(([binding, meaning, data]) => ({ binding, meaning, shape: this.tensors[tensorOf(meaning, graph)].shape, data: data.slice() })) });
    };
    if (plant) {
      for (const node of this.nodes) {
        const out = simulated(node.op, this.inputs(node.inputs), node.options).forward(this.inputs(node.inputs), node.options);
        const data = Float32Array.from(out.data);
        launch(`${node.label}.forward`, `${node.op}-forward`, [['out', { kind: 'value', tensor: node.outputs.out }, data]]);
        this.data[node.outputs.out] = { shape: out.shape, data };
      }
    }
    const contributors = new Map<number, number>();
    for (const { tensor } of seeds) contributors.set(tensor, 1);
    for (const node of this.nodes) for (const id of Object.values(node.inputs)) contributors.set(id, (contributors.get(id) ?? 0) + 1);
    const add = (id: number, gradient: Float32Array): void => {
      const before = gradients.get(id);
      gradients.set(id, before ? before.map((value, i) => Math.fround(value + gradient[i])) : gradient.slice());
    };
    const full = seeds.map(({ tensor, cotangent }) => ({ tensor, cotangent: cotangent ?? new Float32Array(this.data[tensor].data.length).fill(1) }));
    for (const { tensor, cotangent } of full) add(tensor, cotangent);
    for (const node of this.nodes.toReversed()) {
      const dout = gradients.get(node.outputs.out);
      if (!dout) continue;
      const found = simulated(node.op, this.inputs(node.inputs), node.options).backward(this.inputs(node.inputs), this.data[node.outputs.out], dout, node.options);
      const index = this.nodes.indexOf(node);
      launch(`${node.label}.backward`, `${node.op}-backward`, Object.entries(found).filter(([name]) => proofs[node.op].differentiable.includes(name)).map(([input, data]) => [
        `d${input}`, contributors.get(node.inputs[input]) === 1 ? { kind: 'gradient', tensor: node.inputs[input] } : { kind: 'contribution', node: index, input }, data,
      ]));
      for (const [name, gradient] of Object.entries(found)) add(node.inputs[name], gradient);
    }
    const computed = new Set(this.nodes.map((node) => node.outputs.out));
    const ids = wanted ?? this.tensors.filter(({ role }) => role === 'parameter').map(({ id }) => id);
    return {
      graph,
      values: Object.fromEntries(this.tensors.filter(({ id }) => !computed.has(id)).map(({ id }) => [id, this.data[id].data])),
      seeds: full,
      gradients: Object.fromEntries(ids.map((id) => [id, gradients.get(id) ?? new Float32Array(this.data[id].data.length)])),
      computed: Object.fromEntries([...full.map(({ tensor }) => tensor), ...(plant ? computed : [])].map((id) => [id, Float32Array.from(this.data[id].data)])),
      adapter: 'simulated float32',
      launches,
    };
  }
}

/** Runs one op as the GPU would, with a gradient for every differentiable f32 input that it computes one for. */
export const simulatedRunner: OpRunner = async (op, options, inputs, cotangent) => {
  const net = new Net();
  const ids = Object.fromEntries(Object.entries(inputs).map(([name, { shape, data }]) => [name, net.leaf(name, 'input', shape, data)]));
  const out = net.apply(op, op, ids, { ...options });
  const wanted = proofs[op].differentiable.filter((name) => inputs[name]?.data instanceof Float32Array).map((name) => ids[name]);
  return net.snapshot([{ tensor: out, cotangent }], wanted);
};

/** A fully connected net with a loss; `sizes` from the inputs to the outputs. */
export function mlp(seed: number, batch: number, sizes: readonly number[], activation: string, loss: string): { net: Net; loss: number } {
  const net = new Net();
  let x = net.random('inputs', 'input', [batch, sizes[0]], seed);
  for (let layer = 1; layer < sizes.length; layer++) {
    const label = String(2 * layer - 2);
    const weight = net.random(`${label}.weight`, 'parameter', [sizes[layer], sizes[layer - 1]], seed + 10 * layer, 1 / Math.sqrt(sizes[layer - 1]));
    const bias = net.random(`${label}.bias`, 'parameter', [sizes[layer]], seed + 10 * layer + 1, 0.1);
    x = net.apply('linear', label, { x, weight, bias });
    if (layer < sizes.length - 1) x = net.apply(activation, String(2 * layer - 1), { x });
  }
  const outputs = sizes[sizes.length - 1];
  const target = loss === 'crossEntropy'
    ? net.leaf('targets', 'target', [batch], Uint32Array.from({ length: batch }, (_, row) => (row * 7 + seed) % outputs))
    : net.leaf('targets', 'target', [batch, outputs], Float32Array.from({ length: batch * outputs }, (_, i) => (i * 5 + seed) % 2));
  return { net, loss: net.apply(loss, 'loss', { input: x, target }) };
}
