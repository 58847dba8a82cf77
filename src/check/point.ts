import { DataError, ShapeError } from '../errors.ts';
import { sameShape, showShape, sizeOf } from '../ops/tensor.ts';
import type { Graph, Node, Snapshot } from '../program/graph.ts';
import type { Inputs, Proof } from '../proof/proof.ts';
import type { Rounding } from '../reference/rounding.ts';
import { exact } from '../reference/tensor.ts';
import type { RefTensor } from '../reference/tensor.ts';
import { patternAt } from './adopt.ts';
import type { Pattern } from './adopt.ts';

export type Proofs = Readonly<Record<string, Proof>>;

/** A graph evaluated in float64 at the values of a snapshot. */
export interface Point {
  readonly graph: Graph;
  /** By tensor id. */
  readonly tensors: readonly RefTensor[];
  /** The activation pattern of each node that has one, frozen at this point. */
  readonly branches: readonly (Uint8Array | undefined)[];
  /** Where each node's pattern comes from. */
  readonly patterns: readonly Pattern[];
}

/** The rounding at one node: where the GPU's branches are known, none is uncertain. */
export function roundingAt(point: Point, nodeIndex: number, rounding: Rounding): Rounding {
  return point.patterns[nodeIndex].known ? { ...rounding, kinkWidth: 0 } : rounding;
}

/** The proof of a node's op. */
export function proofOf(node: Node, proofs: Proofs): Proof {
  if (!Object.hasOwn(proofs, node.op)) {
    throw new DataError('gradient check', `a proof of every op (${Object.keys(proofs).join(', ')})`, `the op ${node.op} at '${node.label}'`);
  }
  return proofs[node.op];
}

/** A node's inputs by the op's names. */
export function inputsOf<T>(node: Node, tensors: readonly T[]): Record<string, T> {
  const inputs: Record<string, T> = {};
  for (const [name, id] of Object.entries(node.inputs)) inputs[name] = tensors[id];
  return inputs;
}

/**
 * Evaluates every node in order. Leaves are exactly the numbers that the GPU used, widened; branches are those of exact
 * arithmetic, except where rounding sent the GPU to the other side (`adopting: false` never follows it there).
 */
export function evaluate(snapshot: Snapshot, rounding: Rounding, proofs: Proofs, adopting = true): Point {
  const { graph, values } = snapshot;
  const computed = new Set(graph.nodes.flatMap((node) => Object.values(node.outputs)));
  const tensors: RefTensor[] = [];
  for (const tensor of graph.tensors) {
    if (computed.has(tensor.id)) continue;
    const data = values[tensor.id] ?? (tensor.constant === undefined ? undefined : new Float32Array(sizeOf(tensor.shape)).fill(tensor.constant));
    // A leaf that no node reads may be absent: a gradient's own tensor, for one.
    if (data) tensors[tensor.id] = exact(tensor.shape, data);
  }
  const patterns = graph.nodes.map((node) => {
    const proof = proofOf(node, proofs);
    const inputs = inputsOf(node, tensors);
    for (const [name, id] of Object.entries(node.inputs)) {
      if (inputs[name] === undefined) {
        throw new DataError('gradient check', `the values of every leaf`, `none for ${graph.tensors[id].name}, which '${node.label}' reads`);
      }
    }
    const pattern = patternAt(proof, node, snapshot, inputs, rounding, adopting);
    const out = proof.forward(inputs, node.options, pattern.known ? { ...rounding, kinkWidth: 0 } : rounding, pattern.branches);
    const declared = graph.tensors[node.outputs.out];
    if (!sameShape(out.shape, declared.shape)) {
      throw new ShapeError(node.op, `the shape ${showShape(out.shape)} for ${declared.name} at '${node.label}'`, showShape(declared.shape));
    }
    tensors[node.outputs.out] = out;
    return pattern;
  });
  return { graph, tensors, patterns, branches: patterns.map(({ branches }) => branches) };
}

/** A node's output from changed inputs, with the branches of the point: the slow way that every fast one must match. */
export function reevaluate(point: Point, nodeIndex: number, inputs: Inputs, rounding: Rounding, proofs: Proofs): RefTensor {
  const node = point.graph.nodes[nodeIndex];
  return proofOf(node, proofs).forward(inputs, node.options, roundingAt(point, nodeIndex, rounding), point.branches[nodeIndex]);
}

/** Refuses a snapshot that does not fit its own graph, lacks a gradient, or whose numbers are not finite: no verdict would mean anything. */
export function checkConsistent(snapshot: Snapshot): void {
  const who = 'gradient check';
  const { graph } = snapshot;
  for (const [kind, record] of [['values', snapshot.values], ['gradients', snapshot.gradients], ['computed', snapshot.computed]] as const) {
    for (const [id, data] of Object.entries(record)) {
      const tensor = graph.tensors[Number(id)];
      if (!tensor) throw new DataError(who, `${kind} of tensors of the graph`, `the unknown tensor ${id}`);
      if (data.length !== sizeOf(tensor.shape)) {
        throw new DataError(who, `${sizeOf(tensor.shape)} ${kind} for ${tensor.name} ${showShape(tensor.shape)}`, `${data.length}`);
      }
    }
  }
  // A parameter that the program forgot must not shrink the total that counts as proven.
  const forgotten = graph.tensors.find(({ id, role, frozen }) => role === 'parameter' && !frozen && !snapshot.gradients[id]);
  if (forgotten) throw new DataError(who, 'a gradient of every parameter', `none for ${forgotten.name}`);
  for (const [id, data] of Object.entries(snapshot.values)) {
    const bad = data.findIndex((value) => !Number.isFinite(value));
    if (bad >= 0) {
      throw new DataError(who, `finite values`, `${data[bad]} at element ${bad} of ${graph.tensors[Number(id)].name}`,
        'The net had already diverged: check an earlier step.');
    }
  }
  for (const { label, outputs } of snapshot.launches) {
    for (const { meaning, shape, data } of outputs) {
      const of = meaning && (meaning.kind === 'contribution' ? graph.nodes[meaning.node]?.inputs[meaning.input] : meaning.tensor);
      const tensor = of === undefined ? undefined : graph.tensors[of];
      if (meaning && !tensor) throw new DataError(who, 'launches that write tensors of the graph', `an unknown ${meaning.kind} of launch ${label}`);
      const size = sizeOf(tensor?.shape ?? shape);
      if (data.length !== size) throw new DataError(who, `${size} numbers of ${tensor?.name ?? 'working memory'} by launch ${label}`, `${data.length}`);
    }
  }
  for (const { tensor, cotangent } of snapshot.seeds) {
    const seeded = graph.tensors[tensor];
    if (!seeded || cotangent.length !== sizeOf(seeded.shape)) {
      throw new DataError(who, 'a cotangent with one number for each element of its tensor', `${cotangent.length} for ${seeded?.name ?? `the unknown tensor ${tensor}`}`);
    }
    const bad = cotangent.findIndex((value) => !Number.isFinite(value));
    if (bad >= 0) throw new DataError(who, 'finite cotangents', `${cotangent[bad]} at element ${bad} of ${seeded.name}`);
    if (!snapshot.computed[tensor]) throw new DataError(who, 'the computed value of every tensor that is a seed', `none for ${seeded.name}`);
  }
}
