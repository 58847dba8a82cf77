import { map } from '../ops/map.ts';
import type { Named, Part } from '../ops/op.ts';
import { registered } from '../ops/registry.ts';
import type { Request } from '../ops/request.ts';
import { sameShape, type ElementType, type Role, type Shape, type Tensor } from '../ops/tensor.ts';
import { Contiguous } from './contiguous.ts';
import type { Graph, Meaning, Node, Working } from './graph.ts';

/** What a graph asks of the GPU: its requests in order, and every tensor by id. */
export interface Requests {
  readonly forward: readonly Request[];
  readonly backward: readonly Request[];
  readonly tensors: readonly Tensor[];
  /** d objective / d tensor for each wanted tensor's id. */
  readonly gradients: ReadonlyMap<number, Tensor>;
  /** The seeds' cotangents by the id of the tensor that they belong to. */
  readonly cotangents: ReadonlyMap<number, Tensor>;
  /** What the written tensors stand for, by their ids; working memory of an op stands for nothing. */
  readonly meanings: ReadonlyMap<number, Meaning>;
  /** Which node's working memory the tensors are that ops save or scratch on, by their ids. */
  readonly working: ReadonlyMap<number, Working>;
}

export interface Seed {
  readonly tensor: number;
  /** `one`: every element of the cotangent is 1, as for a loss. `given`: it is uploaded. */
  readonly cotangent: 'one' | 'given';
  /** Where a given cotangent lies: at the beginning of a buffer of this name, which the state of an optimiser may share. Default its own. */
  readonly buffer?: string;
}

/** A graph's tensors and those that the program adds. A view is its root, with the view's shape and layout. */
class TensorTable {
  readonly all: Tensor[];

  constructor(graph: Graph) {
    this.all = [...graph.tensors];
  }

  /** `made` are tensors that were made again: they stand in for the first ones. */
  get(id: number, made: ReadonlyMap<number, Tensor> = new Map()): Tensor {
    const { shape, layout, viewOf } = this.all[id]!;
    const root = made.get(viewOf ?? id) ?? this.all[viewOf ?? id]!;
    return viewOf === undefined ? root : { ...root, shape, ...(layout ? { layout, shows: { kind: 'value', tensor: id } satisfies Meaning } : {}) };
  }

  add(name: string, shape: Shape, role: Role, { constant, type = 'f32' }: { readonly constant?: number | undefined; readonly type?: ElementType } = {}): Tensor {
    const tensor: Tensor = { id: this.all.length, name, shape, type, role, ...(constant === undefined ? {} : { constant }) };
    this.all.push(tensor);
    return tensor;
  }
}

/** What one reader of a tensor adds to its gradient: a whole tensor, or a part of one and 0 elsewhere. */
type Contribution = Tensor | { readonly part: Part; readonly node: number; readonly input: string };

