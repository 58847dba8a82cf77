import type { Node, Snapshot } from '../program/graph.ts';
import type { Inputs, Proof } from '../proof/proof.ts';
import type { Rounding } from '../reference/rounding.ts';
import { normalIntegral } from '../reference/special.ts';
import { exact } from '../reference/tensor.ts';
import type { RefTensor } from '../reference/tensor.ts';
import type { Point } from './point.ts';
import { FLUSH_FLOOR, KAPPA } from './verdict.ts';

/** Standard deviations of the output within which rounding may have sent the GPU to the other side of a kink. */
const WIDTH = 8;

/** So many elements further than κσ from their kink may have been sent to the other side: errors are not quite normal. */
const FAR_ADOPTED = 2;

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
 *
 * A kernel with another threshold takes the other branch near the kink, too, but more often than rounding does: then none
 * of its branches is adopted, and its gradients fail. See `contradicts` and `tooMany`.
 */
export function patternAt(proof: Proof, node: Node, snapshot: Snapshot, inputs: Inputs, rounding: Rounding, adopting: boolean): Pattern {
  const own = proof.branches?.(inputs, node.options);
  if (!own || !proof.adopt) return { branches: own, known: false, adopted: 0 };
  const captured = (id: number): Float32Array | Uint32Array | undefined => snapshot.computed[id] ?? snapshot.values[id];
  const gpu = proof.adopt({
    inputs: Object.fromEntries(Object.entries(node.inputs).map(([name, id]) => [name, captured(id)])),
    shapes: Object.fromEntries(Object.entries(inputs).map(([name, { shape }]) => [name, shape])),
    ...(snapshot.computed[node.outputs.out] ? { out: snapshot.computed[node.outputs.out] } : {}),
  }, node.options);
  if (!gpu) return { branches: own, known: false, adopted: 0 };
  const differing = own.findIndex((side, i) => side !== gpu[i]);
  if (differing < 0 || !adopting) return { branches: own, known: true, adopted: 0 };
  const certain = { ...rounding, kinkWidth: 0 };
  const ours = proof.forward(inputs, node.options, certain, own);
  const theirs = proof.forward(inputs, node.options, certain, gpu);
  const apart = proof.apart?.(inputs, node.options);
  const within = (i: number): boolean => (apart ? apart[i] : distance(ours, theirs, i)) <= WIDTH;
  // Only where each branch belongs to one element of the output can it be adopted alone.
  const alone = own.length === ours.value.length;
  const all = alone || ours.value.every((value, i) => value === theirs.value[i] || within(i));
  const branches = own.map((side, i) => (side !== gpu[i] && (alone ? within(i) : all) ? gpu[i] : side));
  let adopted = 0;
  branches.forEach((side, i) => { if (side !== own[i]) adopted++; });
  const refused = adopted > 0 && (contradicts(proof, node, inputs, captured, branches, own, certain) || (alone && tooMany(proof, node, inputs, certain, ours, branches, own, apart)));
  return refused ? { branches: own, known: true, adopted: 0 } : { branches, known: true, adopted };
}

/** How far an element lies from its kink, in σ of the output: an exact number lies on a certain side, even at the kink itself. */
function distance(ours: RefTensor, theirs: RefTensor, i: number): number {
  const variance = Math.max(ours.variance[i], theirs.variance[i]);
  return variance > 0 ? Math.abs(ours.value[i] - theirs.value[i]) / Math.sqrt(variance) : Infinity;
}

/**
 * Whether the GPU's own inputs, where they can be seen, belong to other branches than those that it took: rounding before
 * the node cannot explain that. Branches whose outputs differ by no more than their own rounding may be either.
 */
function contradicts(
  proof: Proof, node: Node, inputs: Inputs, captured: (id: number) => Float32Array | Uint32Array | undefined, branches: Uint8Array, own: Uint8Array, rounding: Rounding,
): boolean {
  const found: Record<string, RefTensor> = {};
  for (const [name, id] of Object.entries(node.inputs)) {
    const data = captured(id);
    if (!data) return false;
    found[name] = exact(inputs[name].shape, data);
  }
  const seen = proof.branches!(found, node.options);
  const right = proof.forward(found, node.options, rounding, seen);
  const taken = proof.forward(found, node.options, rounding, branches);
  const alone = own.length === right.value.length;
  const apart = (i: number): boolean => Math.abs(right.value[i] - taken.value[i]) > KAPPA * Math.sqrt(Math.max(right.variance[i], taken.variance[i])) + FLUSH_FLOOR;
  if (!alone) return right.value.some((_, i) => apart(i));
  return branches.some((side, i) => side !== own[i] && side !== seen[i] && apart(i));
}

/**
 * Whether rounding does not take the other branch so often. An element at r standard deviations from its kink is sent across with a
 * probability of at most Φ(−r); so many are expected, and four times as many and three are allowed, because errors
 * that share their terms go the same way. Elements at the very same distance count once: copies of an example err alike.
 * Beyond κσ, where the values themselves would fail, two are allowed.
 */
function tooMany(
  proof: Proof, node: Node, inputs: Inputs, rounding: Rounding, ours: RefTensor, branches: Uint8Array, own: Uint8Array, apart: Float64Array | undefined,
): boolean {
  const other = proof.forward(inputs, node.options, rounding, own.map((side) => 1 - side));
  const near = new Map<number, boolean>();
  own.forEach((side, i) => {
    const r = apart ? apart[i] : distance(ours, other, i);
    if (r <= WIDTH) near.set(r, (near.get(r) ?? false) || branches[i] !== side);
  });
  let expected = 0;
  let crossed = 0;
  let far = 0;
  for (const [r, taken] of near) {
    expected += normalIntegral(-r);
    if (!taken) continue;
    crossed++;
    if (r > KAPPA) far++;
  }
  return far > FAR_ADOPTED || crossed > 3 + 4 * expected;
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
