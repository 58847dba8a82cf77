import type { Graph, Meaning } from '../program/graph.ts';

/** What a tensor of a program stands for, as the key of a map. */
export function keyOf(meaning: Meaning): string {
  return meaning.kind === 'contribution' ? `contribution ${meaning.node} ${meaning.input}` : `${meaning.kind} ${meaning.tensor}`;
}

/** Everything that is computed from a tensor, directly or through others, as keys: what a mistake in it spoils. */
export function dependents(graph: Graph, source: Meaning): Set<string> {
  const found = new Set([keyOf(source)]);
  const has = (kind: 'value' | 'gradient', tensor: number): boolean => found.has(keyOf({ kind, tensor }));
  for (const { inputs, outputs } of graph.nodes) {
    if (!Object.values(inputs).some((id) => has('value', id))) continue;
    for (const tensor of Object.values(outputs)) found.add(keyOf({ kind: 'value', tensor }));
  }
  const reader = source.kind === 'contribution' ? graph.nodes[source.node].inputs[source.input] : undefined;
  if (reader !== undefined) found.add(keyOf({ kind: 'gradient', tensor: reader }));
  for (let node = graph.nodes.length - 1; node >= 0; node--) {
    const { inputs, outputs } = graph.nodes[node];
    const spoilt = [...Object.values(inputs), ...Object.values(outputs)].some((id) => has('value', id))
      || Object.values(outputs).some((id) => has('gradient', id));
    if (!spoilt) continue;
    for (const [input, tensor] of Object.entries(inputs)) {
      found.add(keyOf({ kind: 'contribution', node, input }));
      found.add(keyOf({ kind: 'gradient', tensor }));
    }
  }
  return found;
}

/** The node that a tensor comes from: that which computes a value, or whose backward gives a gradient, where it is only one. */
export function sourceOf(graph: Graph, meaning: Meaning, label = ''): number | undefined {
  if (meaning.kind === 'contribution') return meaning.node;
  const candidates: number[] = [];
  graph.nodes.forEach(({ inputs, outputs }, index) => {
    const ids = Object.values(meaning.kind === 'value' ? outputs : inputs);
    if (ids.includes(meaning.tensor)) candidates.push(index);
  });
  // A sum of several nodes' gradients belongs to none of them, unless the launch itself is called after one.
  return candidates.length === 1 ? candidates[0] : candidates.findLast((index) => label.startsWith(`${graph.nodes[index].label}.`));
}

/** The nodes whose work one tensor shows: its own and those whose results never came to memory. `visible` says which did. */
export function workBehind(graph: Graph, meaning: Meaning, node: number, visible: ReadonlySet<string>): number[] {
  const work = new Set([node]);
  for (const index of work) {
    const { inputs, outputs } = graph.nodes[index];
    graph.nodes.forEach((other, at) => {
      const hidden = meaning.kind === 'value'
        ? Object.values(other.outputs).some((id) => Object.values(inputs).includes(id) && !visible.has(keyOf({ kind: 'value', tensor: id })))
        : Object.entries(other.inputs).some(([input, id]) => Object.values(outputs).includes(id)
          && !visible.has(keyOf({ kind: 'gradient', tensor: id })) && !visible.has(keyOf({ kind: 'contribution', node: at, input })));
      if (hidden) work.add(at);
    });
  }
  return [...work].sort((a, b) => a - b);
}
