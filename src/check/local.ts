import { exact } from '../reference/tensor.ts';
import type { RefTensor } from '../reference/tensor.ts';
import type { Meaning } from '../program/graph.ts';
import { keyOf, sourceOf } from './dependence.ts';
import type { Findings } from './explain-case.ts';
import { proofOf } from './point.ts';
import { KAPPA } from './verdict.ts';

/**
 * Whether a tensor is what its node makes of the GPU's own numbers, right or wrong: then it only follows from what is wrong
 * before it. Undefined where that cannot be told: a number that it may be made from is among the `spoilt`.
 */
export function isRightLocally(findings: Findings, meaning: Meaning, spoilt: ReadonlySet<string>): boolean | undefined {
  const { snapshot, references: { point, gradients }, rounding, proofs } = findings;
  const { graph } = snapshot;
  const left = new Map(snapshot.launches.flatMap(({ outputs }) => outputs.flatMap((output) => (output.meaning ? [[keyOf(output.meaning), output.data] as const] : []))));
  const index = sourceOf(graph, meaning);
  const gpu = left.get(keyOf(meaning));
  if (index === undefined || !gpu) return undefined;
  const node = graph.nodes[index];
  /** The GPU's numbers where they can be seen, else the right ones, unless these are not what the GPU used. */
  const found = (key: string, shape: readonly number[], reference: RefTensor | undefined): RefTensor | undefined => {
    const data = left.get(key);
    return data ? exact(shape, data) : spoilt.has(key) ? undefined : reference;
  };
  const valueOf = (id: number): RefTensor | undefined => found(keyOf({ kind: 'value', tensor: id }), graph.tensors[id].shape, point.tensors[id]);
  const inputs: Record<string, RefTensor> = {};
  for (const [name, id] of Object.entries(node.inputs)) {
    const value = valueOf(id);
    if (!value) return undefined;
    inputs[name] = value;
  }
  const proof = proofOf(node, proofs);
  const own = proof.branches?.(inputs, node.options);
  if (meaning.kind === 'value') return close(gpu, proof.forward(inputs, node.options, rounding, own));
  const { out } = node.outputs;
  const value = valueOf(out);
  const dout = found(keyOf({ kind: 'gradient', tensor: out }), graph.tensors[out].shape, gradients.get(out));
  const name = meaning.kind === 'contribution' ? meaning.input : Object.keys(node.inputs).find((input) => node.inputs[input] === meaning.tensor);
  if (!value || !dout || !name) return undefined;
  // Kernels may take the branch from the output that they left.
  const branches = proof.adopt?.({ inputs: {}, out: Float32Array.from(value.value) }, node.options) ?? own;
  const made = proof.backward(inputs, value, dout, node.options, rounding, branches)[name];
  if (!made) return undefined;
  // The reference goes by the inputs; a kernel may go by the output that its forward left, which then spoils this tensor.
  return close(gpu, made) || (spoilt.has(keyOf({ kind: 'value', tensor: out })) ? undefined : false);
}

/** Within tolerance; NaN where the reference has it, too. */
function close(gpu: Float32Array, { value, variance }: RefTensor): boolean {
  return value.every((expected, i) => (Number.isFinite(expected) ? Math.abs(gpu[i] - expected) <= KAPPA * Math.sqrt(variance[i]) + 1e-37 : !Number.isFinite(gpu[i])));
}
