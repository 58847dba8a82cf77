import type { Snapshot } from '../program/graph.ts';

/** The part of a graph through which one tensor changes the objective. */
export interface Downstream {
  /** Nodes by number, in the order of execution. */
  readonly nodes: readonly number[];
  /** The tensor itself and all that those nodes make. */
  readonly reached: ReadonlySet<number>;
}

/** All that must be evaluated again where `tensor` moves. The tensor itself is moved by hand, whoever computes it. */
export function downstream(snapshot: Snapshot, tensor: number): Downstream {
  const useful = nodesBelowSeeds(snapshot);
  const reached = new Set([tensor]);
  const nodes: number[] = [];
  snapshot.graph.nodes.forEach((node, index) => {
    if (!useful.has(index) || node.outputs.out === tensor || !Object.values(node.inputs).some((id) => reached.has(id))) return;
    reached.add(node.outputs.out);
    nodes.push(index);
  });
  return { nodes, reached };
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