/** The requests of a graph's forward pass, and with seeds those of its backward pass to the `wanted` tensors. */
export function requestsOf(graph: Graph, seeds: readonly Seed[], wanted: readonly number[]): Requests {
  const table = new TensorTable(graph);
  const saved = new Map<Node, Named<Tensor>>();
  const meanings = new Map<number, Meaning>();
  const working = new Map<number, Working>();
  const indexOf = new Map(graph.nodes.map((node, index) => [node, index]));
  const contiguous = new Contiguous((view) => {
    const copy = table.add(view.name, view.shape, 'value', { type: view.type });
    if (view.shows) meanings.set(copy.id, view.shows as Meaning);
    return copy;
  });
  /** What recomputed blocks have made again, by the first tensor's id: the backward pass reads these. */
  const made = new Map<number, Tensor>();
  const named = (ids: Named<number>): Record<string, Tensor> => Object.fromEntries(Object.entries(ids).map(([name, id]) => [name, table.get(id, made)]));
  const workingTensor = (node: Node, name: string, shape: Shape): Tensor => {
    const tensor = table.add(`${node.label}.${name}`, shape, 'value');
    working.set(tensor.id, { node: indexOf.get(node)!, name });
    return tensor;
  };
  const application = (node: Node) => ({
    inputs: named(node.inputs),
    outputs: named(node.outputs),
    saved: saved.get(node) ?? {},
    options: node.options,
    scratch: (name: string, shape: Shape): Tensor => workingTensor(node, name, shape),
    constant: (value: number, shape: Shape): Tensor => table.add(`constant ${value}`, shape, 'input', { constant: value }),
  });
  const label = (requests: readonly Request[], node: Node, direction: string): Request[] =>
    requests.map((request) => ({ ...request, label: `${node.label}.${direction}` }));
  const forwardOf = (node: Node): Request[] => {
    const op = registered[node.op]!;
    const shapes = op.saves?.(named(node.inputs), node.options) ?? {};
    saved.set(node, Object.fromEntries(Object.entries(shapes).map(([name, shape]) => [name, workingTensor(node, name, shape)])));
    return label(op.forward(application(node)), node, 'forward');
  };
  /** The forward launches of a block again, into tensors of their own: its first ones need not be kept since the forward pass. */
  const remake = (block: number): Request[] => graph.nodes.filter((node) => node.block === block).flatMap((node) => {
    for (const id of Object.values(node.outputs)) {
      const { name, shape, type, viewOf } = graph.tensors[id]!;
      if (viewOf !== undefined) continue;
      const again = table.add(name, shape, 'value', { type });
      made.set(id, again);
      meanings.set(again.id, { kind: 'value', tensor: id });
    }
    return forwardOf(node).map((request) => ({ ...request, recomputes: true as const }));
  });

  for (const node of graph.nodes) for (const id of Object.values(node.outputs)) meanings.set(id, { kind: 'value', tensor: id });
  const forward = contiguous.requests(graph.nodes.flatMap(forwardOf));
  const needed = dependents(graph, wanted);
  const uses = countUses(graph, needed);
  const contributions = new Map<number, Contribution[]>();
  const contribute = (id: number, gradient: Contribution): void => {
    contributions.set(id, [...contributions.get(id) ?? [], gradient]);
  };
  const cotangents = new Map<number, Tensor>();
  for (const { tensor, cotangent } of seeds) {
    const { name, shape } = graph.tensors[tensor]!;
    const seed = table.add(`d ${name}`, shape, 'input', { constant: cotangent === 'one' ? 1 : undefined });
    cotangents.set(tensor, seed);
    contribute(tensor, seed);
  }

  const backward: Request[] = [];
  const gradients = new Map<number, Tensor>();
  const isLeaf = (id: number): boolean => wanted.includes(id);
  /** A tensor that already stands for something, like a gradient that is passed on, keeps its meaning. */
  const mean = (tensor: Tensor, meaning: Meaning): void => {
    const known = meanings.get(tensor.id);
    if (!known || (known.kind === 'contribution' && meaning.kind === 'gradient')) meanings.set(tensor.id, meaning);
  };
  /** The one place where gradients are added: a tensor that several launches read gets the sum of what each gives. */
  const collect = (id: number): Tensor | undefined => {
    const { name, shape } = graph.tensors[id]!;
    const given = contributions.get(id) ?? [];
    const parts = given.flatMap((one) => ('part' in one ? [one.part] : []));
    const join = parts.length === given.length ? parts[0]?.joining(parts, shape) : undefined;
    if (join) {
      // What was taken apart is put together again: nothing is added.
      const total = table.add(`d ${name}`, shape, isLeaf(id) ? 'gradient' : 'value');
      mean(total, { kind: 'gradient', tensor: id });
      backward.push(...join(total, (own) => table.add(`d ${name}`, own, 'value')).map((request) => ({ ...request, label: `${name}.gradient` })));
      return total;
    }
    const [first, ...others] = given.map((one): Tensor => {
      if (!('part' in one)) return one;
      const placed = table.add(`d ${name}`, shape, isLeaf(id) && given.length === 1 ? 'gradient' : 'value');
      mean(placed, { kind: 'contribution', node: one.node, input: one.input });
      backward.push({ ...one.part.place(placed), label: `${graph.nodes[one.node]!.label}.backward` });
      return placed;
    });
    if (!first) return undefined;
    if (others.length === 0) mean(first, { kind: 'gradient', tensor: id });
    if (others.length === 0 && (!isLeaf(id) || first.role === 'gradient')) {
      const shown = sameShape(first.shape, shape) ? first : { ...first, shape };
      return shown.layout ? { ...shown, shows: { kind: 'gradient', tensor: id } satisfies Meaning } : shown;
    }
    // Two at a time, so that no launch binds more than any device allows; fusion joins as many as this one does.
    const total = table.add(`d ${name}`, shape, isLeaf(id) ? 'gradient' : 'value');
    mean(total, { kind: 'gradient', tensor: id });
    let sum = first;
    for (const [index, operand] of (others.length > 0 ? others : [undefined]).entries()) {
      const to = index >= others.length - 1 ? total : table.add(`d ${name}`, shape, 'value');
      backward.push({ ...map(sum, operand ? [{ formula: 'add', operands: [operand] }] : [], to), label: `${name}.gradient` });
      sum = to;
    }
    return total;
  };

  const remade = new Set<number>();
  for (const [index, node] of [...graph.nodes.entries()].reverse()) {
    const op = registered[node.op]!;
    const upstream: Record<string, Tensor> = {};
    for (const [name, id] of Object.entries(node.outputs)) {
      const gradient = needed.has(id) ? collect(id) : undefined;
      if (gradient) upstream[name] = gradient;
    }
    if (Object.keys(upstream).length === 0) continue;
    const targets: Record<string, Tensor> = {};
    for (const [name, id] of Object.entries(node.inputs)) {
      if (!needed.has(id) || op.constants?.includes(name)) continue;
      const only = isLeaf(id) && uses.get(id) === 1 && !contributions.has(id);
      const { name: inputName, shape } = graph.tensors[id]!;
      targets[name] = table.add(`d ${inputName}`, shape, only ? 'gradient' : 'value');
    }
    if (Object.keys(targets).length === 0) continue;
    if (node.block !== undefined && !remade.has(node.block)) {
      remade.add(node.block);
      backward.push(...remake(node.block));
    }
    const { requests, aliases = {}, parts = {} } = op.backward({ ...application(node), gradients: upstream, wanted: targets });
    backward.push(...label(requests, node, 'backward'));
    for (const [name, target] of Object.entries(targets)) {
      const part = parts[name];
      if (part) {
        contribute(node.inputs[name]!, { part, node: index, input: name });
        continue;
      }
      const alias = aliases[name];
      mean(alias ?? target, { kind: 'contribution', node: index, input: name });
      // An alias may be another leaf's own gradient, whose place in memory it cannot share: `collect` then copies it.
      contribute(node.inputs[name]!, alias ? { ...alias, role: 'value' } : target);
    }
  }

  for (const id of wanted) {
    let gradient = collect(id);
    if (!gradient) {
      // Nothing that is differentiated depends on it: its gradient is 0, written like any other.
      const { name, shape } = graph.tensors[id]!;
      gradient = table.add(`d ${name}`, shape, 'gradient');
      mean(gradient, { kind: 'gradient', tensor: id });
      backward.push({ ...map(table.get(id), [{ formula: 'zero' }], gradient), label: `${name}.gradient` });
    }
    gradients.set(id, gradient);
  }
  return { forward, backward: contiguous.requests(backward), tensors: table.all, gradients, cotangents, meanings, working };
}

/** Every tensor that depends on one of the wanted ones, these included. */
function dependents(graph: Graph, wanted: readonly number[]): Set<number> {
  const needed = new Set(wanted);
  for (const node of graph.nodes) {
    const { constants = [] } = registered[node.op]!;
    if (Object.entries(node.inputs).some(([name, id]) => needed.has(id) && !constants.includes(name))) {
      for (const id of Object.values(node.outputs)) needed.add(id);
    }
  }
  return needed;
}

/** How many launches' inputs each tensor is, among those through which a gradient flows. */
function countUses(graph: Graph, needed: ReadonlySet<number>): Map<number, number> {
  const uses = new Map<number, number>();
  for (const node of graph.nodes) {
    if (!Object.values(node.outputs).some((id) => needed.has(id))) continue;
    for (const id of Object.values(node.inputs)) uses.set(id, (uses.get(id) ?? 0) + 1);
  }
  return uses;
}
