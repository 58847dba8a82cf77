import type { Node, Snapshot } from '../program/graph.ts';
import { proofOf } from './point.ts';
import type { Proofs } from './point.ts';

/** The part of a graph through which one tensor changes the objective. */
export interface Downstream {
  /** Nodes by number, in the order of execution. */
  readonly nodes: readonly number[];
  /** The tensor itself and all that those nodes make. */
  readonly reached: ReadonlySet<number>;
}

/** All that must be evaluated again where `tensor` moves. The tensor itself is moved by hand, whoever computes it. */
export function downstream(snapshot: Snapshot, tensor: number, proofs: Proofs): Downstream {
  const useful = nodesBelowSeeds(snapshot);
  const reached = new Set([tensor]);
  const nodes: number[] = [];
  snapshot.graph.nodes.forEach((node, index) => {
    if (!useful.has(index) || node.outputs.out === tensor || !differentiated(node, proofs).some((id) => reached.has(id))) return;
    reached.add(node.outputs.out);
    nodes.push(index);
  });
  return { nodes, reached };
}

/** The inputs that a gradient flows to: what an op holds constant, like a condition or a number that is rounded down, moves nothing. */
function differentiated(node: Node, proofs: Proofs): number[] {
  const { differentiable } = proofOf(node, proofs);
  return Object.entries(node.inputs).flatMap(([name, id]) => (differentiable.includes(name) ? [id] : []));
}

/** Nodes whose output reaches a seed: the others cannot change the objective. */
function nodesBelowSeeds(snapshot: Snapshot): Set<number> {
  const reaching = new Set(snapshot.seeds.map((seed) => seed.tensor));
  const nodes = new Set<number>();
  for (let index = snapshot.graph.nodes.length - 1; index >= 0; index--) {
    const node = snapshot.graph.nodes[index];
    if (!Object.values(node.outputs).some((id) => reaching.has(id))) continue;
    nodes.add(index);
    for (const id of Object.values(node.inputs)) reaching.add(id);
  }
  return nodes;
}
