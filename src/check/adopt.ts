import type { Node, Snapshot } from '../program/graph.ts';
import type { Inputs, Proof } from '../proof/proof.ts';
import type { Rounding } from '../reference/rounding.ts';
import type { Point } from './point.ts';

/** Standard deviations of the output within which rounding may have sent the GPU to the other side of a kink. */
const WIDTH = 8;

/** The branches of one node: which pattern counts, and where it comes from. */
export interface Pattern {
  readonly branches?: Uint8Array;
  /** Whether the GPU's own pattern is known: then no branch is uncertain. */
  readonly known: boolean;
  /** Elements where the GPU's branch replaces that of exact arithmetic. */
  readonly adopted: number;
}

/**
 * The branches that the references follow at one node. Where the GPU took another branch than exact arithmetic and the
 * two outputs differ by no more than 8σ, rounding explains it and the GPU's is adopted; elsewhere exact arithmetic's stays,
 * and what the GPU made of its own fails. Without a trace of the GPU's pattern it is not known.
 */
export function patternAt(proof: Proof, node: Node, snapshot: Snapshot, inputs: Inputs, rounding: Rounding, adopting: boolean): Pattern {
  const own = proof.branches?.(inputs, node.options);
  if (!own || !proof.adopt) return { branches: own, known: false, adopted: 0 };
  const captured = (id: number): Float32Array | Uint32Array | undefined => snapshot.computed[id] ?? snapshot.values[id];
  const gpu = proof.adopt({
    inputs: Object.fromEntries(Object.entries(node.inputs).map(([name, id]) => [name, captured(id)])),
    ...(snapshot.computed[node.outputs.out] ? { out: snapshot.computed[node.outputs.out] } : {}),
  }, node.options);
  if (!gpu) return { branches: own, known: false, adopted: 0 };
  const differing = own.findIndex((side, i) => side !== gpu[i]);
  if (differing < 0 || !adopting) return { branches: own, known: true, adopted: 0 };
  const certain = { ...rounding, kinkWidth: 0 };
  const ours = proof.forward(inputs, node.options, certain, own);
  const theirs = proof.forward(inputs, node.options, certain, gpu);
  const within = (i: number): boolean => {
    const variance = Math.max(ours.variance[i], theirs.variance[i]);
    // An exact number lies on a certain side, even at the kink itself.
    return variance > 0 && Math.abs(ours.value[i] - theirs.value[i]) <= WIDTH * Math.sqrt(variance);
  };
  // Only where each branch belongs to one element of the output can it be adopted alone.
  const alone = own.length === ours.value.length;
  const all = alone || ours.value.every((value, i) => value === theirs.value[i] || within(i));
  const branches = own.map((side, i) => (side !== gpu[i] && (alone ? within(i) : all) ? gpu[i] : side));
  let adopted = 0;
  branches.forEach((side, i) => { if (side !== own[i]) adopted++; });
  return { branches, known: true, adopted };
}

/** The tensors whose gradient passes a node with adopted branches on its way. */
export function behindKinks({ graph, patterns }: Point): Set<number> {
  const behind = new Set<number>();
  for (let index = graph.nodes.length - 1; index >= 0; index--) {
    const { inputs, outputs } = graph.nodes[index];
    if (patterns[index].adopted === 0 && !Object.values(outputs).some((id) => behind.has(id))) continue;
    for (const id of Object.values(inputs)) behind.add(id);
  }
  return behind;
}
