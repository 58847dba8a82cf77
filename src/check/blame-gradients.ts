import type { Node, Snapshot } from '../program/graph.ts';
import type { TensorReport } from './verdict.ts';

/**
 * Names the backward pass that made the first wrong gradient, where only the gradients of leaves are known. They flow from
 * the last node to the first, so the first wrong one on that way has no earlier cause among those that were checked. Where
 * a sibling of it is right, the gradient that arrived at the node was right; else the nodes between the last right gradient
 * and this one are named too.
 */
export function blameGradients(snapshot: Snapshot, reports: readonly TensorReport[]): string | undefined {
  const wrong = new Map(reports.filter(({ verdict }) => verdict === 'fail' || verdict === 'unwritten').map((report) => [report.id, report]));
  const right = new Set(reports.filter(({ verdict }) => verdict === 'pass' || verdict === 'kink').map(({ id }) => id));
  const { nodes } = snapshot.graph;
  for (let index = nodes.length - 1; index >= 0; index--) {
    const node = nodes[index];
    const culprits = Object.entries(node.inputs).filter(([, id]) => wrong.has(id));
    if (culprits.length === 0) continue;
    const what = culprits.map(([name]) => name).join(' and ');
    const between = arrived(node, right) ? [] : passedSince(snapshot, index, right);
    const others = between.length > 0 ? `, or the backward to the input of ${between.join(', ')}` : '';
    return `the backward of ${describe(node)} to its ${what}${others}`;
  }
  return undefined;
}

/** Whether the gradient of a node's output is known to be right: itself, or another input's gradient that was made from it. */
function arrived(node: Node, right: ReadonlySet<number>): boolean {
  return [...Object.values(node.inputs), ...Object.values(node.outputs)].some((id) => right.has(id));
}

/** The nodes that the gradient passed on its way to node `index` since a gradient that is known to be right. */
function passedSince(snapshot: Snapshot, index: number, right: ReadonlySet<number>): string[] {
  const { nodes } = snapshot.graph;
  const reached = new Set(Object.values(nodes[index].outputs));
  const names: string[] = [];
  for (let next = index + 1; next < nodes.length; next++) {
    const node = nodes[next];
    if (!Object.values(node.inputs).some((id) => reached.has(id))) continue;
    names.push(describe(node));
    if (arrived(node, right)) continue;
    for (const id of Object.values(node.outputs)) reached.add(id);
  }
  return names;
}

function describe(node: Node): string {
  return `${node.op} '${node.label}'`;
}
