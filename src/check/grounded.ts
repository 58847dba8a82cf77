import type { Meaning, Snapshot } from '../program/graph.ts';
import { added } from '../reference/arithmetic.ts';
import { exact } from '../reference/tensor.ts';
import type { RefTensor } from '../reference/tensor.ts';
import { patternAt } from './adopt.ts';
import { keyOf } from './dependence.ts';
import type { Findings } from './explain-case.ts';
import { inputsOf, proofOf } from './point.ts';
import { FLUSH_FLOOR, KAPPA } from './verdict.ts';

/** What every tensor ought to hold given what the launches before it had left, by `keyOf`. */
export type Grounded = ReadonlyMap<string, RefTensor>;

/**
 * The references once more, each launch starting from what the GPU itself had left in memory, as long as that was right.
 *
 * Variances are added as if roundings were independent. Those of one tensor are not where few of them spread over many
 * numbers: all of a row inherits the error of its loss, and sums over such a row, layer upon layer, add up what the
 * variances take to cancel. So correct code may leave its tolerance. Judged by the numbers that it read, each launch has to
 * answer for its own roundings only; and if every launch does what it should with what it read, the whole is right. An op whose
 * launches hand on working memory, as a recurrent one does from time to time, answers as a whole.
 */
export function groundedReferences({ snapshot, references, rounding, proofs }: Findings): Grounded {
  const { graph, seeds, values } = snapshot;
  const left = leftBy(snapshot);
  const grounded = new Map<string, RefTensor>();
  /** Notes what a tensor ought to hold; returns what it is to be used as. */
  const settle = (meaning: Meaning, ought: RefTensor): RefTensor => {
    const key = keyOf(meaning);
    const gpu = left.get(key);
    grounded.set(key, ought);
    return gpu && isRight(gpu, ought) ? exact(ought.shape, gpu) : ought;
  };
  const tensors = [...references.point.tensors];
  const steps = graph.nodes.map((node) => {
    const proof = proofOf(node, proofs);
    const inputs = inputsOf(node, tensors);
    const { branches, known } = patternAt(proof, node, snapshot, inputs, rounding, true);
    const here = known ? { ...rounding, kinkWidth: 0 } : rounding;
    const { out } = node.outputs;
    const ought = proof.forward(inputs, node.options, here, branches);
    tensors[out] = settle({ kind: 'value', tensor: out }, ought);
    // A kernel may make the output again instead of reading it: then it rounds once more.
    return { branches, rounding: here, out: { ...tensors[out], variance: ought.variance } };
  });
  const gradients = new Map<number, RefTensor>();
  const add = (id: number, gradient: RefTensor): void => {
    const before = gradients.get(id);
    gradients.set(id, before ? added(before, gradient) : gradient);
  };
  for (const { tensor, cotangent } of seeds) add(tensor, exact(graph.tensors[tensor].shape, cotangent));
  for (let index = graph.nodes.length - 1; index >= 0; index--) {
    const node = graph.nodes[index];
    const { out } = node.outputs;
    const ought = gradients.get(out);
    if (!ought || !references.gradients.has(out) || !Object.keys(node.inputs).some((name) => references.contributions.has(`${index}.${name}`))) continue;
    // All that adds to it has been met: its readers come later in the graph.
    const dout = settle({ kind: 'gradient', tensor: out }, ought);
    const { branches, rounding: here, out: made } = steps[index];
    const found = proofOf(node, proofs).backward(inputsOf(node, tensors), made, dout, node.options, here, branches);
    for (const [input, id] of Object.entries(node.inputs)) {
      if (found[input]) add(id, settle({ kind: 'contribution', node: index, input }, found[input]));
    }
  }
  for (const key of Object.keys(values)) {
    const id = Number(key);
    const gradient = gradients.get(id);
    if (gradient) grounded.set(keyOf({ kind: 'gradient', tensor: id }), gradient);
  }
  return grounded;
}

/** What stood in memory after each launch that is known to have written a tensor: the last one's, where several wrote it. */
function leftBy({ launches }: Snapshot): Map<string, Float32Array> {
  return new Map(launches.flatMap(({ outputs }) => outputs.flatMap(({ meaning, data }) => (meaning ? [[keyOf(meaning), data] as const] : []))));
}

function isRight(gpu: Float32Array, { value, variance }: RefTensor): boolean {
  return gpu.every((of, i) => Math.abs(of - value[i]) <= KAPPA * Math.sqrt(variance[i]) + FLUSH_FLOOR);
}
