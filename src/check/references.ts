import type { Graph, Meaning, Snapshot } from '../program/graph.ts';
import type { Rounding } from '../reference/rounding.ts';
import { zeros } from '../reference/tensor.ts';
import type { RefTensor } from '../reference/tensor.ts';
import { behindKinks } from './adopt.ts';
import { analyticGradients } from './analytic.ts';
import { evaluate } from './point.ts';
import type { Point, Proofs } from './point.ts';

/** All reference tensors at one point: forward values, whole gradients, and what each node adds to them. */
export interface References {
  readonly point: Point;
  /** d objective / d tensor by tensor id. */
  readonly gradients: Map<number, RefTensor>;
  /** What a node adds to the gradient of one of its inputs, by node and input. */
  readonly contributions: ReadonlyMap<string, RefTensor>;
}

/** The references with the variants that verdicts need. */
export interface AllReferences extends References {
  /** The same numbers with variances that trust every branch. */
  readonly certain: References;
  /** The numbers with the branches of exact arithmetic, where any of the GPU's were adopted. */
  readonly unadopted?: References;
  /** Tensors whose gradient passes a node with adopted branches. */
  readonly behind: ReadonlySet<number>;
}

/** Evaluates the graph at the snapshot's numbers and differentiates it by hand-written gradients, once for each variant that is needed. */
export function referencesAt(snapshot: Snapshot, rounding: Rounding, proofs: Proofs): AllReferences {
  const point = evaluate(snapshot, rounding, proofs);
  const all = gradientsAt(snapshot, point, rounding, proofs);
  // Where no branch is uncertain, all are trusted.
  const uncertain = point.patterns.some(({ branches, known }) => branches !== undefined && !known);
  const certain = uncertain ? gradientsAt(snapshot, point, { ...rounding, kinkWidth: 0 }, proofs) : all;
  const adopted = point.patterns.some((pattern) => pattern.adopted > 0);
  return {
    ...all, certain, behind: behindKinks(point),
    ...(adopted ? { unadopted: gradientsAt(snapshot, evaluate(snapshot, rounding, proofs, false), rounding, proofs) } : {}),
  };
}

/** What the analytic gradients are at a point, with the contributions of all nodes. */
export function gradientsAt(snapshot: Snapshot, point: Point, rounding: Rounding, proofs: Proofs): References {
  const contributions = new Map<string, RefTensor>();
  const gradients = analyticGradients(snapshot, point, rounding, proofs, (node, input, gradient) => contributions.set(`${node}.${input}`, gradient));
  return { point, gradients, contributions };
}

/** What a tensor ought to hold. */
export function referenceOf(meaning: Meaning, { point, gradients, contributions }: References): RefTensor {
  const { tensors, nodes } = point.graph;
  if (meaning.kind === 'value') return point.tensors[meaning.tensor];
  if (meaning.kind === 'gradient') return gradients.get(meaning.tensor) ?? zeros(tensors[meaning.tensor].shape);
  return contributions.get(`${meaning.node}.${meaning.input}`) ?? zeros(tensors[nodes[meaning.node].inputs[meaning.input]].shape);
}

/** The tensor of the graph that a meaning is about. */
export function tensorOf(meaning: Meaning, { nodes }: Graph): number {
  return meaning.kind === 'contribution' ? nodes[meaning.node].inputs[meaning.input] : meaning.tensor;
}

/** What people call it. */
export function nameOf(meaning: Meaning, graph: Graph): string {
  const { name } = graph.tensors[tensorOf(meaning, graph)];
  if (meaning.kind === 'value') return name;
  return meaning.kind === 'gradient' ? `d ${name}` : `d ${name} by '${graph.nodes[meaning.node].label}'`;
}

/** The reference with the branches of exact arithmetic, where adopted ones lie on the way from the objective to this tensor. */
export function unadoptedOf(meaning: Meaning, { point, behind, unadopted }: AllReferences): Float64Array | undefined {
  if (!unadopted || meaning.kind === 'value') return undefined;
  const { nodes } = point.graph;
  const onTheWay = meaning.kind === 'gradient'
    ? behind.has(meaning.tensor)
    : point.patterns[meaning.node].adopted > 0 || Object.values(nodes[meaning.node].outputs).some((id) => behind.has(id));
  return onTheWay ? referenceOf(meaning, unadopted).value : undefined;
}
