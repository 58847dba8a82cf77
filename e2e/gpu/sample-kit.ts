// Runs in the page: what the tests of ops on their samples share. `await lib.load<typeof import('./sample-kit.ts')>('/e2e/gpu/sample-kit.ts')`.
import { exact, DEFAULT_ROUNDING, proofs } from '../../src/gradcheck.ts';
import type { OpRunner, Sample, SampleTensor } from '../../src/gradcheck.ts';
import type { Device } from '../../src/gpu/device.ts';
import { ops } from '../../src/ops/index.ts';
import type { Target, Traits } from '../../src/ops/request.ts';
import { sizeOf, type Tensor } from '../../src/ops/tensor.ts';
import type { Snapshot } from '../../src/program/graph.ts';
import { planGraph, runGraph, type GraphRun } from '../../src/program/run-graph.ts';
import { opRun } from '../../src/program/run-op.ts';
import { Trace, tracing } from '../../src/program/trace.ts';
import { normal } from '../../src/proof/sample-data.ts';

export type Call = Parameters<OpRunner>;

/** Inputs in which an op is linear while the others are held: where f is A, its gradient must be Aᵀ. */
const LINEAR_IN: Readonly<Record<string, readonly (readonly string[])[]>> = {
  matmul: [['a'], ['b']], linear: [['x', 'bias'], ['weight', 'bias']], add: [['a', 'b']], sub: [['a', 'b']], mul: [['a'], ['b']],
  div: [['a']], where: [['a', 'b']], neg: [['x']], sum: [['x']], mean: [['x']], reshape: [['x']], dropout: [['x']],
};

/** The first tensor of which two runs of one program left different bits; undefined where none did. */
export function differentBits(one: Snapshot, other: Snapshot): string | undefined {
  const named = ({ gradients, computed, launches }: Snapshot): [string, Float32Array][] => [
    ...Object.entries(gradients).map(([id, data]): [string, Float32Array] => [`gradient ${id}`, data]),
    ...Object.entries(computed).map(([id, data]): [string, Float32Array] => [`value ${id}`, data]),
    ...launches.flatMap(({ label, outputs }, at) => outputs.map(({ binding, data }): [string, Float32Array] => [`launch ${at}, ${label}, ${binding}`, data])),
  ];
  const bits = (data: Float32Array): Uint32Array => new Uint32Array(data.buffer, data.byteOffset, data.length);
  const [left, right] = [named(one), named(other)];
  if (left.length === 0 || left.length !== right.length) return `${left.length} tensors, then ${right.length}`;
  return left.find(([name, data], at) => {
    const words = bits(right[at]![1]);
    return name !== right[at]![0] || data.length !== words.length || bits(data).some((word, i) => word !== words[i]);
  })?.[0];
}

/**
 * ⟨Ax, y⟩ − ⟨x, Aᵀy⟩ with both products from what the GPU computed, as a multiple of the error that right float32 code may
 * make: one number for each set of inputs in which the op is linear.
 */
export function adjointGaps([op, options, inputs, cotangent]: Call, { graph, gradients, computed }: Snapshot): number[] {
  const node = graph.nodes.find((candidate) => candidate.op === op)!;
  const tensors = Object.fromEntries(Object.entries(inputs).map(([name, { shape, data }]) => [name, exact(shape, data)]));
  const proof = proofs[op]!;
  const out = proof.forward(tensors, options, DEFAULT_ROUNDING);
  const reference = proof.backward(tensors, out, exact(out.shape, cotangent), options, DEFAULT_ROUNDING);
  return (LINEAR_IN[op] ?? []).map((names) => {
    let gap = 0;
    let variance = 0;
    computed[node.outputs.out!]!.forEach((value, i) => {
      gap += value * cotangent[i]!;
      variance += cotangent[i]! ** 2 * out.variance[i]!;
    });
    for (const name of names.filter((name) => name in inputs)) {
      gradients[node.inputs[name]!]!.forEach((value, i) => {
        gap -= value * inputs[name]!.data[i]!;
        variance += inputs[name]!.data[i]! ** 2 * reference[name]!.variance[i]!;
      });
    }
    // Sums of exact numbers leave nothing to allow for but the rounding of this sum itself.
    return Math.abs(gap) / (Math.sqrt(variance) + 1e-13 * cotangent.length);
  });
}

/** What `runTogether` builds a graph with. */
export interface Builder {
  /** A leaf with these numbers: differentiated where they are f32 and not `held`. */
  leaf(name: string, tensor: SampleTensor, held?: boolean): Tensor;
  apply(op: string, inputs: Readonly<Record<string, Tensor>>, options?: Readonly<Record<string, unknown>>): Tensor;
  /** The op on the inputs of a sample, each a leaf of its own. */
  sample(op: string, sample: Sample): { out: Tensor; inputs: Readonly<Record<string, Tensor>> };
}

/** Runs one graph, forward and backward, with a random cotangent for each tensor that `build` returns. */
export function runTogether(device: Device, build: (builder: Builder) => readonly Tensor[], settings: Pick<GraphRun, 'target' | 'alter'> = {}): Promise<Snapshot> {
  const trace = new Trace();
  const values: Record<number, Float32Array | Uint32Array> = {};
  const builder: Builder = {
    leaf(name, { shape, data }, held = false) {
      const words = data instanceof Uint32Array;
      const tensor = trace.tensor(name, shape, held || words ? 'input' : 'parameter', words ? 'u32' : 'f32');
      values[tensor.id] = data;
      return tensor;
    },
    apply: (op, inputs, options = {}) => trace.apply(ops[op]!, { ...inputs }, { ...options }),
    sample(op, { name, inputs, options }) {
      const held = ops[op]!.constants ?? [];
      const leaves = Object.fromEntries(Object.entries(inputs).map(([input, tensor]) => [input, builder.leaf(`${input} of ${name}`, tensor, held.includes(input))]));
      return { out: builder.apply(op, leaves, options), inputs: leaves };
    },
  };
  const ends = tracing(trace, () => build(builder));
  return runGraph(device, {
    name: 'together', graph: trace.graph, values, ...settings,
    seeds: ends.map(({ id, shape }) => ({ tensor: id, cotangent: Float32Array.from({ length: sizeOf(shape) }, (_, i) => normal(31 + id, i)) })),
    wanted: trace.graph.tensors.filter(({ role }) => role === 'parameter').map(({ id }) => id),
  });
}

/** The kernels that a sample runs: their texts, the families that had a choice, and what they chose. Needs no GPU. */
export function kernelsFor(op: string, { options, inputs }: Sample, device: Traits, target: Partial<Target> = {}): { text: string; families: string[]; variants: string[] } {
  const { launches } = planGraph(opRun(op, options, inputs, new Float32Array(0), { target }), device);
  const chosen = launches.flatMap(({ variant }) => variant ?? []);
  return { text: launches.map(({ kernel }) => kernel.code).join('\n'), families: chosen.map(({ family }) => family), variants: chosen.map(({ family, name }) => `${family}:${name}`) };
}
