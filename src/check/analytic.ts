import type { Snapshot } from '../program/graph.ts';
import { added } from '../reference/arithmetic.ts';
import type { Rounding } from '../reference/rounding.ts';
import { exact, zeros } from '../reference/tensor.ts';
import type { RefTensor } from '../reference/tensor.ts';
import { inputsOf, proofOf, roundingAt } from './point.ts';
import type { Point, Proofs } from './point.ts';

/**
 * Reverse mode over the graph with each op's hand-written gradient: the second witness, and the variance of correct
 * float32 code. Returns d objective / d tensor by tensor id; tensors that the objective does not depend on are absent.
 * `onContribution` is told what each node adds to the gradient of each of its inputs.
 */
export function analyticGradients(
  snapshot: Snapshot, point: Point, rounding: Rounding, proofs: Proofs,
  onContribution?: (node: number, input: string, gradient: RefTensor) => void,
): Map<number, RefTensor> {
  const { graph, tensors, branches } = point;
  const gradients = new Map<number, RefTensor>();
  const add = (id: number, gradient: RefTensor): void => {
    const before = gradients.get(id);
    gradients.set(id, before ? added(before, gradient) : gradient);
  };
  for (const { tensor, cotangent } of snapshot.seeds) add(tensor, exact(graph.tensors[tensor].shape, cotangent));
  const needed = ancestorsOfGradients(snapshot);
  for (let index = graph.nodes.length - 1; index >= 0; index--) {
    const node = graph.nodes[index];
    const dout = gradients.get(node.outputs.out);
    if (!dout || !needed.has(index)) continue;
    const inputs = inputsOf(node, tensors);
    const found = proofOf(node, proofs).backward(inputs, tensors[node.outputs.out], dout, node.options, roundingAt(point, index, rounding), branches[index]);
    for (const [name, id] of Object.entries(node.inputs)) {
      if (!found[name]) continue;
      onContribution?.(index, name, found[name]);
      add(id, found[name]);
    }
  }
  return gradients;
}

/** The gradient of one tensor: zero where the objective does not depend on it. */
export function gradientOf(gradients: Map<number, RefTensor>, snapshot: Snapshot, id: number): RefTensor {
  return gradients.get(id) ?? zeros(snapshot.graph.tensors[id].shape);
}

/** Nodes below which a wanted gradient lies: the others need no backward pass. */
function ancestorsOfGradients(snapshot: Snapshot): Set<number> {
  const wanted = new Set(Object.keys(snapshot.gradients).map(Number));
  const nodes = new Set<number>();
  snapshot.graph.nodes.forEach((node, index) => {
    if (!Object.values(node.inputs).some((id) => wanted.has(id))) return;
    nodes.add(index);
    for (const id of Object.values(node.outputs)) wanted.add(id);
  });
  return nodes;
}
